/* SPDX-License-Identifier: MIT */
/*
 * collector/display/view/list.c - which timers are listed, in which order, and which is selected.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/display/view/view.h"

double tk_view_sort_latency(const struct tk_snap_timer *t)
{
	const struct tk_datapoint *l = &t->total[TK_LATENCY], *p = &t->total[TK_PROCESSING];

	return l->count ? l->p_ns[TK_P99] : p->count ? p->p_ns[TK_P99] : 0;
}

struct order {
	const struct tk_snap_timer *timers;
	enum tk_sort sort;
};

/*
 * Live processes first, unless the list is sorted by name; then by rate or latency; then in the
 * order of the snapshot, which is by name.
 */
static int compare(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	const struct tk_snap_timer *x = &o->timers[i], *y = &o->timers[k];
	double dx = 0, dy = 0;

	if (o->sort != TK_SORT_NAME && x->alive != y->alive)
		return x->alive ? -1 : 1;
	if (o->sort == TK_SORT_RATE) {
		dx = tk_datapoint_rate(&x->total[TK_PROCESSING]);
		dy = tk_datapoint_rate(&y->total[TK_PROCESSING]);
	} else if (o->sort == TK_SORT_LATENCY) {
		dx = tk_view_sort_latency(x);
		dy = tk_view_sort_latency(y);
	}
	if (dx > dy || dx < dy)
		return dx > dy ? -1 : 1;
	return i < k ? -1 : 1;
}

static bool passes(const struct tk_view_state *v, const struct tk_snap_timer *t)
{
	return v->filter[0] == 0 || strcasestr(t->name, v->filter);
}

/* The timer that is selected at first: the first one with samples, or the first of all. */
static size_t first_busy(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < v->n_rows; i++) {
		const struct tk_snap_timer *t = &s->timers[v->rows[i]];
		if (t->total[TK_PROCESSING].count || t->total[TK_LATENCY].count)
			return i;
	}
	return 0;
}

int tk_view_sync(struct tk_view_state *v, const struct tk_snapshot *s)
{
	size_t *rows = reallocarray(v->rows, s->n_timers + 1, sizeof(*rows));

	if (!rows) {
		v->n_rows = 0;
		return -ENOMEM;
	}
	v->rows = rows;
	v->n_rows = 0;
	for (size_t i = 0; i < s->n_timers; i++)
		if (passes(v, &s->timers[i]))
			rows[v->n_rows++] = i;
	qsort_r(rows, v->n_rows, sizeof(*rows), compare,
		&(struct order){ .timers = s->timers, .sort = v->sort });
	for (size_t i = 0; i < v->n_rows; i++)
		if (s->timers[rows[i]].key == v->key) {
			v->selected = i;
			return 0;
		}
	if (v->key == 0)
		v->selected = first_busy(v, s);
	if (v->selected >= v->n_rows)
		v->selected = v->n_rows ? v->n_rows - 1 : 0;
	v->key = v->n_rows ? s->timers[rows[v->selected]].key : 0;
	return 0;
}

const struct tk_snap_timer *tk_view_timer(const struct tk_view_state *v,
					  const struct tk_snapshot *s)
{
	if (v->selected >= v->n_rows || v->rows[v->selected] >= s->n_timers)
		return NULL;
	return &s->timers[v->rows[v->selected]];
}

void tk_view_select(struct tk_view_state *v, const struct tk_snapshot *s, long lines)
{
	long last = (long)v->n_rows - 1, to = (long)v->selected + lines;

	if (last < 0)
		return;
	v->selected = (size_t)(to < 0 ? 0 : to > last ? last : to);
	v->key = s->timers[v->rows[v->selected]].key;
}
