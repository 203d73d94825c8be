/* SPDX-License-Identifier: MIT */
/* Datapoints, tiers and history: nothing lost or doubled on the way, nothing beyond the budget. */
#include "collector/stats/series.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/stats/past/past.h"
#include "tests/random.h"

#define SECOND   INT64_C(1000000000)
#define INTERVAL (SECOND / 10)
#define BIG      (UINT64_C(1) << 30)

static struct tk_tally_pool pool;
static struct tk_history history;

static void add(struct tk_tally *t, enum tk_measure m, uint64_t ticks, uint64_t n)
{
	while (n--)
		if (!tk_tally_add(t, m, ticks, tk_hist_index(ticks)))
			tk_tally_add_outside(&pool, t, m, ticks, NULL);
}

/* So many records with a duration and no origin; a tenth as many are lost. */
static void give(struct tk_series *s, struct tk_tally *t, uint64_t ticks, uint64_t n)
{
	add(t, TK_PROCESSING, ticks, n);
	tk_series_take(s, t);
	tk_series_lose(s, n / 10);
}

static void adds_up(const struct tk_datapoint *d)
{
	cr_assert_eq(d->records, d->count + d->aside + d->without + d->lost);
}

static void add_datapoint(struct tk_datapoint *sum, const struct tk_datapoint *d)
{
	adds_up(d);
	sum->records += d->records;
	sum->lost += d->lost;
	sum->count += d->count;
	sum->aside += d->aside;
	sum->without += d->without;
}

/* A series' past, as a viewer reads it. */
struct reading {
	struct tk_hold hold;
	struct tk_past past;
};

static const struct tk_past *read_past(struct reading *r, const struct tk_series *s)
{
	cr_assert_eq(tk_hold_take(&r->hold, &history), 0);
	r->past.hold = &r->hold;
	memcpy(r->past.trail, s->trail, sizeof(r->past.trail));
	return &r->past;
}

static size_t count_points(const struct tk_series *s, enum tk_measure m, unsigned tier)
{
	struct reading r;
	size_t n = tk_past_count(read_past(&r, s), tier, m, -1, INT64_MAX);

	tk_hold_release(&r.hold);
	return n;
}

static size_t points(const struct tk_series *s, unsigned tier, struct tk_datapoint *out, size_t max)
{
	struct reading r;
	size_t n = tk_past_points(read_past(&r, s), tier, TK_PROCESSING, -1, INT64_MAX, out, max);

	tk_hold_release(&r.hold);
	return n;
}

static int64_t tier_reach(const struct tk_series *s, unsigned tier)
{
	struct reading r;
	int64_t reach = tk_past_tier_reach(read_past(&r, s), tier);

	tk_hold_release(&r.hold);
	return reach;
}

static int64_t reach_of(const struct tk_series *s)
{
	struct reading r;
	int64_t reach = tk_past_reach(read_past(&r, s));

	tk_hold_release(&r.hold);
	return reach;
}

static unsigned tier_for(const struct tk_series *s, int64_t from, int64_t to, size_t max)
{
	struct reading r;
	unsigned tier = tk_past_tier(read_past(&r, s), from, to, max);

	tk_hold_release(&r.hold);
	return tier;
}

/* All datapoints of a tier together, which follow each other. */
static struct tk_datapoint sum_up(const struct tk_series *s, enum tk_measure m, unsigned tier)
{
	struct tk_datapoint *d, sum = { 0 };
	struct reading r;
	size_t n = tk_past_count(read_past(&r, s), tier, m, 0, INT64_MAX);

	d = calloc(n + 1, sizeof(*d));
	cr_assert_eq(tk_past_points(&r.past, tier, m, 0, INT64_MAX, d, n), n);
	for (size_t i = 0; i < n; i++) {
		add_datapoint(&sum, &d[i]);
		if (i)
			cr_assert_eq(d[i].t_ns - (int64_t)d[i].interval_ns, d[i - 1].t_ns,
				     "a gap or an overlap in time");
	}
	tk_hold_release(&r.hold);
	free(d);
	return sum;
}

static void free_all(struct tk_series *s)
{
	tk_series_free(s);
	tk_history_free(&history);
	cr_assert_eq(tk_history_used(&history), 0);
}

static void same_counts(const struct tk_datapoint *a, const struct tk_datapoint *b)
{
	cr_assert_eq(a->records, b->records);
	cr_assert_eq(a->lost, b->lost);
	cr_assert_eq(a->count, b->count);
	cr_assert_eq(a->aside, b->aside);
	cr_assert_eq(a->without, b->without);
}

/* Random records of all kinds: what each interval, each tier and the total say of them. */
static void live(uint64_t seed)
{
	struct tk_series *s = tk_series_new(1, SECOND);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint given[TK_MEASURES] = { 0 }, sum, total;
	uint64_t state = seed;
	int64_t now = SECOND;

	tk_history_init(&history, BIG);
	/* A sample of each measure first: before it a measure has no past. */
	for (int i = 0; i < 500; i++) {
		uint64_t records = 1 + random_below(&state, 100), lost = random_below(&state, 20);
		struct tk_datapoint now_given[TK_MEASURES];

		for (int m = 0; m < TK_MEASURES; m++) {
			uint64_t aside = random_below(&state, records), without;
			uint64_t negative = random_below(&state, aside + 1);

			without = random_below(&state, records - aside);
			add(t, (enum tk_measure)m, random_log(&state, 40),
			    records - aside - without);
			t->negative[m] = (uint32_t)negative;
			t->across[m] = (uint32_t)(aside - negative);
			if (m == TK_PROCESSING)
				t->without = (uint32_t)without;
			now_given[m] = (struct tk_datapoint){ .records = records + lost,
							      .lost = lost,
							      .count = records - aside - without,
							      .aside = aside,
							      .without = without };
			add_datapoint(&given[m], &now_given[m]);
		}
		tk_series_take(s, t);
		tk_series_lose(s, lost);
		now += INTERVAL + (int64_t)random_below(&state, 2000000) - 1000000;
		cr_assert_eq(tk_series_close(s, &history, now, INTERVAL), 0);
		for (int m = 0; m < TK_MEASURES; m++)
			same_counts(&s->track[m].last, &now_given[m]);
	}
	tk_series_leave(s);
	tk_series_end(s, &history, now + 1);
	for (int m = 0; m < TK_MEASURES; m++) {
		for (int tier = 0; tier < TK_TIERS; tier++) {
			sum = sum_up(s, (enum tk_measure)m, (unsigned)tier);
			same_counts(&sum, &given[m]);
		}
		tk_series_total(s, (enum tk_measure)m, now, true, &total);
		same_counts(&total, &given[m]);
		cr_assert_eq(s->track[m].total->bins.count, given[m].count);
	}
	cr_assert_eq(s->negative[0] + s->negative[1] + s->across, given[0].aside + given[1].aside);
	tk_tally_put(&pool, t);
	free_all(s);
}

Test(series, every_record_is_accounted_for_at_every_tier_and_in_total)
{
	for (uint64_t seed = 1; seed < 10; seed++)
		live(seed);
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
		struct tk_datapoint sum = sum_up(s, TK_PROCESSING, (unsigned)tier);

		cr_assert_eq(sum.count, given);
		cr_assert_eq(sum.records, given + lost);
		cr_assert_eq(sum.lost, lost);
	}
	tk_series_total(s, TK_PROCESSING, now, true, &total);
	cr_assert_eq(total.count, given);
	cr_assert_eq(total.records, given + lost);
	cr_assert_eq(total.lost, lost);
	cr_assert_null(s->track[TK_LATENCY].total, "no sample, no memory");
	cr_assert_null(s->track[TK_LATENCY].open[1].counters);
	/* 1000 intervals of 100 ms: a hundred seconds, give or take the one that is open. */
	cr_assert(abs((int)count_points(s, TK_PROCESSING, 1) - 100) <= 3);
	cr_assert(abs((int)count_points(s, TK_PROCESSING, 2) - 10) <= 2);
	free_all(s);
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
	cr_assert_eq(points(s, 1, &d, 1), 1);
	cr_assert_eq(d.count, 901);
	cr_assert_eq(d.p_ns[TK_P50], 10);
	cr_assert_eq(d.p_ns[TK_P9999], 200);
	cr_assert_eq(d.max_ns, 200);
	free_all(s);
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
	cr_assert_eq(count_points(s, TK_PROCESSING, 0), 2);
	free_all(s);
}

/* It ends with its interval, which is its last datapoint in every tier. */
Test(series, what_has_ended_does_not_change)
{
	struct tk_series *s = tk_series_new(42, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint before, after;

	tk_history_init(&history, BIG);
	give(s, t, 7, 5);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	give(s, t, 7, 4);
	tk_series_leave(s);
	cr_assert(!s->alive && s->ending);
	give(s, t, 9, 3); /* what comes before its interval is closed is its own */
	tk_series_end(s, &history, 2 * INTERVAL);
	cr_assert(!s->alive && !s->ending);
	tk_series_total(s, TK_PROCESSING, SECOND, true, &before);
	cr_assert_eq(before.count, 12);
	for (int tier = 0; tier < TK_TIERS; tier++) {
		struct tk_datapoint sum = sum_up(s, TK_PROCESSING, (unsigned)tier);

		cr_assert_eq(sum.count, 12);
		cr_assert_eq(tier_reach(s, (unsigned)tier), 0);
	}
	tk_series_total(s, TK_PROCESSING, SECOND, true, &after);
	cr_assert_eq(memcmp(&before, &after, sizeof(before)), 0);
	tk_tally_put(&pool, t);
	free_all(s);
}

#ifndef __SANITIZE_ADDRESS__ /* which cannot live within a limit */
static void limit_memory(bool limited)
{
	static struct rlimit all;
	struct rlimit some;

	if (!limited) {
		setrlimit(RLIMIT_AS, &all);
		return;
	}
	getrlimit(RLIMIT_AS, &all);
	some = all;
	some.rlim_cur = 1u << 20; /* less than there is: nothing can be mapped */
	if (setrlimit(RLIMIT_AS, &some))
		cr_skip_test("no limit is to be had");
}

/* All memory that malloc() has without asking for more, so that it has none. */
static void *exhaust(void)
{
	void *all = NULL, *p;

	for (size_t size = 1u << 20; size >= sizeof(p); size /= 2) {
		while ((p = malloc(size))) {
			*(void **)p = all;
			all = p;
		}
	}
	return all;
}

static void give_back(void *all)
{
	while (all) {
		void *next = *(void **)all;

		free(all);
		all = next;
	}
}

/* All but percentiles is known, and exact. */
static void is_unknown(const struct tk_datapoint *d, double sum, double min, double max)
{
	cr_assert_eq(d->sum_ns, sum);
	cr_assert_eq(d->min_ns, min);
	cr_assert_eq(d->max_ns, max);
	for (int p = 0; p < TK_PERCENTILES; p++)
		cr_assert(isnan(d->p_ns[p]));
}

/* There is no memory for a histogram for a while: counts are exact, what is not known says so, and
 * what is known again afterwards is known. */
Test(series, without_memory_counts_are_exact_and_percentiles_are_not_known)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint total, sum;
	void *all;

	tk_history_init(&history, BIG);
	add(t, TK_PROCESSING, 7, 30);
	limit_memory(true);
	all = exhaust();
	tk_series_take(s, t);
	give_back(all);
	limit_memory(false);
	cr_assert_null(s->track[0].open[0].counters);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	adds_up(&s->track[0].last);
	cr_assert_eq(s->track[0].last.records, 30);
	cr_assert_eq(s->track[0].last.count, 30);
	is_unknown(&s->track[0].last, 210, 7, 7);
	add(t, TK_PROCESSING, 9, 11);
	tk_series_take(s, t);
	tk_series_lose(s, 3);
	tk_series_close(s, &history, 2 * INTERVAL, INTERVAL);
	cr_assert_eq(s->track[0].last.count, 11);
	cr_assert_eq(s->track[0].last.p_ns[TK_P50], 9);
	tk_series_leave(s);
	tk_series_end(s, &history, 3 * INTERVAL);
	tk_series_total(s, TK_PROCESSING, SECOND, true, &total);
	adds_up(&total);
	cr_assert_eq(total.count, 41);
	is_unknown(&total, 309, 7, 9);
	for (int tier = 0; tier < TK_TIERS; tier++) {
		sum = sum_up(s, TK_PROCESSING, (unsigned)tier);
		cr_assert_eq(sum.count, 41);
		cr_assert_eq(sum.records, 44);
	}
	tk_tally_put(&pool, t);
	free_all(s);
}
#endif

/* Counters ran out in the hot loop: sums and extremes are known, percentiles are not. */
Test(series, bare_samples_leave_percentiles_unknown)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);

	tk_history_init(&history, BIG);
	add(t, TK_PROCESSING, 10, 4);
	t->bare[TK_PROCESSING] = 2;
	t->sum[TK_PROCESSING] += 200;
	t->bare_min[TK_PROCESSING] = 50;
	t->bare_max[TK_PROCESSING] = 150;
	tk_series_take(s, t);
	tk_series_close(s, &history, INTERVAL, INTERVAL);
	adds_up(&s->track[0].last);
	cr_assert_eq(s->track[0].last.count, 6);
	cr_assert_eq(s->track[0].last.sum_ns, 240);
	cr_assert_eq(s->track[0].last.min_ns, 10);
	cr_assert_eq(s->track[0].last.max_ns, 150);
	for (int p = 0; p < TK_PERCENTILES; p++)
		cr_assert(isnan(s->track[0].last.p_ns[p]));
	give(s, t, 20, 3);
	tk_series_close(s, &history, 2 * INTERVAL, INTERVAL);
	cr_assert_eq(s->track[0].last.p_ns[TK_P50], 20, "the next interval knows its own");
	tk_tally_put(&pool, t);
	free_all(s);
}

/* In each interval, in the coarser ones, and in total. */
Test(series, what_is_set_aside_is_counted)
{
	struct tk_series *s = tk_series_new(1, 0);
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_datapoint d[3], total;

	tk_history_init(&history, BIG);
	for (unsigned i = 1; i <= 2; i++) {
		t->negative[TK_PROCESSING] = 3;
		t->across[TK_PROCESSING] = i;
		give(s, t, 7, 1);
		tk_series_close(s, &history, i * INTERVAL, INTERVAL);
	}
	tk_series_end(s, &history, 3 * INTERVAL);
	cr_assert_eq(points(s, 0, d, 3), 3);
	cr_assert_eq(d[0].aside, 4);
	cr_assert_eq(d[1].aside, 5);
	cr_assert_eq(points(s, 1, d, 2), 1);
	cr_assert_eq(d[0].aside, 9);
	tk_series_total(s, TK_PROCESSING, 3 * INTERVAL, true, &total);
	cr_assert_eq(total.aside, 9);
	tk_tally_put(&pool, t);
	free_all(s);
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
	free_all(s);
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
Test(series, a_view_stays_fine_around_the_first_record)
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

Test(series, it_is_silent_until_it_has_a_sample)
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

Test(series, a_timer_that_never_had_a_sample_shows_what_it_lost)
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
Test(series, the_past_is_replayed_before_it_goes_on)
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
Test(series, what_was_found_dead_ends_with_its_past)
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
Test(series, what_has_ended_keeps_its_finest_grain)
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
