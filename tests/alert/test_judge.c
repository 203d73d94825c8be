/* SPDX-License-Identifier: MIT */
/*
 * Whether an interval passes a limit while records are lost: against every value that the lost ones
 * may have had, in small cases.
 */
#include "collector/alert/alert.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/rated.h"
#include "tests/random.h"

#define N_MAX    6
#define LOST_MAX 3

/* What a lost record may have been: fast, near the limit on either side, at it, slow; 0 only where
 * it counts for nothing but its number. Stands for all values, since judging compares with 4 and 6
 * alone, and sums with larger ones. */
static const double might_be[] = { 0, 3, 4, 5, 6, 9, 1e12 };
#define MIGHT (sizeof(might_be) / sizeof(might_be[0]))

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The figure of samples that are all known, the plain way. */
static double figure(const struct tk_alert_rule *r, const double *value, size_t n)
{
	double sorted[N_MAX + LOST_MAX], sum = 0;
	size_t rank;

	memcpy(sorted, value, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), ascending);
	for (size_t i = 0; i < n; i++)
		sum += value[i];
	switch (r->stat.kind) {
	case TK_STAT_MIN:
		return sorted[0];
	case TK_STAT_MAX:
		return sorted[n - 1];
	case TK_STAT_SUM:
		return sum;
	case TK_STAT_AVG:
		return sum / (double)n;
	default:
		rank = (size_t)ceil((double)n * r->stat.quantile / 1e9 - 1e-9);
		return sorted[(rank ? rank : 1) - 1];
	}
}

static bool passes(const struct tk_alert_rule *r, double figure, double limit)
{
	return r->above ? figure > limit : figure < limit;
}

/* Whether the limit is passed with each value that the lost ones may have had. */
static bool surely(const struct tk_alert_rule *r, double *value, size_t n, size_t lost)
{
	size_t ways = 1;
	bool all = true;

	for (size_t i = 0; i < lost; i++)
		ways *= MIGHT;
	for (size_t way = 0; way < ways; way++) {
		for (size_t i = 0, rest = way; i < lost; i++, rest /= MIGHT)
			value[n + i] = might_be[rest % MIGHT];
		all = all && passes(r, figure(r, value, n + lost), r->limit);
	}
	return all;
}

static struct tk_alert_facts facts_of(const struct tk_alert_rule *r, const double *value, size_t n,
				      size_t lost)
{
	struct tk_alert_facts f = { .count = n,
				    .records = n + lost,
				    .lost = lost,
				    .lost_most = lost,
				    .seconds = 1,
				    .value = n ? figure(r, value, n) : NAN };

	for (size_t i = 0; i < n; i++) {
		f.beyond += passes(r, value[i], r->limit);
		f.beyond_clear += passes(r, value[i], r->clear);
	}
	return f;
}

static enum tk_alert_evidence expected(const struct tk_alert_rule *r, double *value, size_t n,
				       size_t lost)
{
	if (n < r->least_samples)
		return lost ? TK_ALERT_DOUBT : TK_ALERT_NOTHING;
	if (surely(r, value, n, lost))
		return TK_ALERT_BEYOND;
	if (lost)
		return TK_ALERT_DOUBT;
	return passes(r, figure(r, value, n), r->clear) ? TK_ALERT_BETWEEN : TK_ALERT_WITHIN;
}

static void try_all(const struct tk_alert_rule *r, uint64_t *seed)
{
	double value[N_MAX + LOST_MAX];

	for (size_t n = 0; n <= N_MAX; n++) {
		for (size_t lost = 0; lost <= LOST_MAX; lost++) {
			struct tk_alert_facts f;

			for (size_t i = 0; i < n; i++)
				value[i] = 1 + (double)(random_below(seed, 9));
			f = facts_of(r, value, n, lost);
			cr_assert_eq(tk_alert_judge(r, &f), expected(r, value, n, lost),
				     "%s: %zu samples, %zu lost", r->text, n, lost);
		}
	}
}

Test(judge, is_right_whatever_the_lost_ones_were)
{
	static const char *const figures[] = { "p1",  "p25", "p50", "p75", "p90",
					       "p99", "sum", "min", "avg", "max" };
	static const char *const conditions[] = { ">5ns clear 4ns", "<5ns clear 6ns",
						  ">5ns min 3 clear 5ns", "<5ns min 2 clear 5ns" };
	uint64_t seed = 15;
	char text[64];

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		for (size_t k = 0; k < sizeof(conditions) / sizeof(conditions[0]); k++) {
			struct tk_alert_rule r;
			const char *why;

			snprintf(text, sizeof(text), "a:%s%s", figures[i], conditions[k]);
			cr_assert_eq(tk_alert_rule_parse(&r, text, &why), 0, "%s", text);
			for (int turn = 0; turn < 50; turn++)
				try_all(&r, &seed);
			free(r.about.pattern);
		}
	}
}

static enum tk_alert_evidence judged(const char *text, const struct tk_alert_facts *f)
{
	enum tk_alert_evidence e;
	struct tk_alert_rule r;
	const char *why;

	cr_assert_eq(tk_alert_rule_parse(&r, text, &why), 0, "%s", text);
	e = tk_alert_judge(&r, f);
	free(r.about.pattern);
	return e;
}

/* Of lost records it may be known whose they were, or not: each may be this timer's, or not. */
Test(judge, counts_what_may_be_its_own)
{
	for (uint64_t own = 0; own <= 3; own++) {
		for (uint64_t more = 0; more <= 3; more++) {
			struct tk_alert_facts f = { .count = 5,
						    .records = 5 + own,
						    .lost = own,
						    .lost_most = own + more,
						    .seconds = 2 };
			bool doubt = own + more > 0;

			cr_assert_eq(judged("a:count>4", &f), TK_ALERT_BEYOND);
			cr_assert_eq(judged("a:count>5", &f),
				     doubt ? TK_ALERT_DOUBT : TK_ALERT_WITHIN);
			cr_assert_eq(judged("a:count<9", &f),
				     5 + own + more < 9 ? TK_ALERT_BEYOND : TK_ALERT_DOUBT);
			cr_assert_eq(judged("a:rate>2", &f), TK_ALERT_BEYOND);
			cr_assert_eq(judged("a:rate<4", &f),
				     5 + own + more < 8 ? TK_ALERT_BEYOND : TK_ALERT_DOUBT);
			cr_assert_eq(judged("a:lost>1", &f), own > 1 ? TK_ALERT_BEYOND
							     : more  ? TK_ALERT_DOUBT
								     : TK_ALERT_WITHIN);
			cr_assert_eq(judged("a:lost<2", &f), own + more < 2 ? TK_ALERT_BEYOND
							     : more         ? TK_ALERT_DOUBT
									    : TK_ALERT_WITHIN);
		}
	}
}

Test(judge, has_no_verdict_without_memory_for_a_histogram)
{
	struct tk_alert_facts f = { .count = 5, .records = 5, .value = NAN, .seconds = 1 };

	cr_assert_eq(judged("a:p50>5ns", &f), TK_ALERT_DOUBT);
	cr_assert_eq(judged("a:avg<5ns", &f), TK_ALERT_DOUBT);
	cr_assert_eq(judged("a:count>4", &f), TK_ALERT_BEYOND);
}

/* A silent timer is none without data where its samples are counted. */
Test(judge, counts_nothing_as_nothing)
{
	struct tk_alert_facts f = { .seconds = 1 };

	cr_assert_eq(judged("a:count<1", &f), TK_ALERT_BEYOND);
	cr_assert_eq(judged("a:rate<1", &f), TK_ALERT_BEYOND);
	cr_assert_eq(judged("a:lost>0", &f), TK_ALERT_WITHIN);
	cr_assert_eq(judged("a:p99<1us", &f), TK_ALERT_NOTHING);
}
