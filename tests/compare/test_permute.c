/* SPDX-License-Identifier: MIT */
/* Adjusted p values: Holm's by his rule, permutations against brute force and their promise. */
#include "collector/compare/holm.h"
#include "collector/compare/permute.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>

#include "tests/random.h"

#define ROWS_MAX 6
#define RUNS_MAX 12
#define LEVEL    0.05

static uint64_t state = 1;

static double uniform(void)
{
	return (double)(random64(&state) >> 11) * 0x1p-53;
}

static bool flip(void)
{
	return random_below(&state, 2);
}

Test(holm, multiplies_the_smallest_by_n_and_the_next_by_one_less)
{
	double p[] = { 0.01, 0.04, 0.03, 0.005 };
	static const double adjusted[] = { 0.03, 0.06, 0.06, 0.02 };

	cr_assert_eq(tk_holm(p, 4), 0);
	for (int i = 0; i < 4; i++)
		cr_assert_float_eq(p[i], adjusted[i], 1e-15);
}

/* The order of p values stays; a smaller one makes none larger; and each is between p and n p. */
Test(holm, is_monotone)
{
	for (int round = 0; round < 2000; round++) {
		double p[8], a[8], b[8];
		size_t n = 1 + random_below(&state, 8), k = random_below(&state, n);

		for (size_t i = 0; i < n; i++)
			a[i] = b[i] = p[i] = pow(uniform(), 3);
		b[k] *= uniform();
		tk_holm(a, n);
		tk_holm(b, n);
		for (size_t i = 0; i < n; i++) {
			cr_assert_leq(b[i], a[i]);
			cr_assert(a[i] >= p[i] && a[i] <= fmin(1, (double)n * p[i]) + 1e-15);
			for (size_t j = 0; j < n; j++)
				cr_assert(p[i] > p[j] || a[i] <= a[j]);
		}
	}
}

/* --- the same, by definition ------------------------------------------------------------------ */

struct family {
	double x[ROWS_MAX][RUNS_MAX];
	struct tk_permute_row rows[ROWS_MAX];
	size_t n, n_base, n_new;
};

/* Welch's t for the runs whose bit is set, against the others; as a textbook writes it. */
static double welch(const struct family *f, size_t row, unsigned is_new)
{
	double mean[2] = { 0 }, variance[2] = { 0 }, n[2] = { 0 };

	for (unsigned side = 0; side < 2; side++) {
		for (size_t i = 0; i < f->n_base + f->n_new; i++)
			if ((is_new >> i & 1) == side && !isnan(f->x[row][i])) {
				mean[side] += f->x[row][i];
				n[side]++;
			}
		if (n[side] < 2)
			return 0;
		mean[side] /= n[side];
		for (size_t i = 0; i < f->n_base + f->n_new; i++)
			if ((is_new >> i & 1) == side && !isnan(f->x[row][i]))
				variance[side] += pow(f->x[row][i] - mean[side], 2);
		variance[side] = fmax(variance[side] / (n[side] - 1), f->rows[row].floor);
	}
	return fmax(fabs(mean[0] - mean[1]) - f->rows[row].bucket, 0) /
	       sqrt(variance[0] / n[0] + variance[1] / n[1]);
}

static unsigned observed(const struct family *f)
{
	return ((1u << f->n_new) - 1) << f->n_base;
}

/* How often the largest of the rows that are no more significant than `row` is as large as it. */
static double share_as_large(const struct family *f, size_t row)
{
	double t = welch(f, row, observed(f)), ways = 0, as_large = 0;

	for (unsigned is_new = 0; is_new < 1u << (f->n_base + f->n_new); is_new++) {
		double largest = 0;

		if ((size_t)__builtin_popcount(is_new) != f->n_new)
			continue;
		for (size_t i = 0; i < f->n; i++)
			if (welch(f, i, observed(f)) <= t)
				largest = fmax(largest, welch(f, i, is_new));
		ways++;
		as_large += largest >= t * (1 - 1e-9);
	}
	return as_large / ways;
}

static double naive(const struct family *f, size_t row)
{
	double p = 0;

	for (size_t i = 0; i < f->n; i++)
		if (welch(f, i, observed(f)) >= welch(f, row, observed(f)))
			p = fmax(p, share_as_large(f, i));
	return p;
}

static void make(struct family *f, size_t n_base, size_t n_new)
{
	f->n = 1 + random_below(&state, ROWS_MAX);
	f->n_base = n_base;
	f->n_new = n_new;
	for (size_t r = 0; r < f->n; r++) {
		double shift = flip() ? 0 : 2 * uniform();

		f->rows[r] = (struct tk_permute_row){ .x = f->x[r],
						      .bucket = flip() ? 0.1 : 0,
						      .floor = flip() ? 0.01 : 0 };
		for (size_t i = 0; i < n_base + n_new; i++)
			f->x[r][i] = pow(uniform(), 3) + (i < n_base ? 0 : shift);
	}
}

static double run(struct family *f)
{
	double critical = NAN;

	cr_assert_eq(tk_permute(f->rows, f->n, f->n_base, f->n_new, LEVEL, &critical), 0);
	return critical;
}

static void check_family(struct family *f)
{
	double critical = run(f);

	for (size_t r = 0; r < f->n; r++) {
		cr_assert_float_eq(f->rows[r].t, welch(f, r, observed(f)), 1e-9);
		cr_assert_float_eq(f->rows[r].p, naive(f, r), 1e-12);
		cr_assert(f->rows[r].t <= critical * (1 + 1e-8) || f->rows[r].p <= LEVEL);
	}
}

Test(permute, is_what_brute_force_gives)
{
	for (int round = 0; round < 60; round++) {
		struct family f;

		make(&f, 2 + random_below(&state, 4), 2 + random_below(&state, 4));
		check_family(&f);
	}
}

Test(permute, is_so_with_runs_that_are_missing)
{
	for (int round = 0; round < 60; round++) {
		struct family f;

		make(&f, 5, 5);
		f.x[0][random_below(&state, 10)] = NAN;
		f.x[f.n - 1][random_below(&state, 10)] = NAN;
		check_family(&f);
	}
}

/*
 * The promise, whatever the values are: of all ways to call five of ten runs new, no more than 5 %
 * give any row a verdict.
 */
Test(permute, at_most_5_percent_of_all_ways_are_significant)
{
	for (int round = 0; round < 20; round++) {
		struct family f, g;
		unsigned ways = 0, significant = 0;

		make(&f, 5, 5);
		for (unsigned is_new = 0; is_new < 1024; is_new++) {
			size_t to[2] = { 0, 5 };
			bool any = false;

			if (__builtin_popcount(is_new) != 5)
				continue;
			g = f;
			for (size_t i = 0; i < 10; i++) {
				size_t at = to[is_new >> i & 1]++;

				for (size_t r = 0; r < f.n; r++)
					g.x[r][at] = f.x[r][i];
			}
			for (size_t r = 0; r < f.n; r++)
				g.rows[r].x = g.x[r];
			run(&g);
			for (size_t r = 0; r < f.n; r++)
				any |= g.rows[r].p <= LEVEL;
			ways++;
			significant += any;
		}
		cr_assert_eq(ways, 252);
		cr_assert_leq(significant, 12);
	}
}

Test(permute, says_how_few_runs_can_show_nothing)
{
	cr_assert_float_eq(tk_permute_least(3, 3), 0.1, 1e-15);
	cr_assert_float_eq(tk_permute_least(4, 4), 2.0 / 70, 1e-15);
	cr_assert_float_eq(tk_permute_least(5, 5), 2.0 / 252, 1e-15);
	cr_assert_float_eq(tk_permute_least(2, 20), 1.0 / 231, 1e-15);
	cr_assert_leq(tk_permute_least(1000, 1000), 2.0 / TK_PERMUTE_MAX);
}

/* Many runs: ways are drawn, the same ones each time, and the answer is about that of all. */
Test(permute, draws_where_there_are_too_many_ways)
{
	static double x[40];
	struct tk_permute_row row = { .x = x }, again = { .x = x };
	double critical;

	for (size_t i = 0; i < 40; i++)
		x[i] = uniform() + (i < 20 ? 0 : 0.2);
	tk_permute(&row, 1, 20, 20, LEVEL, &critical);
	tk_permute(&again, 1, 20, 20, LEVEL, &critical);
	cr_assert_eq(row.p, again.p);
	cr_assert(row.p >= 1.0 / TK_PERMUTE_MAX && row.p <= 1);
	cr_assert_float_eq(critical, 2.02, 0.15); /* as Student's, with 38 degrees of freedom */
	for (size_t i = 20; i < 40; i++)
		x[i] += 2;
	tk_permute(&row, 1, 20, 20, LEVEL, &critical);
	cr_assert_float_eq(row.p, 1.0 / TK_PERMUTE_MAX, 1e-12);
}
