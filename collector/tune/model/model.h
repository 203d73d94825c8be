/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/model/model.h - what each size loses, for a load and a reader that are described.
 *
 * Two independent answers to one question:
 *
 *	simulation	every record, poll and lap of one run, in whole picoseconds: what the
 *			reader does (collector/drain/part.c, ring/lane_read.c) under these
 *			stalls, in this order. Its first gap is the worst one, and begins with
 *			a burst.
 *	bound		whatever the order: the most records that can wait if gaps come when
 *			they do most harm. Network calculus: the load is an arrival curve, the
 *			reader a service curve, and the records that wait are never more than
 *			the vertical distance of the two (Cruz, "A calculus for network delay,
 *			part I", IEEE Trans. Information Theory 37(1), 1991; Le Boudec and
 *			Thiran, "Network Calculus", LNCS 2050, 2001, theorem 1.4.1). For a
 *			reader that empties the lane at every poll this is the well-known
 *			burst + rate * latency, computed on the exact curve.
 *
 * The bound is never below the simulation. If the reader empties the lane at one poll, the bound is
 * at most 1 % and a chunk above the simulation, because the simulation begins with the case that
 * the bound assumes (tests/tune/test_model.c checks both). A size whose bound fits loses nothing.
 * That is a proof for this load and these stalls, and for no others.
 *
 * One thread. A run takes tens of milliseconds, and half a minute if the load is nearly as fast as
 * the reader and every size loses (`tune --rate 49999999 --poll spin --slots 256 --seconds 3600`,
 * 32 s, 2.6 GHz Xeon VM, 2026-11-22).
 */
#ifndef TK_COLLECTOR_TUNE_MODEL_MODEL_H
#define TK_COLLECTOR_TUNE_MODEL_MODEL_H

#include <stdint.h>

#include "collector/tune/model/gaps.h"
#include "collector/tune/model/load.h"
#include "collector/tune/model/sizes.h"

/** There is no bound: more and more records would wait. */
#define TK_UNBOUNDED UINT64_MAX

struct tk_model {
	struct tk_load load;
	uint64_t drain;                 /* records a second that the reader takes while it drains */
	uint64_t poll_ns;               /* between polls; 0: the collector paces itself */
	uint64_t stall_ns;              /* added to it at every TK_STALL_EVERYth poll */
	const struct tk_gaps *recorded; /* in place of both; NULL: none */
	/* How long to simulate: at least the first stall, at most 400,000 polls or 2 * 10^8
	 * records. */
	uint64_t seconds;
};

/** How a reader comes and goes. */
struct tk_reader {
	uint64_t drain;    /* records a second that it takes while it drains */
	uint64_t worst_ns; /* the longest gap between two of its polls */
	uint64_t poll_ns;  /* the other gaps: at least TK_STALL_EVERY - 1 after each longest */
	const struct tk_gaps *recorded; /* in place of both: these gaps, in any order; NULL: none */
};

#define TK_STALL_EVERY UINT64_C(1000)

struct tk_simulated {
	uint64_t produced, delivered, lost;
	uint64_t waiting; /* the most records at any look at the lane */
	uint64_t polls;
};

/** What the model says of one size. */
struct tk_model_size {
	uint64_t slots;
	uint64_t poll_ns;      /* between polls, without stalls; 0: as recorded */
	uint64_t worst_gap_ns; /* between polls, with stalls */
	struct tk_simulated simulated;
	uint64_t bound;       /* records, or TK_UNBOUNDED */
	uint64_t survives_ns; /* the longest gap between polls in which it surely loses nothing */
};

/** Simulate one size, beginning with the worst gap; deterministic. */
void tk_simulate(const struct tk_load *l, const struct tk_reader *r, uint64_t slots,
		 uint64_t seconds, struct tk_simulated *out);

/** The most records that can ever wait for this reader, or TK_UNBOUNDED. */
uint64_t tk_bound(const struct tk_load *l, const struct tk_reader *r, uint64_t slots);

/** The longest that worst_ns may be for no more than `slots` to wait; 0: none is short enough. */
uint64_t tk_bound_survives(const struct tk_load *l, const struct tk_reader *r, uint64_t slots);

/**
 * The poll interval of a collector that has settled on this load. A collector begins with the
 * longest interval, and polls faster as it sees peaks (collector/drain/pace.h).
 */
uint64_t tk_model_poll_ns(const struct tk_load *l, uint64_t slots);

void tk_model_run(const struct tk_model *m, struct tk_model_size out[TK_SIZES]);

/** The index of the smallest size whose bound fits; TK_SIZES: none fits. */
unsigned tk_model_recommend(const struct tk_model_size size[TK_SIZES]);

#endif
