/* SPDX-License-Identifier: MIT */
#include "collector/stats/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct tk_series *tk_series_new(uint64_t key, int64_t now)
{
	struct tk_series *s = calloc(1, sizeof(*s));

	if (!s) {
		errno = ENOMEM;
		return NULL;
	}
	s->key = key;
	s->alive = true;
	s->ns_per_tick = s->open_ns_per_tick = 1;
	for (int i = 0; i <= TK_TOTAL; i++)
		s->began[i] = now;
	for (int i = 0; i < TK_TIERS; i++)
		s->first[i] = true;
	return s;
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

void tk_series_feed(struct tk_series *s, const struct tk_counts *c,
		    const struct tk_hist_counted samples[TK_MEASURES])
{
	add_counts(&s->counts[0], c);
	for (int m = 0; m < TK_MEASURES; m++)
		if (c->count[m])
			tk_bins_add_counted(&s->track[m].open[0], &samples[m]);
}

void tk_series_feed_bins(struct tk_series *s, enum tk_measure m, const struct tk_bins *samples)
{
	s->counts[0].count[m] += samples->count;
	tk_bins_merge(&s->track[m].open[0], samples);
}

void tk_series_take(struct tk_series *s, struct tk_tally *t)
{
	struct tk_hist_counted samples[TK_MEASURES] = { 0 };
	struct tk_hist *nowhere[TK_MEASURES] = { NULL };
	struct tk_counts c = { 0 };
	struct tk_tally_facts f[TK_MEASURES];

	tk_tally_facts(t, f);
	c.records = f->records;
	for (int m = 0; m < TK_MEASURES; m++) {
		tk_tally_counted(t, (enum tk_measure)m, &samples[m]);
		c.count[m] = f[m].count;
		c.aside[m] = f[m].negative + f[m].across;
		c.without[m] = f[m].without;
		s->negative[m] += f[m].negative;
		s->across += f[m].across;
	}
	tk_series_feed(s, &c, samples);
	tk_tally_move(t, nowhere);
}

void tk_series_lose(struct tk_series *s, uint64_t lost)
{
	s->counts[0].records += lost;
	s->counts[0].lost += lost;
}

/* ---- the total ---- */

/* A histogram of ticks of one worth as one of another: only the oldest of more than
 * TK_BINS_UNION_MAX epochs is re-bucketed. */
static void rebucket(struct tk_bins_rated *to, struct tk_bins_rated *from)
{
	double ratio = from->ns_per_tick / to->ns_per_tick;
	const struct tk_bins *b = &from->bins;
	unsigned __int128 sum = to->bins.sum + (unsigned __int128)((double)b->sum * ratio);

	for (uint32_t i = tk_bins_next(b, 0); i < TK_HIST_BUCKETS; i = tk_bins_next(b, i + 1))
		tk_bins_add(&to->bins, (uint64_t)(tk_bins_middle(b, i) * ratio), tk_bins_at(b, i));
	to->bins.count += b->bare;
	to->bins.bare += b->bare;
	to->bins.sum = sum;
	tk_bins_free(&from->bins);
}

/* The histogram of the total for the present clock. @return NULL: no memory */
static struct tk_bins_rated *total_of(struct tk_track *t, double ns_per_tick, uint32_t clock)
{
	struct tk_bins_rated *list = t->total;

	if (t->n_total && list[t->n_total - 1].clock == clock)
		return &list[t->n_total - 1];
	if (t->n_total == TK_BINS_UNION_MAX) {
		rebucket(&list[1], &list[0]);
		memmove(list, list + 1, --t->n_total * sizeof(*list));
	}
	list = realloc(list, (t->n_total + 1) * sizeof(*list));
	if (!list)
		return NULL;
	t->total = list;
	list += t->n_total++;
	*list = (struct tk_bins_rated){ .first_ns_per_tick = ns_per_tick, .clock = clock };
	return list;
}

static void add_to_total(struct tk_series *s, struct tk_track *t)
{
	struct tk_bins_rated *of;

	if (t->open[0].count == 0)
		return;
	of = total_of(t, s->ns_per_tick, s->clock);
	if (!of)
		return;
	of->ns_per_tick = s->ns_per_tick;
	tk_bins_merge(&of->bins, &t->open[0]);
}

/* ---- datapoints ---- */

static void not_known(struct tk_datapoint *d)
{
	d->sum_ns = d->min_ns = d->max_ns = NAN;
	for (int p = 0; p < TK_PERCENTILES; p++)
		d->p_ns[p] = NAN;
}

static void samples(const struct tk_bins_rated *of, size_t n, struct tk_datapoint *d)
{
	uint64_t count = 0;

	d->sum_ns = 0;
	for (size_t i = 0; i < n; i++) {
		const struct tk_bins *b = &of[i].bins;
		double min = (double)b->min * of[i].ns_per_tick;
		double max = (double)b->max * of[i].ns_per_tick;

		d->sum_ns += (double)b->sum * of[i].ns_per_tick;
		d->min_ns = count && d->min_ns < min ? d->min_ns : min;
		d->max_ns = count && d->max_ns > max ? d->max_ns : max;
		count += b->count;
	}
	tk_bins_quantiles(of, n, tk_quantiles, TK_PERCENTILES, d->p_ns);
	if (count == d->count)
		return;
	not_known(d); /* a histogram could not be had */
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
}

static void last_datapoint(struct tk_series *s, enum tk_measure m, int64_t now)
{
	struct tk_track *t = &s->track[m];
	struct tk_bins_rated of = { .bins = t->open[0], .ns_per_tick = s->ns_per_tick };

	datapoint(s, m, 0, now, &t->last);
	if (t->last.count)
		samples(&of, 1, &t->last);
}

void tk_series_total(const struct tk_series *s, enum tk_measure m, int64_t now, bool whole,
		     struct tk_datapoint *out)
{
	const struct tk_track *t = &s->track[m];

	datapoint(s, m, TK_TOTAL, now, out);
	if (out->count && whole)
		samples(t->total, t->n_total, out);
	else if (out->count)
		not_known(out);
}

/* ---- intervals ---- */

static int tiers(const struct tk_series *s)
{
	return s->no_past ? 1 : TK_TIERS;
}

/* A measure has history from its first sample on. Records that were lost or set aside before the
 * first sample also make history, of the first measure. */
static void decide_kept(struct tk_series *s, int tier)
{
	const struct tk_counts *c = &s->counts[tier];

	for (int m = 0; m < TK_MEASURES; m++)
		s->track[m].kept = s->track[m].kept || c->count[m];
	if (c->lost || s->across || s->negative[TK_PROCESSING] || s->negative[TK_LATENCY])
		s->track[TK_PROCESSING].kept = true;
}

static int keep(struct tk_series *s, struct tk_history *h, int tier, int64_t now)
{
	const struct tk_closed c = {
		.t_ns = now,
		.interval_ns = (uint64_t)(now - s->began[tier]),
		.ns_per_tick = tier ? s->open_ns_per_tick : s->ns_per_tick,
		.clock = tier ? s->open_clock : s->clock,
		.counts = &s->counts[tier],
		.kept = { s->track[0].kept, s->track[1].kept },
		.bins = { &s->track[0].open[tier], &s->track[1].open[tier] },
	};

	if (s->no_past || (!c.kept[0] && !c.kept[1]))
		return 0;
	return tk_history_add(h, (unsigned)tier, &s->trail[tier], &c);
}

/* Its histogram goes on to the next tier, and is kept if that was asked for. */
static void empty(const struct tk_series *s, struct tk_track *t, int tier)
{
	struct tk_bins full = t->open[tier];

	if (tier + 1 < tiers(s))
		tk_bins_merge(&t->open[tier + 1], &full);
	if (tier == 0 && s->keeps_closed) {
		t->open[0] = t->closed;
		t->closed = full;
	}
	tk_bins_clear(&t->open[tier]);
}

static int close_tier(struct tk_series *s, struct tk_history *h, int tier, int64_t now)
{
	int err;

	decide_kept(s, tier);
	err = keep(s, h, tier, now);
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_track *t = &s->track[m];

		if (tier == 0) {
			last_datapoint(s, (enum tk_measure)m, now);
			if (t->last.count)
				t->seen = (struct tk_seen){ now, tk_datapoint_avg_ns(&t->last),
							    t->last.p_ns[TK_P99] };
			add_to_total(s, t);
		}
		empty(s, t, tier);
	}
	if (tier == 0) {
		add_counts(&s->counts[TK_TOTAL], &s->counts[0]);
		if (s->counts[0].records)
			s->seen_ns = now;
	}
	if (tier + 1 < tiers(s))
		add_counts(&s->counts[tier + 1], &s->counts[tier]);
	s->began[tier] = now;
	s->first[tier] = false;
	memset(&s->counts[tier], 0, sizeof(s->counts[tier]));
	return err;
}

/* The clock began another epoch: what the coarser tiers have so far ends with the one before. */
static int change_clock(struct tk_series *s, struct tk_history *h)
{
	int err = 0;

	for (int i = 1; i < tiers(s) && s->clock != s->open_clock; i++) {
		if (s->began[i] < s->began[0] && close_tier(s, h, i, s->began[0]) < 0)
			err = -ENOMEM;
		s->first[i] = true;
	}
	s->open_clock = s->clock;
	s->open_ns_per_tick = s->ns_per_tick;
	return err;
}

/* Whether a tier ends at `now`. Intervals end a little late or early: with half an interval of
 * tolerance a second stays ten intervals long. */
static bool is_due(const struct tk_series *s, int tier, int64_t now, uint64_t interval_ns)
{
	static const int64_t width[TK_TIERS] = { 0, (int64_t)TK_TIER1_NS, (int64_t)TK_TIER2_NS };
	int64_t age = now - s->began[tier] + (s->first[tier] ? s->phase_ns[tier] : 0);

	return age + (int64_t)interval_ns / 2 >= width[tier];
}

int tk_series_close(struct tk_series *s, struct tk_history *h, int64_t now, uint64_t interval_ns)
{
	int err = change_clock(s, h);

	if (close_tier(s, h, 0, now) < 0)
		err = -ENOMEM;
	for (int i = 1; i < tiers(s) && is_due(s, i, now, interval_ns); i++)
		if (close_tier(s, h, i, now) < 0)
			err = -ENOMEM;
	return err;
}

/* ---- the past ---- */

/* Move on to `now`: what lies between it and the end of the last interval is a gap. */
static int skip(struct tk_series *s, struct tk_history *h, int tier, int64_t now)
{
	const struct tk_counts none = { 0 };
	const struct tk_bins empty = { 0 };
	const struct tk_closed gap = { .t_ns = now,
				       .interval_ns = (uint64_t)(now - s->began[tier]),
				       .ns_per_tick = s->ns_per_tick,
				       .clock = s->clock,
				       .counts = &none,
				       .bins = { &empty, &empty } };

	s->began[tier] = now;
	s->first[tier] = true;
	if (!s->trail[tier].t_ns || !gap.interval_ns)
		return 0;
	return tk_history_add(h, (unsigned)tier, &s->trail[tier], &gap);
}

/* Close the coarser tiers where the last interval ended. */
static int close_coarser(struct tk_series *s, struct tk_history *h)
{
	int err = 0;

	for (int i = 1; i < TK_TIERS; i++)
		if (s->began[i] < s->began[0] && close_tier(s, h, i, s->began[0]) < 0)
			err = -ENOMEM;
	return err;
}

/* Nothing was recorded until `now`: an interval of the usual width at both ends, and a long one. */
static int idle(struct tk_series *s, struct tk_history *h, int64_t now, int64_t width)
{
	const int64_t ends[] = { s->began[0] + width, now - width, now };
	int err = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i] > s->began[0] && ends[i] <= now &&
		    tk_series_close(s, h, ends[i], (uint64_t)width) < 0)
			err = -ENOMEM;
	return err;
}

int tk_series_replay(struct tk_series *s, struct tk_history *h, int64_t from, int64_t width)
{
	if (s->seen_ns)
		return idle(s, h, from, width);
	for (int i = 0; i <= TK_TOTAL; i++)
		s->began[i] = from;
	return 0;
}

int tk_series_resume(struct tk_series *s, struct tk_history *h, int64_t now)
{
	int err = close_coarser(s, h);

	s->replaying = false;
	for (int i = 0; i < TK_TIERS && s->began[0] < now; i++)
		if (skip(s, h, TK_TIERS - 1 - i, now) < 0)
			err = -ENOMEM;
	if (!s->seen_ns)
		s->began[TK_TOTAL] = now;
	return err;
}

void tk_series_leave(struct tk_series *s)
{
	s->alive = false;
	s->ending = true;
}

int tk_series_end(struct tk_series *s, struct tk_history *h, int64_t now)
{
	int err = change_clock(s, h);

	if (s->replaying)
		now = s->began[0];
	for (int i = 0; i < tiers(s); i++) {
		if ((!s->replaying || s->began[i] < now) && close_tier(s, h, i, now) < 0)
			err = -ENOMEM;
		for (int m = 0; m < TK_MEASURES; m++)
			tk_bins_free(&s->track[m].open[i]);
	}
	s->alive = s->ending = s->replaying = false;
	return err;
}

void tk_series_drop_closed(struct tk_series *s)
{
	for (int m = 0; m < TK_MEASURES; m++)
		tk_bins_free(&s->track[m].closed);
}

/* ---- what is asked of it ---- */

uint64_t tk_series_since_start(const struct tk_series *s)
{
	uint64_t seen = s->counts[0].records + s->counts[TK_TOTAL].records;

	return s->pushed > seen ? s->pushed : seen;
}

bool tk_series_silent(const struct tk_series *s)
{
	uint64_t records = s->counts[0].records + s->counts[TK_TOTAL].records;
	uint64_t lost = s->counts[0].lost + s->counts[TK_TOTAL].lost;

	for (int m = 0; m < TK_MEASURES; m++)
		if (s->counts[0].count[m] || s->counts[TK_TOTAL].count[m])
			return false;
	return !s->negative[TK_PROCESSING] && !s->negative[TK_LATENCY] && !s->across &&
	       (records == 0 || lost < records);
}

void tk_series_cumulative(const struct tk_series *s, enum tk_measure m, const double *edge_ns,
			  size_t n, uint64_t *count)
{
	const struct tk_track *t = &s->track[m];

	memset(count, 0, n * sizeof(*count));
	for (size_t k = 0; k < t->n_total; k++) {
		const struct tk_bins *b = &t->total[k].bins;
		uint32_t i = tk_bins_next(b, 0);

		/* By the rate that the histogram began with, which does not change; and by where a
		 * bucket begins, whatever samples it has. */
		for (; i < TK_HIST_BUCKETS; i = tk_bins_next(b, i + 1))
			for (size_t e = n; e--;)
				if ((double)tk_hist_lowest(i) * t->total[k].first_ns_per_tick <=
				    edge_ns[e])
					count[e] += tk_bins_at(b, i);
				else
					break;
	}
}

void tk_series_free(struct tk_series *s)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_track *t = &s->track[m];

		for (int i = 0; i < TK_TIERS; i++)
			tk_bins_free(&t->open[i]);
		for (size_t k = 0; k < t->n_total; k++)
			tk_bins_free(&t->total[k].bins);
		free(t->total);
	}
	tk_series_drop_closed(s);
	free(s);
}
