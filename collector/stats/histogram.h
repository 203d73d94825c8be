/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/histogram.h - histograms of ticks: what every percentile comes from.
 *
 * Log-linear: exact up to 256 ticks, then 128 buckets per power of two, so that a value read back
 * from the middle of its bucket is off by at most 1/256 of it (0.39 %). Values up to 2^48 - 1
 *ticks, 15 hours at 5 GHz; a record cannot hold more. Counting in ticks and converting a bucket
 *once is what makes short durations right: buckets of whole nanoseconds are wrong by 4 % at 10 ns.
 *
 * Two of them:
 *
 *	struct tk_tally	both measures of one timer, for a tick of at most one second. Written by the
 *			hot loop (collector/drain/aggregate.c): u32 counters, no count (it is the sum of
 *			the buckets), one cache line for everything that is not a bucket. Tallies
 *			lie on hugepages where there are any.
 *	struct tk_hist	one measure over any time: u64 counters, exact count, sum, min and max.
 *			Merging loses nothing, so that a percentile over a minute is that of the
 *			minute's samples and not one of other percentiles.
 *
 * One thread per object. Nothing here fails but allocation.
 */
#ifndef TK_COLLECTOR_STATS_HISTOGRAM_H
#define TK_COLLECTOR_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/engine/snapshot.h"

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

/** The hot loop's histograms. Empty: min > max. */
struct tk_tally {
	uint64_t sum[TK_MEASURES]; /* less 2^64 for each of carries */
	uint64_t min[TK_MEASURES];
	uint64_t max[TK_MEASURES];
	uint32_t carries[TK_MEASURES]; /* spans begun at 0 get there: 15 hours each */
	uint32_t negative;             /* samples below zero */
	uint32_t across;               /* spans that crossed a clock epoch */
	uint32_t buckets[TK_MEASURES][TK_HIST_BUCKETS];
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct tk_tally, buckets) == 64, "one line besides the buckets");

struct tk_hist {
	uint64_t count;
	uint64_t min, max; /* mean nothing if count is 0 */
	unsigned __int128 sum;
	uint64_t buckets[TK_HIST_BUCKETS];
};

/** One value below 2^48; a larger one counts as the largest. */
void tk_hist_add(struct tk_hist *h, uint64_t v);

/** Move what a tally holds of one measure into a histogram, and empty that measure. */
void tk_hist_take(struct tk_hist *h, struct tk_tally *t, enum tk_measure m);

/** Add `from` to `h`, losing nothing. */
void tk_hist_merge(struct tk_hist *h, const struct tk_hist *from);

/** Empty it. Touches only the buckets that can be filled. */
void tk_hist_clear(struct tk_hist *h);

/**
 * The TK_PERCENTILES of enum tk_percentile, in ticks, in one pass over the filled range. The p-th
 * is the value of rank ceil(p * count), from the middle of its bucket, never outside min..max.
 * Zeros if there is nothing.
 */
void tk_hist_percentiles(const struct tk_hist *h, double ticks[TK_PERCENTILES]);

/** Where tallies come from: blocks of 2 MiB, hugepages if the kernel has some. All zero to begin. */
struct tk_tally_pool {
	struct tk_tally **free;
	size_t n_free;
	void **blocks;
	size_t n_blocks;
	size_t n_settled; /* blocks that are faulted in */
	size_t max;       /* tallies that may be in use at a time; 0: no limit */
};

/** @return an empty tally, or NULL and errno ENOMEM: no memory, or too many are in use. */
struct tk_tally *tk_tally_get(struct tk_tally_pool *p);
/**
 * For a loop that is not to fault: have n tallies there to be taken at once, and all memory faulted in. One
 * step towards that, which may take a millisecond or three. @return whether there was one to be made
 */
bool tk_tally_settle(struct tk_tally_pool *p, size_t n);
/** Give one back, whatever it holds. */
void tk_tally_put(struct tk_tally_pool *p, struct tk_tally *t);
void tk_tally_pool_free(struct tk_tally_pool *p);

#endif
