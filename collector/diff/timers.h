/* SPDX-License-Identifier: MIT */
/*
 * collector/diff/timers.h - timers by their names, with what two sides have of them. One thread.
 */
#ifndef TK_COLLECTOR_DIFF_TIMERS_H
#define TK_COLLECTOR_DIFF_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "collector/cli/lists/stats_list.h"
#include "collector/hlog/sum.h"

enum tk_diff_side { TK_DIFF_BASE, TK_DIFF_NEW, TK_DIFF_SIDES };

/** One measure of a timer of an app. Names are printable. */
struct tk_diff_timer {
	const char *app, *timer, *measure;
	struct tk_unit unit; /* of the samples: those of another unit are another timer's */
	uint64_t samples[TK_DIFF_SIDES];
	uint64_t records[TK_DIFF_SIDES], lost[TK_DIFF_SIDES]; /* of both measures; 0, 0: unknown */
	/* Of each quantile of the list: values[side][q * room + i] ns of run or part i. */
	double *values[TK_DIFF_SIDES];
	size_t n[TK_DIFF_SIDES];                    /* values a quantile, from 0 */
	double whole[TK_DIFF_SIDES][TK_STATS_MAX];  /* ns, of the file that was read last */
	double bucket[TK_DIFF_SIDES][TK_STATS_MAX]; /* the widest one, as a fraction of its value */
	struct tk_hlog_sum sum;                     /* while a file is read */
};

/** All zero but for `quantiles` and `room`: empty. */
struct tk_diff_timers {
	void *tree;       /* of tsearch() */
	size_t quantiles; /* of which a timer has room for so many values */
	size_t room[TK_DIFF_SIDES];
};

/** Find a timer, or add it, with NAN in all values. @return NULL: no memory */
struct tk_diff_timer *tk_diff_timers_add(struct tk_diff_timers *in, const struct tk_hlog_item *i);

/** @return the timer of these names, NULL: there is none */
struct tk_diff_timer *tk_diff_timers_find(const struct tk_diff_timers *t, const char *app,
					  const char *timer, const char *measure);

/** Call for each timer, in the order of app, timer and measure. */
void tk_diff_timers_each(const struct tk_diff_timers *t,
			 void (*function)(void *arg, struct tk_diff_timer *timer), void *arg);

void tk_diff_timers_free(struct tk_diff_timers *t);

#endif
