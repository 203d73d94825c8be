/* SPDX-License-Identifier: MIT */
/* --fail-if: what is a rule, to which rows it applies, and when it holds. */
#include "collector/diff/diff.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int parse(struct tk_diff_rule *r, const char *text)
{
	int err = tk_diff_rule_parse(r, text);

	if (err)
		cr_assert_null(r->pattern);
	return err;
}

static void check(const char *text, const char *pattern, const char *measure, uint32_t quantile,
		  double threshold)
{
	struct tk_diff_rule r;

	cr_assert_eq(parse(&r, text), 0, "%s", text);
	cr_assert_str_eq(r.pattern, pattern);
	cr_assert_str_eq(r.measure, measure);
	cr_assert_eq(r.stat.quantile, quantile);
	cr_assert_float_eq(r.threshold, threshold, 1e-12);
	free(r.pattern);
}

Test(rules, say_pattern_percentile_and_threshold)
{
	check("Sequencer-*:p99>+5%", "Sequencer-*", "", 990000000, 0.05);
	check("Sequencer-*:p99>5%", "Sequencer-*", "", 990000000, 0.05);
	check("*:latency.p99.9>+0.5%", "*", "latency", 999000000, 0.005);
	check("a:processing.p50<-12.5%", "a", "processing", 500000000, -0.125);
	check("a:b:p50>+0%", "a:b", "", 500000000, 0);
	check("a\"b\\{}, c:p50>+200%", "a\"b\\{}, c", "", 500000000, 2);
	check("na\xc3\xafve:p50>+1%", "na\xc3\xafve", "", 500000000, 0.01);
}

Test(rules, all_else_is_refused)
{
	static const char *const bad[] = {
		"",
		":",
		"a",
		"a:",
		":p99>+5%",
		"a:p99",
		"a:p99>",
		"a:p99>5",
		"a:p99>%",
		"a:p99>+%",
		"a:p99>++5%",
		"a:p99>-5%",
		"a:p99<5%",
		"a:p99<+5%",
		"a:p99<-100%",
		"a:p99=5%",
		"a:max>+5%",
		"a:p100>+5%",
		"a:p0>+5%",
		"a:p99>+5%%",
		"a:p99>+5% ",
		"a:p99> 5%",
		"a:p99>+1e3%",
		"a:p99>+nan%",
		"a:p99>+inf%",
		"a:p99>+0x5%",
		"a:p99>+5.5.5%",
		"a:p50,p99>+5%",
		"a:sum.p99>+5%",
		"a:p99>+.%",
		"a\n:p99>+5%",
		"a\xff:p99>+5%",
		"a:p99>+99999999999%",
		"a:p99.99999999999999999999999999999>+5%",
	};
	struct tk_diff_rule r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(parse(&r, bad[i]), -EINVAL, "%s", bad[i]);
}

/* A row of the timer `work`, in whose processing p99 rose by this fraction. */
static bool holds(const char *rule, double shift, enum tk_compared verdict)
{
	static const struct tk_diff_timer timer = { .app = "app",
						    .timer = "work",
						    .measure = "processing" };
	static const struct tk_stat p99 = { .kind = TK_STAT_QUANTILE, .quantile = 990000000 };
	struct tk_compare_row is = { .shift = shift, .verdict = verdict };
	struct tk_diff_row row = { .timer = &timer, .stat = &p99, .is = &is };
	struct tk_diff_rule r;
	bool applies;

	cr_assert_eq(parse(&r, rule), 0, "%s", rule);
	applies = tk_diff_rule_apply(&r, &row);
	cr_assert_eq(r.holds, applies);
	cr_assert_leq(r.holds, r.known);
	cr_assert_leq(r.known, r.rows);
	free(r.pattern);
	return applies;
}

Test(rules, hold_beyond_the_threshold)
{
	cr_assert(holds("work:p99>+5%", 0.051, TK_COMPARED_WORSE));
	cr_assert(!holds("work:p99>+5%", 0.049, TK_COMPARED_WORSE));
	cr_assert(!holds("work:p99>+5%", -0.2, TK_COMPARED_BETTER));
	cr_assert(holds("work:p99<-5%", -0.051, TK_COMPARED_BETTER));
	cr_assert(!holds("work:p99<-5%", -0.049, TK_COMPARED_BETTER));
	cr_assert(!holds("work:p99<-5%", 0.2, TK_COMPARED_WORSE));
}

/* A shift that was not shown, however large it is, is no failure. */
Test(rules, hold_only_with_a_verdict)
{
	cr_assert(!holds("work:p99>+5%", 0.5, TK_COMPARED_NOTHING));
	cr_assert(!holds("work:p99>+5%", 0.5, TK_COMPARED_TOO_LITTLE));
	cr_assert(!holds("work:p99>+5%", NAN, TK_COMPARED_TOO_LITTLE));
}

Test(rules, apply_to_what_they_name)
{
	cr_assert(holds("w*:p99>+5%", 0.1, TK_COMPARED_WORSE));
	cr_assert(holds("work:processing.p99>+5%", 0.1, TK_COMPARED_WORSE));
	cr_assert(!holds("work:latency.p99>+5%", 0.1, TK_COMPARED_WORSE));
	cr_assert(!holds("work:p90>+5%", 0.1, TK_COMPARED_WORSE));
	cr_assert(!holds("wor:p99>+5%", 0.1, TK_COMPARED_WORSE));
}
