/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/measure.h - the two measures of a timer, and their statistics over one interval.
 *
 * Plain data, in ns. Every room above stats/ shows, sums or prints these.
 */
#ifndef TK_COLLECTOR_STATS_MEASURE_H
#define TK_COLLECTOR_STATS_MEASURE_H

#include <stdint.h>

/** processing = stop - start; latency = start - origin, or stop - origin. */
enum tk_measure { TK_PROCESSING, TK_LATENCY, TK_MEASURES };

enum tk_percentile { TK_P50, TK_P90, TK_P99, TK_P999, TK_P9999, TK_PERCENTILES };

/**
 * The statistics of one timer and measure over one interval. min..max mean nothing if count is 0.
 */
struct tk_datapoint {
	int64_t t_ns; /* the interval's end, CLOCK_REALTIME */
	uint64_t interval_ns;
	uint64_t count; /* samples of this measure */
	/* Records of the timer, delivered or not: the rate comes from these. They are the timer's,
	 * not the measure's: the same in both, as is `lost`. */
	uint64_t pushed;
	/* Known when the reader is level with the writer: of this interval and earlier ones. In
	 * total never more than pushed. */
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

/** Records a second. */
static inline double tk_datapoint_rate(const struct tk_datapoint *d)
{
	return d->interval_ns ? (double)d->pushed * 1e9 / (double)d->interval_ns : 0;
}

#endif
