/* SPDX-License-Identifier: MIT */
/*
 * ring/span_cost.h - what recording a span costs the program that records it, measured here and
 * now.
 *
 * A span is two stamps and a push, as tk_start() and tk_stop() inline them. The measurement runs
 * empty ones in a loop, in a private lane of 64 KiB that nobody reads, and takes the median of
 * batches. bench/overhead finds the same: 27.7 ns there, 27.4 here, on an AMD EPYC. In such a loop
 * nothing overlaps a span but the next one: a program that has other work for the processor
 * meanwhile pays less, down to nothing for fast stamps. Where its lane has left the cache it pays
 * some ns more.
 *
 * Bounded: some 0.3 ms, 66 KiB, no system call but clock_gettime(). Any thread. The figures are
 * those of the cpu that ran it.
 */
#ifndef TK_RING_SPAN_COST_H
#define TK_RING_SPAN_COST_H

#include <stdbool.h>

#include "ring/record.h"

/** One sentence for people: how it was measured. */
extern const char tk_span_cost_how[];

/** In ns, by enum tk_stamp, and of programs that stamp with CLOCK_MONOTONIC. All 0: no memory. */
struct tk_span_cost {
	double by_stamp[TK_STAMP_HAND + 1];
	double monotonic;
};

void tk_span_cost_measure(struct tk_span_cost *cost);

/** What a span of a timer costs. @tsc: its segment's clock is the counter */
static inline double tk_span_cost_of(const struct tk_span_cost *cost, uint32_t stamp, bool tsc)
{
	if (stamp == TK_STAMP_HAND)
		return cost->by_stamp[TK_STAMP_HAND];
	return tsc ? cost->by_stamp[stamp < TK_STAMP_HAND ? stamp : 0] : cost->monotonic;
}

struct tk_segment;

/**
 * What a lane's records have cost its threads so far, in ns: the count of each timer times its
 * stamps'. Of an attached lane (ring/segment_read.h); some ns a timer. @pushed: how many
 */
double tk_span_cost_of_lane(const struct tk_span_cost *cost, const struct tk_segment *s,
			    uint32_t lane, uint64_t *pushed);

#endif
