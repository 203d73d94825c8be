/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/series.h - what is known of one timer: its open datapoints, its total, its
 * history.
 *
 * Samples arrive in tallies, are moved here in each round, and become a datapoint when an interval
 * ends. Three tiers are open at once: closing one merges its histogram into the next tier and into
 * the total. So no count is ever lost or doubled on the way, and percentiles always come from
 * samples, never from percentiles. Histograms cost what they hold (collector/stats/bins.h): at 200
 * samples a second a measure has 3 KB in all.
 *
 * A histogram has one clock and epoch. When the clock begins another epoch, open datapoints of the
 * coarser tiers end early; the total has a histogram for each. A refined rate does not begin
 * another.
 *
 * Nothing here needs an engine or a clock: what replays a recording (collector/replay/feed.h) feeds
 * tk_series_feed() and tk_series_feed_bins().
 *
 * A series belongs to one timer of one process. When the process has ended, and its last interval
 * is closed, it does not change any more.
 *
 * What was recorded before the collector came may be fed first, interval by interval
 * (tk_series_replay()). Meanwhile tk_registry_close() passes it by.
 *
 * One thread, or callers under one lock. Times are ns on the collector's time line.
 */
#ifndef TK_COLLECTOR_STATS_SERIES_H
#define TK_COLLECTOR_STATS_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/stats/bins.h"
#include "collector/stats/measure.h"
#include "collector/stats/past/history.h"
#include "collector/stats/rated.h"
#include "collector/stats/tally.h"

/** One measure of a series. */
struct tk_track {
	struct tk_bins open[TK_TIERS]; /* of each tier's open datapoint */
	struct tk_bins closed;         /* of `last`, if the series keeps that (keeps_closed) */
	/* Since the collector attached: one for each clock and epoch, the newest last. NULL: no
	 * sample. */
	struct tk_bins_rated *total;
	size_t n_total;
	struct tk_datapoint last; /* the newest of tier 0 */
	struct tk_seen seen;      /* and the newest that had samples */
	bool kept;                /* it has a history: from its first sample on */
};

#define TK_TOTAL TK_TIERS /* the place of the total behind the tiers */

struct tk_series {
	uint64_t key;
	char name[64], app[64], segment[128];
	uint32_t pid;
	uint32_t stamp;
	/* Of values one tick is one, and no clock has epochs. */
	struct tk_unit unit;
	uint8_t labels;  /* so many bytes at the end of its name (collector/labels/labels.h) */
	uint32_t uid;    /* who owns its segment */
	uint64_t place;  /* a number for its segment's directory */
	const char *dir; /* the directory; the collector's */
	uint64_t pushed; /* by its program since it began, as its lanes count; 0: nobody asked */
	bool alive;      /* more may come */
	bool ending;     /* no more will, and its last interval is open yet */
	bool disabled;
	bool found_dead; /* its process was dead already when the collector came */
	bool unsettled;  /* its process lost records of which it is not known whose they were */
	bool replaying;  /* what it recorded before is being read: it is not at the present yet */
	bool no_past; /* it has tier 0 and the total alone, and no history. As its registry says */
	bool keeps_closed; /* the histograms of the newest interval stay until the next one ends */
	uint64_t negative[TK_MEASURES]; /* samples, ever */
	uint64_t across;                /* of either measure */
	/* When its process died, or, if the collector found it dead, its last record was; 0: it
	 * lives, or that is not known. */
	int64_t died_ns;
	int64_t seen_ns; /* when the last interval in which it had a record ended; 0: none had */
	/* What its ticks are worth, and of which clock and epoch they are. */
	double ns_per_tick;
	uint32_t clock;

	struct tk_track track[TK_MEASURES];
	struct tk_trail trail[TK_TIERS];
	/* So much shorter a coarser tier's first datapoint is, also the first after a change of the
	 * clock: so that those of all series do not close in one interval. 0 unless the registry
	 * sets it. */
	int64_t phase_ns[TK_TIERS];
	bool first[TK_TIERS]; /* the open datapoint is such a first one */
	/* Of each tier's open datapoint, then the total. */
	int64_t began[TK_TIERS + 1];
	struct tk_counts counts[TK_TIERS + 1];
	/* Of the coarser open tiers. */
	double open_ns_per_tick;
	uint32_t open_clock;
};

/** @now: when its first datapoint begins. @return NULL and errno ENOMEM. */
struct tk_series *tk_series_new(uint64_t key, int64_t now);

/**
 * Add records to the open datapoint: their counts, and their samples in ticks. Without memory for a
 * histogram counts, sum and extremes are exact, and percentiles are not known.
 */
void tk_series_feed(struct tk_series *s, const struct tk_counts *c,
		    const struct tk_hist_counted samples[TK_MEASURES]);

/**
 * Add samples of one measure, as many as a histogram holds. What else is known of their records
 * comes by tk_series_feed(), whose samples may be NULL then.
 */
void tk_series_feed_bins(struct tk_series *s, enum tk_measure m, const struct tk_bins *samples);

/** The same, of what a tally holds, which is empty then. */
void tk_series_take(struct tk_series *s, struct tk_tally *t);

/** Records of the timer that are known to be lost. */
void tk_series_lose(struct tk_series *s, uint64_t lost);

/**
 * The interval, nominally interval_ns long, ends now: close tier 0, and the coarser tiers that are
 * due. @return 0, or -ENOMEM: a datapoint was not kept in history (the total has it)
 */
int tk_series_close(struct tk_series *s, struct tk_history *h, int64_t now, uint64_t interval_ns);

/**
 * The next interval is one of the past, nominally `width` long, that begins at `from`: of what was
 * recorded before the collector came. Feed that then, and close the interval. From the end of the
 * interval before, nothing was recorded; nobody knows what was before the first one. @s: replaying
 */
int tk_series_replay(struct tk_series *s, struct tk_history *h, int64_t from, int64_t width);

/** The past is read. What lies between it and `now`, where it goes on, nobody knows: a gap. */
int tk_series_resume(struct tk_series *s, struct tk_history *h, int64_t now);

/** Its process is dead and everything is read: it ends with the interval. */
void tk_series_leave(struct tk_series *s);

/**
 * The interval ends, and it with it: close all tiers. One that replays ends where its past does.
 */
int tk_series_end(struct tk_series *s, struct tk_history *h, int64_t now);

/** Free the histograms of its newest interval: nobody wants them any more. */
void tk_series_drop_closed(struct tk_series *s);

/**
 * Everything since the collector attached, as one datapoint. @whole: with sum, extremes and
 * percentiles, which take a microsecond; they are NAN otherwise
 */
void tk_series_total(const struct tk_series *s, enum tk_measure m, int64_t now, bool whole,
		     struct tk_datapoint *out);

/**
 * How many records its program has pushed since it began: what the lanes count (`pushed`), or, if
 * that is more, what was seen.
 */
uint64_t tk_series_since_start(const struct tk_series *s);

/**
 * Whether it never had a sample: nothing was recorded, or only marks. If records were all lost it
 * had some, perhaps.
 */
bool tk_series_silent(const struct tk_series *s);

/**
 * Samples since the collector attached that are at most edge_ns[i], of n ascending edges: for
 * metrics. They never fall: an edge keeps its place among a histogram's buckets (within 0.4 %),
 * even when the clock's rate is refined.
 */
void tk_series_cumulative(const struct tk_series *s, enum tk_measure m, const double *edge_ns,
			  size_t n, uint64_t *count);

/** Its history is not freed: it ages within the budget. */
void tk_series_free(struct tk_series *s);

#endif
