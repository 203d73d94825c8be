/* SPDX-License-Identifier: MIT */
/*
 * The last 10 s of all timers, and the rows that they fold into, against the samples themselves:
 * what slides is what was recorded, and a folded row has the samples of all that it stands for. The
 * same for any window of those that fold with the timer that is shown in detail.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/views/fold.h"
#include "collector/engine/views/recent.h"
#include "collector/engine/views/shown.h"
#include "tests/collector/samples.h"

#define MS        INT64_C(1000000)
#define TIMERS    24
#define INTERVALS 250
#define ROWS      6 /* whose trends are looked at */

static struct {
	struct tk_shown shown;
	struct tk_recent recent;
	struct tk_series *series[TIMERS];
	/* By timer: the samples of all intervals, in ns, and where each interval begins. */
	double *ns[TIMERS];
	size_t n[TIMERS], room[TIMERS], first[TIMERS][INTERVALS + 1];
	int64_t ended[INTERVALS];
	size_t intervals;
	uint64_t looks; /* at random */
} life;

/* Six processes have each of four timers; the last is another user's, the one before it has another
 * clock. */
static void begin(int64_t now)
{
	tk_registry_init(&life.shown.registry, 64 << 20);
	for (size_t i = 0; i < TIMERS; i++) {
		char name[16];
		struct tk_series *s;

		snprintf(name, sizeof(name), "timer-%zu", i / 6);
		s = tk_registry_add(&life.shown.registry, "app", name, "app.1", now);
		s->pid = (uint32_t)(100 + i % 6);
		s->uid = i % 6 == 5 ? 2000 : 1000;
		s->place = 1;
		s->clock = i % 6 == 4 ? 7 : 1;
		s->ns_per_tick = i % 6 == 4 ? 1 : 0.5;
		life.series[i] = s;
	}
}

static void feed(size_t timer, uint64_t *state)
{
	struct tk_series *s = life.series[timer];
	size_t n = random_below(state, 4) ? random_below(state, 30) : 0;

	for (size_t i = 0; s->alive && i < n; i++) {
		uint64_t ticks = sample_lognormal(state, 3000 * (1 + (double)(timer % 6)), 0.5);
		uint32_t one = 1;
		const struct tk_counts c = { .records = 1, .count = { 1, 0 }, .without = { 0, 1 } };
		const struct tk_hist_counted of[TK_MEASURES] = {
			{ .counters = &one,
			  .first = tk_hist_index(ticks),
			  .n = 1,
			  .min = ticks,
			  .max = ticks,
			  .sum = ticks },
		};

		if (life.n[timer] == life.room[timer])
			life.ns[timer] = realloc(life.ns[timer],
						 (life.room[timer] += 8192) * sizeof(double));
		life.ns[timer][life.n[timer]++] = (double)ticks * s->ns_per_tick;
		tk_series_feed(s, &c, of);
	}
}

static void interval(int64_t now, uint64_t *state)
{
	for (size_t i = 0; i < TIMERS; i++) {
		life.first[i][life.intervals] = life.n[i];
		feed(i, state);
		life.first[i][life.intervals + 1] = life.n[i];
	}
	tk_registry_close(&life.shown.registry, now, (uint64_t)(100 * MS));
	life.shown.state.closed_ns = now;
	life.shown.state.interval_ns = (uint64_t)(100 * MS);
	life.ended[life.intervals++] = now;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Add the samples of a timer in the last so many ns. */
static size_t gather(size_t timer, int64_t span, double *out, size_t n)
{
	int64_t now = life.ended[life.intervals - 1];

	for (size_t i = 0; i < life.intervals; i++)
		if (life.ended[i] > now - span)
			for (size_t k = life.first[timer][i]; k < life.first[timer][i + 1]; k++)
				out[n++] = life.ns[timer][k];
	return n;
}

static void check(const struct tk_datapoint of[TK_MEASURES], const char *name, double *ns, size_t n)
{
	static const double q[TK_PERCENTILES] = { 0.5, 0.9, 0.99, 0.999, 0.9999 };
	const struct tk_datapoint *d = &of[TK_PROCESSING];

	cr_assert_eq(d->count, n, "%s: %zu of %zu", name, (size_t)d->count, n);
	cr_assert_eq(d->records, n);
	cr_assert_eq(of[TK_LATENCY].count, 0);
	if (!n)
		return;
	qsort(ns, n, sizeof(*ns), by_value);
	for (int p = 0; p < TK_PERCENTILES; p++) {
		size_t rank = (size_t)ceil(q[p] * (double)n - 1e-9);
		double want = ns[(rank ? rank : 1) - 1];

		cr_assert(fabs(d->p_ns[p] - want) <= fmax(0.004 * want, 1), "%s: %f is %f", name,
			  d->p_ns[p], want);
	}
	cr_assert(fabs(d->min_ns - ns[0]) < 0.001 && fabs(d->max_ns - ns[n - 1]) < 0.001);
}

/* Which of the series a row of the snapshot is. */
static size_t timer_of(uint64_t key)
{
	for (size_t i = 0; i < TIMERS; i++)
		if (life.series[i]->key == key)
			return i;
	cr_assert(false, "no such key");
	return 0;
}

static void check_folds(const struct tk_snapshot *s, double *ns)
{
	cr_assert_eq(s->n_folds, TIMERS / 6);
	for (size_t f = 0; f < s->n_folds; f++) {
		const struct tk_snap_timer *row = &s->timers[s->n_timers + f];
		size_t n = 0, members = 0;

		for (size_t i = 0; i < s->n_timers; i++)
			if (s->timers[i].fold == row->key) {
				n = gather(timer_of(s->timers[i].key), TK_RECENT_NS, ns, n);
				cr_assert_eq(s->timers[i].uid, row->uid);
				members++;
			}
		cr_assert_eq(members, 5, "another user's does not fold in");
		cr_assert_eq(row->processes, 5);
		check(row->recent, row->name, ns, n);
	}
}

/* The samples of a row in one second. */
static size_t gather_second(const struct tk_snapshot *s, uint64_t key, int64_t to, double *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_timers; i++) {
		size_t timer = timer_of(s->timers[i].key);

		if (s->timers[i].key != key && s->timers[i].fold != key)
			continue;
		for (size_t k = 0; k < life.intervals; k++)
			if (life.ended[k] > to - 1000 * MS && life.ended[k] <= to)
				for (size_t x = life.first[timer][k]; x < life.first[timer][k + 1];
				     x++)
					out[n++] = life.ns[timer][x];
	}
	return n;
}

static void check_trends(const struct tk_snapshot *s, const uint64_t *keys, double *ns)
{
	int64_t newest = s->closed_ns / (1000 * MS) * (1000 * MS);

	cr_assert_eq(s->n_trends, ROWS);
	for (size_t i = 0; i < ROWS; i++) {
		const struct tk_snap_trend *t = &s->trends[i];

		cr_assert_eq(t->key, keys[i]);
		cr_assert_eq(t->to_ns, newest);
		for (int k = 0; k < TK_TREND; k++) {
			int64_t to = newest - (TK_TREND - 1 - k) * 1000 * MS;
			size_t n = gather_second(s, t->key, to, ns);
			double got = t->p99_ns[k], want;

			cr_assert_eq(n == 0, isnan(got));
			if (!n)
				continue;
			qsort(ns, n, sizeof(*ns), by_value);
			want = ns[(size_t)ceil(0.99 * (double)n - 1e-9) - 1];
			cr_assert(fabs(got - want) <= fmax(0.004 * want, 1),
				  "%f is %f, row %zu second %d of %zu key %lx intervals %zu", got,
				  want, i, k, n, t->key, life.intervals);
		}
	}
}

/* Look with these rows in view until the trends of all are complete: over some snapshots. */
static void check_rows(const struct tk_snapshot *now, double *ns)
{
	uint64_t keys[ROWS];
	struct tk_view view = { .recent = &life.recent, .trend = keys, .n_trend = ROWS };

	for (size_t i = 0; i < ROWS; i++) /* single timers and folded rows */
		keys[i] = now->timers[now->n_timers + now->n_folds - 1 - i * 4].key;
	for (int looks = 0;; looks++) {
		struct tk_shown_past past;
		struct tk_snapshot *s =
			tk_shown_complete(tk_shown_copy(&life.shown, &view, &past), &past);
		bool whole = true;

		cr_assert(s && s->n_trends == ROWS && looks < 20);
		for (size_t i = 0; i < ROWS; i++)
			whole = whole &&
				s->trends[i].to_ns == s->closed_ns / (1000 * MS) * (1000 * MS);
		if (whole)
			check_trends(s, keys, ns);
		tk_snapshot_free(s);
		if (whole)
			return;
	}
}

static void check_all(void)
{
	struct tk_view view = { .recent = &life.recent };
	struct tk_shown_past past;
	struct tk_snapshot *s = tk_shown_complete(tk_shown_copy(&life.shown, &view, &past), &past);
	double *ns = malloc(TIMERS * INTERVALS * 30 * sizeof(*ns));

	cr_assert(s && ns);
	cr_assert_eq(s->recent_ns, TK_RECENT_NS);
	for (size_t i = 0; i < s->n_timers; i++)
		check(s->timers[i].recent, s->timers[i].name, ns,
		      gather(timer_of(s->timers[i].key), TK_RECENT_NS, ns, 0));
	if (s->n_timers == TIMERS)
		check_folds(s, ns);
	if (random_below(&life.looks, 3) == 0)
		check_rows(s, ns);
	free(ns);
	tk_snapshot_free(s);
}

/* Charts of one timer have the figures of all that fold with it, over any window. */
static void check_detail(size_t timer, int64_t span)
{
	struct tk_view view = { .key = life.series[timer]->key,
				.from_ns = life.ended[life.intervals - 1] - span,
				.max_points = 4096 };
	struct tk_shown_past past;
	struct tk_snapshot *s = tk_shown_complete(tk_shown_copy(&life.shown, &view, &past), &past);
	double *ns = malloc(TIMERS * INTERVALS * 30 * sizeof(*ns));
	size_t n = 0, first = timer / 6 * 6;

	cr_assert(s && ns);
	check(s->window, "one", ns, gather(timer, span, ns, 0));
	if (timer % 6 == 5) { /* the other user's: alone */
		cr_assert_eq(s->n_folded, 0);
	} else if (s->n_timers == TIMERS) {
		cr_assert_eq(s->n_folded, 5);
		for (size_t i = first; i < first + 5; i++)
			n = gather(i, span, ns, n);
		check(s->folded, "folded", ns, n);
	}
	free(ns);
	tk_snapshot_free(s);
}

Test(recent, slides_and_folds_as_the_samples_say, .timeout = 120)
{
	uint64_t state = 20261129;
	int64_t now = 1000000 * MS;

	begin(now);
	while (life.intervals < INTERVALS) {
		interval(now += 100 * MS, &state);
		if (life.intervals == INTERVALS / 2) /* a process dies; its samples leave in time */
			tk_registry_leave(&life.shown.registry, life.series[7]);
		if (random_below(&state, 10) == 0 || life.intervals == INTERVALS)
			check_all();
		check_detail(random_below(&state, TIMERS),
			     (int64_t)(1 + random_below(&state, 200)) * 100 * MS);
	}
	tk_recent_free(&life.recent);
	for (size_t i = 0; i < TIMERS; i++)
		free(life.ns[i]);
	tk_shown_free(&life.shown);
}

/* "Only within (directory, uid, app, timer)": what differs in one of them does not fold. */
/* Post-mortem: the last seconds before the end stay, however long ago that was. */
Test(recent, of_the_dead_alone_the_last_seconds_before_their_end)
{
	struct tk_view view = { .recent = &life.recent };
	struct tk_shown_past past;
	struct tk_snapshot *s;
	uint64_t state = 20261130;
	int64_t now = 1000000 * MS;
	double *ns = malloc(INTERVALS * 30 * sizeof(*ns));

	begin(now);
	while (life.intervals < INTERVALS)
		interval(now += 100 * MS, &state);
	for (size_t i = 0; i < TIMERS; i++) {
		life.series[i]->died_ns = now - (int64_t)i;
		tk_registry_leave(&life.shown.registry, life.series[i]);
	}
	for (int i = 0; i < 300; i++)
		tk_registry_close(&life.shown.registry, now += 100 * MS, (uint64_t)(100 * MS));
	life.shown.state.closed_ns = now;
	s = tk_shown_complete(tk_shown_copy(&life.shown, &view, &past), &past);
	cr_assert(s && ns);
	cr_assert_eq(s->n_timers, TIMERS);
	for (size_t i = 0; i < s->n_timers; i++)
		check(s->timers[i].recent, s->timers[i].name, ns,
		      gather(timer_of(s->timers[i].key), TK_RECENT_NS, ns, 0));
	cr_assert_gt(s->timers[0].recent[TK_PROCESSING].count, 0);
	free(ns);
	tk_snapshot_free(s);
}

Test(recent, folds_within_a_directory_a_user_an_app_and_a_timer_only)
{
	const struct tk_snap_timer one = {
		.key = 1, .name = "work", .app = "app", .uid = 1000, .place = 7, .pid = 1
	};
	struct tk_snap_timer other[5];

	for (int i = 0; i < 5; i++)
		other[i] = one;
	other[0].place = 8;
	other[1].uid = 0;
	snprintf(other[2].app, sizeof(other[2].app), "ap");
	snprintf(other[3].name, sizeof(other[3].name), "works");
	other[4].key = 2;
	other[4].pid = 99;
	for (int i = 0; i < 5; i++) {
		struct tk_snap_timer a, b;

		cr_assert_eq(tk_fold_same(&one, &other[i]), i == 4, "%d", i);
		tk_fold_begin(&a, &one);
		tk_fold_begin(&b, &other[i]);
		cr_assert_eq(a.key == b.key, i == 4, "%d", i);
		cr_assert_neq(tk_fold_order(&one, &other[i]), 0);
		cr_assert_lt(tk_fold_order(&one, &other[i]) * tk_fold_order(&other[i], &one), 0);
	}
}

/* Labels tell timers of a base apart, and fold; another unit is another quantity. */
Test(recent, folds_under_the_base_of_labels_and_within_a_unit)
{
	static const struct {
		const char *name;
		uint8_t labels;
		struct tk_unit unit;
		bool folds;
	} others[] = {
		{ "sent", 0, { true, "bytes" }, true },
		{ "sent{to=b}", 6, { true, "bytes" }, true },
		{ "sent{to=a}", 6, { true, "messages" }, false },
		{ "sent{to=a}", 6, { true, "" }, false },
		{ "sent{to=a}", 6, { false, "" }, false },
		{ "sent{to=a}", 0, { true, "bytes" }, false }, /* labels that do not parse */
		{ "send{to=a}", 6, { true, "bytes" }, false },
	};
	const struct tk_snap_timer one = { .key = 1,
					   .name = "sent{to=a}",
					   .labels = 6,
					   .unit = { true, "bytes" },
					   .app = "app",
					   .pid = 1 };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct tk_snap_timer other = one, a, b;

		snprintf(other.name, sizeof(other.name), "%s", others[i].name);
		other.labels = others[i].labels;
		other.unit = others[i].unit;
		other.key = 2;
		cr_assert_eq(tk_fold_same(&one, &other), others[i].folds, "%zu", i);
		tk_fold_begin(&a, &one);
		tk_fold_begin(&b, &other);
		cr_assert_eq(a.key == b.key, others[i].folds, "%zu", i);
		cr_assert_str_eq(a.name, "sent");
		cr_assert_lt(tk_fold_order(&one, &other) * tk_fold_order(&other, &one), 0);
	}
}

/* Beyond so many processes a snapshot would take too long: it has the figures of one only. */
Test(recent, many_processes_are_not_merged)
{
	struct tk_shown *shown = calloc(1, sizeof(*shown));
	const int64_t now = 1000000 * MS;

	tk_registry_init(&shown->registry, 1 << 20);
	for (size_t n = 1; n <= TK_FOLD_PASTS_MAX + 2; n++) {
		const struct tk_counts c = { .records = 1, .without = { 1, 1 } };
		const struct tk_hist_counted none[TK_MEASURES] = { 0 };
		struct tk_series *series =
			tk_registry_add(&shown->registry, "app", "timer", "app.1", now);
		struct tk_view view = { .key = series->key, .silent = true, .max_points = 1 };
		struct tk_shown_past past;

		tk_series_feed(series, &c, none);
		struct tk_snapshot *s =
			tk_shown_complete(tk_shown_copy(shown, &view, &past), &past);
		cr_assert_eq(s->n_timers, n);
		cr_assert_eq(s->n_folded, n > 1 && n <= TK_FOLD_PASTS_MAX ? n : 0);
		tk_snapshot_free(s);
	}
	tk_shown_free(shown);
	free(shown);
}

/* What a row kept of its last samples is that of the newest interval, and of the slowest there. */
Test(recent, the_last_value_of_a_fold_is_the_slowest_of_the_newest)
{
	static const struct tk_seen seen[] = {
		{ 30, 4, 40 }, { 50, 1, 10 }, { 50, 7, 70 },
		{ 50, 3, 30 }, { 0, 0, 0 },   { 49, 9, 90 },
	};
	struct tk_snap_timer one = { .name = "rare" }, row;

	tk_fold_begin(&row, &one);
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		one.seen[TK_LATENCY] = seen[i];
		tk_fold_timer(&row, &one);
	}
	cr_assert_eq(row.seen[TK_LATENCY].t_ns, 50);
	cr_assert_eq(row.seen[TK_LATENCY].p99_ns, 70);
	cr_assert_eq(row.seen[TK_PROCESSING].t_ns, 0);
}
