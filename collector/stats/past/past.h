/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/past/past.h - the past of one timer: points for a graph, and any window of it.
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

/**
 * What of one measure lies between two times: all of its samples, whatever tier they are in. It
 * begins and ends where intervals do.
 */
struct tk_window {
	int64_t from_ns, to_ns; /* from_ns INT64_MAX: no interval is in it */
	struct tk_counts counts;
	uint32_t n; /* of `of`: one for each clock and epoch */
	bool bare;  /* of some samples, counts are all that is known */
	double sum_ns, min_ns, max_ns;
	struct tk_bins_rated of[TK_BINS_UNION_MAX];
};

/**
 * Gather from..to, rounded outward to the ends of intervals; where only a coarser tier reaches, to
 * those of that tier. Intervals that the tiers share are taken once, from the coarsest that lies
 * within. @w: all zero, or from an earlier call, whose memory is used again.
 * @return 0, or -ENOMEM: it is bare
 */
int tk_window_gather(struct tk_window *w, const struct tk_past *p, enum tk_measure m, int64_t from,
		     int64_t to);

/**
 * Quantiles of a window, in ns. @quantiles: ascending, in billionths
 * @ns: zeros if it has no sample; NAN if some are bare
 */
void tk_window_quantiles(const struct tk_window *w, const uint32_t *quantiles, size_t n,
			 double *ns);

/** A window as one datapoint. */
void tk_window_datapoint(const struct tk_window *w, enum tk_measure m, struct tk_datapoint *out);

void tk_window_free(struct tk_window *w);

#endif
