/* SPDX-License-Identifier: MIT */
#include "collector/replay/feed.h"

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/list.h"
#include "collector/machine/printable.h"

#define TICK_MIN_NS 0.0625 /* then 2^48 ticks are five hours */
#define TICKS_MAX   ((UINT64_C(1) << 48) - 1)
#define WIDTH_NS    INT64_C(1000000000) /* of an interval that has no length */
#define COUNT_MAX   (UINT64_C(1) << 62)

/* ---- timers and apps ---- */

static int by_name(const void *a, const void *b)
{
	const struct tk_feed_timer *x = a, *y = b;
	int order = strcmp(x->app, y->app);

	return order ? order : strcmp(x->timer, y->timer);
}

static void free_timer(void *of)
{
	struct tk_feed_timer *t = of;

	free(t->app);
	free(t->timer);
	free(t);
}

/* The process row of an app. @return n_segments: no memory */
static size_t segment_of(struct tk_feed *f, const char *app)
{
	struct tk_shown *shown = f->shown;
	struct tk_source_figures *list;
	char name[sizeof(list->app)];
	size_t i = 0;

	tk_printable(name, sizeof(name), app);
	while (i < shown->n_segments && strcmp(shown->segments[i].app, name) != 0)
		i++;
	if (i < shown->n_segments)
		return i;
	list = tk_list_grow(shown->segments, shown->n_segments, sizeof(*list));
	if (!list)
		return shown->n_segments;
	shown->segments = list;
	list[i] = (struct tk_source_figures){ 0 };
	memcpy(list[i].app, name, sizeof(name));
	memcpy(list[i].name, name, sizeof(name));
	return shown->n_segments++;
}

/* A number for what a tick is worth; the last one, if there are too many. */
static uint32_t clock_of(struct tk_feed *f, double ns_per_tick)
{
	uint32_t i = 0;

	while (i < f->n_rates && f->rate[i] != ns_per_tick)
		i++;
	if (i == TK_FEED_RATES)
		return i;
	f->rate[i] = ns_per_tick;
	f->n_rates = i < f->n_rates ? f->n_rates : i + 1;
	return i + 1;
}

static struct tk_series *new_series(struct tk_feed *f, const struct tk_hlog_item *i, int64_t start,
				    double ns_per_tick)
{
	char app[64], name[64];
	struct tk_series *s;

	tk_printable(app, sizeof(app), i->app);
	tk_printable(name, sizeof(name), *i->timer ? i->timer : "(no tag)");
	s = tk_registry_add(&f->shown->registry, app, name, app, start);
	if (!s)
		return NULL;
	if (ns_per_tick <= 0)
		ns_per_tick = fmax(fmin(i->shape ? i->shape->ns : 1, 1), TICK_MIN_NS);
	s->clock = s->open_clock = clock_of(f, ns_per_tick);
	s->ns_per_tick = s->open_ns_per_tick = f->rate[s->clock - 1];
	return s;
}

static bool make_room(struct tk_feed *f)
{
	struct tk_feed_timer **list = tk_list_grow(f->timer, f->n, sizeof(struct tk_feed_timer *));

	if (list)
		f->timer = list;
	return list != NULL;
}

/* Room in the list comes first: then nothing has to be undone. @return NULL: no memory, no room */
static struct tk_feed_timer *new_timer(struct tk_feed *f, const struct tk_hlog_item *i,
				       int64_t start, double ns_per_tick)
{
	size_t segment = segment_of(f, i->app);
	struct tk_feed_timer *t;

	if (!make_room(f) || segment == f->shown->n_segments)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->app = strdup(i->app);
	t->timer = strdup(i->timer);
	t->segment = segment;
	if (t->app && t->timer && tsearch(t, &f->tree, by_name)) {
		t->series = new_series(f, i, start, ns_per_tick);
		if (t->series)
			return f->timer[f->n++] = t;
		tdelete(t, &f->tree, by_name);
	}
	free_timer(t);
	return NULL;
}

static struct tk_feed_timer *timer_of(struct tk_feed *f, const struct tk_hlog_item *i,
				      int64_t start, double ns_per_tick)
{
	const struct tk_feed_timer named = { .app = (char *)i->app, .timer = (char *)i->timer };
	struct tk_feed_timer **at = tfind(&named, &f->tree, by_name);

	return at ? *at : new_timer(f, i, start, ns_per_tick);
}

/* ---- intervals ---- */

/* The interval that is open ends. */
static void finish(struct tk_feed *f, struct tk_feed_timer *t)
{
	struct tk_counts c = { .records = t->records > t->lost ? t->records - t->lost : 0 };

	for (int m = 0; m < TK_MEASURES; m++)
		c.records = c.records > t->count[m] ? c.records : t->count[m];
	for (int m = 0; m < TK_MEASURES; m++) {
		c.without[m] = c.records - t->count[m];
		t->count[m] = 0;
	}
	tk_series_feed(t->series, &c, NULL);
	tk_series_lose(t->series, t->lost);
	(void)tk_series_close(t->series, &f->shown->registry.history, t->end_ns,
			      (uint64_t)t->width_ns);
	f->delivered += c.records;
	f->shown->segments[t->segment].delivered += c.records;
	t->records = t->lost = 0;
	t->is_open = false;
}

/*
 * Open the interval from..from + width, unless it is open: what overlaps by half is the same. It
 * begins where the one before ended, if that is about there. What comes late is in the next one.
 */
static void begin(struct tk_feed *f, struct tk_feed_timer *t, int64_t from, int64_t width)
{
	struct tk_series *s = t->series;

	if (t->is_open && from < t->end_ns - width / 2)
		return;
	if (t->is_open)
		finish(f, t);
	if (!s->seen_ns || from - s->began[0] >= width / 2)
		(void)tk_series_replay(s, &f->shown->registry.history, from, width);
	t->is_open = true;
	t->width_ns = width;
	t->end_ns = from + width;
	if (t->end_ns <= s->began[0] + width / 2)
		t->end_ns = s->began[0] + width;
}

/* ---- what is fed ---- */

/* So much of anything is counted, so that no sum wraps, whatever a log says. */
static bool fits(struct tk_feed *f, uint64_t sum, uint64_t more)
{
	bool does = more <= COUNT_MAX && sum <= COUNT_MAX - more;

	f->left_out += !does;
	return does;
}

/*
 * Whether samples of this unit are the timer's: those that came first say what it is. (A loss may
 * come before them, which does not say it.) What counts in no ns has no clock.
 */
static bool is_of(struct tk_feed_timer *t, const struct tk_hlog_item *i)
{
	struct tk_series *s = t->series;

	if (!t->has_unit && i->unit.values) {
		s->unit = i->unit;
		s->clock = s->open_clock = 0;
		s->ns_per_tick = s->open_ns_per_tick = 1;
	}
	t->has_unit = true;
	return tk_unit_order(&s->unit, &i->unit) == 0;
}

static void take_histogram(struct tk_feed *f, struct tk_feed_timer *t, const struct tk_hlog_item *i)
{
	enum tk_measure m = strcmp(i->measure, "latency") == 0 ? TK_LATENCY : TK_PROCESSING;
	struct tk_series *s = t->series;

	if (!fits(f, f->taken, i->count))
		return;
	if (!is_of(t, i)) {
		f->left_out++;
		return;
	}
	f->taken += i->count;
	tk_bins_wipe(&f->samples);
	for (size_t k = 0; k < i->n; k++) {
		double ticks = tk_hlog_middle_ns(i->shape, i->counted[k].bucket) / s->ns_per_tick;

		tk_bins_add(&f->samples,
			    ticks < (double)TICKS_MAX ? (uint64_t)llround(ticks) : TICKS_MAX,
			    i->counted[k].count);
	}
	tk_series_feed_bins(s, m, &f->samples);
	t->count[m] += i->count;
}

static void take_lost(struct tk_feed *f, struct tk_feed_timer *t, const struct tk_hlog_item *i)
{
	if (!fits(f, f->said, i->records) || !fits(f, f->lost_timers, i->lost))
		return;
	f->said += i->records;
	t->records += i->records;
	t->lost += i->lost;
	f->lost_timers += i->lost;
}

/* Those of a process of which it was not known yet which timers' they were are among them. */
static void take_lost_of_process(struct tk_feed *f, const struct tk_hlog_item *i)
{
	size_t segment = segment_of(f, i->app);

	if (!fits(f, f->lost_processes, i->lost))
		return;
	if (segment < f->shown->n_segments)
		f->shown->segments[segment].lost += i->lost;
	f->lost_processes += i->lost;
}

void tk_feed_take(struct tk_feed *f, const struct tk_hlog_item *i, int64_t start_ns,
		  double ns_per_tick)
{
	int64_t width = i->length_ns ? (int64_t)i->length_ns : WIDTH_NS;
	struct tk_feed_timer *t;

	if (i->kind == TK_HLOG_LOST && !*i->timer) {
		take_lost_of_process(f, i);
		return;
	}
	if (i->kind == TK_HLOG_HISTOGRAM && !i->count)
		return;
	t = timer_of(f, i, start_ns, ns_per_tick);
	if (!t) {
		f->left_out++;
		return;
	}
	begin(f, t, start_ns, width);
	if (i->kind == TK_HLOG_LOST)
		take_lost(f, t, i);
	else
		take_histogram(f, t, i);
}

/* No line came for a while: when half an interval more has passed, none will. */
static bool be_quiet(struct tk_feed *f, struct tk_feed_timer *t, int64_t until)
{
	int64_t began = t->series->began[0], behind = until - began - t->width_ns / 2;

	if (t->is_open || behind < t->width_ns)
		return false;
	(void)tk_series_replay(t->series, &f->shown->registry.history,
			       began + behind / t->width_ns * t->width_ns, t->width_ns);
	return true;
}

bool tk_feed_close(struct tk_feed *f, int64_t until, bool all)
{
	bool closed = false;

	for (size_t i = 0; i < f->n; i++) {
		struct tk_feed_timer *t = f->timer[i];

		if (t->is_open && (all || t->end_ns <= until)) {
			finish(f, t);
			closed = true;
		}
		closed |= be_quiet(f, t, until);
		if (t->series->began[0] > f->shown->state.closed_ns)
			f->shown->state.closed_ns = t->series->began[0];
	}
	return closed;
}

void tk_feed_free(struct tk_feed *f)
{
	tdestroy(f->tree, free_timer);
	free(f->timer);
	tk_bins_free(&f->samples);
}
