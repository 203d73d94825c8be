/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/shown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/views/fold.h"
#include "collector/engine/views/recent.h"
#include "collector/machine/now.h"

static void copy_timer(const struct tk_shown *shown, const struct tk_view *v,
		       const struct tk_series *s, struct tk_snap_timer *t)
{
	t->key = s->key;
	memcpy(t->name, s->name, sizeof(t->name));
	memcpy(t->segment, s->segment, sizeof(t->segment));
	memcpy(t->app, s->app, sizeof(t->app));
	t->pid = s->pid;
	t->stamp = s->stamp;
	t->unit = s->unit;
	t->labels = s->labels;
	t->alive = s->alive;
	t->disabled = s->disabled;
	t->tsc = s->clock != 0 || s->unit.values; /* else its stamps are made by hand */
	t->found_dead = s->found_dead;
	t->across = s->across;
	t->seen_ns = s->seen_ns;
	t->died_ns = s->died_ns;
	t->uid = s->uid;
	t->place = s->place;
	for (int m = 0; m < TK_MEASURES; m++) {
		const struct tk_track *track = &s->track[m];

		t->last[m] = track->last;
		t->seen[m] = track->seen;
		t->negative[m] = s->negative[m];
		tk_series_total(s, (enum tk_measure)m, shown->state.closed_ns, v->totals,
				&t->total[m]);
	}
}

static int by_name(const void *a, const void *b)
{
	return tk_fold_order(a, b);
}

static int copy_timers(const struct tk_shown *shown, const struct tk_view *v, struct tk_snapshot *s)
{
	/* A folded row stands for two timers or more. */
	size_t room = shown->registry.n + (v->recent ? shown->registry.n / 2 : 0) + 1;

	s->timers = calloc(room, sizeof(*s->timers));
	if (!s->timers)
		return -ENOMEM;
	for (size_t i = 0; i < shown->registry.n; i++) {
		if (!v->silent && tk_series_silent(shown->registry.series[i]))
			continue;
		copy_timer(shown, v, shown->registry.series[i], &s->timers[s->n_timers++]);
	}
	return 0;
}

static int copy_segments(const struct tk_shown *shown, struct tk_snapshot *s)
{
	s->segments = malloc((shown->n_segments + 1) * sizeof(*s->segments));
	if (!s->segments)
		return -ENOMEM;
	s->n_segments = shown->n_segments;
	if (shown->n_segments)
		memcpy(s->segments, shown->segments, shown->n_segments * sizeof(*s->segments));
	return 0;
}

static int copy_drainers(const struct tk_shown *shown, struct tk_snapshot *s)
{
	s->drainers = malloc((shown->n_drainers + 1) * sizeof(*s->drainers));
	if (!s->drainers)
		return -ENOMEM;
	s->n_drainers = shown->n_drainers;
	if (shown->n_drainers)
		memcpy(s->drainers, shown->drainers, shown->n_drainers * sizeof(*s->drainers));
	return 0;
}

static int copy_notes(const struct tk_shown *shown, struct tk_snapshot *s)
{
	uint64_t ever = shown->notes.ever;
	size_t n = ever < TK_NOTES_KEPT ? (size_t)ever : TK_NOTES_KEPT;

	s->notes = malloc((n + 1) * sizeof(*s->notes));
	if (!s->notes)
		return -ENOMEM;
	s->n_notes = n;
	s->notes_ever = ever;
	for (size_t i = 0; i < n; i++)
		memcpy(s->notes[i], shown->notes.text[(ever - n + i) % TK_NOTES_KEPT],
		       sizeof(s->notes[i]));
	return 0;
}

/* Of the process whose timer is shown in detail. */
static int copy_marks(const struct tk_shown *shown, const struct tk_view *v, int64_t to,
		      struct tk_snapshot *s)
{
	const struct tk_series *of = v->key ? tk_registry_find(&shown->registry, v->key) : NULL;
	uint64_t n = shown->marks_ever < TK_MARKS_KEPT ? shown->marks_ever : TK_MARKS_KEPT;

	s->marks = malloc((n + 1) * sizeof(*s->marks));
	if (!s->marks)
		return -ENOMEM;
	if (!of)
		return 0;
	s->marks_forgotten = shown->marks_ever > n &&
			     shown->marks[shown->marks_ever % TK_MARKS_KEPT].mark.t_ns > v->from_ns;
	for (uint64_t i = shown->marks_ever - n; i < shown->marks_ever; i++) {
		const struct tk_shown_mark *m = &shown->marks[i % TK_MARKS_KEPT];

		if (m->mark.t_ns < v->from_ns || m->mark.t_ns >= to ||
		    strcmp(m->segment, of->segment) != 0)
			continue;
		s->marks[s->n_marks++] = m->mark;
		s->marks_dropped += m->dropped;
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct tk_snap_mark *x = a, *y = b;

	return (x->t_ns > y->t_ns) - (x->t_ns < y->t_ns);
}

/* What is to be read of the timer that is shown in detail, once the lock is released. */
static int hold_detail(const struct tk_shown *shown, const struct tk_view *v, int64_t to,
		       struct tk_snapshot *s, struct tk_shown_past *past)
{
	const struct tk_series *series = v->key ? tk_registry_find(&shown->registry, v->key) : NULL;

	if (!series)
		return 0;
	s->detail_key = v->key;
	past->past.hold = &past->hold;
	memcpy(past->past.trail, series->trail, sizeof(past->past.trail));
	past->from_ns = v->from_ns;
	past->to_ns = to;
	past->max_points = v->max_points;
	return tk_fold_note(&past->folded, &shown->registry, s, v->key, &past->hold);
}

/* References to what is read without the lock. */
static int hold_past(const struct tk_shown *shown, const struct tk_view *v, int64_t to,
		     struct tk_snapshot *s, struct tk_shown_past *past)
{
	if (!v->key && !v->recent)
		return 0;
	if (tk_hold_take(&past->hold, &shown->registry.history) < 0)
		return -ENOMEM;
	past->recent = v->recent;
	past->trend = v->trend;
	past->n_trend = v->n_trend;
	if (past->recent)
		tk_recent_note(past->recent, &shown->registry);
	return hold_detail(shown, v, to, s, past);
}

static int copy_all(const struct tk_shown *shown, const struct tk_view *v, struct tk_snapshot *s,
		    struct tk_shown_past *past)
{
	int64_t to = v->to_ns ? v->to_ns : INT64_MAX;

	*s = shown->state;
	s->t_ns = (int64_t)tk_now_ns(CLOCK_MONOTONIC) + shown->line_ns;
	s->wall_ns = (int64_t)tk_now_ns(CLOCK_REALTIME) - s->t_ns;
	if (copy_notes(shown, s) < 0 || copy_segments(shown, s) < 0 || copy_drainers(shown, s) < 0)
		return -ENOMEM;
	if (v->brief)
		return 0;
	if (copy_timers(shown, v, s) < 0 || copy_marks(shown, v, to, s) < 0)
		return -ENOMEM;
	return hold_past(shown, v, to, s, past);
}

struct tk_snapshot *tk_shown_copy(const struct tk_shown *shown, const struct tk_view *view,
				  struct tk_shown_past *past)
{
	struct tk_snapshot *s = malloc(sizeof(*s));

	memset(past, 0, sizeof(*past));
	if (!s || copy_all(shown, view, s, past) == 0)
		return s;
	tk_snapshot_free(s);
	errno = ENOMEM;
	return NULL;
}

static int read_points(struct tk_snapshot *s, const struct tk_shown_past *p, unsigned tier,
		       enum tk_measure m)
{
	size_t room = tk_past_count(&p->past, tier, m, p->from_ns, p->to_ns);

	if (room == 0)
		return 0;
	s->points[m] = malloc(room * sizeof(*s->points[m]));
	if (!s->points[m])
		return -ENOMEM;
	s->n_points[m] =
		tk_past_points(&p->past, tier, m, p->from_ns, p->to_ns, s->points[m], room);
	return 0;
}

static int read_detail(struct tk_snapshot *s, const struct tk_shown_past *p)
{
	unsigned tier = tk_past_tier(&p->past, p->from_ns, p->to_ns, p->max_points);
	struct tk_window w = { 0 };
	int err = 0;

	s->reach_ns = tk_past_reach(&p->past);
	s->tier_ns = tier == 0 ? s->interval_ns : tier == 1 ? TK_TIER1_NS : TK_TIER2_NS;
	for (int m = 0; m < TK_MEASURES && !err; m++) {
		err = read_points(s, p, tier, (enum tk_measure)m);
		if (!err)
			err = tk_window_gather(&w, &p->past, (enum tk_measure)m, p->from_ns,
					       p->to_ns);
		tk_window_datapoint(&w, (enum tk_measure)m, &s->window[m]);
		if (!err)
			err = tk_fold_gather(&p->folded, (enum tk_measure)m, p->from_ns, p->to_ns,
					     &s->folded[m]);
	}
	s->n_folded = p->folded.n;
	tk_window_free(&w);
	return err;
}

struct tk_snapshot *tk_shown_complete(struct tk_snapshot *s, struct tk_shown_past *past)
{
	int err = 0;

	if (s) {
		if (s->timers)
			qsort(s->timers, s->n_timers, sizeof(*s->timers), by_name);
		if (s->marks)
			qsort(s->marks, s->n_marks, sizeof(*s->marks), by_time);
		if (past->recent) {
			tk_recent_fill(past->recent, &past->hold, s);
			tk_recent_trends(past->recent, &past->hold, s, past->trend, past->n_trend);
		}
		err = past->past.hold ? read_detail(s, past) : 0;
	}
	tk_fold_free(&past->folded);
	tk_hold_release(&past->hold);
	if (!err)
		return s;
	tk_snapshot_free(s);
	errno = ENOMEM;
	return NULL;
}

void tk_shown_free(struct tk_shown *shown)
{
	tk_registry_free(&shown->registry);
	tk_intervals_free(&shown->intervals);
	free(shown->segments);
	free(shown->ended);
	free(shown->drainers);
}
