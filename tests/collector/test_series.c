/* SPDX-License-Identifier: MIT */
/* Datapoints and tiers: nothing lost or doubled on the way. */
#include "tests/collector/series_fed.h"

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
