/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/fold.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/labels/labels.h"

/* --- rows ------------------------------------------------------------------------------------ */

static int family(const struct tk_snap_timer *x, const struct tk_snap_timer *y)
{
	int order = tk_labels_order(x->name, x->labels, y->name, y->labels);

	if (!order)
		order = strcmp(x->app, y->app);
	if (!order)
		order = (x->uid > y->uid) - (x->uid < y->uid);
	if (!order)
		order = (x->place > y->place) - (x->place < y->place);
	return order ? order : tk_unit_order(&x->unit, &y->unit);
}

int tk_fold_order(const struct tk_snap_timer *x, const struct tk_snap_timer *y)
{
	int order = family(x, y);

	if (!order)
		order = strcmp(x->name, y->name);
	if (!order)
		order = (x->pid > y->pid) - (x->pid < y->pid);
	return order ? order : (x->key > y->key) - (x->key < y->key);
}

bool tk_fold_same(const struct tk_snap_timer *x, const struct tk_snap_timer *y)
{
	return family(x, y) == 0;
}

static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
	for (const unsigned char *b = bytes; n > 0; b++, n--)
		h = (h ^ *b) * UINT64_C(0x100000001B3);
	return h;
}

/* The same for as long as the row may come and go. Timers have keys without the highest bit. */
static uint64_t key_of(const struct tk_snap_timer *t)
{
	uint64_t h = mix(UINT64_C(0xCBF29CE484222325), t->name, strlen(t->name) - t->labels);

	h = mix(h, "", 1);
	if (t->unit.values)
		h = mix(h, &t->unit, sizeof(t->unit));
	h = mix(h, t->app, strlen(t->app) + 1);
	h = mix(h, &t->uid, sizeof(t->uid));
	return mix(h, &t->place, sizeof(t->place)) | UINT64_C(1) << 63;
}

void tk_fold_begin(struct tk_snap_timer *row, const struct tk_snap_timer *of)
{
	memset(row, 0, sizeof(*row));
	memcpy(row->name, of->name, strlen(of->name) - of->labels);
	row->unit = of->unit;
	memcpy(row->app, of->app, sizeof(row->app));
	row->uid = of->uid;
	row->place = of->place;
	row->pid = of->pid;
	row->stamp = of->stamp;
	row->key = key_of(of);
	row->disabled = true;
	row->found_dead = true;
}

static void add_counts(struct tk_datapoint *to, const struct tk_datapoint *from)
{
	if (from->t_ns > to->t_ns)
		to->t_ns = from->t_ns;
	if (from->interval_ns > to->interval_ns)
		to->interval_ns = from->interval_ns;
	to->records += from->records;
	to->lost += from->lost;
	to->count += from->count;
	to->aside += from->aside;
	to->without += from->without;
	to->sum_ns = to->min_ns = to->max_ns = NAN;
	for (int p = 0; p < TK_PERCENTILES; p++)
		to->p_ns[p] = NAN;
}

/* Of processes that were seen last in the same interval, the slowest tells of the row. */
static bool is_later(const struct tk_seen *x, const struct tk_seen *y)
{
	return x->t_ns > y->t_ns || (x->t_ns == y->t_ns && x->p99_ns > y->p99_ns);
}

void tk_fold_timer(struct tk_snap_timer *row, struct tk_snap_timer *t)
{
	t->fold = row->key;
	row->processes++;
	row->labelled = row->labelled || t->labels;
	if (row->pid != t->pid)
		row->pid = 0;
	row->living += t->alive;
	row->alive = row->alive || t->alive;
	row->disabled = row->disabled && t->disabled;
	row->found_dead = row->found_dead && t->found_dead;
	row->across += t->across;
	if (t->seen_ns > row->seen_ns)
		row->seen_ns = t->seen_ns;
	for (int m = 0; m < TK_MEASURES; m++) {
		row->negative[m] += t->negative[m];
		if (is_later(&t->seen[m], &row->seen[m]))
			row->seen[m] = t->seen[m];
		add_counts(&row->last[m], &t->last[m]);
		add_counts(&row->total[m], &t->total[m]);
	}
}

/* --- windows --------------------------------------------------------------------------------- */

void tk_fold_clear(struct tk_window *w)
{
	tk_window_free(w);
	w->from_ns = INT64_MAX;
	w->to_ns = INT64_MIN;
	w->min_ns = INFINITY;
	w->max_ns = -INFINITY;
}

static void add_samples(struct tk_window *to, const struct tk_bins_rated *from)
{
	uint32_t i = 0;

	while (i < to->n && to->of[i].clock != from->clock)
		i++;
	if (i == TK_BINS_UNION_MAX) {
		to->bare = true;
		return;
	}
	if (i == to->n) {
		to->of[i].clock = from->clock;
		to->of[i].ns_per_tick = from->ns_per_tick;
		to->n++;
	}
	tk_bins_merge(&to->of[i].bins, &from->bins);
	to->bare = to->bare || to->of[i].bins.bare;
}

void tk_fold_window(struct tk_window *to, const struct tk_window *from)
{
	if (from->from_ns == INT64_MAX || from->to_ns == INT64_MIN)
		return;
	to->from_ns = from->from_ns < to->from_ns ? from->from_ns : to->from_ns;
	to->to_ns = from->to_ns > to->to_ns ? from->to_ns : to->to_ns;
	to->counts.records += from->counts.records;
	to->counts.lost += from->counts.lost;
	for (int m = 0; m < TK_MEASURES; m++) {
		to->counts.count[m] += from->counts.count[m];
		to->counts.aside[m] += from->counts.aside[m];
		to->counts.without[m] += from->counts.without[m];
	}
	to->sum_ns += from->sum_ns;
	if (from->counts.count[TK_PROCESSING] || from->counts.count[TK_LATENCY]) {
		to->min_ns = fmin(to->min_ns, from->min_ns);
		to->max_ns = fmax(to->max_ns, from->max_ns);
	}
	to->bare = to->bare || from->bare;
	for (uint32_t i = 0; i < from->n; i++)
		add_samples(to, &from->of[i]);
}

/* --- one window of all timers that fold ------------------------------------------------------ */

/* The timer with this key; NULL: there is none. */
static const struct tk_snap_timer *timer_of(const struct tk_snapshot *s, uint64_t key)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (s->timers[i].key == key)
			return &s->timers[i];
	return NULL;
}

int tk_fold_note(struct tk_fold_pasts *f, const struct tk_registry *registry,
		 const struct tk_snapshot *s, uint64_t key, const struct tk_hold *hold)
{
	const struct tk_snap_timer *of = timer_of(s, key);
	uint64_t keys[TK_FOLD_PASTS_MAX];
	size_t n = 0;

	*f = (struct tk_fold_pasts){ 0 };
	for (size_t i = 0; of && i < s->n_timers; i++) {
		if (!tk_fold_same(&s->timers[i], of))
			continue;
		if (n == TK_FOLD_PASTS_MAX)
			return 0;
		keys[n++] = s->timers[i].key;
	}
	if (n < 2)
		return 0;
	f->past = calloc(n, sizeof(*f->past));
	if (!f->past)
		return -ENOMEM;
	f->n = n;
	for (size_t i = 0; i < n; i++) {
		const struct tk_series *series = tk_registry_find(registry, keys[i]);

		f->past[i].hold = hold;
		memcpy(f->past[i].trail, series->trail, sizeof(f->past[i].trail));
	}
	return 0;
}

int tk_fold_gather(const struct tk_fold_pasts *f, enum tk_measure m, int64_t from, int64_t to,
		   struct tk_datapoint *out)
{
	struct tk_window one = { 0 }, all = { 0 };
	int err = 0;

	tk_fold_clear(&all);
	for (size_t i = 0; i < f->n; i++) {
		if (tk_window_gather(&one, &f->past[i], m, from, to) < 0)
			err = -ENOMEM;
		tk_fold_window(&all, &one);
	}
	tk_window_datapoint(&all, m, out);
	tk_window_free(&one);
	tk_window_free(&all);
	return err;
}

void tk_fold_free(struct tk_fold_pasts *f)
{
	free(f->past);
	*f = (struct tk_fold_pasts){ 0 };
}
