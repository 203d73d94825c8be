/* SPDX-License-Identifier: MIT */
/* Tallies and their memory against counters that have every bucket, and no bound. */
#include "collector/stats/tally.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random.h"

#define OCTAVE  (1u << TK_HIST_SUB_BITS)
#define OCTAVES (TK_HIST_BUCKETS / OCTAVE)

/* ---- what is in a tally ---- */

struct naive {
	struct tk_hist hist[TK_MEASURES];
	uint64_t negative[TK_MEASURES], across[TK_MEASURES], without[TK_MEASURES], records;
};

static unsigned widenings;

/* As the hot loop does it. */
static void add(struct tk_tally_pool *p, struct tk_tally *t, enum tk_measure m, uint64_t v,
		const struct tk_tally_hint *hint)
{
	const uint32_t *before = t->counters;
	uint32_t bucket = tk_hist_index(v), bare = t->bare[m];

	if (tk_tally_add(t, m, v, bucket))
		return;
	tk_tally_add_outside(p, t, m, v, hint);
	widenings += t->counters != before;
	if (t->bare[m] != bare)
		return;
	cr_assert_lt(bucket - t->first[m], t->width[m]);
	cr_assert_eq(t->first[m] % OCTAVE, 0);
	cr_assert_leq(t->first[m] + t->width[m], TK_HIST_BUCKETS);
	cr_assert_leq(t->min[m], v);
	cr_assert_geq(t->max[m], v);
}

static void naive_add(struct tk_hist *h, uint64_t v, bool bare)
{
	tk_hist_add(h, v);
	if (bare) {
		h->buckets[tk_hist_index(v)]--;
		h->bare++;
	}
}

/* A record: of each measure a sample, set aside, or none. */
static void record(struct tk_tally_pool *p, struct tk_tally *t, struct naive *n, uint64_t *state,
		   unsigned bits)
{
	n->records++;
	for (int m = 0; m < TK_MEASURES; m++) {
		uint64_t v = random_log(state, bits);
		uint32_t bare = t->bare[m];

		switch (random_below(state, 8)) {
		case 0:
			n->negative[m]++;
			t->negative[m]++;
			break;
		case 1:
			n->across[m]++;
			t->across[m]++;
			break;
		case 2:
			n->without[m]++;
			t->without += m == TK_PROCESSING;
			break;
		default:
			add(p, t, (enum tk_measure)m, v, NULL);
			naive_add(&n->hist[m], v, t->bare[m] != bare);
		}
	}
}

static void same_facts(const struct tk_tally *t, const struct naive *n)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_tally_facts of[TK_MEASURES], f;

		tk_tally_facts(t, of);
		f = of[m];
		cr_assert_eq(f.records, n->records);
		cr_assert_eq(f.count, n->hist[m].count);
		cr_assert_eq(f.bare, n->hist[m].bare);
		cr_assert_eq(f.negative, n->negative[m]);
		cr_assert_eq(f.across, n->across[m]);
		cr_assert_eq(f.without, n->without[m]);
		cr_assert_eq(f.records, f.count + f.negative + f.across + f.without);
		cr_assert_eq(tk_tally_empty(t, (enum tk_measure)m), f.count == f.bare);
	}
}

static void same_hist(const struct tk_hist *a, const struct tk_hist *b)
{
	cr_assert_eq(a->count, b->count);
	cr_assert_eq(a->bare, b->bare);
	cr_assert(a->sum == b->sum);
	cr_assert(a->count == 0 || (a->min == b->min && a->max == b->max));
	cr_assert_eq(memcmp(a->buckets, b->buckets, sizeof(a->buckets)), 0);
}

static void nothing_is_left(const struct tk_tally *t)
{
	static const struct naive nothing;

	same_facts(t, &nothing);
	for (int m = 0; m < TK_MEASURES; m++) {
		cr_assert_eq(t->sum[m] + t->carries[m], 0);
		for (uint32_t i = 0; i < t->width[m]; i++)
			cr_assert_eq(tk_tally_window(t, (enum tk_measure)m)[i], 0);
	}
}

/* Several intervals of one tally, into histograms that go on. */
static void live(uint64_t seed, unsigned records)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_hist *h = calloc(TK_MEASURES, sizeof(*h));
	struct naive *n = calloc(1, sizeof(*n)), *all = calloc(1, sizeof(*all));
	struct tk_tally *t = tk_tally_get(&pool);
	uint64_t state = seed;

	for (int interval = 0; interval < 4; interval++) {
		memset(n, 0, sizeof(*n));
		for (unsigned i = 0; i < records; i++)
			record(&pool, t, n, &state, 1 + (unsigned)random_below(&state, 48));
		same_facts(t, n);
		for (int m = 0; m < TK_MEASURES; m++)
			tk_hist_merge(&all->hist[m], &n->hist[m]);
		tk_tally_move(t, (struct tk_hist *[]){ &h[0], &h[1] });
		nothing_is_left(t);
		for (int m = 0; m < TK_MEASURES; m++)
			same_hist(&h[m], &all->hist[m]);
	}
	tk_tally_pool_free(&pool);
	free(all);
	free(n);
	free(h);
}

Test(tally, every_record_is_in_one_place_and_moves_to_the_histogram)
{
	for (uint64_t seed = 1; seed < 60; seed++)
		live(seed, seed % 2 ? 5 : 2000);
}

/* From any window to any other that includes it, sample by sample, in any order of octaves. */
Test(tally, a_window_loses_nothing_when_it_widens)
{
	uint64_t state = 1;

	for (int round = 0; round < 500; round++) {
		struct tk_tally_pool pool = { 0 };
		struct tk_tally *t = tk_tally_get(&pool);
		struct tk_hist *h = calloc(1, sizeof(*h)), *want = calloc(1, sizeof(*want));

		for (int i = 0; i < 40; i++) {
			uint32_t bucket = (uint32_t)random_below(&state, TK_HIST_BUCKETS);
			uint64_t v = tk_hist_lowest(random_below(&state, 3) ? bucket
						    : i % 2                 ? 0
									    : TK_HIST_BUCKETS - 1);

			add(&pool, t, TK_LATENCY, v, NULL);
			tk_hist_add(want, v);
		}
		tk_tally_move(t, (struct tk_hist *[]){ NULL, h });
		same_hist(h, want);
		tk_tally_pool_free(&pool);
		free(want);
		free(h);
	}
}

/* What a wider window has beyond what was asked for is not asked for again: six octaves a measure,
 * and the three that a first window has around a sample, are 18 at most. */
Test(tally, windows_do_not_drive_each_other_up)
{
	uint64_t state = 8;

	for (int round = 0; round < 2000; round++) {
		struct tk_tally_pool pool = { 0 };
		struct tk_tally *t = tk_tally_get(&pool);

		for (int i = 0; i < 100; i++) {
			enum tk_measure m = random_below(&state, 2) ? TK_LATENCY : TK_PROCESSING;
			uint32_t octave = 10 + (uint32_t)random_below(&state, 6);

			add(&pool, t, m, tk_hist_lowest(octave * OCTAVE), NULL);
			cr_assert_leq(t->width[0] + t->width[1], 24 * OCTAVE);
		}
		tk_tally_pool_free(&pool);
	}
}

/* Two measures of one tally do not touch each other. */
Test(tally, where_there_is_no_histogram_the_samples_are_dropped)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_hist *h = calloc(1, sizeof(*h));

	add(&pool, t, TK_PROCESSING, 10, NULL);
	add(&pool, t, TK_LATENCY, 1000000, NULL);
	t->negative[TK_LATENCY] = 3;
	t->without = 3;
	tk_tally_move(t, (struct tk_hist *[]){ NULL, h });
	cr_assert_eq(h->count, 1);
	cr_assert_eq(h->min, 1000000);
	nothing_is_left(t);
	tk_tally_move(t, (struct tk_hist *[]){ h, h });
	cr_assert_eq(h->count, 1, "moved once");
	free(h);
	tk_tally_pool_free(&pool);
}

/* ---- the hint ---- */

/* Intervals of samples around one place. @return how often a window was widened in them */
static unsigned widenings_in(bool hinted, uint64_t seed)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_tally_hint hint = { 0 };
	uint64_t state = seed, base = random_log(&state, 30) + 256;

	widenings = 0;
	for (int interval = 0; interval < 20; interval++) {
		struct tk_tally *t = tk_tally_get(&pool);

		for (int i = 0; i < 1000; i++)
			add(&pool, t, TK_PROCESSING, base << random_below(&state, 6),
			    hinted ? &hint : NULL);
		tk_tally_remember(t, &hint);
		tk_tally_put(&pool, t);
	}
	tk_tally_pool_free(&pool);
	return widenings;
}

Test(tally, a_hint_spares_the_widenings)
{
	for (uint64_t seed = 1; seed < 50; seed++) {
		unsigned without = widenings_in(false, seed), with = widenings_in(true, seed);

		cr_assert_leq(with, 20 + 5, "one an interval, once it knows: %u", with);
		cr_assert_lt(with, without);
	}
}

/* Whatever was remembered: the window has the bucket that it is widened for. */
Test(tally, any_hint_will_do)
{
	uint64_t state = 5;

	for (int round = 0; round < 2000; round++) {
		struct tk_tally_pool pool = { 0 };
		struct tk_tally *t = tk_tally_get(&pool);
		uint8_t low = (uint8_t)random_below(&state, OCTAVES);
		uint8_t before = (uint8_t)random_below(&state, OCTAVES);
		struct tk_tally_hint hint = { 0 };

		hint.of[0].low = low;
		hint.of[0].high = (uint8_t)(low + 1 + random_below(&state, OCTAVES - low));
		if (round % 2) {
			hint.of[0].low_before = before;
			hint.of[0].high_before =
				(uint8_t)(before + 1 + random_below(&state, OCTAVES - before));
		}
		add(&pool, t, TK_PROCESSING,
		    tk_hist_lowest((uint32_t)random_below(&state, TK_HIST_BUCKETS)), &hint);
		cr_assert_leq(t->first[0], (uint32_t)low * OCTAVE);
		cr_assert_geq(t->first[0] + t->width[0], hint.of[0].high * OCTAVE);
		cr_assert_eq(t->width[1], 0);
		tk_tally_pool_free(&pool);
	}
}

Test(tally, an_interval_without_samples_leaves_the_hint_alone)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_tally_hint hint = { 0 }, before;

	add(&pool, t, TK_LATENCY, 1000, NULL);
	tk_tally_remember(t, &hint);
	cr_assert_gt(hint.of[TK_LATENCY].high, hint.of[TK_LATENCY].low);
	cr_assert_eq(hint.of[TK_PROCESSING].high, 0);
	before = hint;
	tk_tally_move(t, (struct tk_hist *[]){ NULL, NULL });
	tk_tally_remember(t, &hint);
	cr_assert_eq(memcmp(&hint, &before, sizeof(hint)), 0);
	tk_tally_pool_free(&pool);
}

/* ---- the pool ---- */

#define HELD 300

static uint32_t pattern_of(size_t i)
{
	return (uint32_t)i + 1;
}

/* All of its windows are its own: nobody else wrote there. */
static void is_its_own(const struct tk_tally *t, size_t i)
{
	for (int m = 0; m < TK_MEASURES; m++)
		for (uint32_t b = 0; b < t->width[m]; b++)
			cr_assert_eq(tk_tally_window(t, (enum tk_measure)m)[b], pattern_of(i));
}

/* A tally with windows of a random class, which is to be all zero; then it is full of a pattern. */
static struct tk_tally *fresh(struct tk_tally_pool *p, size_t i, uint64_t *state)
{
	struct tk_tally *t = tk_tally_get(p);

	cr_assert(t);
	cr_assert_eq((uintptr_t)t % 64, 0);
	nothing_is_left(t);
	cr_assert_null(t->counters);
	for (enum tk_measure m = 0; m < TK_MEASURES; m++) {
		uint32_t low = (uint32_t)random_below(state, OCTAVES);
		uint32_t high = low + (uint32_t)random_below(state, OCTAVES - low);

		if (random_below(state, 5) == 0)
			continue;
		tk_tally_add_outside(p, t, m, tk_hist_lowest(low * OCTAVE), NULL);
		if (high != low)
			tk_tally_add_outside(p, t, m, tk_hist_lowest(high * OCTAVE), NULL);
		cr_assert_eq(t->bare[m], 0);
	}
	for (enum tk_measure m = 0; m < TK_MEASURES; m++) {
		uint32_t first = t->first[m];

		for (uint32_t b = 0; b < t->width[m]; b++)
			tk_tally_window(t, m)[b] = pattern_of(i);
		if (!t->width[m])
			continue;
		t->min[m] = tk_hist_lowest(first);
		t->max[m] = tk_hist_lowest(first + t->width[m]) - 1;
	}
	return t;
}

Test(tally, the_pool_hands_out_distinct_empty_memory_of_all_sizes)
{
	struct tk_tally *held[HELD] = { NULL };
	struct tk_tally_pool pool = { 0 };
	uint64_t state = 11;
	size_t used = 0;

	for (int round = 0; round < 20000; round++) {
		size_t i = random_below(&state, HELD);

		if (held[i]) {
			is_its_own(held[i], i);
			tk_tally_put(&pool, held[i]);
			held[i] = NULL;
		} else {
			held[i] = fresh(&pool, i, &state);
		}
		if (round == 10000)
			used = pool.used;
	}
	cr_assert_leq(pool.used, 2 * used, "what was given back serves again");
	for (size_t i = 0; i < HELD; i++) {
		if (!held[i])
			continue;
		is_its_own(held[i], i);
		tk_tally_put(&pool, held[i]);
	}
	cr_assert_eq(pool.out, 0);
	cr_assert_eq(pool.n_tallies, 0);
	tk_tally_pool_free(&pool);
}

/* Memory that runs out: the tally is as it was, and what has no counter is counted. */
Test(tally, the_bound_in_bytes_holds_and_what_is_bare_is_counted)
{
	const size_t max = (size_t)4 << 20;
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *t[1000];
	struct naive *n = calloc(1, sizeof(*n));
	uint64_t state = 3, bare = 0;
	size_t k = 0;

	cr_assert_eq(tk_tally_pool_init(&pool, max), 0);
	for (; k < 1000; k++) {
		t[k] = tk_tally_get(&pool);
		if (!t[k])
			break;
		memset(n, 0, sizeof(*n));
		for (int i = 0; i < 200; i++)
			record(&pool, t[k], n, &state, 48);
		same_facts(t[k], n);
		bare += n->hist[0].bare;
		cr_assert_leq(pool.out, pool.used);
		cr_assert_leq(pool.used, max);
	}
	cr_assert_gt(bare, 0);
	cr_assert(pool.full);
	for (size_t i = 0; i < k; i++)
		tk_tally_put(&pool, t[i]);
	cr_assert_not(pool.full, "told that there is room again");
	cr_assert_eq(pool.out, 0);
	t[0] = tk_tally_get(&pool);
	cr_assert(t[0]);
	tk_tally_add_outside(&pool, t[0], TK_PROCESSING, 0, NULL);
	cr_assert_eq(t[0]->bare[TK_PROCESSING], 0);
	tk_tally_pool_free(&pool);
	free(n);
}

Test(tally, the_bound_in_tallies_holds)
{
	struct tk_tally_pool pool = { .max_tallies = 3 };
	struct tk_tally *t[3];

	for (int i = 0; i < 3; i++)
		cr_assert((t[i] = tk_tally_get(&pool)) != NULL);
	cr_assert_null(tk_tally_get(&pool));
	cr_assert_eq(errno, ENOMEM);
	cr_assert(pool.full);
	tk_tally_put(&pool, t[1]);
	cr_assert_not(pool.full);
	cr_assert_eq(tk_tally_get(&pool), t[1]);
	tk_tally_pool_free(&pool);
}
