/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/past/past.h - the past of one timer: when it begins, and points for a graph.
 *
 * Read from a hold (collector/stats/past/history.h), without the collector's lock. Reading walks
 * from now backwards; an entry costs a tenth of a microsecond, unpacking its histogram one or a few
 * more.
 *
 * One thread per object. Times are ns on the collector's time line.
 */
#ifndef TK_COLLECTOR_STATS_PAST_PAST_H
#define TK_COLLECTOR_STATS_PAST_PAST_H

#include "collector/stats/past/history.h"

/** One timer's past. The trails are its series', copied under the same lock as the hold. */
struct tk_past {
	const struct tk_hold *hold;
	struct tk_trail trail[TK_TIERS];
};

/** @return when it begins, in any tier; INT64_MAX: there is none */
int64_t tk_past_reach(const struct tk_past *p);

/** @return when it begins in one tier; INT64_MAX: there is none */
int64_t tk_past_tier_reach(const struct tk_past *p, unsigned tier);

/** @return how many datapoints of a measure overlap from..to */
size_t tk_past_count(const struct tk_past *p, unsigned tier, enum tk_measure m, int64_t from,
		     int64_t to);

/** Write the newest of them, at most max, oldest first. @return how many */
size_t tk_past_points(const struct tk_past *p, unsigned tier, enum tk_measure m, int64_t from,
		      int64_t to, struct tk_datapoint *out, size_t max);

/** @return the finest tier with at most max points in from..to that reaches back as far as any */
unsigned tk_past_tier(const struct tk_past *p, int64_t from, int64_t to, size_t max);

#endif
