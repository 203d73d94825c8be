/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/tally.h - what the hot loop counts a timer's samples in, and where tallies come
 * from.
 *
 * A tally holds both measures of one timer, for a tick of at most one second: u32 counters, no
 * count (it is the sum of the buckets), and one cache line for everything that is not a bucket. A
 * drainer's hot loop (collector/drain/aggregate.c) fills it; the collecting thread moves it into
 * histograms and gives it back. Tallies lie on hugepages where there are any.
 *
 * One thread per object at a time. Nothing here fails but allocation.
 */
#ifndef TK_COLLECTOR_STATS_TALLY_H
#define TK_COLLECTOR_STATS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/histogram.h"
#include "collector/stats/measure.h"

/** Empty: min > max. */
struct tk_tally {
	uint64_t sum[TK_MEASURES]; /* less 2^64 for each of carries */
	uint64_t min[TK_MEASURES];
	uint64_t max[TK_MEASURES];
	uint32_t carries[TK_MEASURES]; /* spans that began at 0 overflow a sum: 15 hours each */
	uint32_t negative;             /* samples below zero */
	uint32_t across;               /* spans that crossed a clock epoch */
	uint32_t buckets[TK_MEASURES][TK_HIST_BUCKETS];
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct tk_tally, buckets) == 64, "one line besides the buckets");

/** Whether it has no sample of this measure. */
static inline bool tk_tally_empty(const struct tk_tally *t, enum tk_measure m)
{
	return t->min[m] > t->max[m];
}

/** Move what a tally holds of one measure into a histogram, and empty that measure. */
void tk_tally_move(struct tk_tally *t, enum tk_measure m, struct tk_hist *h);

/**
 * Blocks of 2 MiB, hugepages if the kernel has some, cut into tallies. All zero to begin. One
 * thread.
 */
struct tk_tally_pool {
	struct tk_tally **free;
	size_t n_free;
	void **blocks;
	size_t n_blocks;
	size_t n_faulted; /* blocks that are faulted in */
	size_t max;       /* tallies that may be in use at a time; 0: no limit */
};

/** @return an empty tally, or NULL and errno ENOMEM: no memory, or too many are in use. */
struct tk_tally *tk_tally_get(struct tk_tally_pool *p);

/**
 * Take one step towards having n free tallies and no page left to fault in. A step may take 1 to 3
 * ms; a loop that must not fault calls this until it returns false.
 * @return whether there was a step to take
 */
bool tk_tally_prefault(struct tk_tally_pool *p, size_t n);

/** Give a tally back, whatever it holds. */
void tk_tally_put(struct tk_tally_pool *p, struct tk_tally *t);

void tk_tally_pool_free(struct tk_tally_pool *p);

#endif
