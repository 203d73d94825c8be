/* SPDX-License-Identifier: MIT */
/* Histograms against the sorted samples themselves. */
#include "collector/stats/tally.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random.h"

#define VALUE_LIMIT (UINT64_C(1) << 48)

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void tally_add(struct tk_tally *t, enum tk_measure m, uint64_t v)
{
	t->sum[m] += v;
	t->min[m] = v < t->min[m] ? v : t->min[m];
	t->max[m] = v > t->max[m] ? v : t->max[m];
	t->buckets[m][tk_hist_index(v)]++;
}

static void fill(struct tk_hist *h, const uint64_t *values, size_t n)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *t = tk_tally_get(&pool);

	cr_assert(t);
	for (size_t i = 0; i < n; i++)
		tally_add(t, TK_LATENCY, values[i]);
	tk_tally_move(t, TK_LATENCY, h);
	tk_tally_pool_free(&pool);
}

/* The sample of rank ceil(p * n), p in ten-thousandths. */
static uint64_t exact(const uint64_t *sorted, size_t n, uint64_t p)
{
	return sorted[(n * p + 9999) / 10000 - 1];
}

static void check_percentiles(const struct tk_hist *h, const uint64_t *sorted, size_t n)
{
	static const uint64_t p[TK_PERCENTILES] = { 5000, 9000, 9900, 9990, 9999 };
	double got[TK_PERCENTILES];

	tk_hist_percentiles(h, got);
	for (int i = 0; i < TK_PERCENTILES; i++) {
		double want = (double)exact(sorted, n, p[i]);
		double error = fabs(got[i] - want);

		cr_assert(error <= 0.5 || error <= want * 0.005, "p %lu of %zu: %f, is %f", p[i], n,
			  got[i], want);
		cr_assert_geq(got[i], (double)sorted[0]);
		cr_assert_leq(got[i], (double)sorted[n - 1]);
	}
}

Test(hist, buckets_follow_each_other_without_gap_or_overlap)
{
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++) {
		uint64_t low = tk_hist_lowest(i), high = tk_hist_lowest(i + 1) - 1;

		cr_assert_eq(tk_hist_index(low), i);
		cr_assert_eq(tk_hist_index(high), i);
		cr_assert(low == high || (double)(high - low) <= (double)low / 127.0);
	}
	cr_assert_eq(tk_hist_lowest(TK_HIST_BUCKETS), VALUE_LIMIT);
}

Test(hist, an_hour_at_5_ghz_fits)
{
	cr_assert_lt(tk_hist_index(UINT64_C(5000000000) * 3600), TK_HIST_BUCKETS);
}

Test(hist, percentiles_are_within_half_a_percent_of_the_sorted_samples)
{
	uint64_t state = 1;

	for (int round = 0; round < 400; round++) {
		size_t n = 1 + random_below(&state, round % 10 ? 3000 : 100000);
		uint64_t *v = malloc(n * sizeof(*v));
		struct tk_hist *h = calloc(1, sizeof(*h));
		uint64_t base = random_log(&state, 40), spread = 1 + random_log(&state, 40);
		unsigned __int128 sum = 0;

		for (size_t i = 0; i < n; i++) {
			v[i] = round % 3 == 0 ? random_log(&state, 47)
					      : base + random_below(&state, spread);
			sum += v[i];
		}
		fill(h, v, n);
		qsort(v, n, sizeof(*v), by_value);
		cr_assert_eq(h->count, n);
		cr_assert_eq(h->min, v[0]);
		cr_assert_eq(h->max, v[n - 1]);
		cr_assert(h->sum == sum);
		check_percentiles(h, v, n);
		free(v);
		free(h);
	}
}

Test(hist, one_value_is_its_own_percentiles)
{
	for (uint32_t i = 0; i < 48; i++) {
		uint64_t v = (UINT64_C(1) << i) + (UINT64_C(1) << i) / 3;
		struct tk_hist *h = calloc(1, sizeof(*h));
		double p[TK_PERCENTILES];

		v = v < VALUE_LIMIT ? v : VALUE_LIMIT - 1;
		fill(h, &v, 1);
		tk_hist_percentiles(h, p);
		for (int k = 0; k < TK_PERCENTILES; k++)
			cr_assert_eq(p[k], (double)v);
		free(h);
	}
}

Test(hist, merging_parts_gives_the_whole)
{
	uint64_t state = 2;
	struct tk_hist *whole = calloc(1, sizeof(*whole)), *parts = calloc(1, sizeof(*parts));

	for (int part = 0; part < 50; part++) {
		struct tk_hist *h = calloc(1, sizeof(*h));
		uint64_t v[500];

		for (size_t i = 0; i < 500; i++)
			v[i] = random_log(&state, 47);
		fill(h, v, (size_t)part * 10);
		fill(whole, v, (size_t)part * 10);
		tk_hist_merge(parts, h);
		free(h);
	}
	cr_assert_eq(memcmp(whole, parts, sizeof(*whole)), 0);
	tk_hist_clear(parts);
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
		cr_assert_eq(parts->buckets[i], 0);
	cr_assert_eq(parts->count, 0);
	free(whole);
	free(parts);
}

Test(hist, adding_one_by_one_is_the_same)
{
	uint64_t state = 3, v[1000];
	struct tk_hist *at_once = calloc(1, sizeof(*at_once)), *h = calloc(1, sizeof(*h));

	for (size_t i = 0; i < 1000; i++) {
		v[i] = random_log(&state, 47);
		tk_hist_add(h, v[i]);
	}
	fill(at_once, v, 1000);
	cr_assert_eq(memcmp(h, at_once, sizeof(*h)), 0);
	tk_hist_add(h, UINT64_MAX);
	cr_assert_eq(h->max, VALUE_LIMIT - 1);
	free(at_once);
	free(h);
}

Test(hist, taking_empties_one_measure_and_leaves_the_other)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_hist *h = calloc(1, sizeof(*h));

	tally_add(t, TK_PROCESSING, 10);
	tally_add(t, TK_LATENCY, 1000000);
	tk_tally_move(t, TK_PROCESSING, h);
	tk_tally_move(t, TK_PROCESSING, h);
	cr_assert_eq(h->count, 1);
	cr_assert_eq(h->max, 10);
	tk_tally_move(t, TK_LATENCY, h);
	cr_assert_eq(h->count, 2);
	cr_assert_eq(h->max, 1000000);
	free(h);
	tk_tally_pool_free(&pool);
}

Test(hist, the_pool_hands_out_distinct_empty_tallies)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *t[200];

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 200; i++) {
			t[i] = tk_tally_get(&pool);
			cr_assert(t[i]);
			cr_assert_gt(t[i]->min[0], t[i]->max[0]);
			for (uint32_t b = 0; b < TK_HIST_BUCKETS; b++)
				cr_assert_eq(t[i]->buckets[0][b] + t[i]->buckets[1][b], 0);
			tally_add(t[i], TK_PROCESSING, i);
		}
		for (size_t i = 0; i < 200; i++) {
			cr_assert_eq(t[i]->sum[0], i);
			tk_tally_put(&pool, t[i]);
		}
	}
	tk_tally_pool_free(&pool);
}
