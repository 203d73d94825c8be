/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/recent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/views/fold.h"

/* --- which timers there are ------------------------------------------------------------------ */

static void forget(struct tk_recent_timer *t)
{
	for (int m = 0; m < TK_MEASURES; m++)
		tk_sliding_free(&t->of[m]);
	free(t);
}

static int make_room(struct tk_recent *r, size_t n)
{
	struct tk_recent_timer **list;

	if (n <= r->room)
		return 0;
	list = realloc(r->timer, 2 * n * sizeof(*list));
	if (!list)
		return -ENOMEM;
	r->timer = list;
	r->room = 2 * n;
	return 0;
}

/* Both lists are sorted by key: what is in ours only has been forgotten. */
static void forget_gone(struct tk_recent *r)
{
	size_t kept = 0, k = 0;

	for (size_t i = 0; i < r->n; i++) {
		while (k < r->n_noted && r->noted[k].key < r->timer[i]->key)
			k++;
		if (k < r->n_noted && r->noted[k].key == r->timer[i]->key)
			r->timer[kept++] = r->timer[i];
		else
			forget(r->timer[i]);
	}
	r->n = kept;
}

/* Timers get ascending keys: new ones were noted last. */
static void add_new(struct tk_recent *r)
{
	uint64_t known = r->n ? r->timer[r->n - 1]->key : 0;
	size_t first = r->n_noted;

	while (first > 0 && r->noted[first - 1].key > known)
		first--;
	for (size_t i = first; i < r->n_noted; i++) {
		struct tk_recent_timer *t = calloc(1, sizeof(*t));

		if (!t)
			return;
		t->key = r->noted[i].key;
		r->timer[r->n++] = t;
	}
}

/* One for each timer that was noted; those without memory have no figures this time. */
static void follow_note(struct tk_recent *r)
{
	size_t k = 0;

	forget_gone(r);
	if (make_room(r, r->n_noted) == 0)
		add_new(r);
	for (size_t i = 0; i < r->n; i++) {
		while (r->noted[k].key != r->timer[i]->key)
			k++;
		memcpy(r->timer[i]->trail, r->noted[k].trail, sizeof(r->timer[i]->trail));
	}
}

static int make_noted_room(struct tk_recent *r, size_t n)
{
	struct tk_recent_note *list;

	if (n <= r->noted_room)
		return 0;
	list = realloc(r->noted, 2 * n * sizeof(*list));
	if (!list)
		return -ENOMEM;
	r->noted = list;
	r->noted_room = 2 * n;
	return 0;
}

int tk_recent_note(struct tk_recent *r, const struct tk_registry *registry)
{
	r->n_noted = 0;
	if (make_noted_room(r, registry->n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < registry->n; i++) {
		struct tk_recent_note *n = &r->noted[r->n_noted++];

		n->key = registry->series[i]->key;
		memcpy(n->trail, registry->series[i]->trail, sizeof(n->trail));
	}
	return 0;
}

/* --- their windows --------------------------------------------------------------------------- */

static void slide(struct tk_recent *r, const struct tk_hold *hold, int64_t from)
{
	for (size_t i = 0; i < r->n; i++) {
		struct tk_recent_timer *t = r->timer[i];
		struct tk_past past = { .hold = hold };

		memcpy(past.trail, t->trail, sizeof(past.trail));
		for (int m = 0; m < TK_MEASURES; m++)
			tk_sliding_move(&t->of[m], &past, (enum tk_measure)m, from);
	}
}

static int by_key(const void *key, const void *element)
{
	uint64_t k = *(const uint64_t *)key;
	const struct tk_recent_timer *const *t = element;

	return (k > (*t)->key) - (k < (*t)->key);
}

const struct tk_recent_timer *tk_recent_find(const struct tk_recent *r, uint64_t key)
{
	struct tk_recent_timer *const *t =
		r->n ? bsearch(&key, r->timer, r->n, sizeof(*r->timer), by_key) : NULL;

	return t ? *t : NULL;
}

/* The dead record nothing from their end on: their rate falls while their end leaves the window. */
static void write_recent(const struct tk_window *w, enum tk_measure m, int64_t now,
			 struct tk_snap_timer *row)
{
	struct tk_datapoint *d = &row->recent[m];

	tk_window_datapoint(w, m, d);
	if (w->from_ns != INT64_MAX && !row->alive && now > w->from_ns)
		d->interval_ns = (uint64_t)(now - w->from_ns);
}

/* Write the folded row of the timers first..last. */
static void fill_fold(const struct tk_recent *r, struct tk_snapshot *s, size_t first, size_t last,
		      int64_t now, struct tk_window *scratch)
{
	struct tk_snap_timer *row = &s->timers[s->n_timers + s->n_folds];

	tk_fold_begin(row, &s->timers[first]);
	for (size_t i = first; i <= last; i++)
		tk_fold_timer(row, &s->timers[i]);
	for (int m = 0; m < TK_MEASURES; m++) {
		tk_fold_clear(scratch);
		for (size_t i = first; i <= last; i++) {
			const struct tk_recent_timer *t = tk_recent_find(r, s->timers[i].key);

			if (t)
				tk_fold_window(scratch, &t->of[m].w);
		}
		write_recent(scratch, (enum tk_measure)m, now, row);
	}
	s->n_folds++;
}

static void fill_folds(const struct tk_recent *r, struct tk_snapshot *s, int64_t now)
{
	struct tk_window scratch = { 0 };
	size_t last;

	for (size_t first = 0; first < s->n_timers; first = last + 1) {
		last = first;
		while (last + 1 < s->n_timers &&
		       tk_fold_same(&s->timers[first], &s->timers[last + 1]))
			last++;
		if (last > first)
			fill_fold(r, s, first, last, now, &scratch);
	}
	tk_window_free(&scratch);
}

/* Until when rows are: now, or, where nobody lives, until the last of them died. */
static int64_t until(const struct tk_snapshot *s)
{
	int64_t died = 0;

	for (size_t i = 0; i < s->n_timers; i++) {
		if (s->timers[i].alive)
			return s->closed_ns;
		if (s->timers[i].died_ns > died)
			died = s->timers[i].died_ns;
	}
	return died && died < s->closed_ns ? died : s->closed_ns;
}

void tk_recent_fill(struct tk_recent *r, const struct tk_hold *hold, struct tk_snapshot *s)
{
	int64_t now = until(s);

	s->recent_ns = TK_RECENT_NS;
	follow_note(r);
	slide(r, hold, now - TK_RECENT_NS);
	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_recent_timer *t = tk_recent_find(r, s->timers[i].key);

		for (int m = 0; t && m < TK_MEASURES; m++)
			write_recent(&t->of[m].w, (enum tk_measure)m, now, &s->timers[i]);
	}
	fill_folds(r, s, now);
}

void tk_recent_free(struct tk_recent *r)
{
	for (size_t i = 0; i < r->n; i++)
		forget(r->timer[i]);
	free(r->timer);
	free(r->trend);
	free(r->noted);
	memset(r, 0, sizeof(*r));
}
