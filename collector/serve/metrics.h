/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/metrics.h - what metrics count: accumulators, to which each closed interval adds.
 *
 * An accumulator belongs to labels, not to a process: to a timer of an app, or to an app. What a
 * process recorded is added to it interval by interval, so that it does not fall when the process
 * ends, is started again, or is forgotten by the collector. The text of the labels, escaped as it
 * is printed, is what tells accumulators apart.
 *
 * `series` are what Prometheus calls so: lines of the answer. Those of timers are bounded
 * (max_series): a timer for which there is no room is omitted, and counted. When timers are
 * omitted, those without a record for an hour make room; a scraper sees theirs end, and a reset if
 * one comes back. What an app counts is bounded likewise, and goes on under app="" beyond that.
 *
 * One thread per object. docs/metrics.md says what each figure means.
 */
#ifndef TK_COLLECTOR_SERVE_METRICS_H
#define TK_COLLECTOR_SERVE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/engine/views/intervals.h"
#include "collector/engine/views/snapshot.h"
#include "collector/serve/buckets.h"
#include "collector/serve/buffer.h"
#include "collector/serve/index.h"

#define TK_METRICS_NO_UNIT         "number"
#define TK_METRICS_APPS_MAX        1024u
#define TK_METRICS_TIMERS_MAX      262144u /* that are known of, shown or omitted */
#define TK_METRICS_TIMER_LINES     2u      /* records, and of them lost */
#define TK_METRICS_ASIDE_LINES     1u      /* of a measure */
#define TK_METRICS_HISTOGRAM_LINES 3u      /* +Inf, sum and count: besides its limits */

/** One measure of a timer. */
struct tk_metric_measure {
	uint64_t count, aside;
	double sum_ns;         /* of values: in their unit */
	double created_s;      /* when count was 0, by the wall clock */
	uint64_t *cell;        /* of tk_buckets_add(); NULL: no sample */
	size_t series, wanted; /* lines that it has, and that it should have */
};

/** What a timer of values has in one unit: a family each. */
struct tk_metric_values {
	struct tk_metric_values *next; /* of the same labels, in another unit; or NULL */
	char unit[TK_UNIT_MAX + 1];    /* TK_METRICS_NO_UNIT: it has none */
	struct tk_buckets *buckets;
	struct tk_metric_measure of;
};

struct tk_metric_timer {
	struct tk_index_key key; /* the labels */
	struct tk_buckets *buckets;
	uint64_t records, lost;
	double created_s;
	int64_t seen_ns; /* the end of the last interval in which it had a record */
	uint32_t pid;    /* 0: of all processes */
	/* Lines of all that it has, and of the timer itself: those that are shown, and are not. */
	size_t series, omitted;
	struct tk_metric_measure of[TK_MEASURES];
	struct tk_metric_values *values;
};

struct tk_metric_app {
	struct tk_index_key key;
	uint64_t records, overrun, unread, unknown, refused;
	uint64_t lag, processes; /* now */
	double created_s;
};

/** A drainer counts from anew when it is warm; these do not. */
struct tk_metric_drainer {
	struct tk_drainer_figures last;
	uint64_t polls, faults, involuntary;
};

/** What is asked for. */
struct tk_metrics_options {
	size_t max_series;
	bool per_process;              /* a label `pid` */
	bool per_user;                 /* a label `user` */
	bool oldest;                   /* also processes that had ended when the collector came */
	const struct tk_texts *timers; /* the others are left out */
};

/** What is known of the collector itself, as of the last interval. */
struct tk_metrics_health {
	double interval_s, last_s, started_s;
	uint64_t intervals, dropped_intervals, notes, forgotten;
	double drain_gap_s;
	double hz;
	bool invariant;
	uint64_t epochs;
	double render_s;
	size_t n_drainers;
	struct tk_metric_drainer *drainers;
};

struct tk_metrics {
	struct tk_metrics_options options;
	struct tk_bucket_sets sets;
	struct tk_index timers, apps;
	size_t series, omitted; /* lines of timers */
	int64_t now_ns;         /* how long the intervals were that were added */
	double from_s;          /* when the newest one began, by the wall clock */
	struct tk_metrics_health health;
	struct tk_bins scratch;  /* an interval's histogram */
	struct tk_buffer labels; /* what is looked for */
};

/** @sets: its own from now on, with what they hold */
void tk_metrics_open(struct tk_metrics *m, const struct tk_metrics_options *o,
		     const struct tk_bucket_sets *sets);

/**
 * Add an interval; 5 to 20 us a timer, as its samples are close or far apart. @return 0, or
 * -ENOMEM: some of it is missing
 */
int tk_metrics_add(struct tk_metrics *m, const struct tk_interval *i);

/** Note what is only known now: of processes, drainers, the clock. */
void tk_metrics_note(struct tk_metrics *m, const struct tk_snapshot *s,
		     const struct tk_intervals_dropped *dropped);

void tk_metrics_free(struct tk_metrics *m);

#endif
