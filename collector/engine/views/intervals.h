/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/intervals.h - closed intervals, for whoever wants every one of them:
 * `stat`.
 *
 * When an interval ends, the collecting thread appends what it came to: a row for each timer that
 * had a record (or for each that lives, or ever pushed one, as asked), and a row for each process
 * of which anything is to be said. Whoever asked for
 * intervals takes them one by one, in order; each is the taker's own then. What nobody takes stays
 * within `budget` bytes: beyond it the oldest goes first, and what went is counted. Rows do not
 * depend on history.
 *
 * Of each row's measures, records = count + aside + without + lost. Of a process,
 *
 *	records = delivered + lost
 *	delivered = what its timers' rows delivered + unknown
 *	lost = exactly what was found lost in this interval; `attributed` is what its timers' rows
 *	       have of it, or of earlier intervals, and `unsettled` says that the rest is to come
 *
 * All under the collector's lock.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_INTERVALS_H
#define TK_COLLECTOR_ENGINE_VIEWS_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/measure.h"
#include "collector/stats/past/history.h"
#include "collector/stats/rated.h"

struct tk_series;

/** One timer of one process. */
struct tk_interval_timer {
	uint64_t key; /* as in snapshots */
	char name[64], segment[128], app[64];
	uint32_t pid;
	struct tk_unit unit; /* what its samples are */
	uint8_t labels;      /* so many bytes at the end of the name */
	bool alive;
	bool found_dead; /* its process was dead when the collector came: post-mortem data */
	bool unsettled;  /* its process has lost records of which it is not known whose they were */
	uint32_t uid;    /* who owns its segment */
	uint64_t place;  /* a number for the directory that its segment is in, */
	const char *dir; /* and its path, which is the collector's */
	/* For who asked for totals: how many records of the timer its program has pushed since it
	 * began, also before the collector attached, as the lanes count them. */
	uint64_t since_start;
	struct tk_datapoint of[TK_MEASURES];
	/* For who asked for histograms, e.g. a recorder: the interval's samples in ticks, packed.
	 * count 0: there is none, or there was no memory for it. */
	struct tk_packed packed[TK_MEASURES];
	/* Of a total (total.h): its histograms are in rows of the same timer after it, one for each
	 * measure, clock and epoch; these count nothing. */
	bool histograms_follow;
	double ns_per_tick;
	uint32_t clock; /* as in struct tk_bins_rated */
	uint8_t *bytes; /* of both */
};

/**
 * One process, or, with pid 0, those of an app that ended and were removed before anybody read
 * them.
 */
struct tk_interval_process {
	char segment[128], app[64];
	uint32_t pid;
	uint32_t processes; /* 1; of unread ones, how many */
	bool alive, found_dead, unsettled;
	uint32_t uid; /* these three as above; of unread ones there is none */
	uint64_t place;
	const char *dir;
	uint64_t records, delivered, lost; /* in this interval */
	uint64_t attributed;               /* losses that timers' rows of this interval have */
	uint64_t unknown;                  /* delivered, of no timer's row */
	uint64_t refused;                  /* of threads without a lane: never written */
	uint64_t lag;                      /* written and not read yet, at the interval's end */
};

/** For who asked for threads: one lane into which a thread pushed records in the interval. */
struct tk_interval_thread {
	char segment[128], app[64];
	char name[16]; /* of the thread */
	uint32_t pid, tid, lane;
	uint32_t uid;
	const char *dir;
	uint64_t records; /* that it pushed, delivered or not */
	double cost_ns;   /* what that cost it: ring/span_cost.h */
};

struct tk_interval {
	struct tk_interval *newer;
	uint64_t number;      /* from 1 on */
	int64_t t_ns;         /* its end, CLOCK_REALTIME: a label */
	uint64_t interval_ns; /* CLOCK_MONOTONIC */
	size_t n_timers, n_processes;
	size_t room_timers, room_processes;
	struct tk_interval_timer *timers; /* by name, then pid */
	struct tk_interval_process *processes;
	size_t n_threads, room_threads;
	struct tk_interval_thread *threads;
	size_t packed_bytes;
	bool cut; /* there was no memory for all of its rows; those are counted as dropped */
};

/** What nobody took in time, or there was no memory for. */
struct tk_intervals_dropped {
	uint64_t intervals, rows, records;
};

struct tk_intervals {
	size_t budget, used; /* bytes; budget 0: nobody wants any */
	bool histograms;     /* they are wanted, too, */
	bool idle, totals;   /* and rows without a record, and since_start, */
	bool threads;        /* and rows of threads */
	struct tk_interval *oldest, *newest;
	struct tk_intervals_dropped dropped;
	uint8_t *scratch; /* a row's histograms, while they are packed */
};

/** @return a new one to be filled, or NULL: no memory, or nobody wants any */
struct tk_interval *tk_interval_new(const struct tk_intervals *l);

/**
 * @return the next row, all zero; NULL: no memory, and the row is counted as dropped with its
 * records
 */
struct tk_interval_timer *tk_interval_add_timer(struct tk_intervals *l, struct tk_interval *i,
						uint64_t records);

/** Say whose row it is: names of the timer, its process, where it is. Under the viewers' lock. */
void tk_interval_name(struct tk_interval_timer *row, const struct tk_series *s);

struct tk_interval_process *tk_interval_add_process(struct tk_intervals *l, struct tk_interval *i);
struct tk_interval_thread *tk_interval_add_thread(struct tk_intervals *l, struct tk_interval *i);

/**
 * Give a row histograms of its measures, or of one of them: the other is NULL. One that is empty,
 * or has bare samples, is left out. Without memory the row has none.
 */
void tk_interval_pack(struct tk_intervals *l, struct tk_interval *i, struct tk_interval_timer *row,
		      const struct tk_bins *const of[TK_MEASURES]);

/** It is complete: append it, and drop the oldest beyond the budget. */
void tk_intervals_append(struct tk_intervals *l, struct tk_interval *i);

/** @return the oldest, which is the caller's now; NULL: there is none */
struct tk_interval *tk_intervals_take(struct tk_intervals *l);

/**
 * A copy with those timers that are wanted, in their order, and all processes, but no threads.
 * @return to be freed; NULL: no memory
 */
struct tk_interval *tk_interval_copy(const struct tk_interval *i,
				     bool (*wanted)(void *arg, const struct tk_interval_timer *t),
				     void *arg);

/** @i: may be NULL. */
void tk_interval_free(struct tk_interval *i);

void tk_intervals_free(struct tk_intervals *l);

#endif
