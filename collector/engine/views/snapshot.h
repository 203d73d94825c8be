/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/snapshot.h - what the collector knows at one moment, for whoever shows it.
 *
 * A viewer asks for a view (struct tk_view) and gets a snapshot (tk_collector_snapshot() in
 * collector/engine/collector.h), which belongs to it and does not change. The display, `stat` and
 * tests draw from snapshots and from nothing else.
 *
 * All times are ns on the collector's time line: CLOCK_REALTIME as it was when the collector began,
 * from then on by CLOCK_MONOTONIC. It does not step, and leaves out suspends; wall_ns turns it into
 * what a clock on the wall shows now.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_SNAPSHOT_H
#define TK_COLLECTOR_ENGINE_VIEWS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/discover/figures.h"
#include "collector/drain/figures.h"
#include "collector/stats/measure.h"
#include "ring/span_cost.h"

/** One line of the list of timers. */
struct tk_snap_timer {
	uint64_t key;      /* names this timer for as long as the collector runs; never 0 */
	char name[64];     /* safe to print */
	char segment[128]; /* its segment's directory name */
	char app[64];
	uint32_t pid;
	uint32_t stamp; /* enum tk_stamp */
	struct tk_unit unit;
	uint8_t labels; /* so many bytes at the end of its name, without which it folds */
	bool alive;     /* its process lives */
	bool disabled;
	bool tsc; /* its stamps are of the counter, and not of the system's clock */
	struct tk_datapoint last[TK_MEASURES]; /* the last interval */
	/* Since the collector attached. sum, min, max and percentiles are NAN unless the view asks
	 * for them (tk_view.totals). */
	struct tk_datapoint total[TK_MEASURES];
	struct tk_seen seen[TK_MEASURES];
	uint64_t negative[TK_MEASURES]; /* samples below zero: counted, in no histogram */
	uint64_t across; /* spans that crossed a clock epoch: counted, in no histogram */
	bool found_dead; /* its process was dead already when the collector came: post-mortem data
			  */
	/* When the last interval in which it had a record ended; 0: none had. */
	int64_t seen_ns;
	/* When its process died, or, if it was found dead, its last record was; 0: it lives, or
	 * that is not known. */
	int64_t died_ns;
	uint32_t uid;   /* who owns its segment */
	uint64_t place; /* a number for the directory that its segment is in */
	/* If the view has tk_view.recent: the last TK_RECENT_NS, the row that it folds into (0:
	 * none), and of such a row how many timers it stands for, and how many of those live. */
	struct tk_datapoint recent[TK_MEASURES];
	uint64_t fold;
	uint32_t processes, living;
	bool labelled; /* of such a row: some of them have labels; pid is 0 if theirs differ */
};

struct tk_snap_mark {
	int64_t t_ns;
	char name[64];
};

#define TK_TREND 20 /* seconds */

/** The p99 of a row, second by second: the larger of both measures'. */
struct tk_snap_trend {
	uint64_t key;           /* of a timer, or of a row that several fold into */
	int64_t to_ns;          /* when the newest second ended */
	float p99_ns[TK_TREND]; /* oldest first; NAN: no sample */
};

struct tk_snapshot {
	int64_t t_ns;             /* when it was taken */
	int64_t wall_ns;          /* CLOCK_REALTIME less the time line, at that moment */
	uint64_t interval_ns;     /* the current interval per datapoint */
	uint64_t intervals;       /* intervals closed so far */
	uint64_t longest_gap_ns;  /* between two polls, over the last interval that had loss or 10 s
				  */
	uint64_t delivered, lost; /* records, of all processes so far */
	/* Of those lost: of so many processes that were removed before they were read, to bound
	 * memory: ring/unread.h. */
	uint64_t unread_processes, unread_records;
	uint64_t lag;
	struct tk_span_cost span_cost; /* what a span costs who records it */
	uint32_t epoch;                /* of the clock; 1 is the first */
	double hz;

	size_t n_timers;
	/* Sorted by name, then by app, owner and directory, then pid. Timers that never had a
	 * sample (nothing was recorded, or marks only) are left out unless the view asks for them.
	 */
	struct tk_snap_timer *timers;
	/* Behind them, from timers[n_timers] on: rows that several of them fold into (fold.h),
	 * each with the names and the sums of those. */
	size_t n_folds;
	/* How long `recent` is, until now or, where nobody lives, until the last of them died; 0:
	 * it was not asked for. */
	int64_t recent_ns;
	size_t n_trends; /* of the rows that the view asked for */
	struct tk_snap_trend *trends;
	size_t n_segments;
	struct tk_source_figures *segments;
	size_t n_drainers;
	struct tk_drainer_figures *drainers;
	size_t n_notes;
	char (*notes)[256]; /* what was refused or went wrong lately, a sentence each, newest last
			     */

	/* Of the timer that the view asked for; points oldest first and without gaps: an interval
	 * without records has count 0. */
	uint64_t detail_key; /* 0: none */
	int64_t reach_ns;    /* its history begins here */
	uint64_t tier_ns;    /* width of a datapoint in `points` */
	size_t n_points[TK_MEASURES];
	struct tk_datapoint *points[TK_MEASURES];
	/* All samples of the view's range, which is rounded outward to the ends of intervals:
	 * t_ns - interval_ns to t_ns. interval_ns 0: no interval is in it. */
	struct tk_datapoint window[TK_MEASURES];
	/* The same of all timers that fold with it, merged; and how many they are. 0: it is the
	 * only one, or there are more than TK_FOLD_PASTS_MAX. */
	struct tk_datapoint folded[TK_MEASURES];
	size_t n_folded;
	size_t n_marks;
	struct tk_snap_mark
		*marks;         /* of the timer's process, within the view's range, oldest first */
	uint64_t marks_dropped; /* further marks there, which came too fast to be kept */
	bool marks_forgotten;   /* and there may be older ones, before those that are kept */

	int64_t closed_ns;       /* when the last interval ended */
	uint64_t forgotten;      /* timers of ended processes, beyond those that are kept */
	uint64_t notes_ever;     /* the last n_notes of so many are in notes */
	uint64_t unknown;        /* records delivered that are in no timer's row */
	bool finished;           /* the last interval was closed: tk_collector_finish() */
	bool looked;             /* what the first search for segments found is in here */
	uint64_t other_versions; /* segments whose format this program does not read */

	/* Of what is not live, for people; all "" if it is. What it is ("REPLAY"), at which moment
	 * it is, of which file, and under which circumstances that was recorded. */
	char title[16], moment[64], origin[64], about[128];
};

struct tk_recent; /* collector/engine/views/recent.h */

/** What a viewer wants to see. */
struct tk_view {
	uint64_t key;             /* the timer to show in detail; 0: none */
	int64_t from_ns, to_ns;   /* of its history; to_ns 0: until now */
	size_t max_points;        /* the finest tier with no more points than this over the range */
	bool brief;               /* list no timers, which may be very many */
	bool silent;              /* list timers that never had a sample, too */
	struct tk_recent *recent; /* the viewer's windows, for figures of the last 10 s; or NULL */
	const uint64_t *trend;    /* with `recent`: keys of rows to have second by second */
	size_t n_trend;
	bool totals; /* what the samples of totals come to, too: 2 us a timer, under the lock */
};

/** @snapshot: may be NULL. */
void tk_snapshot_free(struct tk_snapshot *snapshot);

#endif
