/* SPDX-License-Identifier: MIT */
/*
 * collector/replay/feed.h - intervals of a recording, fed into series.
 *
 * Each timer of each app has a series, as a live one has, with histograms in ticks of the recorded
 * clock: a bucket of the log goes into the bucket of ticks that `record` took it from. Where a log
 * does not tell its clock, a tick is the log's unit, up to 1 ns. Percentiles are within 0.44 % of
 * what `report` says, or half a tick: 1/256 of our bucket, 1/2048 of HdrHistogram's.
 *
 * A series closes an interval when the log does, so that logs with intervals of several lengths are
 * right, and so are rates. What a log has no line for was quiet.
 *
 * A log has the samples of each measure, and counts records only where some were lost. Records are
 * taken to be as many as samples of the measure that has more.
 *
 * One thread. Times are ns on the recording's time line: collector/replay/replay.h.
 */
#ifndef TK_COLLECTOR_REPLAY_FEED_H
#define TK_COLLECTOR_REPLAY_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/engine/views/shown.h"
#include "collector/hlog/hlog.h"

#define TK_FEED_RATES 32

/** A timer of an app. */
struct tk_feed_timer {
	char *app, *timer; /* as they stand in the log */
	struct tk_series *series;
	size_t segment; /* its app's, among those shown */
	bool is_open;   /* an interval is, which ends at end_ns */
	bool has_unit;  /* its samples say what they are */
	int64_t end_ns, width_ns;
	uint64_t count[TK_MEASURES], records, lost; /* in it */
};

struct tk_feed {
	struct tk_shown *shown;
	void *tree; /* of timers; of tsearch() */
	struct tk_feed_timer **timer;
	size_t n;
	struct tk_bins samples; /* of one line */
	/* What ticks are worth: number i is clock i + 1 of series. */
	double rate[TK_FEED_RATES];
	uint32_t n_rates;
	uint64_t lost_timers, lost_processes; /* a process's: all of its timers', and more */
	uint64_t delivered;
	uint64_t taken, said; /* samples; records of intervals with a loss */
	uint64_t left_out; /* lines: no memory or no room for their timers, or too much in them */
};

/** Take a histogram or a loss. @start_ns: its begin. @ns_per_tick: 0: the log tells no clock */
void tk_feed_take(struct tk_feed *f, const struct tk_hlog_item *i, int64_t start_ns,
		  double ns_per_tick);

/**
 * All that ended by `until` was taken: close those intervals, and let timers without any be quiet.
 * @all: also those that are open yet, for nothing follows. @return whether an interval was closed
 */
bool tk_feed_close(struct tk_feed *f, int64_t until, bool all);

void tk_feed_free(struct tk_feed *f);

#endif
