/* SPDX-License-Identifier: MIT */
#include "collector/stats/past/window.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where each tier is in its walk back. An entry is read once, and looked at until it is used up. */
struct gather {
	struct tk_window *w;
	const struct tk_past *past;
	enum tk_measure m;
	struct tk_trail trail[TK_TIERS];
	struct tk_trail here[TK_TIERS]; /* of `entry`, to be read whole */
	struct tk_entry entry[TK_TIERS];
	bool there[TK_TIERS];
	int64_t reach[TK_TIERS]; /* INT64_MIN: not known yet */
	int err;
};

static void next(struct gather *g, unsigned tier)
{
	g->here[tier] = g->trail[tier];
	g->there[tier] = tk_hold_read(g->past->hold, tier, &g->trail[tier], false, &g->entry[tier]);
}

/* Whether a tier that is finer than this one reaches back to `from`. */
static bool is_finer(struct gather *g, int tier, int64_t from)
{
	while (tier--) {
		if (g->reach[tier] == INT64_MIN)
			g->reach[tier] = tk_past_tier_reach(g->past, (unsigned)tier);
		if (g->reach[tier] <= from)
			return true;
	}
	return false;
}

/* The histogram of a clock. */
static struct tk_bins_rated *of_clock(struct tk_window *w, const struct tk_entry *e)
{
	uint32_t i = 0;

	while (i < w->n && w->of[i].clock != e->clock)
		i++;
	if (i == TK_BINS_UNION_MAX)
		return NULL;
	if (i == w->n) {
		w->of[i].clock = e->clock;
		w->of[i].ns_per_tick = e->ns_per_tick; /* the newest: the walk is backwards */
		w->n++;
	}
	return &w->of[i];
}

static int add_samples(struct tk_window *w, const struct tk_entry *e, enum tk_measure m)
{
	const struct tk_packed *p = &e->of[m];
	double min = (double)p->min * e->ns_per_tick, max = (double)p->max * e->ns_per_tick;
	struct tk_bins_rated *of;
	int err;

	w->sum_ns += (double)p->sum * e->ns_per_tick;
	w->min_ns = w->counts.count[m] && w->min_ns < min ? w->min_ns : min;
	w->max_ns = w->counts.count[m] && w->max_ns > max ? w->max_ns : max;
	of = e->bare[m] ? NULL : of_clock(w, e);
	err = of ? tk_unpack(p, &of->bins) : 0;
	w->bare = w->bare || !of || err;
	return err;
}

/* Add what was counted, `sign` times. */
static void add_counts(struct tk_window *w, const struct tk_entry *e, enum tk_measure m,
		       uint64_t sign)
{
	w->counts.records += sign * e->counts.records;
	w->counts.lost += sign * e->counts.lost;
	w->counts.count[m] += sign * e->counts.count[m];
	w->counts.aside[m] += sign * e->counts.aside[m];
	w->counts.without[m] += sign * e->counts.without[m];
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int tk_window_add(struct tk_window *w, const struct tk_entry *e, enum tk_measure m)
{
	int err = e->of[m].count ? add_samples(w, e, m) : 0;

	if (tk_entry_is_gap(e))
		return 0;
	add_counts(w, e, m, 1);
	w->to_ns = later(w->to_ns, e->t_ns);
	w->from_ns = earlier(w->from_ns, tk_entry_began(e));
	return err;
}

static void add(struct gather *g, unsigned tier)
{
	struct tk_trail here = g->here[tier];
	struct tk_entry e;

	tk_hold_read(g->past->hold, tier, &here, true, &e);
	if (tk_window_add(g->w, &e, g->m) == -ENOMEM)
		g->err = -ENOMEM;
}

/*
 * Gather from..to from a tier and those that are finer, backwards; what follows is gathered
 * already. An entry within the range is taken whole. Of one that the range cuts, the finer tier
 * gives the part, if it reaches back so far; else the entry is taken whole, too.
 */
static void gather(struct gather *g, int tier, int64_t from, int64_t to)
{
	if (tier < 0)
		return;
	while (from < to) {
		const struct tk_entry *e = &g->entry[tier];
		int64_t began, part;

		while (g->there[tier] && tk_entry_began(e) >= to)
			next(g, (unsigned)tier);
		if (!g->there[tier] || e->t_ns <= from) { /* no entry has any of it */
			gather(g, tier - 1, from, to);
			return;
		}
		if (e->t_ns < to) /* newer than the newest entry, or between two */
			gather(g, tier - 1, e->t_ns, to);
		began = tk_entry_began(e);
		part = later(began, from);
		if ((began < from || e->t_ns > to) && is_finer(g, tier, part))
			gather(g, tier - 1, part, earlier(e->t_ns, to));
		else
			add(g, (unsigned)tier);
		next(g, (unsigned)tier);
		to = began;
	}
}

void tk_window_clear(struct tk_window *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		tk_bins_wipe(&w->of[i].bins);
	w->from_ns = INT64_MAX;
	w->to_ns = INT64_MIN;
	w->counts = (struct tk_counts){ 0 };
	w->sum_ns = w->min_ns = w->max_ns = 0;
	w->bare = false;
	w->n = 0;
}

int tk_window_gather(struct tk_window *w, const struct tk_past *p, enum tk_measure m, int64_t from,
		     int64_t to)
{
	struct gather g = { .w = w, .past = p, .m = m };

	tk_window_clear(w);
	for (unsigned i = 0; i < TK_TIERS; i++) {
		g.trail[i] = p->trail[i];
		g.reach[i] = INT64_MIN;
		next(&g, i);
	}
	gather(&g, TK_TIERS - 1, from, to);
	return g.err;
}

void tk_window_quantiles(const struct tk_window *w, const uint32_t *quantiles, size_t n, double *ns)
{
	if (!w->bare) {
		tk_bins_quantiles(w->of, w->n, quantiles, n, ns);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ns[i] = NAN;
}

void tk_window_datapoint(const struct tk_window *w, enum tk_measure m, struct tk_datapoint *out)
{
	*out = (struct tk_datapoint){ 0 };
	if (w->from_ns == INT64_MAX)
		return;
	*out = (struct tk_datapoint){ .t_ns = w->to_ns,
				      .interval_ns = (uint64_t)(w->to_ns - w->from_ns),
				      .records = w->counts.records,
				      .lost = w->counts.lost,
				      .count = w->counts.count[m],
				      .aside = w->counts.aside[m],
				      .without = w->counts.without[m],
				      .sum_ns = w->sum_ns,
				      .min_ns = w->min_ns,
				      .max_ns = w->max_ns };
	if (out->count)
		tk_window_quantiles(w, tk_quantiles, TK_PERCENTILES, out->p_ns);
}

void tk_window_free(struct tk_window *w)
{
	for (uint32_t i = 0; i < TK_BINS_UNION_MAX; i++)
		tk_bins_free(&w->of[i].bins);
	memset(w, 0, sizeof(*w));
}

/* ---- a window that follows the present ---- */

static struct tk_sliding_entry *entry_at(const struct tk_sliding *s, size_t i)
{
	return &s->entry[(s->first + i) & (s->room - 1)];
}

static void begin_anew(struct tk_sliding *s)
{
	tk_window_clear(&s->w);
	s->n = 0;
}

/* Room for n more. */
static int make_room(struct tk_sliding *s, size_t n)
{
	size_t room = s->room ? s->room : 16;
	struct tk_sliding_entry *list;

	while (room < s->n + n)
		room *= 2;
	if (room == s->room)
		return 0;
	list = malloc(room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		list[i] = *entry_at(s, i);
	free(s->entry);
	s->entry = list;
	s->room = room;
	s->first = 0;
	return 0;
}

/* Take the oldest out. @return false: what it held cannot be read any more */
static bool drop_oldest(struct tk_sliding *s, const struct tk_past *p, enum tk_measure m)
{
	const struct tk_sliding_entry *oldest = entry_at(s, 0);
	struct tk_trail here = oldest->here;
	struct tk_bins_rated *of;
	struct tk_entry e;

	if (!tk_hold_read(p->hold, 0, &here, true, &e))
		return false;
	of = e.of[m].count && !e.bare[m] ? of_clock(&s->w, &e) : NULL;
	if (of && tk_unpack_remove(&e.of[m], &of->bins) < 0)
		return false;
	add_counts(&s->w, &e, m, UINT64_MAX);
	s->first++;
	s->n--;
	return true;
}

static int add_newest(struct tk_sliding *s, const struct tk_past *p, enum tk_measure m,
		      struct tk_sliding_entry *at)
{
	struct tk_trail here = at->here;
	struct tk_entry e;
	int err = 0;

	tk_hold_read(p->hold, 0, &here, true, &e);
	at->began = tk_entry_is_gap(&e) ? e.t_ns : tk_entry_began(&e);
	at->min_ns = INFINITY;
	at->max_ns = -INFINITY;
	at->bare = false;
	if (e.of[m].count) {
		at->min_ns = (double)e.of[m].min * e.ns_per_tick;
		at->max_ns = (double)e.of[m].max * e.ns_per_tick;
		s->w.bare = false;
		err = add_samples(&s->w, &e, m);
		at->bare = s->w.bare;
	}
	add_counts(&s->w, &e, m, 1);
	return err;
}

/* What is newer than the newest that it has: found backwards, added forwards. */
static int add_newer(struct tk_sliding *s, const struct tk_past *p, enum tk_measure m, int64_t from)
{
	int64_t known = s->n ? entry_at(s, s->n - 1)->here.t_ns : INT64_MIN;
	struct tk_trail t = p->trail[0], here = t;
	struct tk_entry e;
	size_t n = 0;

	known = later(known, from);
	while (t.t_ns > known && tk_hold_read(p->hold, 0, &t, false, &e))
		n++;
	if (s->n && t.t_ns > known) /* what is between is not kept any more: begin anew */
		begin_anew(s);
	if (make_room(s, n) < 0)
		return -ENOMEM;
	for (size_t i = n; i--;) {
		entry_at(s, s->n + i)->here = here;
		tk_hold_read(p->hold, 0, &here, false, &e);
	}
	for (; n; n--)
		if (add_newest(s, p, m, entry_at(s, s->n++)) == -ENOMEM)
			return -ENOMEM;
	return 0;
}

/* Sums, extremes and times, of what is in it now; and forget epochs that have left it. */
static void sum_up(struct tk_sliding *s)
{
	struct tk_window *w = &s->w;

	w->bare = false;
	w->sum_ns = 0;
	w->min_ns = INFINITY;
	w->max_ns = -INFINITY;
	for (size_t i = 0; i < s->n; i++) {
		const struct tk_sliding_entry *x = entry_at(s, i);

		w->min_ns = fmin(w->min_ns, x->min_ns);
		w->max_ns = fmax(w->max_ns, x->max_ns);
		w->bare = w->bare || x->bare;
	}
	for (uint32_t i = 0; i < w->n; i++) {
		struct tk_bins_rated *r = &w->of[i], last = w->of[w->n - 1];

		w->sum_ns += (double)r->bins.sum * r->ns_per_tick;
		if (r->bins.count)
			continue;
		tk_bins_free(&r->bins); /* its min and max are not true any more */
		w->of[w->n - 1] = (struct tk_bins_rated){ 0 };
		if (i < --w->n)
			w->of[i--] = last;
	}
	w->from_ns = s->n ? entry_at(s, 0)->began : INT64_MAX;
	w->to_ns = s->n ? entry_at(s, s->n - 1)->here.t_ns : INT64_MIN;
}

int tk_sliding_move(struct tk_sliding *s, const struct tk_past *p, enum tk_measure m, int64_t from)
{
	int err;

	while (s->n && entry_at(s, 0)->here.t_ns <= from)
		if (!drop_oldest(s, p, m))
			begin_anew(s);
	err = add_newer(s, p, m, from);
	if (err)
		begin_anew(s);
	sum_up(s);
	return err;
}

void tk_sliding_free(struct tk_sliding *s)
{
	tk_window_free(&s->w);
	free(s->entry);
	memset(s, 0, sizeof(*s));
}
