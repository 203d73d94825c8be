/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/part.h - the lanes of one segment that one drainer drains, and their tallies.
 *
 * A segment has a part for each drainer that has lanes of it: one, on a machine with one NUMA node.
 * From its first lane on, a part belongs to its drainer's thread, which allocates what the part
 * needs, so that it lies on that thread's node. At the end of an interval its results leave as
 * parcels (collector/drain/drainer.h): tallies change hands, they are not copied.
 *
 * Of the segment a part reads the mapped lanes and what never changes; the rest of struct
 * tk_segment is the collecting thread's.
 */
#ifndef TK_COLLECTOR_DRAIN_PART_H
#define TK_COLLECTOR_DRAIN_PART_H

#include "collector/drain/account.h"
#include "collector/drain/aggregate.h"
#include "ring/segment_read.h"
#include "tsc/guard.h"

struct tk_part_lane {
	struct tk_lane_reader reader;
	struct tk_account account;
	uint64_t passed; /* delivered + lost as of the last poll */
	double peak;     /* records per ns */
	uint64_t due_ns; /* spinning: not to be read before */
	uint64_t goal;   /* what was published when it was attached */
	uint32_t number; /* in its segment */
	bool told;       /* that it is corrupt */
};

/**
 * What a part came to when its tallies were last swapped: what these hold and `unknown` are what
 * was delivered, to the record.
 */
struct tk_part_figures {
	uint64_t delivered, lost; /* records */
	uint64_t unsettled;       /* of those lost: not yet known to be which timer's */
	uint64_t unknown;         /* of those delivered: in no timer's tally */
	uint64_t lag;             /* records written and not read yet, a little later */
	uint32_t lanes;
	uint32_t behind;  /* lanes that still hold records from before they were attached */
	uint32_t refused; /* lanes for which there was no memory */
	uint32_t
		corrupt; /* 1 + the number of a lane that turned out to be corrupt; one at a time */
	bool finished;   /* its writer has ended, and all it wrote has been handed over */
};

struct tk_source;

struct tk_part {
	struct tk_aggregator agg; /* first: more() finds the part by it */
	struct tk_segment *seg;
	struct tk_tally_pool *pool;
	struct tk_clock_guard *guard; /* the drainer's; NULL: stamps are not ticks of the TSC */
	enum tk_lane_from from;       /* where to begin in lanes that have lost their beginning */
	uint32_t max_timers;          /* of the segment */
	bool tsc; /* its stamps are ticks of the TSC; else ns of CLOCK_MONOTONIC */
	struct tk_part_lane *lanes; /* may move when a lane is added */
	uint32_t n_lanes;
	uint32_t refused;
	struct tk_tally **full; /* tallies to be handed over; empty between rounds */
	uint8_t *sort;          /* by timer: of spans or of values, once it had a record */
	uint64_t *counts;       /* room for a lane's */
	uint64_t *lost;         /* by timer: settled, and not handed over yet */
	bool ended;             /* its writer is dead, or its segment closed */
	unsigned read;          /* so many times all was read when tallies were swapped */
	bool still;             /* the last hand-over had nothing new */
	double fill_ns;         /* as of its last drain: struct tk_drained */
	struct tk_part_figures figures;
	struct tk_part *next; /* in its drainer's list; `pool` is set while it is there */

	/* The collecting thread's. */
	struct tk_source *source;
	/* Figures as of the last ROUND, all of whose parcels were received. */
	struct tk_part_figures received;
	uint32_t asked,
		asked_small; /* lanes given to it; those of them that do not lie on hugepages */
	bool releasing;      /* the drainer was ordered to release it, */
	bool released;       /* and has released it */
};

/**
 * @raw: do not subtract the cost of an empty span. @return NULL and errno ENOMEM. The collecting
 * thread.
 */
struct tk_part *tk_part_new(struct tk_segment *seg, enum tk_lane_from from, bool raw);
/**
 * Give its tallies back to the drainer's pool, and forget its lanes. The drainer's thread, or any
 * when no drainer runs.
 */
void tk_part_release(struct tk_part *p);
void tk_part_free(struct tk_part *p);

/* From here on: for the drainer's thread. */

/** Room for the tallies of all its timers, of both sorts, all NULL; to be freed. NULL: ENOMEM. */
struct tk_tally **tk_part_tallies(const struct tk_part *p);

/** From now on it belongs to the thread that has this pool and this guard. */
void tk_part_begin(struct tk_part *p, struct tk_tally_pool *pool, struct tk_clock_guard *guard);

/** Begin to drain an attached lane of the segment. Without memory it is refused: figures say so. */
void tk_part_add(struct tk_part *p, uint32_t lane);

/**
 * The owner of lane i died (`ended`): find the lane's end, which scans a ring. Or it is alive after
 * all: go on.
 */
void tk_part_end_lane(struct tk_part *p, uint32_t i);

/** What a drain found. */
struct tk_drained {
	uint64_t records;
	uint64_t lost;
	double fill_ns; /* the fastest lane at its peak fills in this time */
};

/**
 * Drain every lane; elapsed_ns since the last time. @now_ns: if not 0, the drainer spins, and lanes
 * that were found empty a moment ago are left alone.
 */
void tk_part_drain(struct tk_part *p, uint64_t now_ns, uint64_t elapsed_ns, struct tk_drained *sum);

/** Whether tk_part_drain() may find anything. Cheaper than that, and exact. */
bool tk_part_stirs(const struct tk_part *p);

/** It was handed over: whether nothing has come since, nothing is missing, and nothing stirs. */
bool tk_part_is_level(const struct tk_part *p);

/** Find out how many timers there are by now. A system call. */
void tk_part_look_for_timers(struct tk_part *p);

/** Settle which timers lost what lane i lost, as far as can be told now. */
void tk_part_settle_lane(struct tk_part *p, uint32_t i);

/**
 * From now on records go into other tallies; those until now are in `full`, what was settled is in
 * `lost`, and `figures` says what they add up to.
 */
void tk_part_swap_tallies(struct tk_part *p);

/**
 * Look at how far behind the writers are, and for a lane that turned out to be corrupt: `figures`.
 */
void tk_part_look_at_lanes(struct tk_part *p);

#endif
