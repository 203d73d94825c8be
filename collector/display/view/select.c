/* SPDX-License-Identifier: MIT */
/*
 * collector/display/view/select.c - which row is selected. The selection follows its timer.
 */
#include "collector/display/view/order.h"

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

/* @return the index of the timer or folded row with this key; SIZE_MAX: there is none */
static size_t find(const struct tk_snapshot *s, uint64_t key)
{
	for (size_t i = 0; key && i < s->n_timers + s->n_folds; i++)
		if (s->timers[i].key == key)
			return i;
	return SIZE_MAX;
}

/* Whom to show in charts of a folded row: the one that has recorded most lately. */
static uint64_t busiest(const struct tk_snapshot *s, uint64_t fold)
{
	const struct tk_snap_timer *best = NULL;

	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		if (t->fold == fold && (!best || t->recent[TK_PROCESSING].records >
							 best->recent[TK_PROCESSING].records))
			best = t;
	}
	return best ? best->key : fold;
}

/* The key to look for on this screen: charts are of timers, and the overview may have folded it. */
static uint64_t key_here(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	size_t i = find(s, v->key);

	if (i == SIZE_MAX)
		return v->key;
	if (v->screen == TK_SCREEN_CHARTS && i >= s->n_timers)
		return busiest(s, v->key);
	if (v->screen == TK_SCREEN_OVERVIEW && s->timers[i].fold &&
	    !tk_view_is_unfolded(v, s->timers[i].fold))
		return s->timers[i].fold;
	return v->key;
}

/* What is left of a dead process does not scroll away: its present is its last interval. */
static int64_t end_of(const struct tk_snap_timer *t)
{
	int64_t last = t->last[TK_PROCESSING].t_ns;

	return t->alive ? 0 : t->died_ns > last ? t->died_ns : last;
}

static void select_row(struct tk_view_state *v, const struct tk_snapshot *s, size_t row)
{
	v->selected = v->n_rows == 0 ? 0 : row < v->n_rows ? row : v->n_rows - 1;
	v->key = v->n_rows ? s->timers[v->rows[v->selected]].key : 0;
	v->end_ns = v->n_rows ? end_of(&s->timers[v->rows[v->selected]]) : 0;
}

void tk_view_find_selected(struct tk_view_state *v, const struct tk_snapshot *s)
{
	uint64_t key = key_here(v, s);

	if (v->screen == TK_SCREEN_OVERVIEW && !v->follows) {
		select_row(v, s, 0);
		return;
	}
	for (size_t i = 0; i < v->n_rows; i++)
		if (s->timers[v->rows[i]].key == key) {
			select_row(v, s, i);
			return;
		}
	select_row(v, s, v->key ? v->selected : first_busy(v, s));
}

const struct tk_snap_timer *tk_view_timer(const struct tk_view_state *v,
					  const struct tk_snapshot *s)
{
	if (v->selected >= v->n_rows || v->rows[v->selected] >= s->n_timers + s->n_folds)
		return NULL;
	return &s->timers[v->rows[v->selected]];
}

void tk_view_select(struct tk_view_state *v, const struct tk_snapshot *s, long lines)
{
	long last = (long)v->n_rows - 1, to = (long)v->selected + lines;

	if (last < 0)
		return;
	v->follows = true;
	select_row(v, s, (size_t)(to < 0 ? 0 : to > last ? last : to));
}

void tk_view_select_end(struct tk_view_state *v, const struct tk_snapshot *s, int end)
{
	tk_view_select(v, s, end < 0 ? -(long)v->n_rows : (long)v->n_rows);
	v->follows = end > 0;
}
