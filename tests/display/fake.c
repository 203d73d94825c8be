/* SPDX-License-Identifier: MIT */
#include "tests/display/fake.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/engine/collector.h"
#include "collector/engine/views/fold.h"
#include "collector/engine/views/recent.h"
#include "collector/machine/now.h"

#define MS      INT64_C(1000000)
#define WATCHED (600000 * MS) /* how long, up to now_ns */
#define BLOCK   (2000 * MS)   /* a mark, and a wave, every 2 s */
#define DEAF    3             /* this timer has no latency */
#define IDLE    5             /* this one pauses for 3 s in 10 */
#define SILENT  7             /* this one has never run */

static const char *const names[] = {
	"Gateway-ingest",       "Gateway-respond",
	"Sequencer-handle_sim", "Sequencer-loop",
	"Sequencer-seal",       "Sequencer-send",
	"Simulator-0-loop",     "Simulator-0-reset",
	"Simulator-0-run",      "Simulator-1-loop",
	"Simulator-1-reset",    "Simulator-1-run",
	"Store-commit",         "Store-flush",
	"Store-read",           "Table-update",
	"Validate-balance",     "Validate-nonce",
	"Validate-signature",   "Validate-transaction_format_v2",
};

struct tk_fake tk_fake(void)
{
	return (struct tk_fake){ .now_ns = TK_FAKE_NOW, .n_timers = 20, .n_segments = 1 };
}

/* A number from 0 to 1 that depends on the arguments only (mixed as in splitmix64). */
static double noise(uint64_t a, uint64_t b)
{
	uint64_t z = a * UINT64_C(0x9E3779B97F4A7C15) + b;

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* One interval of one timer. */
static struct tk_datapoint point(size_t timer, enum tk_measure m, int64_t t, uint64_t interval)
{
	struct tk_datapoint d = { .t_ns = t, .interval_ns = interval };
	uint64_t slot = (uint64_t)t / interval;
	double phase = (double)(t % BLOCK) / (double)BLOCK;
	double base = (m == TK_LATENCY ? 9000.0 : 2100.0) * (1 + (double)(timer % 7));
	double mid = base * (1 + 0.8 * exp(-6 * phase) + 0.15 * noise(timer, slot + m));

	if (timer == SILENT || (timer == IDLE && t % (10000 * MS) < 3000 * MS))
		return d;
	d.records =
		(uint64_t)((double)interval / 1e9 *
			   (20000 + 9000 * sin(phase * 6.283) + 1500 * noise(timer + 99, slot)));
	if (m == TK_LATENCY && timer == DEAF) {
		d.without = d.records;
		return d;
	}
	d.count = d.records;
	d.min_ns = base * (0.4 + 0.05 * noise(timer, slot * 3));
	d.p_ns[TK_P50] = mid * 0.92;
	d.p_ns[TK_P90] = mid * 1.5;
	d.p_ns[TK_P99] = mid * (2.4 + 0.5 * noise(timer, slot * 5));
	d.p_ns[TK_P999] = mid * (5 + 2 * noise(timer, slot * 7));
	d.p_ns[TK_P9999] = mid * (9 + 5 * noise(timer, slot * 11));
	d.max_ns = mid * (15 + 40 * pow(noise(timer, slot * 13), 8));
	d.sum_ns = mid * (double)d.count;
	return d;
}

static struct tk_datapoint total(size_t timer, enum tk_measure m, int64_t now)
{
	/* Five seconds into a period of ten, when the idle timer runs: so it has a total, too. */
	struct tk_datapoint d =
		point(timer, m, now / (10000 * MS) * (10000 * MS) + 5000 * MS, 100 * MS);

	d.interval_ns = WATCHED;
	d.count *= 6000;
	d.records *= 6000;
	d.without *= 6000;
	d.sum_ns *= 6000;
	return d;
}

static void fill_timer(const struct tk_fake *f, struct tk_snap_timer *t, size_t i)
{
	uint64_t interval = f->interval_ns ? f->interval_ns : (uint64_t)(100 * MS);
	bool dead = f->dead && i + 1 == f->n_timers;
	int64_t now = f->now_ns - (dead ? f->died_ago_ns : 0);
	int64_t end = now / (int64_t)interval * (int64_t)interval;

	*t = (struct tk_snap_timer){ .key = i + 1, .alive = true, .pid = 4242 };
	if (i == 0 && f->first_name)
		snprintf(t->name, sizeof(t->name), "%s", f->first_name);
	else if (i < sizeof(names) / sizeof(names[0]))
		snprintf(t->name, sizeof(t->name), "%s", names[i]);
	else
		snprintf(t->name, sizeof(t->name), "Worker-%03zu", i);
	if (dead) {
		t->alive = false;
		t->died_ns = f->died_ago_ns ? now : 0;
		t->pid = 999;
	}
	snprintf(t->segment, sizeof(t->segment), "gateway.%u.1a2b3c4d", t->pid);
	snprintf(t->app, sizeof(t->app), "gateway");
	for (int m = 0; m < TK_MEASURES; m++) {
		t->last[m] = point(i, (enum tk_measure)m, end, interval);
		t->total[m] = total(i, (enum tk_measure)m, f->now_ns);
	}
}

/* The last 10 s of a timer. Those after `quiet` have had no samples lately. */
static void fill_recent(const struct tk_fake *f, struct tk_snap_timer *t, size_t i)
{
	bool worst = i + 1 == f->worst, quiet = i == SILENT || (f->quiet && i >= f->quiet);

	t->place = 1;
	t->uid = 1000;
	t->seen_ns = i == SILENT ? 0 : quiet ? f->now_ns - 3723000 * MS : f->now_ns - 50 * MS;
	for (int m = 0; m < TK_MEASURES && quiet && i != SILENT; m++)
		t->seen[m] = (struct tk_seen){ t->seen_ns, t->last[m].p_ns[TK_P50],
					       t->last[m].p_ns[TK_P99] };
	for (int m = 0; m < TK_MEASURES && !quiet; m++) {
		struct tk_datapoint *d = &t->recent[m];

		*d = point(i, (enum tk_measure)m, f->now_ns / BLOCK * BLOCK, 100 * MS);
		d->interval_ns = (uint64_t)TK_RECENT_NS;
		d->records *= 100;
		d->count *= 100;
		d->without *= 100;
		d->sum_ns *= 100;
		for (int p = 0; p < TK_PERCENTILES && worst; p++)
			d->p_ns[p] = 1e9;
	}
}

/* Worker w of the services has timers of the names of the first one. */
static void fill_worker(const struct tk_fake *f, struct tk_snapshot *s, size_t i)
{
	struct tk_snap_timer *t = &s->timers[i];
	size_t each = f->n_timers / f->workers;

	memcpy(t->name, s->timers[i / f->workers].name, sizeof(t->name));
	if (i / f->workers < each)
		snprintf(t->name, sizeof(t->name), "service-%03zu", i / f->workers);
	t->pid = 5000 + (uint32_t)(i % f->workers);
	if (f->stranger && i % f->workers == f->workers - 1)
		t->uid = 2000;
}

/* Only counts: what folding does to histograms is tested where it is done. */
static void fold_all(struct tk_snapshot *s)
{
	for (size_t i = 0, last; i < s->n_timers; i = last + 1) {
		struct tk_snap_timer *row = &s->timers[s->n_timers + s->n_folds];

		last = i;
		while (last + 1 < s->n_timers && tk_fold_same(&s->timers[i], &s->timers[last + 1]))
			last++;
		if (last == i)
			continue;
		tk_fold_begin(row, &s->timers[i]);
		for (size_t k = i; k <= last; k++)
			tk_fold_timer(row, &s->timers[k]);
		memcpy(row->recent, s->timers[i].recent, sizeof(row->recent));
		s->n_folds++;
	}
}

/* Some rise, some fall, some have a spike, some have had nothing lately or never. */
static void fill_trends(struct tk_snapshot *s, const struct tk_view *v)
{
	s->n_trends = v->n_trend;
	s->trends = calloc(v->n_trend + 1, sizeof(*s->trends));
	for (size_t i = 0; i < v->n_trend; i++) {
		struct tk_snap_trend *t = &s->trends[i];

		t->key = v->trend[i];
		t->to_ns = s->t_ns;
		for (int k = 0; k < TK_TREND; k++) {
			double steps[] = { 1.05 + 0.9 * noise(t->key, (uint64_t)k),
					   1 + k,
					   TK_TREND - k,
					   k == 7 ? 1000 : 1,
					   k < 12 ? 4 : (double)NAN,
					   (double)NAN };

			t->p99_ns[k] = (float)(1000 * steps[t->key % 6]);
		}
	}
}

static void fill_drainers(struct tk_snapshot *s, size_t n)
{
	s->n_drainers = n;
	s->drainers = calloc(n + 1, sizeof(*s->drainers));
	for (size_t i = 0; i < n; i++)
		s->drainers[i] = (struct tk_drainer_figures){ .cpu = 3 + 4 * (int)i,
							      .node = (int)i,
							      .pinned = i == 0,
							      .lanes = i == 0 ? 12 : 1,
							      .longest_gap_ns = 1204567 * (i + 1),
							      .faults = i,
							      .involuntary = i * 12 };
}

/* Not of samples, which there are none of: means of what the points say. */
static struct tk_datapoint window(const struct tk_datapoint *d, size_t n)
{
	struct tk_datapoint w = { 0 };

	for (size_t i = 0; i < n; i++) {
		w.t_ns = d[i].t_ns;
		w.interval_ns += d[i].interval_ns;
		w.records += d[i].records;
		w.without += d[i].without;
		if (!d[i].count)
			continue;
		w.min_ns = w.count && w.min_ns < d[i].min_ns ? w.min_ns : d[i].min_ns;
		w.max_ns = w.count && w.max_ns > d[i].max_ns ? w.max_ns : d[i].max_ns;
		w.sum_ns += d[i].sum_ns;
		for (int p = 0; p < TK_PERCENTILES; p++)
			w.p_ns[p] += d[i].p_ns[p] * (double)d[i].count;
		w.count += d[i].count;
	}
	for (int p = 0; p < TK_PERCENTILES && w.count; p++)
		w.p_ns[p] /= (double)w.count;
	return w;
}

static void fill_history(const struct tk_fake *f, struct tk_snapshot *s, const struct tk_view *v)
{
	int64_t to = v->to_ns && v->to_ns < f->now_ns ? v->to_ns : f->now_ns;
	int64_t tier = (int64_t)s->interval_ns;
	int64_t from = v->from_ns < f->now_ns - WATCHED ? f->now_ns - WATCHED : v->from_ns;

	while ((to - from) / tier > (int64_t)v->max_points)
		tier *= 10;
	s->detail_key = v->key;
	s->n_folded = f->workers > 1 ? f->workers : 0;
	s->reach_ns = f->now_ns - WATCHED;
	s->tier_ns = (uint64_t)tier;
	size_t room = from < to ? (size_t)((to - from) / tier) + 2 : 1;
	for (int m = 0; m < TK_MEASURES; m++) {
		s->points[m] = calloc(room, sizeof(*s->points[m]));
		for (int64_t t = (from / tier + 1) * tier; t <= to; t += tier)
			s->points[m][s->n_points[m]++] =
				point(v->key - 1, (enum tk_measure)m, t, (uint64_t)tier);
		s->window[m] = window(s->points[m], s->n_points[m]);
		s->folded[m] = s->window[m];
		for (int p = 0; p < TK_PERCENTILES; p++)
			s->folded[m].p_ns[p] *= 3; /* the others are slower */
	}
	if (f->no_marks || from >= to)
		return;
	s->marks = calloc((size_t)((to - from) / BLOCK) + 2, sizeof(*s->marks));
	for (int64_t t = (from / BLOCK + 1) * BLOCK; t <= to; t += BLOCK) {
		struct tk_snap_mark *k = &s->marks[s->n_marks++];
		k->t_ns = t;
		snprintf(k->name, sizeof(k->name), "#%d", (int)(t / BLOCK % 1000));
	}
}

struct tk_snapshot *tk_fake_snapshot(const struct tk_fake *f, const struct tk_view *view)
{
	struct tk_snapshot *s = calloc(1, sizeof(*s));

	s->t_ns = f->now_ns;
	s->interval_ns = f->interval_ns ? f->interval_ns : (uint64_t)(100 * MS);
	s->intervals = (uint64_t)f->now_ns / s->interval_ns;
	s->longest_gap_ns = 3120000;
	s->delivered = 123456789;
	s->lost = f->lost;
	s->lag = 12;
	s->epoch = 1;
	s->span_cost.by_stamp[0] = s->span_cost.monotonic = f->span_ns;
	s->hz = 2.6e9;
	s->n_timers = f->n_segments ? f->n_timers : 0;
	s->timers = calloc(2 * s->n_timers + 1, sizeof(*s->timers));
	s->recent_ns = TK_RECENT_NS;
	for (size_t i = 0; i < s->n_timers; i++) {
		fill_timer(f, &s->timers[i], i);
		fill_recent(f, &s->timers[i], i);
		if (f->workers)
			fill_worker(f, s, i);
	}
	if (f->workers)
		fold_all(s);
	s->n_segments = f->n_segments;
	s->segments = calloc(s->n_segments + 1, sizeof(*s->segments));
	fill_drainers(s, f->n_drainers);
	if (f->note) {
		s->n_notes = 1;
		s->notes = calloc(1, sizeof(*s->notes));
		snprintf(s->notes[0], sizeof(s->notes[0]), "%s", f->note);
	}
	fill_trends(s, view);
	if (view->key)
		fill_history(f, s, view);
	return s;
}

void tk_snapshot_free(struct tk_snapshot *s)
{
	if (!s)
		return;
	free(s->timers);
	free(s->trends);
	free(s->segments);
	free(s->drainers);
	free(s->notes);
	free(s->points[0]);
	free(s->points[1]);
	free(s->marks);
	free(s);
}

/* --- collector/engine/collector.h
 * ------------------------------------------------------------------- */

struct tk_fake tk_fake_live;
struct tk_collector {
	int unused;
};
static struct tk_collector the_collector;

static void tick(void)
{
	tk_fake_live.now_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
}

struct tk_collector *tk_collector_open(const struct tk_collector_options *o, char why[256])
{
	tk_fake_live.interval_ns = o->interval_ns;
	why[0] = 0;
	return &the_collector;
}

int tk_collector_wait(struct tk_collector *c, uint64_t intervals, int timeout_ms)
{
	uint64_t interval =
		tk_fake_live.interval_ns ? tk_fake_live.interval_ns : (uint64_t)(100 * MS);

	(void)c;
	(void)timeout_ms; /* the display never waits */
	tick();
	return (uint64_t)tk_fake_live.now_ns / interval > intervals ? 0 : -ETIMEDOUT;
}

void tk_collector_close(struct tk_collector *c)
{
	(void)c;
}

struct tk_snapshot *tk_collector_snapshot(struct tk_collector *c, const struct tk_view *view)
{
	(void)c;
	tick();
	return tk_fake_snapshot(&tk_fake_live, view);
}

/* These are for commands that are started, and nothing starts one here. */
int tk_collector_finish(struct tk_collector *c, int timeout_ms)
{
	(void)c;
	(void)timeout_ms;
	return 0;
}

struct tk_interval *tk_collector_total(struct tk_collector *c)
{
	(void)c;
	return NULL;
}

int64_t tk_collector_now_ns(const struct tk_collector *c)
{
	(void)c;
	tick();
	return tk_fake_live.now_ns;
}

void tk_collector_set_interval(struct tk_collector *c, uint64_t interval_ns)
{
	(void)c;
	tk_fake_live.interval_ns = interval_ns;
}
