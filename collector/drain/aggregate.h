/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/aggregate.h - records into histograms: the collector's hot loop.
 *
 * Everything stays in ticks. Of each record:
 *
 *	processing	duration, less what an empty span of its stamp mode costs, never below zero
 *	latency		from the origin to the start; to the stop where the kind says so
 *
 * A difference below zero (two cores' counters disagree) is counted and kept out; so is a span that
 * crossed a clock epoch. A segment is hostile input: any timer id and any kind may turn up.
 *
 * One thread per aggregator. Cost: bench/collector measures it, for 1, 100 and 1,000 timers. The
 * counters of more than 256 timers do not stay in the L2 cache, so they are prefetched a batch
 * ahead; 1,000 timers still cost three times as much a record as one (docs/measure.md).
 */
#ifndef TK_COLLECTOR_DRAIN_AGGREGATE_H
#define TK_COLLECTOR_DRAIN_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/tally.h"
#include "ring/record.h"
#include "ring/segment.h"
#include "tsc/clock.h"

#define TK_AGGREGATE_MARKS 64u /* kept between two TAKEs; how many there were beyond is counted */

/** For one segment. */
struct tk_aggregator {
	/*
	 * Called for a record whose timer has no tally: find out whether there is such a timer by
	 * now, and give it a tally. It may replace tallies and n_timers. NULL: there are no others.
	 */
	void (*more)(struct tk_aggregator *a, uint32_t id);
	struct tk_tally **tallies;       /* by timer id; NULL: no record yet, or no memory */
	struct tk_tally_hint *hints;     /* by timer id: where its window begins */
	struct tk_tally_pool *pool;      /* for windows */
	uint32_t n_timers;               /* ids from here on are unknown */
	uint32_t n_marks, marks_dropped; /* kept in marks; beyond those */
	const struct tk_clock *clock;    /* NULL: these ticks know no epochs */
	int64_t floor[TK_KINDS];         /* ticks to subtract from the duration, by kind */
	int64_t to_stop[TK_KINDS];       /* all ones: latency reaches to the stop; else 0 */
	int64_t no_duration[TK_KINDS]; /* INT64_MIN: this kind has none, whatever it says; else 0 */
	/* Records in no tally: of unknown timers and kinds, or no tally could be had. */
	uint64_t unknown;
	struct {
		uint64_t start;
		uint16_t timer;
	} marks[TK_AGGREGATE_MARKS];
};

/**
 * @floor: ticks of an empty span by stamp mode, NULL to subtract nothing. `more` and the tallies
 * are set by the caller.
 */
void tk_aggregator_init(struct tk_aggregator *a, const uint32_t floor[TK_STAMPS],
			const struct tk_clock *clock);

/**
 * Prefetch the lines that tk_aggregate() of this batch will touch. Meanwhile, aggregate the batch
 * before.
 */
void tk_aggregate_prefetch(const struct tk_aggregator *a, const struct tk_slot *slots, size_t n);

/**
 * Aggregate n <= TK_LANE_CHUNK records of one lane. got[id] is incremented for each record of a
 * known timer, whatever became of it.
 */
void tk_aggregate(struct tk_aggregator *a, uint64_t *got, const struct tk_slot *slots, size_t n);

#endif
