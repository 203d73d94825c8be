/* SPDX-License-Identifier: MIT */
#include "collector/stats/past/past.h"

#include "collector/stats/rated.h"

int64_t tk_past_tier_reach(const struct tk_past *p, unsigned tier)
{
	struct tk_trail t = p->trail[tier];
	int64_t reach = INT64_MAX;
	struct tk_entry e;

	while (tk_hold_read(p->hold, tier, &t, false, &e))
		reach = tk_entry_began(&e);
	return reach;
}

int64_t tk_past_reach(const struct tk_past *p)
{
	int64_t reach = INT64_MAX;

	for (unsigned i = 0; i < TK_TIERS; i++) {
		int64_t r = tk_past_tier_reach(p, i);

		reach = r < reach ? r : reach;
	}
	return reach;
}

/* The next older entry that overlaps from..to, and has the measure. */
static bool next_in(const struct tk_past *p, unsigned tier, struct tk_trail *t, enum tk_measure m,
		    int64_t from, int64_t to, struct tk_entry *e)
{
	struct tk_trail here = *t;

	while (here.t_ns > from && tk_hold_read(p->hold, tier, t, false, e)) {
		if (tk_entry_began(e) < to && e->kept[m])
			return tk_hold_read(p->hold, tier, &here, true, e);
		here = *t;
	}
	return false;
}

size_t tk_past_count(const struct tk_past *p, unsigned tier, enum tk_measure m, int64_t from,
		     int64_t to)
{
	struct tk_trail t = p->trail[tier];
	struct tk_entry e;
	size_t n = 0;

	while (t.t_ns > from && tk_hold_read(p->hold, tier, &t, false, &e))
		n += tk_entry_began(&e) < to && e.kept[m];
	return n;
}

/* As the series computed it when the interval was closed: from the same counts in the same way. */
static void datapoint(const struct tk_entry *e, enum tk_measure m, struct tk_bins_rated *scratch,
		      struct tk_datapoint *d)
{
	const struct tk_packed *p = &e->of[m];

	*d = (struct tk_datapoint){ .t_ns = e->t_ns,
				    .interval_ns = e->interval_ns,
				    .records = e->counts.records,
				    .lost = e->counts.lost,
				    .count = p->count,
				    .aside = e->counts.aside[m],
				    .without = e->counts.without[m] };
	if (!p->count)
		return;
	d->sum_ns = (double)p->sum * e->ns_per_tick;
	d->min_ns = (double)p->min * e->ns_per_tick;
	d->max_ns = (double)p->max * e->ns_per_tick;
	tk_bins_wipe(&scratch->bins);
	scratch->ns_per_tick = e->ns_per_tick;
	if (e->bare[m] || tk_unpack(p, &scratch->bins) < 0)
		scratch->bins.bare = 1;
	tk_bins_quantiles(scratch, 1, tk_quantiles, TK_PERCENTILES, d->p_ns);
}

size_t tk_past_points(const struct tk_past *p, unsigned tier, enum tk_measure m, int64_t from,
		      int64_t to, struct tk_datapoint *out, size_t max)
{
	size_t n = tk_past_count(p, tier, m, from, to), left = n < max ? n : max;
	struct tk_trail t = p->trail[tier];
	struct tk_bins_rated scratch = { .ns_per_tick = 1 };
	struct tk_entry e;

	n = left;
	while (left && next_in(p, tier, &t, m, from, to, &e))
		datapoint(&e, m, &scratch, &out[--left]);
	tk_bins_free(&scratch.bins);
	return n;
}

/* When the oldest interval of a tier ended that ended after `from`; INT64_MAX: there is none. */
static int64_t first_end(const struct tk_past *p, unsigned tier, int64_t from)
{
	struct tk_trail t = p->trail[tier];
	int64_t end = INT64_MAX;
	struct tk_entry e;

	while (t.t_ns > from && tk_hold_read(p->hold, tier, &t, false, &e))
		end = e.t_ns;
	return end;
}

/*
 * Whether coarser tiers have nothing of from.. that this one lacks. That an interval of theirs
 * begins earlier says nothing: it may begin before the timer's first record.
 */
static bool reaches_back(const struct tk_past *p, unsigned tier, int64_t from)
{
	int64_t reach = tk_past_tier_reach(p, tier);

	for (unsigned i = tier + 1; i < TK_TIERS; i++)
		if (first_end(p, i, from) <= reach)
			return false;
	return true;
}

unsigned tk_past_tier(const struct tk_past *p, int64_t from, int64_t to, size_t max)
{
	unsigned coarsest = 0;

	for (unsigned i = 0; i < TK_TIERS; i++) {
		size_t n = 0;

		for (int m = 0; m < TK_MEASURES; m++) {
			size_t k = tk_past_count(p, i, (enum tk_measure)m, from, to);

			n = k > n ? k : n;
		}
		if (n == 0)
			continue;
		if (n <= max && reaches_back(p, i, from))
			return i;
		coarsest = i;
	}
	return coarsest;
}
