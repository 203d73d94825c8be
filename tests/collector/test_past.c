/* SPDX-License-Identifier: MIT */
/* A series' history: which tier a view gets, nothing beyond the budget, what is silent, replayed,
 * or has ended. */
#include "tests/collector/series_fed.h"

Test(past, a_view_gets_the_finest_tier_that_fits_and_reaches)
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
	cr_assert_eq(tier_for(s, now - 10 * SECOND, now, 200), 0);
	cr_assert_eq(tier_for(s, now - 100 * SECOND, now, 200), 1);
	cr_assert_eq(tier_for(s, now - 900 * SECOND, now, 1000), 1, "tier 0 does not reach");
	cr_assert_eq(tier_for(s, 0, now, 200), 2);
	cr_assert_eq(tier_for(s, 0, now, 1), 2, "the coarsest, if none fits");
	cr_assert_eq(reach_of(s), 0);
	free_all(s);
}

/*
 * The coarse interval in which a timer recorded first, or that its end closed early, begins before
 * its finest one. Nothing is in it that the finest tier lacks, and so the view stays fine.
 */
Test(past, a_view_stays_fine_around_the_first_record)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	int64_t first = 33 * INTERVAL, now = 0;

	tk_history_init(&history, BIG);
	for (int i = 1; i <= 250; i++) {
		now = i * INTERVAL;
		give(s, t, 1000, now < first ? 0 : 10);
		tk_series_close(s, &history, now, INTERVAL);
		if (now > first)
			cr_assert_eq(tier_for(s, now - 30 * SECOND, INT64_MAX, 4096), 0, "%d", i);
	}
	tk_series_leave(s); /* its process crashes */
	tk_series_end(s, &history, now + 1);
	for (int64_t from = -5 * SECOND; from < now; from += INTERVAL)
		cr_assert_eq(tier_for(s, from, INT64_MAX, 4096), 0);
	tk_tally_put(&pool, t);
	free_all(s);
}

Test(history, the_budget_holds_and_no_tier_starves_another)
{
	enum { SERIES = 20, BUDGET = 1 << 20 };
	struct tk_series *s[SERIES];
	struct tk_tally *t = tk_tally_get(&pool);
	int64_t now = 0;

	tk_history_init(&history, BUDGET);
	for (size_t i = 0; i < SERIES; i++)
		s[i] = tk_series_new(i + 1, 0);
	for (int round = 0; round < 30 * 600; round++) {
		now += INTERVAL;
		for (size_t i = 0; i < SERIES; i++) {
			give(s[i], t, 10, 1);
			tk_series_close(s[i], &history, now, INTERVAL);
		}
		cr_assert_leq(tk_history_used(&history), BUDGET);
	}
	for (size_t i = 0; i < SERIES; i++) {
		cr_assert_eq(reach_of(s[i]), 0, "thirty minutes in the coarse tiers");
		cr_assert_gt(tier_reach(s[i], 0), now - 300 * SECOND, "detail went first");
		cr_assert_lt(tier_reach(s[i], 0), now - 60 * SECOND, "but not all of it");
		cr_assert_lt(tier_reach(s[i], 1), now - 300 * SECOND);
		cr_assert_eq(tier_reach(s[i], 2), 0);
	}
	for (size_t i = 0; i < SERIES; i++)
		tk_series_free(s[i]);
	tk_history_free(&history);
	cr_assert_eq(tk_history_used(&history), 0);
	cr_assert_null(history.tier[0].oldest);
}

/* The bound is hard: the chunk that is being filled is not exempt. */
Test(history, whatever_the_budget_it_holds)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);

	for (size_t budget = 0; budget < 1u << 20; budget = 2 * budget + 1000) {
		memset(s->trail, 0, sizeof(s->trail));
		tk_history_init(&history, budget);
		for (int i = 1; i <= 3000; i++) {
			give(s, t, 100 + (uint64_t)i, 50);
			cr_assert_eq(tk_series_close(s, &history, i * INTERVAL, INTERVAL), 0);
			cr_assert_leq(tk_history_used(&history), budget);
		}
		cr_assert_eq(count_points(s, TK_PROCESSING, 0) > 0, budget >= 2 * 4096);
		tk_history_free(&history);
	}
	tk_series_free(s);
}

/* A viewer reads what it holds, whatever is dropped meanwhile. */
Test(history, what_is_held_stays_as_it_was)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	static struct tk_datapoint before[1000], after[1000];
	struct reading r;
	size_t n;

	tk_history_init(&history, 200000);
	for (int i = 1; i <= 1000; i++) {
		give(s, t, 100 + (uint64_t)i, 30);
		tk_series_close(s, &history, i * INTERVAL, INTERVAL);
	}
	read_past(&r, s);
	n = tk_past_points(&r.past, 0, TK_PROCESSING, -1, INT64_MAX, before, 1000);
	cr_assert_gt(n, 100);
	for (int i = 1001; i <= 30000; i++) {
		give(s, t, 100 + (uint64_t)i, 30);
		tk_series_close(s, &history, i * INTERVAL, INTERVAL);
	}
	cr_assert_eq(tk_past_points(&r.past, 0, TK_PROCESSING, -1, INT64_MAX, after, 1000), n);
	cr_assert_eq(memcmp(before, after, n * sizeof(before[0])), 0);
	tk_hold_release(&r.hold);
	free_all(s);
}

static void marks(struct tk_series *s, struct tk_tally *t, uint32_t n)
{
	t->without = n;
	tk_series_take(s, t);
}

Test(past, it_is_silent_until_it_has_a_sample)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);

	tk_history_init(&history, BIG);
	cr_assert(tk_series_silent(s), "nothing was recorded");
	marks(s, t, 4);
	tk_series_lose(s, 1);
	cr_assert(tk_series_silent(s), "marks: records that came and were no samples");
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	cr_assert_eq(s->track[0].last.without, 4);
	cr_assert_eq(s->track[1].last.without, 4);
	cr_assert(tk_series_silent(s), "and in the total as well");
	give(s, t, 7, 1);
	cr_assert_not(tk_series_silent(s));
	tk_series_end(s, &history, 2 * INTERVAL);
	cr_assert_not(tk_series_silent(s), "once is for ever");
	free_all(s);
	s = tk_series_new(2, 0);
	tk_series_lose(s, 3);
	cr_assert_not(tk_series_silent(s), "what was lost may have been samples");
	free_all(s);
}

Test(past, a_timer_that_never_had_a_sample_shows_what_it_lost)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint sum;

	tk_history_init(&history, BIG);
	tk_series_lose(s, 9);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	t->across[TK_PROCESSING] = 5; /* all that came later crossed an epoch */
	tk_series_take(s, t);
	tk_series_close(s, &history, 2 * INTERVAL, INTERVAL);
	tk_series_close(s, &history, 3 * INTERVAL, INTERVAL);
	sum = sum_up(s, TK_PROCESSING, 0);
	cr_assert_eq(sum.count, 0);
	cr_assert_eq(sum.records, 14);
	cr_assert_eq(sum.lost, 9);
	cr_assert_eq(sum.aside, 5);
	cr_assert_eq(count_points(s, TK_LATENCY, 0), 0);
	tk_tally_put(&pool, t);
	free_all(s);
}

static void replay(struct tk_series *s, struct tk_tally *t, int64_t from, uint64_t n)
{
	cr_assert_eq(tk_series_replay(s, &history, from, INTERVAL), 0);
	give(s, t, 7, n);
	cr_assert_eq(tk_series_close(s, &history, from + INTERVAL, INTERVAL), 0);
}

/* What was recorded before the collector came, then nothing that anybody knows of, then live. */
Test(past, the_past_is_replayed_before_it_goes_on)
{
	const int64_t now = 100 * SECOND, ends[] = { 101, 102, 103, 199, 200, 201, 1001 };
	const uint64_t records[] = { 5, 3, 0, 0, 0, 2, 4 };
	struct tk_series *s = tk_series_new(1, now);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint d[8], total;

	tk_history_init(&history, BIG);
	s->replaying = true;
	replay(s, t, 10 * SECOND, 5);
	replay(s, t, 10 * SECOND + INTERVAL, 3);
	replay(s, t, 20 * SECOND, 2);
	cr_assert_eq(tk_series_resume(s, &history, now), 0);
	cr_assert_not(s->replaying);
	give(s, t, 7, 4);
	tk_series_close(s, &history, now + INTERVAL, INTERVAL);
	tk_series_end(s, &history, now + 2 * INTERVAL);
	cr_assert_eq(points(s, 0, d, 8), 8);
	for (size_t i = 0; i < 7; i++) {
		cr_assert_eq(d[i].t_ns, ends[i] * INTERVAL);
		cr_assert_eq(d[i].records, records[i]);
		if (i && i < 6)
			cr_assert_eq(d[i].t_ns - (int64_t)d[i].interval_ns, d[i - 1].t_ns,
				     "idle, as is known");
	}
	cr_assert_eq(d[6].interval_ns, INTERVAL, "and before it, nobody knows");
	tk_series_total(s, TK_PROCESSING, now, true, &total);
	cr_assert_eq(total.records, 14);
	for (int tier = 1; tier < TK_TIERS; tier++) {
		size_t n = points(s, (unsigned)tier, d, 8);
		uint64_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			sum += d[i].records;
			cr_assert(d[i].t_ns <= 20 * SECOND + INTERVAL ||
				  d[i].t_ns - (int64_t)d[i].interval_ns >= now);
		}
		cr_assert_eq(sum, 14);
	}
	tk_tally_put(&pool, t);
	free_all(s);
}

/* One that was dead when it was found ends where its past does: no interval is added. */
Test(past, what_was_found_dead_ends_with_its_past)
{
	struct tk_series *s = tk_series_new(1, 100 * SECOND);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint d[4];

	tk_history_init(&history, BIG);
	s->replaying = true;
	replay(s, t, 10 * SECOND, 5);
	tk_series_leave(s);
	tk_series_end(s, &history, 200 * SECOND);
	for (int tier = 0; tier < TK_TIERS; tier++) {
		cr_assert_eq(points(s, (unsigned)tier, d, 4), 1);
		cr_assert_eq(d[0].t_ns, 10 * SECOND + INTERVAL);
		cr_assert_eq(d[0].records, 5);
	}
	cr_assert_eq(s->seen_ns, 10 * SECOND + INTERVAL);
	tk_tally_put(&pool, t);
	free_all(s);
}

/* After a crash somebody looks at its last moments: no coarser tier stands in for them, wherever
 * its datapoints began, and whether its past was replayed. */
Test(past, what_has_ended_keeps_its_finest_grain)
{
	static const int64_t spans[] = { 1, 2, 5, 10, 30, 60, 120 };

	for (uint64_t state = 1; state < 200; state += 2) {
		struct tk_series *s = tk_series_new(1, SECOND);
		struct tk_tally *t = tk_tally_get(&pool);
		uint64_t intervals = 1 + random_log(&state, 10), silent = random_below(&state, 50);
		int64_t now = SECOND;

		tk_history_init(&history, BIG);
		s->phase_ns[1] = (int64_t)random_below(&state, TK_TIER1_NS);
		s->phase_ns[2] = (int64_t)random_below(&state, TK_TIER2_NS);
		s->replaying = random_below(&state, 2);
		for (uint64_t i = 0; i < silent + intervals; i++) {
			if (i >= silent && random_below(&state, 3))
				give(s, t, 7, 1);
			now += INTERVAL;
			tk_series_close(s, &history, now, INTERVAL);
		}
		give(s, t, 7, 1);
		tk_series_close(s, &history, now += INTERVAL, INTERVAL);
		tk_series_leave(s);
		tk_series_end(s, &history, now + 1);
		for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
			cr_assert_eq(tier_for(s, now - spans[i] * SECOND, now, 4096), 0);
		tk_tally_put(&pool, t);
		free_all(s);
	}
}
