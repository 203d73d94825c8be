/* SPDX-License-Identifier: MIT */
/* The hot loop against a naive one, on records of every kind, hostile ones included. */
#include "collector/drain/aggregate.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ring/lane_read.h"
#include "tests/random.h"

#define TIMERS 40

struct naive {
	uint64_t count[TIMERS][2], sum[TIMERS][2], min[TIMERS][2], max[TIMERS][2];
	uint64_t negative[TIMERS], across[TIMERS], got[TIMERS], unknown, marks;
	uint64_t buckets[TIMERS][2][TK_HIST_BUCKETS];
};

static const uint32_t floors[TK_STAMPS] = { 37, 20, 90, 0 };

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

static void naive_add(struct naive *n, size_t id, int m, int64_t v)
{
	if (v < 0) {
		n->negative[id]++;
		return;
	}
	if (n->count[id][m]++ == 0 || (uint64_t)v < n->min[id][m])
		n->min[id][m] = (uint64_t)v;
	if ((uint64_t)v > n->max[id][m])
		n->max[id][m] = (uint64_t)v;
	n->sum[id][m] += (uint64_t)v;
	n->buckets[id][m][tk_hist_index((uint64_t)v)]++;
}

/* The rules as the header says them, one by one. */
static void naive_record(struct naive *n, const struct tk_record *r, size_t timers,
			 const struct tk_clock *clock)
{
	size_t id = r->timer;
	bool span = r->kind < 8, lap = r->kind >= TK_KIND_LAP && r->kind < TK_KIND_MARK;

	if (id >= timers) {
		n->unknown++;
		return;
	}
	n->got[id]++;
	if (r->kind == TK_KIND_MARK) {
		n->marks++;
		return;
	}
	if (r->kind > TK_KIND_MARK) {
		n->unknown++;
		return;
	}
	if (clock && clock->epoch.number) {
		bool timed = r->kind != TK_KIND_LATENCY && r->duration > 0;
		uint64_t from =
			r->since_origin > 0 ? r->start - (uint64_t)r->since_origin : r->start;
		uint64_t to = timed ? r->start + (uint64_t)r->duration : r->start;

		if (tk_clock_crossed(clock, from, to)) {
			n->across[id]++;
			return;
		}
	}
	if (r->kind != TK_KIND_LATENCY && r->duration != TK_TICKS_NONE) {
		int64_t d = r->duration;

		if (d >= 0) {
			d -= span ? floors[r->kind & 3] : lap ? floors[r->kind - TK_KIND_LAP] : 0;
			d = d < 0 ? 0 : d;
		}
		naive_add(n, id, TK_PROCESSING, d);
	}
	if (r->since_origin == TK_TICKS_NONE)
		return;
	if (span && (r->kind & TK_KIND_TO_STOP)) {
		if (r->duration != TK_TICKS_NONE)
			naive_add(n, id, TK_LATENCY, r->since_origin + r->duration);
	} else {
		naive_add(n, id, TK_LATENCY, r->since_origin);
	}
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

static void compare(const struct naive *n, const struct tk_aggregator *a, const uint64_t *got)
{
	cr_assert_eq(a->unknown, n->unknown);
	cr_assert_eq(a->n_marks, n->marks < TK_AGGREGATE_MARKS ? n->marks : TK_AGGREGATE_MARKS);
	for (size_t id = 0; id < TIMERS; id++) {
		const struct tk_tally *t = a->tallies[id];

		cr_assert_eq(got[id], n->got[id]);
		cr_assert_eq(t->negative, n->negative[id]);
		cr_assert_eq(t->across, n->across[id]);
		for (int m = 0; m < TK_MEASURES; m++) {
			cr_assert_eq(t->sum[m], n->sum[id][m]);
			cr_assert_eq(t->max[m], n->max[id][m]);
			cr_assert_eq(t->min[m], n->count[id][m] ? n->min[id][m] : UINT64_MAX);
			for (uint32_t b = 0; b < TK_HIST_BUCKETS; b++)
				cr_assert_eq(t->buckets[m][b], n->buckets[id][m][b]);
		}
	}
}

static void run(bool hostile, const struct tk_clock *clock, uint64_t seed)
{
	struct naive *n = calloc(1, sizeof(*n));
	struct tk_tally_pool pool = { 0 };
	struct tk_tally *tallies[TIMERS];
	uint64_t got[TIMERS] = { 0 };
	uint64_t state = seed;
	struct tk_aggregator a;

	tk_aggregator_init(&a, floors, clock);
	for (size_t i = 0; i < TIMERS; i++)
		tallies[i] = tk_tally_get(&pool);
	a.tallies = tallies;
	a.n_timers = TIMERS;
	for (int round = 0; round < 2000; round++) {
		struct tk_slot batch[TK_LANE_CHUNK];
		size_t k = random_below(&state, TK_LANE_CHUNK + 1);

		for (size_t i = 0; i < k; i++) {
			struct tk_record r = random_record(&state, hostile);

			batch[i] = slot(r);
			naive_record(n, &r, TIMERS, clock);
		}
		tk_aggregate(&a, got, batch, k);
	}
	compare(n, &a, got);
	tk_tally_pool_free(&pool);
	free(n);
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
		run(false, NULL, seed);
}

Test(aggregate, hostile_records_change_nothing_but_their_own_counters)
{
	for (uint64_t seed = 1; seed < 6; seed++)
		run(true, NULL, seed);
}

Test(aggregate, spans_across_an_epoch_are_counted_and_set_aside)
{
	struct tk_clock clock = {
		.epoch = { .number = 1, .last_tsc = 1400000, .start_tsc = 1500000 }
	};

	for (uint64_t seed = 1; seed < 6; seed++)
		run(false, &clock, seed);
}

/* Spans that began at 0, of a program that forgot a start: the sum goes past 2^64. */
Test(aggregate, the_sum_of_the_longest_spans_is_exact)
{
	const uint32_t n = (1u << 18) + 1;
	const uint64_t most = (UINT64_C(1) << 47) - 1;
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
	for (uint32_t i = 0; i < n; i++)
		tk_aggregate(&a, &got, &s, 1);
	tk_tally_move(tally, TK_PROCESSING, h);
	tk_tally_move(tally, TK_PROCESSING, h);
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
	tk_aggregate(&a, got, batch, 4);
	cr_assert_eq(asked, 2, "once for timer 2, once for 7");
	cr_assert_eq(got[2], 3);
	cr_assert_eq(tallies[2]->sum[0], 300);
	cr_assert_eq(a.unknown, 1);
	tk_tally_pool_free(&more_pool);
}
