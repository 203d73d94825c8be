/* SPDX-License-Identifier: MIT */
/* Series into snapshots, under the lock. See core.h. */
#include "collector/engine/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/core.h"

static int copy_points(const struct tk_trail *t, int64_t from, int64_t to,
		       struct tk_datapoint **points, size_t *n)
{
	size_t room = tk_trail_count(t, from, to);

	if (room == 0)
		return 0;
	*points = malloc(room * sizeof(**points));
	if (!*points)
		return -ENOMEM;
	*n = tk_trail_copy(t, from, to, *points, room);
	return 0;
}

static int copy_timer(const struct tk_collector *c, const struct tk_series *s, int64_t since_ns,
		      struct tk_snap_timer *t)
{
	t->key = s->key;
	memcpy(t->name, s->name, sizeof(t->name));
	memcpy(t->segment, s->segment, sizeof(t->segment));
	memcpy(t->app, s->app, sizeof(t->app));
	t->pid = s->pid;
	t->stamp = s->stamp;
	t->alive = s->alive;
	t->disabled = s->disabled;
	t->found_dead = s->found_dead;
	t->negative = s->negative;
	t->across = s->across;
	for (int m = 0; m < TK_MEASURES; m++) {
		const struct tk_track *track = &s->track[m];

		t->last[m] = track->last;
		tk_series_total(s, (enum tk_measure)m, c->state.closed_ns, &t->total[m]);
		if (since_ns && copy_points(&track->trail[0], since_ns, INT64_MAX, &t->fresh[m],
					    &t->n_fresh[m]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct tk_snap_timer *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->key < y->key ? -1 : 1;
}

static int copy_timers(const struct tk_collector *c, const struct tk_view *v, struct tk_snapshot *s)
{
	s->timers = calloc(c->registry.n + 1, sizeof(*s->timers));
	if (!s->timers)
		return -ENOMEM;
	for (size_t i = 0; i < c->registry.n; i++) {
		if (!v->silent && tk_series_silent(c->registry.series[i]))
			continue;
		if (copy_timer(c, c->registry.series[i], v->since_ns, &s->timers[s->n_timers++]) <
		    0)
			return -ENOMEM;
	}
	qsort(s->timers, s->n_timers, sizeof(*s->timers), by_name);
	return 0;
}

static int copy_segments(const struct tk_collector *c, struct tk_snapshot *s)
{
	s->segments = malloc((c->n_segments + 1) * sizeof(*s->segments));
	if (!s->segments)
		return -ENOMEM;
	s->n_segments = c->n_segments;
	if (c->n_segments)
		memcpy(s->segments, c->segments, c->n_segments * sizeof(*s->segments));
	return 0;
}

static int copy_drainers(const struct tk_collector *c, struct tk_snapshot *s)
{
	s->drainers = malloc((c->n_drainer_figures + 1) * sizeof(*s->drainers));
	if (!s->drainers)
		return -ENOMEM;
	s->n_drainers = c->n_drainer_figures;
	if (c->n_drainer_figures)
		memcpy(s->drainers, c->drainer_figures,
		       c->n_drainer_figures * sizeof(*s->drainers));
	return 0;
}

static int copy_notes(const struct tk_collector *c, struct tk_snapshot *s)
{
	uint64_t ever = c->shown_notes.ever;
	size_t n = ever < TK_NOTES_KEPT ? (size_t)ever : TK_NOTES_KEPT;

	s->notes = malloc((n + 1) * sizeof(*s->notes));
	if (!s->notes)
		return -ENOMEM;
	s->n_notes = n;
	s->notes_ever = ever;
	for (size_t i = 0; i < n; i++)
		memcpy(s->notes[i], c->shown_notes.text[(ever - n + i) % TK_NOTES_KEPT],
		       sizeof(s->notes[i]));
	return 0;
}

static int copy_marks(const struct tk_collector *c, int64_t from, int64_t to, struct tk_snapshot *s)
{
	uint64_t n = c->marks_ever < TK_MARKS_KEPT ? c->marks_ever : TK_MARKS_KEPT;

	s->marks = malloc((n + 1) * sizeof(*s->marks));
	if (!s->marks)
		return -ENOMEM;
	for (uint64_t i = c->marks_ever - n; i < c->marks_ever; i++) {
		const struct tk_snap_mark *m = &c->marks[i % TK_MARKS_KEPT];

		if (m->t_ns >= from && m->t_ns < to)
			s->marks[s->n_marks++] = *m;
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct tk_snap_mark *x = a, *y = b;

	return (x->t_ns > y->t_ns) - (x->t_ns < y->t_ns);
}

static int copy_detail(const struct tk_collector *c, const struct tk_view *v, int64_t to,
		       struct tk_snapshot *s)
{
	const struct tk_series *series = v->key ? tk_registry_find(&c->registry, v->key) : NULL;
	unsigned tier;

	if (!series)
		return 0;
	tier = tk_series_tier(series, v->from_ns, to, v->max_points);
	s->detail_key = v->key;
	s->reach_ns = tk_series_reach(series);
	s->tier_ns = tier == 0 ? c->state.interval_ns : tier == 1 ? TK_TIER1_NS : TK_TIER2_NS;
	for (int m = 0; m < TK_MEASURES; m++)
		if (copy_points(&series->track[m].trail[tier], v->from_ns, to, &s->points[m],
				&s->n_points[m]) < 0)
			return -ENOMEM;
	return 0;
}

static int copy_all(const struct tk_collector *c, const struct tk_view *v, struct tk_snapshot *s)
{
	int64_t to = v->to_ns ? v->to_ns : INT64_MAX;

	*s = c->state;
	s->t_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	if (copy_timers(c, v, s) < 0 || copy_segments(c, s) < 0 || copy_drainers(c, s) < 0 ||
	    copy_notes(c, s) < 0 || copy_marks(c, v->from_ns, to, s) < 0)
		return -ENOMEM;
	qsort(s->marks, s->n_marks, sizeof(*s->marks), by_time);
	return copy_detail(c, v, to, s);
}

struct tk_snapshot *tk_collector_snapshot(struct tk_collector *c, const struct tk_view *view)
{
	struct tk_snapshot *s = malloc(sizeof(*s));
	int err;

	if (!s)
		return NULL;
	pthread_mutex_lock(&c->lock);
	err = copy_all(c, view, s);
	pthread_mutex_unlock(&c->lock);
	if (err) {
		tk_snapshot_free(s);
		errno = ENOMEM;
		return NULL;
	}
	return s;
}

void tk_snapshot_free(struct tk_snapshot *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_timers; i++)
		for (int m = 0; m < TK_MEASURES; m++)
			free(s->timers[i].fresh[m]);
	for (int m = 0; m < TK_MEASURES; m++)
		free(s->points[m]);
	free(s->timers);
	free(s->segments);
	free(s->drainers);
	free(s->notes);
	free(s->marks);
	free(s);
}
