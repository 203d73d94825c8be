/* SPDX-License-Identifier: MIT */
/* Datapoints, tiers and history: nothing lost or doubled on the way, nothing beyond the budget. */
#include "collector/stats/series.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random.h"

#define SECOND   INT64_C(1000000000)
#define INTERVAL (SECOND / 10)
#define BIG      (UINT64_C(1) << 30)

static struct tk_tally_pool pool;
static struct tk_history history;

static void give(struct tk_series *s, struct tk_tally *t, uint64_t ticks, uint64_t n)
{
	t->min[0] = ticks < t->min[0] ? ticks : t->min[0];
	t->max[0] = ticks > t->max[0] ? ticks : t->max[0];
	t->sum[0] += n * ticks;
	t->buckets[0][tk_hist_index(ticks)] += (uint32_t)n;
	cr_assert_eq(tk_series_take(s, t), 0);
	tk_series_count(s, n, n / 10);
}

static void sum_up(const struct tk_trail *trail, uint64_t *count, uint64_t *pushed, uint64_t *lost)
{
	size_t n = tk_trail_count(trail, 0, INT64_MAX);
	struct tk_datapoint *d = calloc(n + 1, sizeof(*d));

	*count = *pushed = *lost = 0;
	cr_assert_eq(tk_trail_copy(trail, 0, INT64_MAX, d, n), n);
	for (size_t i = 0; i < n; i++) {
		*count += d[i].count;
		*pushed += d[i].pushed;
		*lost += d[i].lost;
		if (i)
			cr_assert_eq(d[i].t_ns - (int64_t)d[i].interval_ns, d[i - 1].t_ns,
				     "a gap or an overlap in time");
	}
	free(d);
}

Test(series, every_tier_and_the_total_hold_the_same_counts)
{
	struct tk_series *s = tk_series_new(1, SECOND);
	struct tk_tally *t = tk_tally_get(&pool);
	uint64_t state = 3, given = 0, lost = 0;
	struct tk_datapoint total;
	int64_t now = SECOND;

	tk_history_init(&history, BIG);
	for (int i = 0; i < 1000; i++) {
		uint64_t n = i == 0 ? 1 : random_below(&state, 50);

		give(s, t, 100 + random_below(&state, 1000), n);
		given += n;
		lost += n / 10;
		now += INTERVAL + (int64_t)random_below(&state, 2000000) - 1000000;
		cr_assert_eq(tk_series_close(s, &history, now, INTERVAL), 0);
	}
	tk_series_end(s, &history, now + 1);
	for (int tier = 0; tier < TK_TIERS; tier++) {
		uint64_t count, pushed, l;

		sum_up(&s->track[0].trail[tier], &count, &pushed, &l);
		cr_assert_eq(count, given);
		cr_assert_eq(pushed, given);
		cr_assert_eq(l, lost);
	}
	tk_series_total(s, TK_PROCESSING, now, &total);
	cr_assert_eq(total.count, given);
	cr_assert_eq(total.pushed, given);
	cr_assert_eq(total.lost, lost);
	cr_assert_null(s->track[TK_LATENCY].hist, "no sample, no memory");
	/* 1000 intervals of 100 ms: a hundred seconds, give or take the one that is open. */
	cr_assert(abs((int)tk_trail_count(&s->track[0].trail[1], 0, INT64_MAX) - 100) <= 3);
	cr_assert(abs((int)tk_trail_count(&s->track[0].trail[2], 0, INT64_MAX) - 10) <= 2);
	tk_series_free(s, &history);
	cr_assert_eq(history.used, 0);
}

Test(series, a_coarse_percentile_is_that_of_the_samples)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint d;

	tk_history_init(&history, BIG);
	/* Nine quiet intervals and a loud one: the mean of their p50 would be far above 10. */
	for (int i = 1; i <= 10; i++) {
		give(s, t, i == 10 ? 200 : 10, i == 10 ? 1 : 100);
		tk_series_close(s, &history, i * INTERVAL, INTERVAL);
	}
	cr_assert_eq(tk_trail_copy(&s->track[0].trail[1], -1, INT64_MAX, &d, 1), 1);
	cr_assert_eq(d.count, 901);
	cr_assert_eq(d.p_ns[TK_P50], 10);
	cr_assert_eq(d.p_ns[TK_P9999], 200);
	cr_assert_eq(d.max_ns, 200);
	tk_series_free(s, &history);
}

Test(series, an_interval_without_records_has_count_zero)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);

	tk_history_init(&history, BIG);
	give(s, t, 7, 1);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	tk_series_close(s, &history, 2 * INTERVAL, INTERVAL);
	cr_assert_eq(s->track[0].last.count, 0);
	cr_assert_eq(s->track[0].last.t_ns, 2 * INTERVAL);
	cr_assert_eq(tk_trail_count(&s->track[0].trail[0], -1, INT64_MAX), 2);
	tk_series_free(s, &history);
}

Test(series, a_restart_goes_on_with_the_gap_filled)
{
	struct tk_series *s = tk_series_new(42, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint d[3];

	tk_history_init(&history, BIG);
	give(s, t, 7, 5);
	tk_series_end(s, &history, SECOND);
	cr_assert_not(s->alive);
	tk_series_revive(s, &history, 60 * SECOND);
	cr_assert(s->alive);
	give(s, t, 9, 3);
	tk_series_close(s, &history, 60 * SECOND + INTERVAL, INTERVAL);
	for (int tier = 0; tier < 2; tier++) {
		size_t n = tk_trail_copy(&s->track[0].trail[tier], -1, INT64_MAX, d, 3);

		cr_assert_eq(n, tier == 0 ? 3 : 2);
		cr_assert_eq(d[0].count, 5);
		cr_assert_eq(d[1].count, 0);
		cr_assert_eq(d[1].interval_ns, 59 * SECOND);
	}
	cr_assert_eq(s->key, 42);
	tk_series_free(s, &history);
}

/* A process that is started again within the interval. */
Test(series, a_quick_restart_is_one_datapoint)
{
	struct tk_series *s = tk_series_new(42, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint d[2];

	tk_history_init(&history, BIG);
	give(s, t, 7, 5);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	give(s, t, 7, 4);
	tk_series_leave(s);
	cr_assert_not(s->alive);
	cr_assert_eq(tk_series_revive(s, &history, INTERVAL), 0);
	cr_assert(s->alive);
	give(s, t, 9, 3);
	tk_series_close(s, &history, 2 * INTERVAL, INTERVAL);
	cr_assert_eq(tk_trail_copy(&s->track[0].trail[0], -1, INT64_MAX, d, 2), 2);
	cr_assert_eq(d[1].count, 7);
	cr_assert_eq(d[1].interval_ns, INTERVAL);
	cr_assert_eq(tk_trail_count(&s->track[0].trail[1], -1, INT64_MAX), 0);
	tk_series_free(s, &history);
}

/* In each interval, in the coarser ones, and in total. */
Test(series, what_is_set_aside_is_counted)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint d[2], total;

	tk_history_init(&history, BIG);
	for (unsigned i = 1; i <= 2; i++) {
		t->negative = 3;
		t->across = i;
		give(s, t, 7, 1);
		tk_series_close(s, &history, i * INTERVAL, INTERVAL);
	}
	tk_series_end(s, &history, 3 * INTERVAL);
	cr_assert_eq(tk_trail_copy(&s->track[0].trail[0], -1, INT64_MAX, d, 2), 2);
	cr_assert_eq(d[0].aside, 4);
	cr_assert_eq(d[1].aside, 5);
	cr_assert_eq(tk_trail_copy(&s->track[0].trail[1], -1, INT64_MAX, d, 2), 1);
	cr_assert_eq(d[0].aside, 9);
	tk_series_total(s, TK_PROCESSING, 3 * INTERVAL, &total);
	cr_assert_eq(total.aside, 9);
	tk_tally_put(&pool, t);
	tk_series_free(s, &history);
}

Test(series, conversion_is_by_the_rate)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);

	tk_history_init(&history, BIG);
	s->ns_per_tick = 0.5;
	give(s, t, 200, 4);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	cr_assert_eq(s->track[0].last.sum_ns, 400);
	cr_assert_eq(s->track[0].last.min_ns, 100);
	cr_assert_eq(s->track[0].last.p_ns[TK_P99], 100);
	tk_series_free(s, &history);
}

Test(series, a_view_gets_the_finest_tier_that_fits_and_reaches)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	int64_t now = 0;

	tk_history_init(&history, BIG);
	for (int i = 0; i < 20 * 600; i++) {
		give(s, t, 10, 1);
		now += INTERVAL;
		tk_series_close(s, &history, now, INTERVAL);
	}
	/* Twenty minutes: tier 0 keeps ten. */
	cr_assert_eq(tk_series_tier(s, now - 10 * SECOND, now, 200), 0);
	cr_assert_eq(tk_series_tier(s, now - 100 * SECOND, now, 200), 1);
	cr_assert_eq(tk_series_tier(s, now - 900 * SECOND, now, 1000), 1, "tier 0 does not reach");
	cr_assert_eq(tk_series_tier(s, 0, now, 200), 2);
	cr_assert_eq(tk_series_tier(s, 0, now, 1), 2, "the coarsest, if none fits");
	cr_assert_eq(tk_series_reach(s), 0);
	tk_series_free(s, &history);
}

Test(history, the_budget_holds_and_the_finest_goes_first)
{
	enum { SERIES = 20, CHUNKS = 600 };
	struct tk_series *s[SERIES];
	struct tk_tally *t = tk_tally_get(&pool);
	int64_t now = 0;

	tk_history_init(&history, CHUNKS * sizeof(struct tk_chunk));
	for (size_t i = 0; i < SERIES; i++)
		s[i] = tk_series_new(i + 1, 0);
	for (int round = 0; round < 30 * 600; round++) {
		now += INTERVAL;
		for (size_t i = 0; i < SERIES; i++) {
			give(s[i], t, 10, 1);
			tk_series_close(s[i], &history, now, INTERVAL);
		}
		cr_assert_leq(history.used, history.budget);
	}
	for (size_t i = 0; i < SERIES; i++) {
		const struct tk_trail *trail = s[i]->track[0].trail;

		cr_assert_eq(tk_series_reach(s[i]), 0, "thirty minutes in the coarse tiers");
		cr_assert_gt(tk_trail_reach(&trail[0]), now - 300 * SECOND, "detail went first");
		cr_assert_lt(tk_trail_reach(&trail[0]), now - 6 * SECOND, "but not all of it");
		cr_assert_geq(tk_trail_reach(&trail[2]), 0);
	}
	for (size_t i = 0; i < SERIES; i++)
		tk_series_free(s[i], &history);
	cr_assert_eq(history.used, 0);
	cr_assert_null(history.tier[0].oldest);
}

Test(history, a_budget_of_nothing_keeps_the_chunk_being_filled)
{
	struct tk_trail trail = { 0 };
	struct tk_datapoint d = { .count = 1 };

	tk_history_init(&history, 0);
	for (int i = 1; i <= 1000; i++) {
		d.t_ns = i;
		cr_assert_eq(tk_history_add(&history, 0, &trail, &d), 0);
		cr_assert_eq(history.used, sizeof(struct tk_chunk));
	}
	tk_history_drop(&history, 0, &trail);
	cr_assert_eq(history.used, 0);
}

Test(series, it_is_silent_until_it_has_a_sample)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);

	tk_history_init(&history, BIG);
	cr_assert(tk_series_silent(s), "nothing was recorded");
	tk_series_count(s, 5, 1);
	cr_assert(tk_series_silent(s), "marks: records that came and were no samples");
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	cr_assert(tk_series_silent(s), "and in the total as well");
	give(s, t, 7, 1);
	cr_assert_not(tk_series_silent(s));
	tk_series_end(s, &history, 2 * INTERVAL);
	cr_assert_not(tk_series_silent(s), "once is for ever");
	tk_series_free(s, &history);
	s = tk_series_new(2, 0);
	tk_series_count(s, 3, 3);
	cr_assert_not(tk_series_silent(s), "what was lost may have been samples");
	tk_series_free(s, &history);
}

Test(series, a_timer_that_never_had_a_sample_shows_what_it_lost)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	uint64_t count, pushed, lost;

	tk_history_init(&history, BIG);
	tk_series_count(s, 9, 9);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	t->across = 5; /* all that came later crossed an epoch */
	tk_series_take(s, t);
	tk_series_count(s, 5, 0);
	tk_series_close(s, &history, 2 * INTERVAL, INTERVAL);
	tk_series_close(s, &history, 3 * INTERVAL, INTERVAL);
	sum_up(&s->track[TK_PROCESSING].trail[0], &count, &pushed, &lost);
	cr_assert_eq(count, 0);
	cr_assert_eq(pushed, 14);
	cr_assert_eq(lost, 9);
	cr_assert_null(s->track[TK_LATENCY].trail[0].oldest);
	tk_tally_put(&pool, t);
	tk_series_free(s, &history);
	cr_assert_eq(history.used, 0);
}
