/* SPDX-License-Identifier: MIT */
/* Verdicts: what must hold of them whatever the numbers are. */
#include "collector/compare/compare.h"

#include <criterion/criterion.h>
#include <math.h>

#include "tests/random.h"

#define ROWS   4
#define RUNS   5
#define PARTS  40
#define BUCKET (1.0 / 128)

static uint64_t state = 7;

static double uniform(void)
{
	return (double)(random64(&state) >> 11) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

struct family {
	double values[2][ROWS][PARTS];
	struct tk_compare_row rows[ROWS];
};

static const struct tk_compare_rules runs = { .runs = true, .min_runs = 5, .min_effect = 0.02 };
static const struct tk_compare_rules parts = { .runs = false, .min_runs = 5, .min_effect = 0.02 };

static struct tk_compare_side side(const double *values, size_t n)
{
	return (struct tk_compare_side){
		.values = values, .n = n, .middle = values[0], .bucket = BUCKET
	};
}

/* Around 3,000 ns, with this standard deviation. */
static void fill(double *values, size_t n, double sd, double factor)
{
	for (size_t i = 0; i < n; i++)
		values[i] = 3000 * factor * exp(sd * normal());
}

static void make(struct family *f, size_t n, double sd, double most)
{
	for (size_t r = 0; r < ROWS; r++) {
		fill(f->values[0][r], n, sd, 1);
		fill(f->values[1][r], n, sd, exp(most * (2 * uniform() - 1)));
		f->rows[r] = (struct tk_compare_row){ .base = side(f->values[0][r], n),
						      .new = side(f->values[1][r], n) };
	}
}

/* One row of runs: the new ones are longer by this factor. */
static enum tk_compared verdict_of(size_t n, double sd, double factor,
				   const struct tk_compare_rules *rules)
{
	struct family f;

	make(&f, n, sd, 0);
	for (size_t i = 0; i < n; i++)
		f.values[1][0][i] *= factor;
	f.rows[0].new.middle *= factor;
	cr_assert_eq(tk_compare(f.rows, 1, rules), 0);
	return f.rows[0].verdict;
}

static enum tk_compared mirrored(enum tk_compared v)
{
	if (v == TK_COMPARED_BETTER)
		return TK_COMPARED_WORSE;
	return v == TK_COMPARED_WORSE ? TK_COMPARED_BETTER : v;
}

static void check_mirror(const struct tk_compare_rules *rules, size_t n)
{
	struct family f;

	make(&f, n, 0.005, 0.1);
	tk_compare(f.rows, ROWS, rules);
	for (size_t r = 0; r < ROWS; r++) {
		struct tk_compare_row was = f.rows[r], *now = &f.rows[r];

		now->base = was.new;
		now->new = was.base;
		tk_compare(f.rows, ROWS, rules);
		/* Rows are swapped one after the other. */
		cr_assert_float_eq((1 + now->shift) * (1 + was.shift), 1, 1e-12);
		cr_assert_float_eq((1 + now->low) * (1 + was.high), 1, 1e-12);
		cr_assert_float_eq(now->p, was.p, 1e-12);
		cr_assert_float_eq(now->detectable, was.detectable, 1e-9);
		cr_assert_eq(now->verdict, mirrored(was.verdict));
	}
}

Test(compare, swapping_base_and_new_mirrors_all)
{
	for (int round = 0; round < 50; round++) {
		check_mirror(&parts, PARTS);
	}
}

/* Runs are exchanged in all rows at once, so they are swapped in all. */
Test(compare, swapping_base_and_new_runs_mirrors_all)
{
	for (int round = 0; round < 50; round++) {
		struct family f;
		struct tk_compare_row was[ROWS];

		make(&f, RUNS, 0.005, 0.1);
		tk_compare(f.rows, ROWS, &runs);
		for (size_t r = 0; r < ROWS; r++) {
			was[r] = f.rows[r];
			f.rows[r].base = was[r].new;
			f.rows[r].new = was[r].base;
		}
		tk_compare(f.rows, ROWS, &runs);
		for (size_t r = 0; r < ROWS; r++) {
			cr_assert_float_eq((1 + f.rows[r].shift) * (1 + was[r].shift), 1, 1e-12);
			cr_assert_float_eq((1 + f.rows[r].high) * (1 + was[r].low), 1, 1e-12);
			cr_assert_float_eq(f.rows[r].p, was[r].p, 1e-12);
			cr_assert_eq(f.rows[r].verdict, mirrored(was[r].verdict));
		}
	}
}

/* Another unit on both sides changes nothing; a factor on one of them is the shift. */
Test(compare, a_factor_on_one_side_is_the_shift)
{
	for (int round = 0; round < 50; round++) {
		struct family f, g;
		double factor = exp(2 * uniform() - 1), unit = exp(10 * uniform());

		make(&f, RUNS, 0.01, 0.05);
		g = f;
		for (size_t r = 0; r < ROWS; r++) {
			for (size_t i = 0; i < RUNS; i++) {
				g.values[0][r][i] *= unit;
				g.values[1][r][i] *= unit * factor;
			}
			g.rows[r].base.values = g.values[0][r];
			g.rows[r].new.values = g.values[1][r];
		}
		tk_compare(f.rows, ROWS, &runs);
		tk_compare(g.rows, ROWS, &runs);
		for (size_t r = 0; r < ROWS; r++) {
			const struct tk_compare_row *a = &f.rows[r], *b = &g.rows[r];

			cr_assert_float_eq(1 + b->shift, (1 + a->shift) * factor, 1e-9);
			cr_assert_float_eq(1 + b->low, (1 + a->low) * factor, 1e-9);
			cr_assert_float_eq(1 + b->high, (1 + a->high) * factor, 1e-9);
		}
	}
}

Test(compare, a_verdict_is_beyond_the_least_effect_and_its_interval_holds_the_shift)
{
	for (int round = 0; round < 200; round++) {
		struct family f;

		make(&f, RUNS, 0.004, 0.1);
		tk_compare(f.rows, ROWS, &runs);
		for (size_t r = 0; r < ROWS; r++) {
			const struct tk_compare_row *row = &f.rows[r];

			cr_assert(row->low < row->shift && row->shift < row->high);
			cr_assert(row->high - row->low > 2 * BUCKET);
			cr_assert_geq(row->detectable, runs.min_effect);
			if (row->verdict == TK_COMPARED_WORSE)
				cr_assert_geq(row->shift, 0.02 - 1e-9);
			if (row->verdict == TK_COMPARED_BETTER)
				cr_assert_leq(row->shift, -0.02 / 1.02 + 1e-9);
			if (fabs(row->shift) > 0.05)
				cr_assert_neq(row->verdict, TK_COMPARED_NOTHING);
		}
	}
}

Test(compare, shows_what_is_there)
{
	struct tk_compare_rules fine = runs;

	fine.min_effect = 0.01;
	cr_assert_eq(verdict_of(RUNS, 0.001, 1.1, &runs), TK_COMPARED_WORSE);
	cr_assert_eq(verdict_of(RUNS, 0.001, 0.9, &runs), TK_COMPARED_BETTER);
	cr_assert_eq(verdict_of(RUNS, 0.001, 1.015, &runs), TK_COMPARED_NOTHING);
	cr_assert_eq(verdict_of(RUNS, 0.001, 1.015, &fine), TK_COMPARED_WORSE);
	cr_assert_eq(verdict_of(RUNS, 0.1, 1, &runs), TK_COMPARED_NOTHING);
}

Test(compare, one_recording_a_side_only_differs)
{
	cr_assert_eq(verdict_of(PARTS, 0.01, 1.1, &parts), TK_COMPARED_DIFFERS);
	cr_assert_eq(verdict_of(PARTS, 0.01, 0.9, &parts), TK_COMPARED_DIFFERS);
	cr_assert_eq(verdict_of(PARTS, 0.01, 1, &parts), TK_COMPARED_NOTHING);
}

Test(compare, too_few_runs_show_nothing)
{
	struct tk_compare_rules three = runs, four = runs;

	three.min_runs = 3;
	four.min_runs = 4;
	for (size_t n = 0; n < RUNS; n++)
		cr_assert_eq(verdict_of(n, 0.001, 2, &runs), TK_COMPARED_TOO_LITTLE);
	cr_assert_eq(verdict_of(4, 0.001, 2, &four), TK_COMPARED_WORSE);
	/* One in ten ways to name them has three runs below three others: that is no 5 %. */
	cr_assert_eq(verdict_of(3, 0.001, 2, &three), TK_COMPARED_TOO_LITTLE);
}

Test(compare, a_run_without_the_timer_does_not_count)
{
	struct family f;

	make(&f, RUNS, 0.001, 0.1);
	f.values[1][2][3] = NAN;
	tk_compare(f.rows, ROWS, &runs);
	cr_assert_eq(f.rows[2].verdict, TK_COMPARED_TOO_LITTLE);
	cr_assert(isfinite(f.rows[2].shift) && isnan(f.rows[2].p) && isnan(f.rows[2].low));
	cr_assert_neq(f.rows[1].verdict, TK_COMPARED_TOO_LITTLE);
	for (size_t i = 0; i < RUNS; i++)
		f.values[1][2][i] = NAN;
	tk_compare(f.rows, ROWS, &runs);
	cr_assert_eq(f.rows[2].verdict, TK_COMPARED_TOO_LITTLE);
	cr_assert(isnan(f.rows[2].shift));
}

Test(compare, what_has_too_few_samples_is_not_in_the_family)
{
	struct family f;
	double p;

	make(&f, RUNS, 0.005, 0.1);
	tk_compare(f.rows, 1, &runs);
	p = f.rows[0].p;
	for (size_t r = 1; r < ROWS; r++)
		f.rows[r].too_little = true;
	tk_compare(f.rows, ROWS, &runs);
	cr_assert_eq(f.rows[0].p, p);
	cr_assert_eq(f.rows[1].verdict, TK_COMPARED_TOO_LITTLE);
}

/* Twice the same value in every run: the bucket is all that the runs can tell apart. */
Test(compare, two_neighbouring_buckets_are_no_difference)
{
	struct tk_compare_rules fine = runs;
	struct family f;

	fine.min_effect = 0;
	for (int buckets = 0; buckets < 4; buckets++) {
		make(&f, RUNS, 0, 0);
		for (size_t i = 0; i < RUNS; i++)
			f.values[1][0][i] = 3000 * (1 + buckets * BUCKET);
		tk_compare(f.rows, 1, &fine);
		cr_assert_eq(f.rows[0].verdict,
			     buckets < 2 ? TK_COMPARED_NOTHING : TK_COMPARED_WORSE);
		cr_assert(f.rows[0].low <= (buckets - 1) * BUCKET + 1e-12);
	}
}

/* A recording that wanders has seen little, however long it is. Most show that. */
Test(compare, parts_that_hang_together_are_too_little)
{
	int wandering = 0, steady = 0;

	for (int round = 0; round < 200; round++) {
		struct family f;

		make(&f, PARTS, 0.01, 0);
		for (size_t i = 1; i < PARTS; i++)
			f.values[0][0][i] = f.values[0][0][i - 1] * exp(0.01 * normal());
		tk_compare(f.rows, 2, &parts);
		wandering += f.rows[0].verdict == TK_COMPARED_TOO_LITTLE;
		steady += f.rows[1].verdict == TK_COMPARED_TOO_LITTLE;
	}
	cr_assert_gt(wandering, 180);
	cr_assert_lt(steady, 5);
}

Test(compare, nothing_is_no_family)
{
	cr_assert_eq(tk_compare(NULL, 0, &runs), 0);
}
