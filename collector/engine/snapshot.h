/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/snapshot.h - what the collector knows at one moment, for whoever shows it.
 *
 * The collecting thread never waits for a viewer: a viewer asks for a view (tk_view), the collector
 * fills a snapshot under a lock that the collecting thread only ever tries, and from then on the
 * snapshot belongs to the viewer and does not change. The display, `stat` and tests draw from
 * snapshots and from nothing else. All times in nanoseconds; all wall-clock times CLOCK_REALTIME.
 */
#ifndef TK_COLLECTOR_ENGINE_SNAPSHOT_H
#define TK_COLLECTOR_ENGINE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* processing = stop - start; latency = start - origin, or stop - origin. */
enum tk_measure { TK_PROCESSING, TK_LATENCY, TK_MEASURES };

enum tk_percentile { TK_P50, TK_P90, TK_P99, TK_P999, TK_P9999, TK_PERCENTILES };

/** The statistics of one timer and measure over one interval. min..max mean nothing if count is 0.
 */
struct tk_datapoint {
	int64_t t_ns; /* the interval's end */
	uint64_t interval_ns;
	uint64_t count; /* samples of this measure */
	/* Records of the timer, delivered or not: the rate comes from these. They are the timer's,
	 * not the measure's: the same in both, as is `lost`. */
	uint64_t pushed;
	/* Known when the reader is level: of this interval and earlier ones. In total never more than
	 * pushed. */
	uint64_t lost;
	uint64_t aside; /* samples below zero, and spans across a clock epoch: in no statistic */
	double sum_ns;
	double min_ns, max_ns;
	double p_ns[TK_PERCENTILES];
};

static inline double tk_datapoint_avg_ns(const struct tk_datapoint *d)
{
	return d->count ? d->sum_ns / (double)d->count : 0;
}

static inline double tk_datapoint_rate(const struct tk_datapoint *d)
{
	return d->interval_ns ? (double)d->pushed * 1e9 / (double)d->interval_ns : 0;
}

/** One line of the list of timers. */
struct tk_snap_timer {
	uint64_t key;      /* names this timer for as long as the collector runs; never 0 */
	char name[64];     /* safe to print */
	char segment[128]; /* its segment's directory name */
	char app[64];
	uint32_t pid;
	uint32_t stamp; /* enum tk_stamp */
	bool alive;     /* its process lives */
	bool disabled;
	struct tk_datapoint last[TK_MEASURES]; /* the last interval */
	/* Since the collector attached, of all its processes together; interval_ns is the time since
	 * then, the time between two of its processes included. */
	struct tk_datapoint total[TK_MEASURES];
	uint64_t negative; /* samples below zero: counted, in no histogram */
	uint64_t across;   /* spans that crossed a clock epoch: counted, in no histogram */
	bool found_dead;   /* its process was dead already when the collector came: post-mortem data
			  */
	/* The intervals that ended after the view's since_ns, oldest first; none if that is 0. */
	size_t n_fresh[TK_MEASURES];
	struct tk_datapoint *fresh[TK_MEASURES];
};

/** One segment, for the status line. */
struct tk_snap_segment {
	char name[128];
	char app[64];
	uint32_t pid;
	uint32_t owner; /* enum tk_owner */
	uint32_t lanes;
	uint64_t delivered, lost, lag; /* records */
	uint64_t refused;              /* records of threads without a lane */
};

/** A thread that drains, as of the last interval. Counters are since it was warm. */
struct tk_snap_drainer {
	int cpu; /* where it ran last; -1: unknown */
	int node;
	uint32_t tid;
	bool pinned;
	uint32_t lanes, small_lanes; /* those that do not lie on hugepages */
	uint64_t polls;
	uint64_t faults;         /* pages */
	uint64_t involuntary;    /* context switches */
	uint64_t gap_ns;         /* the longest between two polls, in this interval */
	bool gap_lost;           /* records were lost in it */
	uint64_t longest_gap_ns; /* and of all since then */
};

struct tk_snap_mark {
	int64_t t_ns;
	char name[64];
};

struct tk_snapshot {
	int64_t t_ns;            /* when it was taken */
	uint64_t interval_ns;    /* the current interval per datapoint */
	uint64_t intervals;      /* intervals closed so far */
	uint64_t longest_gap_ns; /* between two polls, over the last interval that had loss or 10 s
				  */
	uint64_t delivered, lost, lag;
	uint32_t epoch; /* of the clock; 1 is the first */
	double hz;

	size_t n_timers;
	/* Sorted by name, then pid. Timers that never had a sample (nothing was recorded, or marks
	 * only) are left out unless the view asks for them. */
	struct tk_snap_timer *timers;
	size_t n_segments;
	struct tk_snap_segment *segments;
	size_t n_drainers;
	struct tk_snap_drainer *drainers;
	size_t n_notes;
	char (*notes)[256]; /* what was refused or went wrong lately, a sentence each, newest last
			     */

	/* Of the timer the view asked for; points oldest first, without gaps in time: an interval
	 * without records has count 0. */
	uint64_t detail_key; /* 0: none */
	int64_t reach_ns;    /* the oldest time for which there is history of it */
	uint64_t tier_ns;    /* width of a datapoint of the tier the points come from */
	size_t n_points[TK_MEASURES];
	struct tk_datapoint *points[TK_MEASURES];
	size_t n_marks;
	struct tk_snap_mark *marks; /* within the view's range, oldest first */

	int64_t closed_ns;       /* when the last interval ended: the next view's since_ns */
	uint64_t notes_ever;     /* the last n_notes of so many are in notes */
	uint64_t unknown;        /* records of unknown timers or kinds: dropped */
	bool looked;             /* what the first search for segments found is in here */
	uint64_t other_versions; /* segments whose format this program does not read */
};

/** What a viewer wants to see. */
struct tk_view {
	uint64_t key;           /* the timer to show in detail; 0: none */
	int64_t from_ns, to_ns; /* of its history; to_ns 0: until now */
	size_t max_points;      /* the finest tier with no more points than this over the range */
	int64_t since_ns; /* and of every timer, each interval that ended after this; 0: none */
	bool silent;      /* list timers that never had a sample, too */
};

struct tk_collector;

/** A snapshot, to be freed by tk_snapshot_free(); NULL and errno ENOMEM. Any one thread. */
struct tk_snapshot *tk_collector_snapshot(struct tk_collector *c, const struct tk_view *view);
void tk_snapshot_free(struct tk_snapshot *s);

#define TK_INTERVAL_MIN_NS UINT64_C(10000000)
#define TK_INTERVAL_MAX_NS UINT64_C(60000000000)

/** Change the interval per datapoint from the next interval on; out of range: clamped. */
void tk_collector_set_interval(struct tk_collector *c, uint64_t interval_ns);

#endif
