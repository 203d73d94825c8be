/* SPDX-License-Identifier: MIT */
/* Histograms against the sorted samples themselves. */
#include "collector/stats/histogram.h"

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

/* As tallies are moved: counters of the filled range alone. */
static void fill(struct tk_hist *h, const uint64_t *values, size_t n)
{
	struct tk_hist_counted c = { .min = UINT64_MAX };
	uint32_t *counters;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		c.min = values[i] < c.min ? values[i] : c.min;
		c.max = values[i] > c.max ? values[i] : c.max;
		c.sum += values[i];
	}
	c.first = tk_hist_index(c.min);
	c.n = tk_hist_index(c.max) - c.first + 1;
	c.counters = counters = calloc(c.n, sizeof(*counters));
	for (size_t i = 0; i < n; i++)
		counters[tk_hist_index(values[i]) - c.first]++;
	tk_hist_add_counted(h, &c);
	free(counters);
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

/* Samples that no counter has: all but percentiles is known, and merging keeps that. */
Test(hist, bare_samples_count_in_all_but_percentiles)
{
	struct tk_hist *h = calloc(1, sizeof(*h)), *into = calloc(1, sizeof(*into));
	uint64_t v[] = { 5, 7, 900 };
	double p[TK_PERCENTILES];

	fill(h, v, 3);
	tk_hist_add_counted(
		h, &(struct tk_hist_counted){ .bare = 2, .min = 3, .max = 100000, .sum = 100003 });
	fill(into, v, 3);
	tk_hist_merge(into, h);
	cr_assert_eq(into->count, 8);
	cr_assert_eq(into->bare, 2);
	cr_assert_eq(into->min, 3);
	cr_assert_eq(into->max, 100000);
	cr_assert_eq((uint64_t)into->sum, 2 * 912 + 100003);
	tk_hist_percentiles(into, p);
	for (int i = 0; i < TK_PERCENTILES; i++)
		cr_assert(isnan(p[i]));
	tk_hist_clear(into);
	fill(into, v, 3);
	tk_hist_percentiles(into, p);
	cr_assert_eq(p[TK_P50], 7, "empty, it knows them again");
	free(into);
	free(h);
}
