/* SPDX-License-Identifier: MIT */
/* Histograms that cost what they hold, against dense ones and against sorted samples. */
#include "collector/stats/bins.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/rated.h"
#include "tests/collector/samples.h"

static void same(const struct tk_bins *b, const struct tk_hist *h)
{
	uint32_t next = 0;

	cr_assert_eq(b->count, h->count);
	cr_assert_eq(b->bare, h->bare);
	cr_assert(b->sum == h->sum);
	if (h->count)
		cr_assert(b->min == h->min && b->max == h->max);
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++) {
		cr_assert_eq(tk_bins_at(b, i), h->buckets[i], "bucket %u", i);
		if (!h->buckets[i])
			continue;
		cr_assert_eq(tk_bins_next(b, next), i);
		next = i + 1;
	}
	cr_assert_eq(tk_bins_next(b, next), TK_HIST_BUCKETS);
}

/* Any counts, up to 2^40 of a value, so that counters of all widths come. */
static void fill(struct tk_bins *b, struct tk_hist *h, uint64_t *state, size_t n, unsigned bits)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = random_log(state, 48), times = random_log(state, bits);

		tk_bins_add(b, v, times);
		if (!times)
			continue;
		h->min = h->count && h->min < v ? h->min : v;
		h->max = h->count && h->max > v ? h->max : v;
		h->buckets[tk_hist_index(v)] += times;
		h->count += times;
		h->sum += (unsigned __int128)v * times;
	}
}

Test(bins, what_is_added_is_what_a_dense_histogram_holds)
{
	uint64_t state = 1;

	for (int round = 0; round < 200; round++) {
		struct tk_hist *h = calloc(1, sizeof(*h));
		struct tk_bins b = { 0 };

		fill(&b, h, &state, random_below(&state, 300), 1 + (unsigned)round % 40);
		same(&b, h);
		tk_bins_clear(&b);
		memset(h, 0, sizeof(*h));
		fill(&b, h, &state, random_below(&state, 10), 3);
		same(&b, h);
		tk_bins_free(&b);
		free(h);
	}
}

Test(bins, merging_loses_nothing)
{
	uint64_t state = 2;

	for (int round = 0; round < 50; round++) {
		struct tk_hist *whole = calloc(1, sizeof(*whole));
		struct tk_bins sum = { 0 };

		for (int part = 0; part < 10; part++) {
			struct tk_bins b = { 0 };

			fill(&b, whole, &state, random_below(&state, 60), 12);
			tk_bins_merge(&sum, &b);
			tk_bins_free(&b);
		}
		same(&sum, whole);
		tk_bins_free(&sum);
		free(whole);
	}
}

Test(bins, counted_samples_are_added)
{
	uint64_t state = 3;

	for (int round = 0; round < 100; round++) {
		struct tk_hist *h = calloc(1, sizeof(*h));
		struct tk_bins b = { 0 };

		for (int part = 0; part < 5; part++) {
			uint32_t counters[64] = { 0 };
			uint32_t first = (uint32_t)random_below(&state, TK_HIST_BUCKETS - 64);
			struct tk_hist_counted c = { .counters = counters,
						     .first = first,
						     .n = 64,
						     .bare = random_below(&state, 3),
						     .min = tk_hist_lowest(first),
						     .max = tk_hist_lowest(first + 63),
						     .sum = random64(&state) };

			counters[0] = counters[63] = 1;
			for (int i = 0; i < 20; i++)
				counters[1 + random_below(&state, 62)] =
					(uint32_t)random_log(&state, 32);
			tk_bins_add_counted(&b, &c);
			tk_hist_add_counted(h, &c);
		}
		same(&b, h);
		tk_bins_free(&b);
		free(h);
	}
}

/* Twenty samples within a factor of eight, as most intervals have. */
Test(bins, they_cost_what_they_hold)
{
	struct tk_bins b = { 0 };

	for (uint64_t i = 0; i < 20; i++)
		tk_bins_add(&b, 1200 + 380 * i, 1);
	cr_assert_leq((size_t)b.n * b.size, 420);
	tk_bins_add(&b, 1200, 255);
	cr_assert_eq(b.size, 2);
	tk_bins_free(&b);
	cr_assert_null(b.counters);
}

/* As the dense histogram says, to the last bit. */
Test(bins, percentiles_are_those_of_a_dense_histogram)
{
	uint64_t state = 6;

	for (int round = 0; round < 500; round++) {
		struct tk_hist *h = calloc(1, sizeof(*h));
		struct tk_bins_rated r = { .ns_per_tick = 1 };
		double want[TK_PERCENTILES], got[TK_PERCENTILES];

		fill(&r.bins, h, &state, 1 + random_below(&state, 500), 1 + (unsigned)round % 40);
		tk_hist_percentiles(h, want);
		tk_bins_quantiles(&r, 1, tk_quantiles, TK_PERCENTILES, got);
		cr_assert_eq(memcmp(want, got, sizeof(want)), 0);
		tk_bins_free(&r.bins);
		free(h);
	}
}

static void check_quantiles(const struct tk_bins_rated *of, size_t n, uint64_t *sorted,
			    size_t samples)
{
	static const uint32_t q[] = { 0,         1,         250000000,      500000000,
				      990000000, 999999999, TK_QUANTILE_ONE };
	double got[7];

	qsort(sorted, samples, sizeof(*sorted), sample_order);
	tk_bins_quantiles(of, n, q, 7, got);
	for (int i = 0; i < 7; i++) {
		double want = (double)sample_quantile(sorted, samples, q[i]) / 1000;

		cr_assert(fabs(got[i] - want) <= want * 0.004 + 0.5, "%u: %f is %f", q[i], got[i],
			  want);
	}
}

/* Of several epochs, whose ticks are worth different times: the union, in picoseconds here. */
Test(bins, quantiles_of_several_rates_are_those_of_all_samples)
{
	uint64_t state = 4;

	for (int round = 0; round < 100; round++) {
		struct tk_bins_rated of[3] = { 0 };
		size_t n = 1 + random_below(&state, 3), samples = 0;
		uint64_t *v = malloc(3 * 2000 * sizeof(*v));

		for (size_t k = 0; k < n; k++) {
			uint64_t ps = 300 + random_below(&state, 900);
			double median = (double)(100 + random_log(&state, 20));

			of[k].ns_per_tick = (double)ps / 1000;
			for (size_t i = 1 + random_below(&state, 2000); i; i--) {
				uint64_t t = sample_lognormal(&state, median, 0.7);

				tk_bins_add(&of[k].bins, t, 1);
				v[samples++] = t * ps;
			}
		}
		check_quantiles(of, n, v, samples);
		for (size_t k = 0; k < n; k++)
			tk_bins_free(&of[k].bins);
		free(v);
	}
}

Test(bins, bare_samples_leave_quantiles_unknown)
{
	struct tk_bins_rated r = { .ns_per_tick = 1 };
	double ns = 7;

	tk_bins_quantiles(&r, 1, &tk_quantiles[0], 1, &ns);
	cr_assert_eq(ns, 0, "nothing");
	tk_bins_add(&r.bins, 5, 3);
	r.bins.bare = 1;
	tk_bins_quantiles(&r, 1, &tk_quantiles[0], 1, &ns);
	cr_assert(isnan(ns));
	tk_bins_free(&r.bins);
}

/* A heat map's cells: each sample in one of them, if it is between the first edge and the last. */
Test(bins, cells_are_counted_at_the_callers_edges)
{
	struct tk_bins_rated r = { .ns_per_tick = 0.5 };
	double edge[] = { 5, 10, 20, 100 };
	uint64_t cell[3];

	tk_bins_add(&r.bins, 4, 1);   /* 2 ns: below */
	tk_bins_add(&r.bins, 10, 2);  /* 5 */
	tk_bins_add(&r.bins, 19, 3);  /* 9.5 */
	tk_bins_add(&r.bins, 20, 4);  /* 10 */
	tk_bins_add(&r.bins, 100, 5); /* 50 */
	tk_bins_add(&r.bins, 210, 6); /* 105: above */
	tk_bins_cells(&r, 1, edge, 4, cell);
	cr_assert_eq(cell[0], 5);
	cr_assert_eq(cell[1], 4);
	cr_assert_eq(cell[2], 5);
	tk_bins_free(&r.bins);
}

/* As a correction for omission does: what took `ticks` hid those that began meanwhile. */
static void unhide(void *arg, double ticks, uint64_t n, struct tk_bins *out)
{
	for (double t = ticks, every = *(double *)arg; t > 0; t -= every)
		tk_bins_add(out, (uint64_t)t, n);
}

Test(bins, a_transform_makes_one_of_another)
{
	struct tk_bins from = { 0 }, out = { 0 };
	double every = 100;

	tk_bins_add(&from, 50, 7);
	tk_bins_add(&from, 220, 2);
	from.bare = 3;
	from.count += 3;
	tk_bins_transform(&from, &out, unhide, &every);
	cr_assert_eq(out.count, 7 + 3 * 2 + 3);
	cr_assert_eq(out.bare, 3);
	cr_assert_eq(tk_bins_at(&out, tk_hist_index(50)), 7);
	cr_assert_eq(tk_bins_at(&out, tk_hist_index(20)), 2);
	tk_bins_free(&from);
	tk_bins_free(&out);
}
