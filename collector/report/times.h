/* SPDX-License-Identifier: MIT */
/*
 * collector/report/times.h - percentiles of one row over time, in bounded memory.
 *
 * A point is the percentiles of one interval, over all processes. When there are more than
 * TK_REPORT_POINTS, two neighbours become one, which has the larger of their values: then a point
 * says that no interval in it was worse. One thread.
 */
#ifndef TK_COLLECTOR_REPORT_TIMES_H
#define TK_COLLECTOR_REPORT_TIMES_H

#include <stddef.h>
#include <stdint.h>

#include "collector/cli/lists/stats_list.h"
#include "collector/hlog/sum.h"

#define TK_REPORT_POINTS 1024u

struct tk_report_point {
	int64_t from_ns, to_ns;
	double ns[TK_STATS_MAX]; /* of the list's quantiles */
};

/** All zero: empty. */
struct tk_report_times {
	struct tk_report_point *point; /* in the order in which intervals came */
	size_t n, room;
	size_t intervals; /* that each point stands for, but for the last; 0: 1 */
	size_t in_last;
	struct tk_hlog_sum open; /* of the interval that is being read */
	int64_t open_from_ns, open_to_ns;
};

/** Add a histogram. Those of one interval come one after the other. @return 0 or -ENOMEM */
int tk_report_times_add(struct tk_report_times *t, const struct tk_stats_list *stats,
			const struct tk_hlog_item *i);

/** Close the interval that was read last. @return 0 or -ENOMEM */
int tk_report_times_end(struct tk_report_times *t, const struct tk_stats_list *stats);

void tk_report_times_free(struct tk_report_times *t);

#endif
