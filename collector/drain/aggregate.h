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
 * A timer of values has numbers in place of durations. They are the first measure's samples as they
 * are, and no epoch and no floor is theirs. A record of the other sort (a value of a timer of
 * spans, or a span of a timer of values) is set aside. Timers of values have their tallies in
 * places of their own, where the loop does not find them: so it does not ask each record of which
 * sort it is.
 *
 * One thread per aggregator. Cost: bench/collector measures it, for 1, 100 and 1,000 timers. The
 * counters of more than 256 timers do not stay in the L2 cache. There a batch is prepared while the
 * batch before waits to be aggregated: its samples are worked out and their counters prefetched.
 * 1,000 timers cost twice as much a record as one (docs/measure.md).
 */
#ifndef TK_COLLECTOR_DRAIN_AGGREGATE_H
#define TK_COLLECTOR_DRAIN_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/tally.h"
#include "ring/lane_reader.h"
#include "ring/record.h"
#include "ring/segment.h"
#include "tsc/clock.h"

#define TK_AGGREGATE_MARKS 64u /* kept between two TAKEs; how many there were beyond is counted */

/** For one segment. */
struct tk_aggregator {
	/*
	 * Called for a record whose timer has no tally: find out whether there is such a timer by
	 * now, and give it a tally, in the place of its sort. It may replace tallies and n_timers.
	 * NULL: there are no others.
	 */
	void (*more)(struct tk_aggregator *a, uint32_t id);
	/* [id]: of a timer of spans; [values + id]: of one of values. NULL: no record yet, or no
	 * memory. */
	struct tk_tally **tallies;
	uint32_t values;                 /* at least n_timers; 0: all timers are of spans */
	struct tk_tally_hint *hints;     /* by timer id: where its window begins */
	struct tk_tally_pool *pool;      /* for windows */
	uint32_t n_timers;               /* ids from here on are unknown */
	uint32_t n_marks, marks_dropped; /* kept in marks; beyond those */
	const struct tk_clock *clock;    /* NULL: these ticks know no epochs */
	int64_t floor[TK_KINDS];         /* ticks to subtract from the duration, by kind */
	int64_t to_stop[TK_KINDS];       /* all ones: latency reaches to the stop; else 0 */
	int64_t no_duration[TK_KINDS]; /* INT64_MIN: this kind has none, whatever it says; else 0 */
	/* Records in no tally: of unknown timers, or no tally could be had. */
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

/** Where a timer's tally is, of whichever sort, or might be, among tallies of `values` timers. */
static inline struct tk_tally **tk_tally_of(struct tk_tally **tallies, uint32_t values, uint32_t id)
{
	return tallies[id] ? &tallies[id] : &tallies[values + id];
}

/** A record of a timer with a tally, whose duration and latency are samples or absent. */
struct tk_sample {
	struct tk_tally *tally; /* NULL: the record is another one; see its slot */
	uint64_t ticks[TK_MEASURES];
	uint16_t bucket[TK_MEASURES]; /* of ticks; TK_NO_BUCKET: this measure is absent */
	uint16_t timer;
};

#define TK_NO_BUCKET UINT16_MAX

/** Records of one lane, as tk_lane_read() gives them. */
struct tk_batch {
	struct tk_slot slots[TK_LANE_CHUNK];
	size_t n;                                /* slots in it */
	bool prepared;                           /* samples has them, too */
	struct tk_sample samples[TK_LANE_CHUNK]; /* by slot */
};

/**
 * Look at the slots of a batch before its turn comes. If there are many timers, work out its
 * samples and prefetch their counters. Changes nothing but the batch. Call it once between filling
 * a batch and tk_aggregate(), and best before tk_aggregate() of the batch before.
 */
void tk_aggregate_prepare(const struct tk_aggregator *a, struct tk_batch *b);

/**
 * Aggregate a batch. got[id] is incremented for each record of a known timer, whatever became of
 * it.
 */
void tk_aggregate(struct tk_aggregator *a, uint64_t *got, const struct tk_batch *b);

#endif
