/* SPDX-License-Identifier: MIT */
/* --alert: what is a rule, what it says, and what is refused, with a sentence. */
#include "collector/alert/alert.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct tk_alert_rule parsed(const char *text)
{
	struct tk_alert_rule r;
	const char *why;

	cr_assert_eq(tk_alert_rule_parse(&r, text, &why), 0, "%s: %s", text, why);
	free(r.about.pattern);
	r.about.pattern = NULL;
	return r;
}

Test(rule, says_whose_figure_which_limit_and_how_long)
{
	const char *why, *text = "Get:Block*:latency.p99.9>50us for 3s over 10s min 100 clear 40us";
	struct tk_alert_rule r;

	cr_assert_eq(tk_alert_rule_parse(&r, text, &why), 0);
	cr_assert_str_eq(r.text, text);
	cr_assert_str_eq(r.about.pattern, "Get:Block*");
	cr_assert_str_eq(r.about.measure, "latency");
	cr_assert_eq(r.figure, TK_ALERT_SAMPLES);
	cr_assert_eq(r.stat.kind, TK_STAT_QUANTILE);
	cr_assert_eq(r.stat.quantile, 999000000);
	cr_assert(r.above);
	cr_assert_eq(r.limit, 50000);
	cr_assert_eq(r.clear, 40000);
	cr_assert_eq(r.for_ns, 3000000000);
	cr_assert_eq(r.over_ns, 10000000000);
	cr_assert_eq(r.least_samples, 100);
	free(r.about.pattern);
}

Test(rule, has_defaults)
{
	struct tk_alert_rule r = parsed("*:max>1ms");

	cr_assert_eq(r.for_ns, 0);
	cr_assert_eq(r.over_ns, 0);
	cr_assert_eq(r.least_samples, 1);
	cr_assert_str_eq(r.about.measure, "");
	cr_assert_float_eq(r.clear, 0.9e6, 1e-3);
	cr_assert_float_eq(parsed("*:p50<1ms").clear, 1.1e6, 1e-3);
	cr_assert_float_eq(parsed("*:rate<1000").clear, 1100, 1e-6);
	cr_assert_eq(parsed("*:lost>0").clear, 0);
	cr_assert_eq(parsed("*:count<1").clear, 1);
}

Test(rule, has_times_in_each_unit_and_whole_numbers)
{
	cr_assert_eq(parsed("a:avg>7ns").limit, 7);
	cr_assert_eq(parsed("a:sum>1.5us").limit, 1500);
	cr_assert_eq(parsed("a:min>2\u00b5s").limit, 2000);
	cr_assert_eq(parsed("a:min<2\u03bcs").limit, 2000);
	cr_assert_eq(parsed("a:p50>3ms").limit, 3e6);
	cr_assert_eq(parsed("a:p50>4s").limit, 4e9);
	cr_assert_eq(parsed("a:rate>5").limit, 5);
	cr_assert_eq(parsed("a:lost>0").limit, 0);
	cr_assert_eq(parsed("a:count<1000000").limit, 1e6);
	cr_assert_eq(parsed("a:value.p99>0").limit, 0);
	cr_assert(parsed("a:value.p99>1000 clear 1").values);
	cr_assert(!parsed("a:latency.p99>1us").values);
	cr_assert_eq(parsed("a:p50>1ms  min 5   for 2s").least_samples, 5);
}

static const char *const bad[] = {
	"",
	":",
	"a",
	"a:",
	":p99>5us",
	"a:p99",
	"a:p99>",
	"a:p99=5us",
	"a:p99>5",
	"a:p99>us",
	"a:p99>0us",
	"a:p99>-5us",
	"a:p99>5h",
	"a:p99>5usx",
	"a:p99>5 us",
	"a:p99> 5us",
	"a:p99 >5us",
	"a:p99>>5us",
	"a:p99>=5us",
	"a:p99>nan",
	"a:p99>inf",
	"a:p99>0x5us",
	"a:p0>5us",
	"a:p100>5us",
	"a:p99.99999999999999999999999999999999>5us",
	"a:p50,p99>5us",
	"a:mean>5us",
	"a:sum.p99>5us",
	"a:>5us",
	"a:count>5us",
	"a:lost>-1",
	"a:lost>1.5",
	"a:rate>1e3",
	"a:rate>99999999999999999999",
	"a:value.p99>5us",
	"a:value.p99>1.5",
	"a:p99>5us for",
	"a:p99>5us for 3",
	"a:p99>5us for 3s for 3s",
	"a:p99>5us for3s",
	"a:p99>5us min 0",
	"a:p99>5us min 5 min 5",
	"a:p99>5us min -5",
	"a:count<5 min 5",
	"a:lost>5 min 5",
	"a:p99>5us clear 6us",
	"a:p99<5us clear 4us",
	"a:p99>5us clear 4us clear 4us",
	"a:p99>5us clear",
	"a:p99>5us over 10s over 10s",
	"a:p99>5us over",
	"a:p99>5us, for 3s",
	"a:p99>5us since 3s",
	"a:p99>5us for 3s and",
	"a\n:p99>5us",
	"a\xff:p99>5us",
	"a:p99>5us for 3s\n",
};

Test(rule, is_refused_with_a_sentence)
{
	struct tk_alert_rule r;
	const char *why;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = NULL;
		cr_assert_eq(tk_alert_rule_parse(&r, bad[i], &why), -EINVAL, "%s", bad[i]);
		cr_assert_null(r.about.pattern);
		cr_assert(why && *why && !strchr(why, '\n'), "%s", bad[i]);
	}
}
