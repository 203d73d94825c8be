/* SPDX-License-Identifier: MIT */
/*
 * collector/display/view/order.c - the order of the rows.
 *
 * The order is total: by value, what has none last, then by name and process. Values are held for
 * two seconds, so that rows do not jump while they are read; rows that are new meanwhile are sorted
 * in by their value of now.
 */
#include "collector/display/view/order.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define HOLD_NS INT64_C(2000000000)

/* --- what is sorted by ----------------------------------------------------------------------- */

static double percentile(const struct tk_snap_timer *t, enum tk_measure m, enum tk_percentile p)
{
	const struct tk_datapoint *d = &t->recent[m];

	return d->count ? d->p_ns[p] : NAN;
}

static double max_of(const struct tk_snap_timer *t, enum tk_measure m)
{
	return t->recent[m].count ? t->recent[m].max_ns : NAN;
}

double tk_view_value(const struct tk_snap_timer *t, enum tk_by by)
{
	const struct tk_datapoint *d = &t->recent[TK_PROCESSING];

	switch (by) {
	case TK_BY_WORST:
		return fmax(percentile(t, TK_PROCESSING, TK_P99),
			    percentile(t, TK_LATENCY, TK_P99));
	case TK_BY_RATE:
		return d->records ? tk_datapoint_rate(d) : NAN;
	case TK_BY_PROCESSING_P50:
		return percentile(t, TK_PROCESSING, TK_P50);
	case TK_BY_PROCESSING_P99:
		return percentile(t, TK_PROCESSING, TK_P99);
	case TK_BY_LATENCY_P50:
		return percentile(t, TK_LATENCY, TK_P50);
	case TK_BY_LATENCY_P99:
		return percentile(t, TK_LATENCY, TK_P99);
	case TK_BY_MAX:
		return fmax(max_of(t, TK_PROCESSING), max_of(t, TK_LATENCY));
	case TK_BY_LOST:
		return d->records ? (double)d->lost : NAN;
	case TK_BY_NAME:
	case TK_BYS:
		break;
	}
	return NAN;
}

/* --- values that are held -------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct tk_view_held *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* Take all values anew if they are two seconds old, or of another column. */
static int hold(struct tk_view_state *v, const struct tk_snapshot *s, enum tk_by by)
{
	size_t n = s->n_timers + s->n_folds;
	int64_t age = s->t_ns - v->held_ns;
	struct tk_view_held *list;

	if (v->held && v->held_by == by && age >= 0 && age < HOLD_NS)
		return 0;
	list = reallocarray(v->held, n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] =
			(struct tk_view_held){ s->timers[i].key, tk_view_value(&s->timers[i], by) };
	qsort(list, n, sizeof(*list), by_key);
	v->held = list;
	v->n_held = n;
	v->held_ns = s->t_ns;
	v->held_by = by;
	return 0;
}

static double held_value(const struct tk_view_state *v, const struct tk_snap_timer *t)
{
	struct tk_view_held key = { t->key, 0 };
	const struct tk_view_held *h = bsearch(&key, v->held, v->n_held, sizeof(*v->held), by_key);

	return h ? h->value : tk_view_value(t, v->held_by);
}

/* --- the overview ---------------------------------------------------------------------------- */

/* What a row is sorted by. */
struct rank {
	double value;
	size_t head;   /* the row that it stands below when that is unfolded; or itself */
	size_t family; /* where its name is in the snapshot */
};

static int compare_ranks(const struct rank *all, size_t i, size_t k)
{
	double x = all[i].value, y = all[k].value;

	if (isnan(x) != isnan(y))
		return isnan(x) ? 1 : -1;
	if (x > y || x < y)
		return x > y ? -1 : 1;
	if (all[i].family != all[k].family)
		return all[i].family < all[k].family ? -1 : 1;
	return (i > k) - (i < k);
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct rank *all = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;

	if (i == k)
		return 0;
	if (all[i].head != all[k].head)
		return compare_ranks(all, all[i].head, all[k].head);
	if (all[i].head == i || all[k].head == k) /* the head stands above what it unfolds to */
		return all[i].head == i ? -1 : 1;
	return compare_ranks(all, i, k);
}

/* Folded rows are in the order of their timers. */
static void rank_all(const struct tk_view_state *v, const struct tk_snapshot *s, struct rank *all)
{
	size_t fold = s->n_timers, end = s->n_timers + s->n_folds;

	for (size_t i = 0; i < end; i++)
		all[i] = (struct rank){ held_value(v, &s->timers[i]), i, i };
	for (size_t i = 0; i < s->n_timers; i++) {
		if (!s->timers[i].fold)
			continue;
		while (fold < end && s->timers[fold].key != s->timers[i].fold)
			fold++;
		if (fold == end)
			return;
		all[i].head = fold;
		if (all[fold].family == fold)
			all[fold].family = i;
	}
}

static int order_overview(struct tk_view_state *v, const struct tk_snapshot *s)
{
	struct rank *all;

	if (!s->recent_ns)
		return 0; /* this snapshot was taken for charts: the next has values */
	all = calloc(s->n_timers + s->n_folds + 1, sizeof(*all));
	if (!all || hold(v, s, v->by) < 0) {
		free(all);
		return -ENOMEM;
	}
	rank_all(v, s, all);
	qsort_r(v->rows, v->n_rows, sizeof(*v->rows), compare_rows, all);
	free(all);
	return 0;
}

/* --- the list beside charts ------------------------------------------------------------------ */

enum tk_by tk_view_list_by(const struct tk_view_state *v)
{
	return v->sort == TK_SORT_RATE ? TK_BY_RATE : TK_BY_WORST;
}

/* What a row of the list is sorted by. */
struct place {
	size_t row;
	double value;
	bool alive;
};

/* The living first; then by value, those without last; then as in the snapshot: by name. */
static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->alive != y->alive)
		return x->alive ? -1 : 1;
	if (isnan(x->value) != isnan(y->value))
		return isnan(x->value) ? 1 : -1;
	if (x->value > y->value || x->value < y->value)
		return x->value > y->value ? -1 : 1;
	return x->row < y->row ? -1 : 1;
}

/* By name, as rows.c has listed them already, or by a value. */
static int order_list(struct tk_view_state *v, const struct tk_snapshot *s)
{
	struct place *all;

	if (v->sort == TK_SORT_NAME)
		return 0;
	all = calloc(v->n_rows + 1, sizeof(*all));
	if (!all || hold(v, s, tk_view_list_by(v)) < 0) {
		free(all);
		return -ENOMEM;
	}
	for (size_t i = 0; i < v->n_rows; i++) {
		const struct tk_snap_timer *t = &s->timers[v->rows[i]];

		all[i] = (struct place){ v->rows[i], held_value(v, t), t->alive };
	}
	qsort(all, v->n_rows, sizeof(*all), compare);
	for (size_t i = 0; i < v->n_rows; i++)
		v->rows[i] = all[i].row;
	free(all);
	return 0;
}

int tk_view_order(struct tk_view_state *v, const struct tk_snapshot *s)
{
	if (v->screen == TK_SCREEN_OVERVIEW)
		return order_overview(v, s);
	return order_list(v, s);
}
