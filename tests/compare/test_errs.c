/* SPDX-License-Identifier: MIT */
/*
 * How often verdicts are wrong, and what they find: on recordings that are made as programs make
 * them.
 *
 * A run has an effect of its own, which is common to its timers in part. An interval has a level,
 * which resembles the one before it. A sample is lognormal around that, and is counted in a
 * histogram.
 */
#include "collector/compare/compare.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "collector/stats/histogram.h"
#include "tests/random.h"

#define TIMERS      8u
#define RUNS        5u
#define PERCENTILES 4u /* p50, p90, p99, p99.9 */
#define ROWS        (TIMERS * PERCENTILES)
#define INTERVALS   60u
#define SHAPES      65536u

static uint64_t state;
static double shape[SHAPES]; /* what a sample is of its level */

static double uniform(void)
{
	return ((double)(random64(&state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* How a program varies; standard deviations of logarithms. */
struct program {
	double run, common; /* from run to run: of one timer, and of all together */
	double interval,
		phi;      /* from interval to interval, and what is left of that in the next one */
	unsigned samples; /* of an interval */
	bool modes;       /* a run is one of two kinds, as when memory is placed well or badly */
};

/* A percentile of each timer: of whole runs, and of the parts of one. */
struct recorded {
	double whole[ROWS][RUNS];
	double parts[ROWS][TK_COMPARE_PARTS];
};

static void seed(uint64_t n)
{
	state = n;
	if (shape[0] == 0)
		for (uint32_t i = 0; i < SHAPES; i++)
			shape[i] = exp(0.3 * normal());
	state = n;
}

static void percentiles(double ns[PERCENTILES], const struct tk_hist *h)
{
	double all[TK_PERCENTILES];

	tk_hist_percentiles(h, all);
	memcpy(ns, all, PERCENTILES * sizeof(ns[0]));
}

static void put(double *to, size_t stride, const struct tk_hist *h)
{
	double ns[PERCENTILES];

	percentiles(ns, h);
	for (size_t p = 0; p < PERCENTILES; p++)
		to[p * stride] = ns[p];
}

static double effect(const struct program *p, double sd)
{
	if (p->modes)
		return sd * (2 * (double)random_below(&state, 2) - 1 + 0.1 * normal());
	return sd * normal();
}

/* One timer in one run. */
static void record(struct recorded *r, size_t timer, size_t run, const struct program *p,
		   double level)
{
	static struct tk_hist whole, part;
	double wander = p->interval * normal();
	size_t a_part = INTERVALS / TK_COMPARE_PARTS;

	tk_hist_clear(&whole);
	for (size_t i = 0; i < INTERVALS; i++) {
		if (i % a_part == 0)
			tk_hist_clear(&part);
		for (size_t s = 0; s < p->samples; s++)
			tk_hist_add(&part, (uint64_t)(level * exp(wander) *
						      shape[random64(&state) % SHAPES]));
		wander = p->phi * wander + sqrt(1 - p->phi * p->phi) * p->interval * normal();
		if ((i + 1) % a_part)
			continue;
		tk_hist_merge(&whole, &part);
		put(&r->parts[timer * PERCENTILES][i / a_part], TK_COMPARE_PARTS, &part);
	}
	put(&r->whole[timer * PERCENTILES][run], RUNS, &whole);
}

/* All runs of a side; the first timer is longer by this factor. The last run's parts are kept. */
static void record_runs(struct recorded *r, const struct program *p, size_t runs, double factor)
{
	for (size_t run = 0; run < runs; run++) {
		double common = effect(p, p->common);

		for (size_t t = 0; t < TIMERS; t++)
			record(r, t, run, p,
			       3000 * (1 + (double)t) * (t ? 1 : factor) *
				       exp(common + effect(p, p->run)));
	}
}

/* How wide the bucket of such a value is. */
static double bucket_at(double ticks)
{
	uint32_t bucket = tk_hist_index((uint64_t)ticks);

	return (double)(tk_hist_lowest(bucket + 1) - tk_hist_lowest(bucket)) / ticks;
}

static struct tk_compare_side side(const struct recorded *r, size_t row, bool runs)
{
	return (struct tk_compare_side){ .values = runs ? r->whole[row] : r->parts[row],
					 .n = runs ? RUNS : TK_COMPARE_PARTS,
					 .middle = r->whole[row][0],
					 .bucket = bucket_at(r->whole[row][0]) };
}

/* Two sides, of which the new one has a planted shift of its first timer. */
static void compare(struct tk_compare_row rows[ROWS], const struct program *p, bool runs,
		    double factor)
{
	static struct recorded base, new;
	struct tk_compare_rules rules = { .runs = runs, .min_runs = RUNS, .min_effect = 0.02 };

	record_runs(&base, p, runs ? RUNS : 1, 1);
	record_runs(&new, p, runs ? RUNS : 1, factor);
	memset(rows, 0, ROWS * sizeof(rows[0]));
	for (size_t i = 0; i < ROWS; i++) {
		rows[i].base = side(&base, i, runs);
		rows[i].new = side(&new, i, runs);
	}
	cr_assert_eq(tk_compare(rows, ROWS, &rules), 0);
}

/* How many of so many comparisons of a program with itself have any verdict. */
static int any_verdict(const struct program *p, bool runs, int comparisons)
{
	struct tk_compare_row rows[ROWS];
	int found = 0;

	for (int i = 0; i < comparisons; i++) {
		bool any = false;

		compare(rows, p, runs, 1);
		for (size_t r = 0; r < ROWS; r++)
			any |= rows[r].verdict >= TK_COMPARED_DIFFERS;
		found += any;
	}
	return found;
}

/* As the gateway: 3 % at p50 between two runs, in a third of pairs. */
static const struct program unsteady = {
	.run = 0.01, .common = 0.018, .interval = 0.02, .phi = 0.7, .samples = 200
};

/* Must reach: no difference, 200 pairs of 5 + 5 recordings: at most 10 with any false verdict. */
Test(errs, no_difference)
{
	int found;

	seed(1);
	found = any_verdict(&unsteady, true, 200);
	cr_log_info("false verdicts: %d of 200", found);
	cr_assert_leq(found, 10, "%d of 200", found);
}

/* No normal distribution: runs are of two kinds. */
Test(errs, no_difference_and_runs_of_two_kinds)
{
	static const struct program modes = { .run = 0.03,
					      .common = 0.03,
					      .interval = 0.02,
					      .phi = 0.7,
					      .samples = 200,
					      .modes = true };
	int found;

	seed(20261130);
	found = any_verdict(&modes, true, 100);
	cr_assert_leq(found, 10, "%d of 100", found);
}

/* Medians of runs vary by 0.5 %: 0.4 % by themselves, the rest by intervals and samples. */
static const struct program steady = {
	.run = 0.003, .common = 0.0027, .interval = 0.01, .phi = 0.5, .samples = 600
};

/* The variance of a side's runs, by their logarithms. */
static double variance(const struct tk_compare_side *s)
{
	double mean = 0, sum = 0;

	for (size_t i = 0; i < s->n; i++)
		mean += log(s->values[i]) / (double)s->n;
	for (size_t i = 0; i < s->n; i++)
		sum += pow(log(s->values[i]) - mean, 2);
	return sum / (double)(s->n - 1);
}

/* Must reach: 3 % at p50 planted in one of 8 timers, 5 x 60 s a side: found 95 times of 100. */
Test(errs, three_percent_are_found)
{
	struct tk_compare_row rows[ROWS];
	double between = 0;
	int found = 0;

	seed(20261130);
	for (int i = 0; i < 100; i++) {
		compare(rows, &steady, true, 1.03);
		between += (variance(&rows[0].base) + variance(&rows[0].new)) / 200;
		found += rows[0].verdict == TK_COMPARED_WORSE;
	}
	cr_log_info("between runs %.2f %%, found: %d of 100", 100 * sqrt(between), found);
	cr_assert_float_eq(sqrt(between), 0.005, 0.0005);
	cr_assert_geq(found, 95, "%d of 100", found);
}

/* What is said to be detectable is found in about four of five. */
Test(errs, what_is_detectable_is_found)
{
	struct tk_compare_row rows[ROWS];
	double detectable = 0;
	int found = 0;

	seed(20261130);
	for (int i = 0; i < 50; i++) {
		compare(rows, &unsteady, true, 1);
		detectable += rows[0].detectable / 50;
	}
	for (int i = 0; i < 100; i++) {
		compare(rows, &unsteady, true, 1 + detectable);
		found += rows[0].verdict == TK_COMPARED_WORSE;
	}
	cr_log_info("a shift of %.1f %% was found: %d of 100", 100 * detectable, found);
	cr_assert(found >= 65 && found <= 95, "%d of 100", found);
}

/*
 * One recording a side: within one run there is nothing to see of how runs vary. Without such an
 * effect it is seldom wrong, and with it, it says what is true of these recordings and of nothing
 * else.
 */
Test(errs, recordings_differ_where_runs_do)
{
	static const struct program alike = { .interval = 0.02, .phi = 0.7, .samples = 200 };
	int same, other;

	seed(20261130);
	same = any_verdict(&alike, false, 200);
	other = any_verdict(&unsteady, false, 100);
	cr_log_info("differ: %d of 200 without an effect of runs, %d of 100 with it", same, other);
	cr_assert_leq(same, 10, "%d of 200", same);
	cr_assert_geq(other, 20, "%d of 100", other);
}
