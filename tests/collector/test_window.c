/* SPDX-License-Identifier: MIT */
/*
 * Any window of a timer's past against its samples themselves, sorted: whatever tiers it comes out
 * of, however long its intervals were, and across epochs of the clock.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/past/window.h"
#include "collector/stats/series.h"
#include "tests/collector/samples.h"

#define MS        INT64_C(1000000)
#define INTERVALS 3000
#define GAPS      64

/* One interval as it was. Samples are in picoseconds, so that rates are exact. */
struct real {
	int64_t began, ended;
	size_t first, n; /* of the samples */
	uint64_t lost;
};

static struct life {
	struct tk_history history;
	struct tk_series *s;
	struct real interval[INTERVALS];
	struct {
		int64_t from, to; /* nobody knows what was: no collector ran */
	} gap[GAPS];
	size_t gaps;
	uint64_t *ps;
	size_t intervals; /* closed so far */
	size_t n, room;
	uint64_t tick_ps;
} life;

/* n samples of one value, and no origin. */
static void feed_one(struct tk_series *s, uint64_t ticks, uint32_t n)
{
	const struct tk_counts c = { .records = n, .count = { n, 0 }, .without = { 0, n } };
	const struct tk_hist_counted of[TK_MEASURES] = {
		{ .counters = &n,
		  .first = tk_hist_index(ticks),
		  .n = 1,
		  .min = ticks,
		  .max = ticks,
		  .sum = (unsigned __int128)ticks * n },
	};

	tk_series_feed(s, &c, of);
}

static void feed(uint64_t *state, struct real *r, double median)
{
	size_t n = random_below(state, 5) ? random_below(state, 400) : 0;

	r->first = life.n;
	r->n = n;
	r->lost = random_below(state, 3);
	if (life.n + n > life.room)
		life.ps = realloc(life.ps, (life.room += 400000) * sizeof(*life.ps));
	for (size_t i = 0; i < n; i++) {
		uint64_t ticks = sample_lognormal(state, median, 0.6);

		life.ps[life.n++] = ticks * life.tick_ps;
		feed_one(life.s, ticks, 1);
	}
	tk_series_lose(life.s, r->lost);
}

/* No collector ran for a while. @return when one did again */
static int64_t leave_a_gap(uint64_t *state, int64_t now)
{
	int64_t to = now + 1 + (int64_t)random_log(state, 35);

	life.gap[life.gaps].from = now;
	life.gap[life.gaps++].to = to;
	cr_assert_eq(tk_series_resume(life.s, &life.history, to), 0);
	return to;
}

/* As an interval ends; now and then, when there is something to see. */
typedef void at_end_fn(void *arg, uint64_t *state, int64_t now);

static void live(uint64_t *state, size_t budget, at_end_fn *at_end, void *arg)
{
	double median = (double)(100 + random_log(state, 24));
	int64_t now = 1000 * MS, width = 100 * MS;

	tk_history_init(&life.history, budget);
	life.s = tk_series_new(1, now);
	life.n = life.gaps = 0;
	life.tick_ps = 384;
	for (size_t i = 0; i < INTERVALS; i++) {
		struct real *r = &life.interval[i];

		life.intervals = i + 1;

		if (random_below(state, 300) == 0)
			width = 20 * MS * (int64_t)(1 + random_below(state, 20));
		if (random_below(state, 500) == 0) { /* an epoch */
			life.tick_ps = 200 + random_below(state, 400);
			life.s->clock++;
		}
		life.s->ns_per_tick = (double)life.tick_ps / 1000;
		if (i && random_below(state, 200) == 0 && life.gaps < GAPS)
			now = leave_a_gap(state, now);
		feed(state, r, median * (1 + sin((double)i / 300)));
		r->began = now;
		now += width + (int64_t)random_below(state, 4 * MS) - 2 * MS;
		r->ended = now;
		cr_assert_eq(tk_series_close(life.s, &life.history, now, (uint64_t)width), 0);
		if (at_end && random_below(state, 20) == 0)
			at_end(arg, state, now);
	}
}

static void check_quantiles(const struct tk_window *w, uint64_t *ps, size_t n)
{
	static const uint32_t q[] = { 1,         100000000, 500000000,      900000000,
				      990000000, 999900000, TK_QUANTILE_ONE };
	double got[7];

	qsort(ps, n, sizeof(*ps), sample_order);
	tk_window_quantiles(w, q, 7, got);
	for (int i = 0; i < 7; i++) {
		double want = (double)sample_quantile(ps, n, q[i]) / 1000;

		/* One tick is 0.6 ns at most. */
		cr_assert(fabs(got[i] - want) <= fmax(0.004 * want, 0.6), "%f is %f", got[i], want);
	}
	cr_assert(fabs(w->min_ns - (double)ps[0] / 1000) < 0.001);
	cr_assert(fabs(w->max_ns - (double)ps[n - 1] / 1000) < 0.001);
}

/* The intervals that a window says it has, and all of their samples. */
static void check_contents(const struct tk_window *w)
{
	uint64_t *ps = malloc((life.n + 1) * sizeof(*ps)), lost = 0;
	bool begins = false, ends = false;
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < life.intervals; i++) {
		const struct real *r = &life.interval[i];

		begins = begins || r->began == w->from_ns;
		ends = ends || r->ended == w->to_ns;
		if (r->began < w->from_ns || r->ended > w->to_ns)
			continue;
		for (size_t k = r->first; k < r->first + r->n; k++)
			sum += (double)(ps[n++] = life.ps[k]) / 1000;
		lost += r->lost;
	}
	cr_assert(begins && ends, "it begins and ends where intervals do");
	cr_assert_eq(w->counts.count[0], n);
	cr_assert_eq(w->counts.lost, lost);
	cr_assert_eq(w->counts.records, n + lost);
	cr_assert(fabs(w->sum_ns - sum) <= 1e-9 * sum);
	cr_assert_not(w->bare);
	if (n)
		check_quantiles(w, ps, n);
	free(ps);
}

/* Outward, and no farther than needed: to the intervals' ends where tier 0 reaches, else to the
 * ends of ten seconds and an interval at most. */
static void check_range(const struct tk_window *w, const struct tk_past *p, int64_t from,
			int64_t to)
{
	int64_t begin = tk_past_reach(p), end = life.interval[INTERVALS - 1].ended;
	int64_t detail = tk_past_tier_reach(p, 0), slack = 11000 * MS;

	for (size_t i = 0; i < life.gaps; i++) {
		if (life.gap[i].from <= from && from < life.gap[i].to)
			from = life.gap[i].to;
		if (life.gap[i].from < to && to <= life.gap[i].to)
			to = life.gap[i].from;
	}
	if (from >= end || to <= begin || from >= to) {
		cr_assert(w->from_ns == INT64_MAX || w->from_ns >= to || w->to_ns <= from ||
			  to - begin < slack);
		return;
	}
	cr_assert(w->from_ns <= from || w->from_ns == begin, "all of it");
	cr_assert(w->to_ns >= to || w->to_ns == end);
	cr_assert_gt(w->from_ns, from - (detail <= from ? 402 * MS : slack));
	cr_assert_lt(w->to_ns, to + (detail <= from ? 402 * MS : slack));
}

static void look(uint64_t *state)
{
	int64_t last = life.interval[INTERVALS - 1].ended;
	struct tk_window w = { 0 };
	struct tk_hold hold;
	struct tk_past p = { &hold, { { 0 } } };

	cr_assert_eq(tk_hold_take(&hold, &life.history), 0);
	memcpy(p.trail, life.s->trail, sizeof(p.trail));
	for (int i = 0; i < 60; i++) {
		int64_t span = 1 + (int64_t)random_log(state, 39);
		int64_t to = (int64_t)random_below(state, (uint64_t)last + 2000 * MS);

		if (i % 4 == 0)
			to = life.interval[random_below(state, INTERVALS)].ended;
		cr_assert_eq(tk_window_gather(&w, &p, TK_PROCESSING, to - span, to), 0);
		check_range(&w, &p, to - span, to);
		if (w.from_ns != INT64_MAX)
			check_contents(&w);
	}
	tk_window_gather(&w, &p, TK_PROCESSING, INT64_MIN / 2, INT64_MAX);
	cr_assert_eq(w.from_ns, tk_past_reach(&p));
	check_contents(&w);
	tk_window_free(&w);
	tk_hold_release(&hold);
}

Test(window, any_window_is_that_of_its_samples)
{
	uint64_t state = 1;

	for (int round = 0; round < 6; round++) {
		/* All of it in every tier; then detail that reaches less and less far. */
		live(&state, (size_t)4 << 20 >> round, NULL, NULL);
		look(&state);
		tk_series_free(life.s);
		tk_history_free(&life.history);
	}
	free(life.ps);
	life.ps = NULL;
	life.room = 0;
}

/* To the last ten seconds, or another time; also where what it has was dropped from history. */
static void slide(void *arg, uint64_t *state, int64_t now)
{
	struct tk_sliding *s = arg;
	struct tk_hold hold;
	struct tk_past p = { &hold, { { 0 } } };
	int64_t from = now - (random_below(state, 10) ? 10000 : 3000) * MS;

	cr_assert_eq(tk_hold_take(&hold, &life.history), 0);
	memcpy(p.trail, life.s->trail, sizeof(p.trail));
	cr_assert_eq(tk_sliding_move(s, &p, TK_PROCESSING, from), 0);
	cr_assert_eq(s->w.to_ns, now);
	cr_assert(s->w.from_ns >= from - 402 * MS);
	cr_assert_leq(s->w.n, 3, "epochs that are over are forgotten");
	check_contents(&s->w);
	tk_hold_release(&hold);
}

Test(window, a_sliding_window_is_that_of_its_samples)
{
	uint64_t state = 2;

	for (int round = 0; round < 4; round++) {
		struct tk_sliding s = { 0 };

		live(&state, (size_t)2 << 20 >> 2 * round, slide, &s);
		tk_sliding_free(&s);
		tk_series_free(life.s);
		tk_history_free(&life.history);
	}
	free(life.ps);
}

/* What a metric exports: counts at fixed edges rise, whatever the clock's rate is said to be. */
Test(window, cumulative_counts_never_fall)
{
	struct tk_series *s = tk_series_new(1, 0);
	const double edge[] = { 100, 1000, 2000, 4000, 1e9 };
	uint64_t state = 5, before[5] = { 0 }, now[5], given = 0;
	struct tk_history h;

	tk_history_init(&h, 1 << 20);
	s->clock = 1;
	for (int i = 1; i < 500; i++) {
		uint64_t ticks = sample_lognormal(&state, 3000, 1), n = 1 + (uint64_t)i;

		s->ns_per_tick = 0.4 + (double)random_below(&state, 1000) * 1e-7;
		s->clock += i % 100 == 0;
		given += n;
		feed_one(s, ticks, (uint32_t)n);
		tk_series_close(s, &h, i * 100 * MS, 100 * MS);
		tk_series_cumulative(s, TK_PROCESSING, edge, 5, now);
		for (int e = 0; e < 5; e++) {
			cr_assert_geq(now[e], before[e]);
			cr_assert(e == 0 || now[e] >= now[e - 1]);
		}
		memcpy(before, now, sizeof(before));
		cr_assert_eq(now[4], given);
	}
	cr_assert_eq(s->track[0].n_total, 5, "one an epoch, whatever the rate");
	tk_series_free(s);
	tk_history_free(&h);
}
