/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/histogram.h - histograms of ticks: what every percentile comes from.
 *
 * Log-linear: exact up to 256 ticks, then 128 buckets per power of two, so that a value read back
 * from the middle of its bucket is off by at most 1/256 of it (0.39 %). Values reach up to 2^48 - 1
 * ticks, 15 hours at 5 GHz; a record cannot hold more. Counting in ticks, and converting a bucket
 * once, keeps short durations right: buckets of whole nanoseconds are wrong by 4 % at 10 ns.
 *
 * A histogram has u64 counters, and an exact count, sum, min and max. Merging loses nothing, so a
 * percentile over a minute is that of the minute's samples, not one of other percentiles. What the
 * hot loop fills is collector/stats/tally.h.
 *
 * One thread per object. Nothing here fails.
 */
#ifndef TK_COLLECTOR_STATS_HISTOGRAM_H
#define TK_COLLECTOR_STATS_HISTOGRAM_H

#include <stdint.h>

#include "collector/stats/measure.h"

#define TK_HIST_SUB_BITS 7u
#define TK_HIST_BUCKETS  5376u /* tk_hist_index(2^48 - 1) + 1 */

/** The bucket of v < 2^48. Four instructions. */
static inline __attribute__((always_inline)) uint32_t tk_hist_index(uint64_t v)
{
	uint32_t top = 63u ^ (uint32_t)__builtin_clzll(v | 1u << TK_HIST_SUB_BITS);
	uint32_t shift = top - TK_HIST_SUB_BITS;

	return (shift << TK_HIST_SUB_BITS) + (uint32_t)(v >> shift);
}

/** The smallest value of a bucket; of TK_HIST_BUCKETS, the first value there is none for. */
uint64_t tk_hist_lowest(uint32_t index);

/** The middle of a bucket, but never what cannot have been a sample: all were in min..max. */
double tk_hist_middle(uint32_t index, uint64_t min, uint64_t max);

/** One measure over any time. All zero: empty. */
struct tk_hist {
	uint64_t count;    /* samples: what the buckets add up to, and `bare` */
	uint64_t bare;     /* samples in no bucket, for want of memory: percentiles are not known */
	uint64_t min, max; /* mean nothing if count is 0 */
	unsigned __int128 sum;
	uint64_t buckets[TK_HIST_BUCKETS];
};

/**
 * Samples counted elsewhere: some in counters, `bare` of them in none. At least one; all in
 * min..max.
 */
struct tk_hist_counted {
	const uint32_t *counters; /* of the buckets from `first` on, n of them */
	uint32_t first, n;
	uint64_t bare;
	uint64_t min, max;
	unsigned __int128 sum;
};

/** One value below 2^48; a larger one counts as the largest. */
void tk_hist_add(struct tk_hist *h, uint64_t v);

/** Add them. */
void tk_hist_add_counted(struct tk_hist *h, const struct tk_hist_counted *c);

/** Add `from` to `h`, losing nothing. */
void tk_hist_merge(struct tk_hist *h, const struct tk_hist *from);

/** Empty it. Touches only the buckets between min and max. */
void tk_hist_clear(struct tk_hist *h);

/**
 * The TK_PERCENTILES of enum tk_percentile, in ticks, in one pass over the filled range. The p-th
 * is the value of rank ceil(p * count), from the middle of its bucket, never outside min..max.
 * Zeros if there is nothing; NAN if some samples are in no bucket.
 */
void tk_hist_percentiles(const struct tk_hist *h, double ticks[TK_PERCENTILES]);

#endif
