/* SPDX-License-Identifier: MIT */
/*
 * bench/drain.h - how fast lanes are drained and aggregated. A child process fills a lane of the
 * default size, with both measures in every record; then the calling thread drains it, through the
 * same functions as the program, into memory that a stock has populated (collector/drain/stock.h),
 * as in the program. The fill is not timed, so that the reader's limit is seen and not
 * the writer's.
 */
#ifndef TK_BENCH_DRAIN_H
#define TK_BENCH_DRAIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "tsc/clock.h"

/** A directory of its own for segments, for this process and its children. @return 0 or -errno */
int tk_drain_begin(void);
void tk_drain_end(void);
/** The path of that directory. */
const char *tk_drain_dir(void);

struct tk_child {
	pid_t pid;
	int to, from; /* a byte to it: fill; a byte from it: done */
};

enum tk_load { TK_LOAD_ON_DEMAND, TK_LOAD_1M, TK_LOAD_NONE };

struct tk_child_options {
	unsigned timers;
	unsigned cpu;
	int node; /* where its lane is placed; -1: on the node of its cpu */
	enum tk_load load;
	double hz; /* the counter's, for TK_LOAD_1M */
};

/** Start a child; returns when its lane exists. @return 0 or -errno */
int tk_child_start(struct tk_child *c, const struct tk_child_options *o);
void tk_child_stop(struct tk_child *c);

struct tk_drain {
	double records_per_s, lo, hi; /* median over rounds, 80 % of them; 0: void */
	bool lost;                    /* it is void because records were lost */
	int node;                     /* where the lane lay; -1: unknown */
};

/** @clock: NULL if the children do not stamp by the counter */
void tk_drain_measure(struct tk_drain *d, const struct tk_clock *clock,
		      const struct tk_child_options *o);

#endif
