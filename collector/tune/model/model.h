/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/model/model.h - a described load against a described reader: what each size loses.
 *
 * Two answers to one question, which do not know of each other:
 *
 *	simulation	every record, poll and lap of one run, in whole picoseconds: what this
 *			reader does (collector/discover/source.c, ring/lane_read.c) under these stalls, in
 *			this order. Its first gap is the worst one, and begins with a burst.
 *	bound		no order, no luck: the most records that can wait if gaps come when they
 *			hurt most. Network calculus: the load is an arrival
 *			curve, the reader a service curve, and what waits is never more than their
 *			vertical distance (Cruz, "A calculus for network delay, part I", IEEE Trans.
 *			Information Theory 37(1), 1991; Le Boudec and Thiran, "Network Calculus",
 *			LNCS 2050, 2001, theorem 1.4.1). For a reader that empties the lane at a
 *			poll it is the known burst + rate * latency, taken of the exact curve.
 *
 * The bound is never below the simulation. Where the reader empties the lane at one poll it is not
 * above it by more than 1 % and a chunk, because the simulation's first gap is the bound's case
 * (tests/tune/test_model.c holds both). A size whose bound fits loses nothing; that is a proof for
 * this load and these stalls, and no more than that.
 *
 * One thread. A run takes tens of milliseconds; half a minute where the load is all but what the
 * reader takes and every size loses (`tune --rate 49999999 --poll spin --slots 256 --seconds 3600`,
 * 32 s, 2.6 GHz Xeon VM, 2026-11-22).
 */
#ifndef TK_COLLECTOR_TUNE_MODEL_MODEL_H
#define TK_COLLECTOR_TUNE_MODEL_MODEL_H

#include <stdint.h>

#include "collector/tune/model/gaps.h"
#include "collector/tune/model/load.h"
#include "collector/tune/model/sizes.h"

/** No bound: more and more would wait. */
#define TK_UNBOUNDED UINT64_MAX

struct tk_model {
	struct tk_load load;
	uint64_t drain;                 /* records a second that the reader takes while it drains */
	uint64_t poll_ns;               /* between polls; 0: as the collector paces itself */
	uint64_t stall_ns;              /* on top of it, each TK_STALL_EVERYth time */
	const struct tk_gaps *recorded; /* instead of both; NULL: none */
	/* To simulate: the first stall in any case, and at most 400,000 polls or 2 * 10^8 records. */
	uint64_t seconds;
};

/** How a reader comes and goes. */
struct tk_reader {
	uint64_t drain;    /* records a second that it takes while it drains */
	uint64_t worst_ns; /* the longest gap between two of its polls */
	uint64_t poll_ns;  /* the others: at least TK_STALL_EVERY - 1 after each longest */
	const struct tk_gaps *recorded; /* instead: these, in any order; NULL: none */
};

#define TK_STALL_EVERY UINT64_C(1000)

struct tk_simulated {
	uint64_t produced, delivered, lost;
	uint64_t waiting; /* the most, at any look at the lane */
	uint64_t polls;
};

/** What the model says of one size. */
struct tk_model_size {
	uint64_t slots;
	uint64_t poll_ns;      /* between polls, without stalls; 0: as recorded */
	uint64_t worst_gap_ns; /* between polls, with them */
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
 * Between polls of a collector that has settled on this load: it begins at the longest interval,
 * and polls faster as it sees peaks (collector/drain/pace.h).
 */
uint64_t tk_model_poll_ns(const struct tk_load *l, uint64_t slots);

void tk_model_run(const struct tk_model *m, struct tk_model_size out[TK_SIZES]);

/** The smallest whose bound fits, as an index; TK_SIZES: none. */
unsigned tk_model_recommend(const struct tk_model_size size[TK_SIZES]);

#endif
