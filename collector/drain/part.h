/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/part.h - those lanes of one segment that one drainer drains, into tallies of its own.
 *
 * A segment has a part for each drainer that has lanes of it: one, on a machine with one NUMA node. A
 * part belongs to its drainer's thread from its first lane on; what it needs it allocates there, so
 * that it lies on that thread's node. What it knows leaves it at the end of an interval, as parcels
 * (collector/drain/drainer.h): tallies change hands, they are not copied.
 *
 * Of the segment it reads the mapped lanes and what never changes; the rest of struct tk_segment is
 * the collecting thread's.
 */
#ifndef TK_COLLECTOR_DRAIN_PART_H
#define TK_COLLECTOR_DRAIN_PART_H

#include "collector/drain/account.h"
#include "collector/drain/aggregate.h"
#include "ring/segment_read.h"

struct tk_part_lane {
	struct tk_lane_reader reader;
	struct tk_account account;
	uint64_t passed; /* delivered + lost as of the last poll */
	double peak;     /* records per ns */
	uint64_t due_ns; /* spinning: not to be read before */
	uint64_t closed; /* `passed` as of the last hand-over */
	uint32_t number; /* in its segment */
	bool told;       /* that it is corrupt */
};

/** What a part came to, as of its last hand-over. */
struct tk_part_figures {
	uint64_t delivered, lost, lag; /* records */
	uint64_t unknown;              /* records of unknown timers or kinds: dropped */
	uint32_t lanes;
	uint32_t refused; /* lanes for which there was no memory */
	uint32_t
		corrupt; /* 1 + the number of a lane that turned out to be corrupt; one at a time */
	bool finished;   /* its writer has ended, and all it wrote has been handed over */
};

struct tk_source;

struct tk_part {
	struct tk_aggregator agg; /* first: its `more` finds the part by it */
	struct tk_segment *seg;
	struct tk_tally_pool *pool;
	enum tk_lane_from from;     /* where to begin in lanes that have lost their beginning */
	uint32_t max_timers;        /* of the segment */
	bool tsc;                   /* its stamps are of the counter */
	struct tk_part_lane *lanes; /* may move when one is added */
	uint32_t n_lanes;
	uint32_t refused;
	struct tk_tally **full;  /* tallies to be handed over; empty between rounds */
	uint64_t *counts;        /* room for a lane's */
	uint64_t *pushed, *lost; /* by timer: counted, and not handed over yet */
	bool ended;              /* its writer is dead, or its segment closed */
	bool read;               /* and everything was read when tallies were last swapped */
	struct tk_part_figures figures;
	struct tk_part *next; /* of its drainer's; `pool` is set when it is in that list */

	/* The collecting thread's. */
	struct tk_source *source;
	struct tk_part_figures
		received; /* as of the last ROUND: all that belongs to them has come, too */
	uint32_t asked, asked_small; /* lanes it was given; those that do not lie on hugepages */
	bool releasing;              /* the drainer was told to let go of it, */
	bool released;               /* and has */
};

/** @raw: subtract nothing. @return NULL and errno ENOMEM. The collecting thread. */
struct tk_part *tk_part_new(struct tk_segment *seg, enum tk_lane_from from, bool raw);
/** Tallies go back to the pool that the drainer set. The drainer, or nobody drains any more. */
void tk_part_release(struct tk_part *p);
void tk_part_free(struct tk_part *p);

/* From here on: the drainer's thread. */

/** Begin to drain a lane of the segment that is attached. Without memory it is refused. */
void tk_part_add(struct tk_part *p, uint32_t lane);

/** Its owner died, or lives after all: fix the lane's end, or go on. Scans a ring that ends. */
void tk_part_end_lane(struct tk_part *p, uint32_t i);

/** What a drain found. */
struct tk_drained {
	uint64_t records;
	uint64_t lost;
	double fill_ns; /* the fastest lane at its peak fills in this time */
};

/**
 * Drain every lane; elapsed_ns since the last time. @now_ns: if not 0, the drainer spins, and lanes
 * that are resting are left alone.
 */
void tk_part_drain(struct tk_part *p, uint64_t now_ns, uint64_t elapsed_ns, struct tk_drained *sum);

/** See how many timers there are by now. A system call. */
void tk_part_look_for_timers(struct tk_part *p);

/** From now on records go into other tallies; those until now are in `full`. Says in `read` whether any
 * more can come. */
void tk_part_swap_tallies(struct tk_part *p);

/** Count what lane i has pushed and lost since the last call, timer by timer. */
void tk_part_count_lane(struct tk_part *p, uint32_t i);

/** Bring `figures` up to date. */
void tk_part_sum_up(struct tk_part *p);

#endif
