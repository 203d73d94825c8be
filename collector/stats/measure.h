/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/measure.h - the two measures of a timer, and their statistics over one interval.
 *
 * Plain data, in ns; of a timer of values, what is said to be in ns is in its unit (struct
 * tk_unit). Every room above stats/ shows, sums or prints these.
 */
#ifndef TK_COLLECTOR_STATS_MEASURE_H
#define TK_COLLECTOR_STATS_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ring/segment.h"

/** processing = stop - start; latency = start - origin, or stop - origin. */
enum tk_measure { TK_PROCESSING, TK_LATENCY, TK_MEASURES };

/** What the samples of a timer are: times, in ns, or numbers of a unit. All zero: times. */
struct tk_unit {
	bool values;
	char name[TK_UNIT_MAX + 1]; /* of values: tk_unit_valid(); "": it has none */
};

/** Any order of units, in which times come first. */
static inline int tk_unit_order(const struct tk_unit *a, const struct tk_unit *b)
{
	return a->values != b->values ? a->values - b->values : strcmp(a->name, b->name);
}

/** The word for a measure of a timer: values have the first measure alone. */
static inline const char *tk_measure_word(enum tk_measure m, const struct tk_unit *unit)
{
	if (unit->values)
		return "value";
	return m == TK_PROCESSING ? "processing" : "latency";
}

enum tk_percentile { TK_P50, TK_P90, TK_P99, TK_P999, TK_P9999, TK_PERCENTILES };

/**
 * The statistics of one timer and measure over one interval. For each measure
 *
 *	records = count + aside + without + lost
 *
 * `records` and `lost` are the timer's: the same in both measures. A loss is found at once, but
 * which timer it belongs to is known only when the reader is level with the writer: it counts in
 * the interval in which that is settled (collector/drain/account.h).
 */
struct tk_datapoint {
	/* the interval's end, on the collector's time line (collector/engine/core.h) */
	int64_t t_ns;
	uint64_t interval_ns; /* CLOCK_MONOTONIC */
	uint64_t records;     /* of the timer: delivered or lost */
	uint64_t lost;        /* overwritten, or dropped, before they were read */
	uint64_t count;       /* samples of this measure */
	uint64_t
		/* samples in no statistic: below zero, across a clock epoch, too long to tell */
		aside;
	uint64_t without; /* records that have no such measure, marks included */
	/* NAN where count is not 0: for want of memory they are not known. Without samples they
	 * mean nothing. */
	double sum_ns;
	double min_ns, max_ns;
	double p_ns[TK_PERCENTILES];
};

/** The last interval that had samples: what a rare timer is known by. */
struct tk_seen {
	int64_t t_ns; /* its end; 0: none had any */
	double avg_ns, p99_ns;
};

/** What is counted of a timer besides histograms: exact, whatever memory there is. */
struct tk_counts {
	uint64_t records, lost; /* delivered or lost; of these, lost */
	uint64_t count[TK_MEASURES], aside[TK_MEASURES], without[TK_MEASURES];
};

static inline double tk_datapoint_avg_ns(const struct tk_datapoint *d)
{
	return d->count ? d->sum_ns / (double)d->count : 0;
}

/** Records a second. */
static inline double tk_datapoint_rate(const struct tk_datapoint *d)
{
	return d->interval_ns ? (double)d->records * 1e9 / (double)d->interval_ns : 0;
}

#endif
