/* SPDX-License-Identifier: MIT */
#include "collector/stats/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TOTAL TK_TIERS

struct tk_series *tk_series_new(uint64_t key, int64_t now)
{
	struct tk_series *s = calloc(1, sizeof(*s));

	if (!s) {
		errno = ENOMEM;
		return NULL;
	}
	s->key = key;
	s->alive = true;
	s->ns_per_tick = 1;
	for (int i = 0; i < TK_HISTS; i++)
		s->began[i] = now;
	return s;
}

/* Mapped, not allocated: of 43 KB each, only the pages that samples fall into become memory. */
static struct tk_hist *track_begin(struct tk_track *t)
{
	void *p = mmap(NULL, TK_HISTS * sizeof(struct tk_hist), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	t->hist = p == MAP_FAILED ? NULL : p;
	return t->hist;
}

void tk_series_take(struct tk_series *s, struct tk_tally *t)
{
	struct tk_hist *into[TK_MEASURES] = { NULL };
	struct tk_counts *c = &s->counts[0];
	struct tk_tally_facts f;

	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_track *track = &s->track[m];

		tk_tally_facts(t, (enum tk_measure)m, &f);
		c->count[m] += f.count;
		c->aside[m] += f.negative + f.across;
		c->without[m] += f.without;
		s->negative += f.negative;
		s->across += f.across;
		if (f.count)
			into[m] = track->hist ? track->hist : track_begin(track);
	}
	c->records += f.records;
	tk_tally_move(t, into);
}

void tk_series_lose(struct tk_series *s, uint64_t lost)
{
	s->counts[0].records += lost;
	s->counts[0].lost += lost;
}

static void samples(const struct tk_series *s, enum tk_measure m, int tier, struct tk_datapoint *d)
{
	const struct tk_hist *h = s->track[m].hist ? &s->track[m].hist[tier] : NULL;
	double ticks[TK_PERCENTILES];

	d->sum_ns = d->min_ns = d->max_ns = NAN;
	for (int p = 0; p < TK_PERCENTILES; p++)
		d->p_ns[p] = NAN;
	if (!h || h->count != d->count)
		return;
	d->sum_ns = (double)h->sum * s->ns_per_tick;
	d->min_ns = (double)h->min * s->ns_per_tick;
	d->max_ns = (double)h->max * s->ns_per_tick;
	tk_hist_percentiles(h, ticks);
	for (int p = 0; p < TK_PERCENTILES; p++)
		d->p_ns[p] = ticks[p] * s->ns_per_tick;
}

static void datapoint(const struct tk_series *s, enum tk_measure m, int tier, int64_t now,
		      struct tk_datapoint *d)
{
	const struct tk_counts *c = &s->counts[tier];

	memset(d, 0, sizeof(*d));
	d->t_ns = now;
	d->interval_ns = (uint64_t)(now - s->began[tier]);
	d->records = c->records;
	d->lost = c->lost;
	d->count = c->count[m];
	d->aside = c->aside[m];
	d->without = c->without[m];
	if (d->count)
		samples(s, m, tier, d);
}

static void add_counts(struct tk_counts *to, const struct tk_counts *from)
{
	to->records += from->records;
	to->lost += from->lost;
	for (int m = 0; m < TK_MEASURES; m++) {
		to->count[m] += from->count[m];
		to->aside[m] += from->aside[m];
		to->without[m] += from->without[m];
	}
}

static void pass_on(struct tk_series *s, int from, int to)
{
	for (int m = 0; m < TK_MEASURES; m++)
		if (s->track[m].hist)
			tk_hist_merge(&s->track[m].hist[to], &s->track[m].hist[from]);
	add_counts(&s->counts[to], &s->counts[from]);
}

/* A measure has history from its first sample on. Records that were lost or set aside before the
 * first sample also make history, of the first measure. */
static bool is_kept(const struct tk_series *s, enum tk_measure m, int tier)
{
	if (s->track[m].hist || s->track[m].trail[tier].newest || s->counts[tier].count[m])
		return true;
	return m == TK_PROCESSING && (s->counts[tier].lost || s->across || s->negative);
}

static int close_tier(struct tk_series *s, struct tk_history *h, int tier, int64_t now)
{
	int err = 0;

	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_track *t = &s->track[m];
		struct tk_datapoint d;

		datapoint(s, (enum tk_measure)m, tier, now, &d);
		if (tier == 0)
			t->last = d;
		if (is_kept(s, (enum tk_measure)m, tier) &&
		    tk_history_add(h, (unsigned)tier, &t->trail[tier], &d) < 0)
			err = -ENOMEM;
	}
	if (tier + 1 < TK_TIERS)
		pass_on(s, tier, tier + 1);
	if (tier == 0)
		pass_on(s, tier, TOTAL);
	for (int m = 0; m < TK_MEASURES; m++)
		if (s->track[m].hist)
			tk_hist_clear(&s->track[m].hist[tier]);
	s->began[tier] = now;
	memset(&s->counts[tier], 0, sizeof(s->counts[tier]));
	return err;
}

int tk_series_close(struct tk_series *s, struct tk_history *h, int64_t now, uint64_t interval_ns)
{
	static const uint64_t width[TK_TIERS] = { 0, TK_TIER1_NS, TK_TIER2_NS };
	int err = close_tier(s, h, 0, now);

	/* Intervals end a little late or early: with half an interval of tolerance a second stays
	 * ten intervals long. */
	for (int i = 1; i < TK_TIERS; i++) {
		if ((uint64_t)(now - s->began[i]) + interval_ns / 2 < width[i])
			break;
		if (close_tier(s, h, i, now) < 0)
			err = -ENOMEM;
	}
	return err;
}

void tk_series_leave(struct tk_series *s)
{
	s->alive = false;
	s->ending = true;
}

int tk_series_end(struct tk_series *s, struct tk_history *h, int64_t now)
{
	int err = 0;

	for (int i = 0; i < TK_TIERS; i++)
		if (close_tier(s, h, i, now) < 0)
			err = -ENOMEM;
	s->alive = s->ending = false;
	return err;
}

void tk_series_total(const struct tk_series *s, enum tk_measure m, int64_t now,
		     struct tk_datapoint *out)
{
	datapoint(s, m, TOTAL, now, out);
}

bool tk_series_silent(const struct tk_series *s)
{
	uint64_t records = s->counts[0].records + s->counts[TOTAL].records;
	uint64_t lost = s->counts[0].lost + s->counts[TOTAL].lost;

	for (int m = 0; m < TK_MEASURES; m++)
		if (s->counts[0].count[m] || s->counts[TOTAL].count[m])
			return false;
	return !s->negative && !s->across && (records == 0 || lost < records);
}

int64_t tk_series_reach(const struct tk_series *s)
{
	int64_t reach = INT64_MAX;

	for (int m = 0; m < TK_MEASURES; m++) {
		for (int i = 0; i < TK_TIERS; i++) {
			int64_t r = tk_trail_reach(&s->track[m].trail[i]);

			reach = r < reach ? r : reach;
		}
	}
	return reach;
}

/* Whether this tier shows as much of the range from..now as any. */
static bool reaches(const struct tk_series *s, unsigned tier, int64_t from)
{
	int64_t reach = tk_series_reach(s);

	if (from < reach)
		from = reach;
	for (int m = 0; m < TK_MEASURES; m++)
		if (tk_trail_reach(&s->track[m].trail[tier]) <= from)
			return true;
	return false;
}

unsigned tk_series_tier(const struct tk_series *s, int64_t from, int64_t to, size_t max)
{
	unsigned coarsest = 0;

	for (unsigned i = 0; i < TK_TIERS; i++) {
		size_t n = 0;

		for (int m = 0; m < TK_MEASURES; m++) {
			size_t k = tk_trail_count(&s->track[m].trail[i], from, to);

			n = k > n ? k : n;
		}
		if (n == 0)
			continue;
		if (n <= max && reaches(s, i, from))
			return i;
		coarsest = i;
	}
	return coarsest;
}

void tk_series_free(struct tk_series *s, struct tk_history *h)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		for (unsigned i = 0; i < TK_TIERS; i++)
			tk_history_drop(h, i, &s->track[m].trail[i]);
		if (s->track[m].hist)
			munmap(s->track[m].hist, TK_HISTS * sizeof(struct tk_hist));
	}
	free(s);
}
