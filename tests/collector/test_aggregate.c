/* SPDX-License-Identifier: MIT */
/* The hot loop against a naive one, on records of every kind, hostile ones included. */
#include "collector/drain/aggregate.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ring/lane_read.h"
#include "tests/random.h"

#define TIMERS 40  /* that record */
#define MANY   300 /* so many that batches are prepared */

/* One measure of one timer. */
struct naive_measure {
	uint64_t count, min, max;
	unsigned __int128 sum;
	uint64_t negative, across, without;
	uint64_t buckets[TK_HIST_BUCKETS];
};

struct naive {
	struct naive_measure of[TIMERS][TK_MEASURES];
	uint64_t got[TIMERS], records[TIMERS], unknown, marks;
};

static const uint32_t floors[TK_STAMPS] = { 37, 20, 90, 0 };

/* Every third timer is one of values; and each record of every timer may be of any kind. */
static bool has_values(size_t id)
{
	return id % 3 == 2;
}

static struct tk_slot slot(struct tk_record r)
{
	uint64_t origin = (uint64_t)(r.since_origin - TK_TICKS_NONE);
	struct tk_slot s;

	s.w[0] = r.start;
	s.w[1] = UINT64_C(1) << 32 | tk_record_meta(r.timer, r.cpu, r.kind);
	s.w[2] = (uint64_t)r.duration << 16 | origin >> 32;
	s.w[3] = origin << 32 | 1;
	return s;
}

static void naive_add(struct naive_measure *n, int64_t v)
{
	if (v < 0) {
		n->negative++;
		return;
	}
	if (n->count++ == 0 || (uint64_t)v < n->min)
		n->min = (uint64_t)v;
	if ((uint64_t)v > n->max)
		n->max = (uint64_t)v;
	n->sum += (uint64_t)v;
	n->buckets[tk_hist_index((uint64_t)v)]++;
}

/* What a record has of a measure, as two halves that are added up: TK_TICKS_NONE, no such half. */
static void naive_measure(struct naive_measure *n, int64_t a, int64_t b, int64_t floor, bool across)
{
	if (a == TK_TICKS_NONE || b == TK_TICKS_NONE)
		n->without++;
	else if (across || a == TK_TICKS_MAX || b == TK_TICKS_MAX)
		n->across++;
	else if (a + b >= 0 && a + b < floor)
		naive_add(n, 0);
	else
		naive_add(n, a + b < 0 ? -1 : a + b - floor);
}

static bool naive_crossed(const struct tk_record *r, const struct tk_clock *clock)
{
	bool timed = r->kind != TK_KIND_LATENCY && r->duration > 0;
	uint64_t from = r->since_origin > 0 ? r->start - (uint64_t)r->since_origin : r->start;
	uint64_t to = timed ? r->start + (uint64_t)r->duration : r->start;

	return clock && clock->epoch.number && tk_clock_crossed(clock, from, to);
}

/* Of a timer of values: a value, or set aside. */
static void naive_value(struct naive_measure n[TK_MEASURES], const struct tk_record *r)
{
	n[TK_LATENCY].without++;
	if (r->kind != TK_KIND_VALUE || r->duration == TK_TICKS_MAX)
		n[TK_PROCESSING].across++;
	else
		naive_add(&n[TK_PROCESSING], r->duration);
}

/* The rules as the headers say them, one by one. */
static void naive_record(struct naive *n, const struct tk_record *r, size_t timers,
			 const struct tk_clock *clock)
{
	size_t id = r->timer;
	bool span = r->kind < 8, lap = r->kind >= TK_KIND_LAP && r->kind < TK_KIND_MARK;
	int64_t floor = span ? floors[r->kind & 3] : lap ? floors[r->kind - TK_KIND_LAP] : 0;
	int64_t duration = r->kind == TK_KIND_LATENCY ? TK_TICKS_NONE : r->duration;
	int64_t to_stop = span && (r->kind & TK_KIND_TO_STOP) ? duration : 0;
	bool across = naive_crossed(r, clock);

	if (id >= timers) {
		n->unknown++;
		return;
	}
	n->got[id]++;
	n->records[id]++;
	if (r->kind == TK_KIND_MARK) {
		n->marks++;
		n->of[id][TK_PROCESSING].without++;
		n->of[id][TK_LATENCY].without++;
		return;
	}
	if (has_values(id)) {
		naive_value(n->of[id], r);
		return;
	}
	if (r->kind == TK_KIND_VALUE) {
		n->of[id][TK_PROCESSING].across++;
		n->of[id][TK_LATENCY].without++;
		return;
	}
	naive_measure(&n->of[id][TK_PROCESSING], duration, 0, floor, across);
	naive_measure(&n->of[id][TK_LATENCY], r->since_origin, to_stop, 0, across);
}

static int64_t random_ticks(uint64_t *state)
{
	switch (random_below(state, 12)) {
	case 0:
		return TK_TICKS_NONE;
	case 1:
		return TK_TICKS_MAX;
	case 2:
		return -TK_TICKS_MAX;
	case 3:
		return -(int64_t)random_below(state, 1000);
	case 4:
		return (int64_t)random_below(state, 100);
	case 5:
		return TK_TICKS_MAX - (int64_t)random_below(state, 3); /* the longest */
	default:
		return (int64_t)random_log(state, 40);
	}
}

static struct tk_record random_record(uint64_t *state, bool hostile)
{
	struct tk_record r = {
		.start = hostile ? random64(state) : 1000000 + random_below(state, 1000000),
		.duration = random_ticks(state),
		.since_origin = random_ticks(state),
		.timer = (uint16_t)random_below(state, TIMERS),
		.cpu = (uint16_t)random_below(state, 4096),
		.kind = (uint8_t)random_below(state, TK_KINDS),
	};

	if (hostile && random_below(state, 5) == 0)
		r.timer = (uint16_t)random64(state);
	return r;
}

/* @bare: samples may have no counter. @return how many have none */
static uint64_t compare_measure(const struct naive_measure *n, const struct tk_tally *t,
				enum tk_measure m, uint64_t records, bool bare)
{
	uint64_t min = t->min[m], max = tk_tally_empty(t, m) ? 0 : t->max[m], counted = 0;
	struct tk_tally_facts of[TK_MEASURES], f;

	tk_tally_facts(t, of);
	f = of[m];
	cr_assert_eq(f.records, records);
	cr_assert_eq(f.count, n->count);
	cr_assert_eq(f.negative, n->negative);
	cr_assert_eq(f.across, n->across);
	cr_assert_eq(f.without, n->without);
	cr_assert_eq(f.records, f.count + f.negative + f.across + f.without);
	cr_assert(((unsigned __int128)t->carries[m] << 64 | t->sum[m]) == n->sum);
	if (f.bare) {
		min = t->bare_min[m] < min ? t->bare_min[m] : min;
		max = t->bare_max[m] > max ? t->bare_max[m] : max;
	}
	cr_assert_eq(max, n->max);
	cr_assert_eq(min, n->count ? n->min : UINT64_MAX);
	for (uint32_t b = 0; b < TK_HIST_BUCKETS; b++) {
		uint32_t at = b - t->first[m];
		uint64_t has = at < t->width[m] ? tk_tally_window(t, m)[at] : 0;

		counted += has;
		cr_assert(bare ? has <= n->buckets[b] : has == n->buckets[b]);
	}
	cr_assert_eq(counted + f.bare, n->count);
	return f.bare;
}

/* @return how many samples have no counter */
static uint64_t compare(const struct naive *n, const struct tk_aggregator *a, const uint64_t *got,
			bool bare)
{
	uint64_t sum = 0;

	cr_assert_eq(a->unknown, n->unknown);
	cr_assert_eq(a->n_marks, n->marks < TK_AGGREGATE_MARKS ? n->marks : TK_AGGREGATE_MARKS);
	cr_assert_eq(a->n_marks + a->marks_dropped, n->marks);
	for (size_t id = 0; id < TIMERS; id++) {
		cr_assert_eq(got[id], n->got[id]);
		for (int m = 0; m < TK_MEASURES; m++)
			sum += compare_measure(&n->of[id][m],
					       *tk_tally_of(a->tallies, a->values, (uint32_t)id),
					       (enum tk_measure)m, n->records[id], bare);
	}
	return sum;
}

/*
 * @timers: of the segment; those beyond TIMERS never get a tally. @max: bytes of the pool; 0: no
 * limit. @return how many samples have no counter
 */
static uint64_t run_timers(uint32_t timers, bool hostile, const struct tk_clock *clock,
			   uint64_t seed, size_t max)
{
	struct naive *n = calloc(1, sizeof(*n));
	struct tk_tally_pool pool = { 0 };
	struct tk_tally_hint hints[TIMERS] = { 0 };
	struct tk_tally *tallies[2 * MANY] = { NULL };
	uint64_t got[MANY] = { 0 };
	uint64_t state = seed, bare;
	struct tk_aggregator a;
	struct tk_batch b;

	if (max)
		cr_assert_eq(tk_tally_pool_init(&pool, max), 0);
	tk_aggregator_init(&a, floors, clock);
	for (size_t i = 0; i < TIMERS; i++) {
		/* All octaves for each measure: 21 KiB. Some begin with a wide window, most
		 * without. */
		tallies[has_values(i) ? MANY + i : i] = tk_tally_get(&pool);
		hints[i].of[i % 2].high = (uint8_t)random_below(&state, 43);
	}
	a.tallies = tallies;
	a.values = MANY;
	a.n_timers = timers;
	a.pool = &pool;
	a.hints = seed % 2 ? hints : NULL;
	for (int round = 0; round < 2000; round++) {
		b.n = random_below(&state, TK_LANE_CHUNK + 1);
		for (size_t i = 0; i < b.n; i++) {
			struct tk_record r = random_record(&state, hostile);

			b.slots[i] = slot(r);
			naive_record(n, &r, TIMERS, clock);
		}
		tk_aggregate_prepare(&a, &b);
		cr_assert_eq(b.prepared, timers == MANY);
		tk_aggregate(&a, got, &b);
	}
	bare = compare(n, &a, got, max != 0);
	tk_tally_pool_free(&pool);
	free(n);
	return bare;
}

static uint64_t run(bool hostile, const struct tk_clock *clock, uint64_t seed, size_t max)
{
	return run_timers(TIMERS, hostile, clock, seed, max) +
	       run_timers(MANY, hostile, clock, seed, max);
}

/* A batch that came when there was no other to be aggregated meanwhile. */
static void aggregate(struct tk_aggregator *a, uint64_t *got, const struct tk_slot *slots, size_t n)
{
	struct tk_batch b = { .n = n };

	memcpy(b.slots, slots, n * sizeof(*slots));
	tk_aggregate_prepare(a, &b);
	tk_aggregate(a, got, &b);
}

Test(aggregate, the_slot_of_this_test_is_the_slot_of_the_ring)
{
	uint64_t state = 9;

	for (int i = 0; i < 10000; i++) {
		struct tk_record r = random_record(&state, true), back;
		struct tk_slot s = slot(r);

		back = tk_slot_record(&s);
		cr_assert_eq(back.start, r.start);
		cr_assert_eq(back.duration, r.duration);
		cr_assert_eq(back.since_origin, r.since_origin);
		cr_assert_eq(back.timer, r.timer);
		cr_assert_eq(back.kind, r.kind);
	}
}

Test(aggregate, like_the_naive_one)
{
	for (uint64_t seed = 1; seed < 6; seed++)
		cr_assert_eq(run(false, NULL, seed, 0), 0);
}

Test(aggregate, hostile_records_change_nothing_but_their_own_counters)
{
	for (uint64_t seed = 1; seed < 6; seed++)
		cr_assert_eq(run(true, NULL, seed, 0), 0);
}

Test(aggregate, spans_across_an_epoch_are_counted_and_set_aside)
{
	struct tk_clock clock = {
		.epoch = { .number = 1, .last_tsc = 1400000, .start_tsc = 1500000 }
	};

	for (uint64_t seed = 1; seed < 6; seed++)
		cr_assert_eq(run(false, &clock, seed, 0), 0);
}

/* Memory for windows runs out: percentiles go, and nothing else. */
Test(aggregate, without_memory_for_counters_all_else_is_exact)
{
	uint64_t bare = 0;

	for (uint64_t seed = 1; seed < 6; seed++)
		bare += run(true, NULL, seed, (size_t)2 << 20);
	cr_assert_gt(bare, 0);
}

/* Spans that began at 0, of a program that forgot a start: the sum goes past 2^64. */
Test(aggregate, the_sum_of_the_longest_spans_is_exact)
{
	const uint32_t n = (1u << 18) + 1;
	const uint64_t most = (UINT64_C(1) << 47) - 2; /* one more would be saturated */
	struct tk_slot s = slot((struct tk_record){
		.start = 0, .duration = (int64_t)most, .since_origin = TK_TICKS_NONE });
	struct tk_hist *h = calloc(1, sizeof(*h));
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *tally = tk_tally_get(&pool);
	struct tk_aggregator a;
	uint64_t got = 0;

	tk_aggregator_init(&a, NULL, NULL);
	a.tallies = &tally;
	a.n_timers = 1;
	a.pool = &pool;
	for (uint32_t i = 0; i < n; i++)
		aggregate(&a, &got, &s, 1);
	tk_tally_move(tally, (struct tk_hist *[]){ h, NULL });
	tk_tally_move(tally, (struct tk_hist *[]){ h, NULL });
	cr_assert_eq(h->count, n);
	cr_assert(h->sum == (unsigned __int128)most * n);
	tk_tally_pool_free(&pool);
	free(h);
}

static unsigned asked;
static struct tk_tally_pool more_pool;

static void more(struct tk_aggregator *a, uint32_t id)
{
	asked++;
	a->n_timers = 3;
	if (id < a->n_timers)
		a->tallies[id] = tk_tally_get(&more_pool);
}

Test(aggregate, a_new_timer_gets_its_tally_with_its_first_record)
{
	struct tk_tally *tallies[TIMERS] = { NULL };
	uint64_t got[TIMERS] = { 0 };
	struct tk_slot batch[4];
	struct tk_aggregator a;

	for (int i = 0; i < 4; i++)
		batch[i] = slot((struct tk_record){ .duration = 100,
						    .since_origin = TK_TICKS_NONE,
						    .timer = (uint16_t)(i == 3 ? 7 : 2) });
	tk_aggregator_init(&a, NULL, NULL);
	a.more = more;
	a.tallies = tallies;
	a.pool = &more_pool;
	aggregate(&a, got, batch, 4);
	cr_assert_eq(asked, 2, "once for timer 2, once for 7");
	cr_assert_eq(got[2], 3);
	cr_assert_eq(tallies[2]->sum[TK_PROCESSING], 300);
	cr_assert_eq(a.unknown, 1);
	tk_tally_pool_free(&more_pool);
}

/* "This long or longer" is no sample: neither the longest there is, nor any other. */
Test(aggregate, what_is_saturated_is_set_aside)
{
	static const struct {
		int64_t duration, since;
		uint8_t kind;
		bool counts[TK_MEASURES];
	} cases[] = {
		{ TK_TICKS_MAX, 5, 0, { false, true } },
		{ 5, TK_TICKS_MAX, 0, { true, false } },
		{ TK_TICKS_MAX, 5, TK_KIND_TO_STOP, { false, false } },
		{ 5, TK_TICKS_MAX, TK_KIND_TO_STOP, { true, false } },
		{ TK_TICKS_MAX, TK_TICKS_MAX, TK_KIND_TO_STOP, { false, false } },
		{ TK_TICKS_MAX - 1, TK_TICKS_MAX - 1, TK_KIND_TO_STOP, { true, true } },
		{ TK_TICKS_MAX, TK_TICKS_MAX, TK_KIND_SUM, { false, false } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tk_slot s = slot((struct tk_record){ .duration = cases[i].duration,
							    .since_origin = cases[i].since,
							    .kind = cases[i].kind });
		struct tk_tally_pool pool = { 0 };
		struct tk_tally *tally = tk_tally_get(&pool);
		struct tk_aggregator a;
		uint64_t got = 0;

		tk_aggregator_init(&a, NULL, NULL);
		a.tallies = &tally;
		a.n_timers = 1;
		a.pool = &pool;
		aggregate(&a, &got, &s, 1);
		for (int m = 0; m < TK_MEASURES; m++) {
			struct tk_tally_facts f[TK_MEASURES];

			tk_tally_facts(tally, f);
			cr_assert_eq(f[m].count, cases[i].counts[m], "case %zu, measure %d", i, m);
			cr_assert_eq(f[m].across, !cases[i].counts[m], "case %zu, measure %d", i,
				     m);
		}
		tk_tally_pool_free(&pool);
	}
}

/* The ends of what a value may be, as tk_value() lays them down. */
Test(aggregate, values_are_exact_or_set_aside)
{
	static const struct {
		int64_t value;
		uint64_t count, negative, across;
	} cases[] = {
		{ 0, 1, 0, 0 },
		{ 1, 1, 0, 0 },
		{ TK_TICKS_MAX - 1, 1, 0, 0 },
		{ TK_TICKS_MAX, 0, 0, 1 },
		{ -1, 0, 1, 0 },
		{ -TK_TICKS_MAX, 0, 1, 0 },
		{ TK_TICKS_NONE, 0, 1, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* From before the epoch up to beyond its beginning, were it a time. */
		struct tk_clock clock = {
			.epoch = { .number = 1, .last_tsc = 100, .start_tsc = 100 }
		};
		struct tk_slot s = slot((struct tk_record){ .start = 99,
							    .duration = cases[i].value,
							    .since_origin = TK_TICKS_NONE,
							    .kind = TK_KIND_VALUE });
		struct tk_tally_pool pool = { 0 };
		struct tk_tally *tallies[2] = { NULL, tk_tally_get(&pool) };
		struct tk_tally_facts of[TK_MEASURES], f;
		struct tk_aggregator a;
		uint64_t got = 0;

		tk_aggregator_init(&a, floors, &clock);
		a.tallies = tallies;
		a.values = a.n_timers = 1;
		a.pool = &pool;
		aggregate(&a, &got, &s, 1);
		tk_tally_facts(tallies[1], of);
		f = of[TK_PROCESSING];
		cr_assert_eq(got, 1);
		cr_assert_eq(f.count, cases[i].count, "case %zu", i);
		cr_assert_eq(f.negative, cases[i].negative, "case %zu", i);
		cr_assert_eq(f.across, cases[i].across, "case %zu", i);
		cr_assert_eq(tallies[1]->sum[TK_PROCESSING],
			     cases[i].count ? (uint64_t)cases[i].value : 0);
		cr_assert_null(tallies[0]);
		tk_tally_pool_free(&pool);
	}
}

/* No tally at all is to be had: the records are counted, as of nobody. */
Test(aggregate, without_memory_for_a_tally_records_are_unknown)
{
	struct tk_tally *tallies[TIMERS] = { NULL };
	uint64_t got[TIMERS] = { 0 }, state = 1;
	struct tk_slot batch[TK_LANE_CHUNK];
	struct tk_aggregator a;

	tk_aggregator_init(&a, NULL, NULL);
	a.tallies = tallies;
	a.n_timers = TIMERS;
	for (size_t i = 0; i < TK_LANE_CHUNK; i++)
		batch[i] = slot(random_record(&state, false));
	aggregate(&a, got, batch, TK_LANE_CHUNK);
	cr_assert_eq(a.unknown, TK_LANE_CHUNK);
	for (size_t id = 1; id < TIMERS; id++)
		got[0] += got[id];
	cr_assert_eq(got[0], TK_LANE_CHUNK, "and of their timers, in the lane's account");
}

/* Two batches are prepared before the first is aggregated; it moves windows, and gives tallies. */
Test(aggregate, what_was_prepared_before_windows_moved_is_counted_right)
{
	struct tk_tally *tallies[MANY] = { NULL };
	struct tk_tally_pool pool = { 0 };
	struct tk_batch b[2] = { { .n = 2 }, { .n = 2 } };
	uint64_t got[MANY] = { 0 }, count = 0;
	struct tk_aggregator a;

	tk_aggregator_init(&a, NULL, NULL);
	a.tallies = tallies;
	a.n_timers = MANY;
	a.pool = &pool;
	tallies[1] = tk_tally_get(&pool);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 4; i++)
			b[i / 2].slots[i % 2] =
				slot((struct tk_record){ .duration = INT64_C(1) << round,
							 .since_origin = INT64_C(3) << (40 - round),
							 .timer = (uint16_t)(1 + i % 2) });
		tk_aggregate_prepare(&a, &b[0]);
		tk_aggregate_prepare(&a, &b[1]);
		tk_aggregate(&a, got, &b[0]);
		if (!tallies[2])
			tallies[2] = tk_tally_get(&pool);
		tk_aggregate(&a, got, &b[1]);
	}
	for (uint32_t k = 0; k < tallies[1]->width[TK_LATENCY]; k++)
		count += tk_tally_window(tallies[1], TK_LATENCY)[k];
	cr_assert_eq(count, 80);
	cr_assert_eq(tallies[1]->sum[TK_PROCESSING], 2 * ((UINT64_C(1) << 40) - 1));
	cr_assert_eq(tallies[2]->sum[TK_PROCESSING], 2 * ((UINT64_C(1) << 40) - 1) - 1);
	cr_assert_eq(a.unknown, 1);
	cr_assert_eq(got[1] + got[2], 160);
	tk_tally_pool_free(&pool);
}

/* An epoch that begins after a batch was prepared holds for that batch. */
Test(aggregate, an_epoch_that_begins_after_a_batch_was_prepared)
{
	struct tk_clock clock = { .epoch = { .last_tsc = 100, .start_tsc = 200 } };
	struct tk_tally *tallies[MANY] = { NULL };
	struct tk_tally_pool pool = { 0 };
	struct tk_batch b = { .n = 1 };
	uint64_t got[MANY] = { 0 };
	struct tk_aggregator a;

	tk_aggregator_init(&a, NULL, &clock);
	a.tallies = tallies;
	a.n_timers = MANY;
	a.pool = &pool;
	tallies[1] = tk_tally_get(&pool);
	b.slots[0] = slot((struct tk_record){
		.start = 50, .duration = 200, .timer = 1, .since_origin = TK_TICKS_NONE });
	tk_aggregate_prepare(&a, &b);
	clock.epoch.number = 1;
	tk_aggregate(&a, got, &b);
	cr_assert_eq(tallies[1]->across[TK_PROCESSING], 1);
	cr_assert(tk_tally_empty(tallies[1], TK_PROCESSING));
	tk_tally_pool_free(&pool);
}
