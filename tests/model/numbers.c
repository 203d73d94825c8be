/* SPDX-License-Identifier: MIT */
/*
 * Ticks on their way to people, on the real C: into nanoseconds and into buckets, for all values
 * where there are few, around every edge and at random where there are many. Oracles are arithmetic
 * in 128 bits, and a sort.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/tally.h"
#include "ring/record.h"
#include "tests/random.h"
#include "tsc/convert.h"

#define RANDOM 300000u /* a rate */

static unsigned tests, bad;

static void report(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, what);
	bad += !good;
}

static uint64_t state = 42;

/* Within three of every power of two. */
#define EDGES (64u * 7u)

static uint64_t edge(unsigned i)
{
	return (UINT64_C(1) << i / 7) + i % 7 - 3;
}

/* ---- nanoseconds ---- */

static const uint64_t rates[] = {
	1000,       32768,      3579545,    999999999,  1000000000,  1000000001,
	1800000000, 2599998140, 2600000000, 3999999999, 99999999999, 100000000000,
};

/* ns a tick, to the nearest 2^-64. */
static bool is_nearest(const struct tk_tsc_conv *c, uint64_t hz)
{
	unsigned __int128 got = (unsigned __int128)c->whole << 64 | c->mult;

	return got == (((unsigned __int128)1000000000 << 64) + hz / 2) / hz;
}

/*
 * Towards zero, and never away from it by more than the multiplier's rounding, half a 2^-64 ns a
 * tick, can carry. Out of a result's range there is nothing to agree on.
 */
static bool agrees(const struct tk_tsc_conv *c, uint64_t hz, int64_t ticks)
{
	__int128 exact = (__int128)ticks * 1000000000 / (__int128)hz;
	uint64_t far = ticks < 0 ? 0 - (uint64_t)ticks : (uint64_t)ticks;
	__int128 off = 1 + (far >> 63);
	int64_t got = tk_tsc_delta_ns(c, ticks);

	if (exact > INT64_MAX - 2 || exact < INT64_MIN + 2)
		return true;
	return got >= exact - off && got <= exact + off && (got == 0 || (got ^ ticks) >= 0);
}

/* A stamp anywhere, from a base anywhere: what counts is the difference, across the counter's
 * wrap. */
static bool agrees_from(struct tk_tsc_conv *c, uint64_t base, uint64_t ticks)
{
	int64_t ns = tk_tsc_delta_ns(c, (int64_t)ticks);

	c->base_tsc = base;
	c->base_ns = 7;
	return ns > INT64_MAX - 7 || tk_tsc_to_ns(c, base + ticks) == 7 + ns;
}

static bool nanoseconds_are_right(void)
{
	bool good = true;

	for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		struct tk_tsc_conv c;

		good &= tk_tsc_conv_init(&c, (double)rates[r], 0, 0) == 0 &&
			is_nearest(&c, rates[r]);
		for (unsigned i = 0; i < EDGES; i++) {
			good &= agrees(&c, rates[r], (int64_t)edge(i));
			good &= agrees(&c, rates[r], (int64_t)-edge(i));
			for (unsigned j = 0; j < EDGES; j++)
				good &= agrees_from(&c, edge(j), edge(i));
		}
		for (unsigned i = 0; i < RANDOM; i++)
			good &= agrees(&c, rates[r],
				       (int64_t)random64(&state) >> random64(&state) % 63);
	}
	return good;
}

/* One tick more is never less, and never more than its rounded-up length more. */
static bool nanoseconds_follow(void)
{
	bool good = true;

	for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		int64_t most = (int64_t)(UINT64_C(1000000000) / rates[r]) + 1;
		struct tk_tsc_conv c;

		tk_tsc_conv_init(&c, (double)rates[r], 0, 0);
		for (unsigned i = 0; i < EDGES; i++) {
			int64_t ticks = (int64_t)(edge(i) >> 22); /* 10^6 ns a tick, at most */
			int64_t step = tk_tsc_delta_ns(&c, ticks + 1) - tk_tsc_delta_ns(&c, ticks);

			good &= step >= 0 && step <= most;
		}
	}
	return good;
}

/* ---- buckets ---- */

/* The value is in its bucket's range, and a bucket is a tick wide or 1 % of what is in it. */
static bool is_in_its_bucket(uint64_t v)
{
	uint32_t i = tk_hist_index(v);
	uint64_t low, next;

	if (i >= TK_HIST_BUCKETS)
		return false;
	low = tk_hist_lowest(i);
	next = tk_hist_lowest(i + 1);
	return low <= v && v < next && (next - low == 1 || (next - low) * 100 <= low);
}

static bool values_are_in_their_buckets(void)
{
	bool good = true;

	for (uint64_t v = 0; v < UINT64_C(1) << 20; v++)
		good &= is_in_its_bucket(v) && tk_hist_index(v + 1) - tk_hist_index(v) <= 1;
	for (unsigned i = 0; i < 48 * 7; i++)
		good &= edge(i) >> 48 || is_in_its_bucket(edge(i));
	for (unsigned i = 0; i < RANDOM * 10; i++)
		good &= is_in_its_bucket(random64(&state) >> (16 + random64(&state) % 48));
	return good;
}

static bool buckets_go_there_and_back(void)
{
	bool good = tk_hist_lowest(0) == 0;

	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++) {
		uint64_t low = tk_hist_lowest(i), last = tk_hist_lowest(i + 1) - 1;

		good &= tk_hist_index(low) == i && tk_hist_index(last) == i &&
			tk_hist_index(low + (last - low) / 2) == i;
	}
	return good;
}

/* The longest a record can say: from the origin to the start, and on to the stop. */
static bool records_have_buckets(void)
{
	return is_in_its_bucket(2 * (uint64_t)TK_TICKS_MAX);
}

/* ---- counts ---- */

/* Counters of all octaves, as full as they go: the ends of the range that was noted are moved, and
 * all between. */
static bool full_tallies_are_moved(void)
{
	struct tk_hist *h = calloc(1, sizeof(*h));
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *t = tk_tally_get(&pool);
	const enum tk_measure m = TK_LATENCY;
	uint32_t *window;
	bool good;

	tk_tally_add_outside(&pool, t, m, 0, NULL);
	tk_tally_add_outside(&pool, t, m, (UINT64_C(1) << 48) - 1, NULL);
	window = tk_tally_window(t, m);
	good = t->first[m] == 0 && t->width[m] == TK_HIST_BUCKETS;
	for (unsigned turn = 1; turn <= 3; turn++) {
		memset(window, 0xff, TK_HIST_BUCKETS * sizeof(*window));
		t->min[m] = 0;
		t->max[m] = (UINT64_C(1) << 48) - 1;
		t->sum[m] = UINT64_MAX;
		tk_tally_move(t, (struct tk_hist *[]){ NULL, h });
		good &= h->count == (uint64_t)turn * UINT32_MAX * TK_HIST_BUCKETS &&
			h->sum == (unsigned __int128)UINT64_MAX * turn;
		for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
			good &= window[i] == 0 && h->buckets[i] == (uint64_t)turn * UINT32_MAX;
	}
	tk_tally_pool_free(&pool);
	free(h);
	return good;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * Each of a few values `each` times: percentiles as of the sorted values, whatever `each` is, up to
 * counts whose products with ten thousand take more than 64 bits; and merged from halves.
 */
static bool percentiles_hold(unsigned n, uint64_t each)
{
	static const uint64_t quantiles[TK_PERCENTILES] = { 5000, 9000, 9900, 9990, 9999 };
	struct tk_hist *h = calloc(2, sizeof(*h));
	double got[TK_PERCENTILES];
	uint64_t v[16];
	bool good = true;

	for (unsigned i = 0; i < n; i++) {
		struct tk_hist *half = &h[i & 1];

		v[i] = random64(&state) >> (16 + random64(&state) % 48);
		half->min = half->count && half->min < v[i] ? half->min : v[i];
		half->max = half->count && half->max > v[i] ? half->max : v[i];
		half->buckets[tk_hist_index(v[i])] += each;
		half->count += each;
	}
	tk_hist_merge(&h[0], &h[1]);
	tk_hist_percentiles(&h[0], got);
	qsort(v, n, sizeof(v[0]), by_value);
	good &= h[0].count == n * each && h[0].min == v[0] && h[0].max == v[n - 1];
	for (unsigned p = 0; p < TK_PERCENTILES; p++) {
		unsigned __int128 total = (unsigned __int128)n * each;
		uint64_t rank = (uint64_t)((total * quantiles[p] + 9999) / 10000);
		double want = (double)v[(rank - 1) / each];

		good &= got[p] >= want * .99 - 1 && got[p] <= want * 1.01 + 1;
	}
	free(h);
	return good;
}

static bool percentiles_are_those_of_a_sort(void)
{
	bool good = true;

	for (unsigned i = 0; i < EDGES - 4 * 7; i++) /* sixteen of them fit 64 bits */
		for (unsigned n = 1; n <= 16; n++)
			if (edge(i) - 1 < UINT64_C(1) << 60)
				good &= percentiles_hold(n, edge(i));
	return good;
}

int main(void)
{
	report(nanoseconds_are_right(), "ticks to ns, around every power of two and at random");
	report(nanoseconds_follow(), "ticks to ns, one after the other");
	report(buckets_go_there_and_back(), "every bucket's ends and middle are in it");
	report(values_are_in_their_buckets(),
	       "every value's bucket holds it, within 1 % or a tick");
	report(records_have_buckets(), "the longest that a record can say has a bucket");
	report(full_tallies_are_moved(), "counters of 32 bits, full, are moved without loss");
	report(percentiles_are_those_of_a_sort(),
	       "percentiles and merging, for counts of all sizes");
	printf("1..%u\n", tests);
	return bad != 0;
}
