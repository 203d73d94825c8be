/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/history.h - datapoints of the past, in three tiers, within a budget.
 *
 *	tier 0	every interval	for 10 minutes
 *	tier 1	1 s		for an hour
 *	tier 2	10 s		for a day
 *
 * Datapoints lie in chunks of 64; each measure of each timer has a list of chunks in each tier. All
 * chunks come out of one budget. When that is used up, the oldest chunk of the finest tier that has
 * more than its share is dropped, so that detail of the past is lost first, and the reach of a view
 * gets shorter, never its newest part.
 *
 * One thread, or callers under one lock. Appending is O(1).
 */
#ifndef TK_COLLECTOR_STATS_HISTORY_H
#define TK_COLLECTOR_STATS_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "collector/stats/measure.h"

#define TK_TIERS        3
#define TK_CHUNK_POINTS 64

struct tk_chunk {
	struct tk_chunk *newer;       /* in its trail */
	struct tk_chunk *next, *prev; /* in its tier, by age */
	struct tk_trail *trail;
	uint32_t n;
	struct tk_datapoint points[TK_CHUNK_POINTS];
};

/** One measure of one timer in one tier, oldest first. All zero: empty. */
struct tk_trail {
	struct tk_chunk *oldest, *newest;
};

struct tk_history {
	size_t budget, used; /* bytes */
	struct {
		struct tk_chunk *oldest, *newest;
		size_t n_chunks, n_trails; /* n_trails: trails that have a chunk */
	} tier[TK_TIERS];
};

/** Nominal width of a datapoint in tier 1 and 2; in tier 0 it is the interval. */
#define TK_TIER1_NS UINT64_C(1000000000)
#define TK_TIER2_NS UINT64_C(10000000000)

/** @budget: bytes; the chunk that is being filled is kept even beyond it. */
void tk_history_init(struct tk_history *h, size_t budget);

/** Append a datapoint; drop older ones beyond the budget and the tier's span. @return 0, -ENOMEM */
int tk_history_add(struct tk_history *h, unsigned tier, struct tk_trail *t,
		   const struct tk_datapoint *d);

/** Free a trail's chunks. */
void tk_history_drop(struct tk_history *h, unsigned tier, struct tk_trail *t);

/** @return when the oldest datapoint that is kept began; INT64_MAX: there is none */
int64_t tk_trail_reach(const struct tk_trail *t);

/** @return how many datapoints overlap from..to */
size_t tk_trail_count(const struct tk_trail *t, int64_t from, int64_t to);

/** Copy them, at most max, oldest first. @return how many */
size_t tk_trail_copy(const struct tk_trail *t, int64_t from, int64_t to, struct tk_datapoint *out,
		     size_t max);

#endif
