/* SPDX-License-Identifier: MIT */
/*
 * collector/display/view/rows.c - which timers are listed: filtered, folded or unfolded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/display/view/order.h"

#define DEAD_FOLD_NS INT64_C(60000000000)
#define UNDECIDED_NS INT64_C(2000000000)

/* --- folds ----------------------------------------------------------------------------------- */

bool tk_view_is_unfolded(const struct tk_view_state *v, uint64_t fold)
{
	for (size_t i = 0; i < v->n_unfolded; i++)
		if (v->unfolded[i] == fold)
			return true;
	return false;
}

static void fold(struct tk_view_state *v, uint64_t key)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->n_unfolded; i++)
		if (v->unfolded[i] != key)
			v->unfolded[kept++] = v->unfolded[i];
	v->n_unfolded = kept;
}

void tk_view_toggle_fold(struct tk_view_state *v, uint64_t key)
{
	if (tk_view_is_unfolded(v, key)) {
		fold(v, key);
		return;
	}
	if (v->n_unfolded == TK_VIEW_UNFOLDED_MAX)
		fold(v, v->unfolded[0]);
	v->unfolded[v->n_unfolded++] = key;
}

/* --- rows ------------------------------------------------------------------------------------ */

static bool passes(const struct tk_view_state *v, const struct tk_snap_timer *t)
{
	return v->filter[0] == 0 || strcasestr(t->name, v->filter);
}

static bool any_lives(const struct tk_snapshot *s, uint64_t fold)
{
	for (size_t i = s->n_timers; i < s->n_timers + s->n_folds; i++)
		if (s->timers[i].key == fold)
			return s->timers[i].living > 0;
	return false;
}

/*
 * Whether the overview shows a timer only in the row that it folds into: also after an Enter there,
 * when its process has been dead for a minute and others live.
 */
static bool is_folded(const struct tk_view_state *v, const struct tk_snapshot *s,
		      const struct tk_snap_timer *t)
{
	if (v->screen != TK_SCREEN_OVERVIEW || !t->fold)
		return false;
	if (!tk_view_is_unfolded(v, t->fold))
		return true;
	int64_t died = t->died_ns ? t->died_ns : t->last[TK_PROCESSING].t_ns;
	return !t->alive && s->t_ns - died > DEAD_FOLD_NS && any_lives(s, t->fold);
}

static void list_rows(struct tk_view_state *v, const struct tk_snapshot *s)
{
	size_t n = s->n_timers + (v->screen == TK_SCREEN_OVERVIEW ? s->n_folds : 0);

	v->n_rows = 0;
	for (size_t i = 0; i < n; i++)
		if (passes(v, &s->timers[i]) && !is_folded(v, s, &s->timers[i]))
			v->rows[v->n_rows++] = i;
}

/* Several timers are seen best in the overview, one in charts; then the user decides. */
static void decide_screen(struct tk_view_state *v, const struct tk_snapshot *s)
{
	if (v->decided)
		return;
	if (v->first_ns == 0 && s->n_timers > 0)
		v->first_ns = s->t_ns;
	v->screen = s->n_timers > 1 ? TK_SCREEN_OVERVIEW : TK_SCREEN_CHARTS;
	v->decided = v->first_ns && s->t_ns - v->first_ns > UNDECIDED_NS;
}

int tk_view_sync(struct tk_view_state *v, const struct tk_snapshot *s)
{
	size_t *rows = reallocarray(v->rows, s->n_timers + s->n_folds + 1, sizeof(*rows));

	if (!rows) {
		v->n_rows = 0;
		return -ENOMEM;
	}
	v->rows = rows;
	decide_screen(v, s);
	list_rows(v, s);
	if (tk_view_order(v, s) < 0) {
		v->n_rows = 0;
		return -ENOMEM;
	}
	tk_view_find_selected(v, s);
	return 0;
}
