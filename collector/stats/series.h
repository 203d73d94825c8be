/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/series.h - what is known of one timer: its open datapoints, its total, its
 * history.
 *
 * Samples arrive in tallies, are moved here in each round, and become a datapoint when an interval
 * ends. Three tiers are open at once: closing one merges its histogram into the next tier and into
 * the total. So no count is ever lost or doubled on the way, and percentiles always come from
 * samples, never from percentiles.
 *
 * A series belongs to one timer of one process. When the process has ended, and its last interval
 * is closed, it does not change any more.
 *
 * One thread, or callers under one lock. Times are ns on the collector's time line.
 */
#ifndef TK_COLLECTOR_STATS_SERIES_H
#define TK_COLLECTOR_STATS_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/stats/histogram.h"
#include "collector/stats/history.h"
#include "collector/stats/measure.h"
#include "collector/stats/tally.h"

/** One measure of a series. */
struct tk_track {
	struct tk_hist
		*hist; /* of each tier's open datapoint, then the total; NULL: no sample yet */
	struct tk_trail trail[TK_TIERS];
	struct tk_datapoint last; /* the newest of tier 0 */
};

#define TK_HISTS (TK_TIERS + 1) /* the last is the total */

/** What is counted besides histograms: exact, whatever memory there is. */
struct tk_counts {
	uint64_t records, lost; /* delivered or lost; of these, lost */
	uint64_t count[TK_MEASURES], aside[TK_MEASURES], without[TK_MEASURES];
};

struct tk_series {
	uint64_t key;
	char name[64], app[64], segment[128];
	uint32_t pid;
	uint32_t stamp;
	bool alive;  /* more may come */
	bool ending; /* no more will, and its last interval is open yet */
	bool disabled;
	bool found_dead; /* its process was dead already when the collector came */
	bool unsettled;  /* its process lost records of which it is not known whose they were */
	uint64_t negative, across; /* samples of either measure, ever */
	double ns_per_tick;

	struct tk_track track[TK_MEASURES];
	/* Of each tier's open datapoint, then the total. */
	int64_t began[TK_HISTS];
	struct tk_counts counts[TK_HISTS];
};

/** @now: when its first datapoint begins. @return NULL and errno ENOMEM. */
struct tk_series *tk_series_new(uint64_t key, int64_t now);

/**
 * Move what a tally holds into the open datapoint. Without memory for a histogram counts are exact,
 * and percentiles are not known.
 */
void tk_series_take(struct tk_series *s, struct tk_tally *t);

/** Records of the timer that are known to be lost. */
void tk_series_lose(struct tk_series *s, uint64_t lost);

/**
 * The interval, nominally interval_ns long, ends now: close tier 0, and the coarser tiers that are
 * due. @return 0, or -ENOMEM: a datapoint was not kept in history (the total has it)
 */
int tk_series_close(struct tk_series *s, struct tk_history *h, int64_t now, uint64_t interval_ns);

/** Its process is dead and everything is read: it ends with the interval. */
void tk_series_leave(struct tk_series *s);

/** The interval ends, and it with it: close all tiers. */
int tk_series_end(struct tk_series *s, struct tk_history *h, int64_t now);

/** Everything since the collector attached, as one datapoint. */
void tk_series_total(const struct tk_series *s, enum tk_measure m, int64_t now,
		     struct tk_datapoint *out);

/**
 * Whether it never had a sample: nothing was recorded, or only marks. If records were all lost it
 * had some, perhaps.
 */
bool tk_series_silent(const struct tk_series *s);

/** @return when its history begins, of any measure and tier; INT64_MAX: there is none */
int64_t tk_series_reach(const struct tk_series *s);

/** @return the finest tier with at most max points in from..to that reaches back as far as any */
unsigned tk_series_tier(const struct tk_series *s, int64_t from, int64_t to, size_t max);

void tk_series_free(struct tk_series *s, struct tk_history *h);

#endif
