/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/total.h - everything since the collector began, as the rows of one long
 * interval: what `stat -- COMMAND` prints when the command has ended.
 *
 * The rows are as those of an interval (intervals.h), and add up in the same way, but each process
 * has one, also without a record. Their number is 0, which no interval has. Timers and processes
 * that ended are in them, up to TK_ENDED_MAX each if tk_collector_options.totals asked for that;
 * `cut` says that there were more.
 *
 * Under the collector's lock. O(timers), some 10 us each.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_TOTAL_H
#define TK_COLLECTOR_ENGINE_VIEWS_TOTAL_H

#include "collector/engine/views/shown.h"

#define TK_ENDED_MAX 65536u

/** As of the last closed interval. @return to be freed by tk_interval_free(); NULL: no memory */
struct tk_interval *tk_total(const struct tk_shown *shown);

#endif
