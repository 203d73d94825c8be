/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/drainer.h - a thread that drains lanes and does nothing else.
 *
 *	collecting thread			drainer, on its cpu
 *	tk_drainer_order()	--- orders -->	lanes to begin with, to end, to let go of; TAKE
 *	tk_drainer_receive()	<-- parcels ---	what each timer came to; then a ROUND
 *	tk_drainer_return()	--- empties -->	the tallies
 *
 * There is one for each NUMA node that has lanes, or one for each cpu that was named
 * (collector/engine/placing.c). What it drains goes into tallies in its own node's memory. When it is told to
 * TAKE, it hands over those that were filled since: 40 bytes of parcel a timer, through an rte_ring in
 * bursts (ring/channel.h), and goes on draining meanwhile. So whatever the collecting thread does with
 * them, and however long that takes, no lane waits for it.
 *
 * It never blocks, but to rest between polls: by the pace of collector/drain/pace.h, as asked, or never. A
 * channel that is full is drained around. It is warm after a TAKE before which no lane was added and no
 * more memory was needed for tallies; a pinned one allocates nothing from then on, and faults no page in:
 * `seen` counts.
 *
 * Between TAKE and its ROUND the drainer writes `seen` and its parts' figures; the collecting thread copies
 * them when it receives the ROUND, before it sends another TAKE. The channels' release and acquire order
 * both.
 */
#ifndef TK_COLLECTOR_DRAIN_DRAINER_H
#define TK_COLLECTOR_DRAIN_DRAINER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/drain/figures.h"
#include "collector/drain/part.h"
#include "ring/bell.h"
#include "ring/channel.h"
#include "tsc/clock.h"

enum tk_order_kind {
	TK_ORDER_LANE,    /* drain `lane` of the part, too */
	TK_ORDER_END,     /* its writer is dead */
	TK_ORDER_RESUME,  /* it lives after all */
	TK_ORDER_RELEASE, /* answered by TK_PARCEL_RELEASED */
	TK_ORDER_TAKE,    /* hand over; answered by parcels and a TK_PARCEL_ROUND */
};

struct tk_order {
	struct tk_part *part;
	uint32_t lane;
	uint32_t kind; /* enum tk_order_kind */
};

enum tk_parcel_kind {
	TK_PARCEL_TIMER, /* what came of a timer since the last one */
	TK_PARCEL_MARK,  /* `pushed` is when */
	TK_PARCEL_RELEASED,
	TK_PARCEL_ROUND,
};

struct tk_parcel {
	struct tk_part *part;
	struct tk_tally *tally; /* NULL: no sample. To be emptied, and returned */
	uint64_t pushed, lost;  /* records */
	uint32_t timer;
	uint32_t kind; /* enum tk_parcel_kind */
};

struct tk_drainer {
	/* Set before it runs. */
	int cpu;                             /* pinned to it; -1: kept to its node, or to none */
	int node;                            /* -1: unknown */
	uint64_t poll_ns;                    /* 0: adaptive; or TK_POLL_SPIN */
	const struct tk_clock *master_clock; /* the collecting thread's: copied at each TAKE */

	struct tk_channel *orders, *parcels, *empties;
	struct tk_bell bell;
	pthread_t thread;
	bool runs;
	bool stop; /* atomic, relaxed: the collecting thread ends its loop */

	/* The drainer's own. */
	struct tk_clock clock;
	struct tk_tally_pool pool;
	struct tk_part *parts;
	struct tk_parcel *burst;
	unsigned n_burst;
	uint64_t polled_ns; /* CLOCK_MONOTONIC: when the last poll was, */
	uint64_t moved_ns;  /* and when a record last came */
	size_t n_out;       /* tallies handed over by this TAKE */
	double fill_ns;
	uint64_t polls;  /* since it was warm */
	uint64_t gap_ns; /* the longest between two polls since the last TAKE */
	bool gap_lost;   /* and whether records were lost in it */
	uint64_t faults; /* as of the last TAKE */
	bool warm;
	size_t blocks;                   /* of tallies, when it was warm */
	struct tk_drainer_figures since; /* counters as they were when it was warm */

	/* See above. */
	struct tk_drainer_figures figures;

	/* The collecting thread's. */
	uint32_t lanes, small_lanes; /* given to it; those that do not lie on hugepages */
	uint64_t asked_ns;           /* a TAKE is open since; 0: none */
	bool late;                   /* and that was said */
	bool moved;                  /* it is not on its cpu any more, and that was said */
	struct tk_drainer_figures
		shown; /* `seen`, as of its last ROUND; gaps since they were shown */
};

/**
 * Not running yet: cpu, node and poll_ns are to be set. @share: one of so many drainers, among which the
 * memory for histograms is divided. @return NULL and errno.
 */
struct tk_drainer *tk_drainer_new(const struct tk_clock *clock, unsigned share);

/**
 * Start its thread on these cpus; NULL: wherever it may.
 * @return 0 or -errno: -EINVAL where a cpu is not to be had
 */
int tk_drainer_start(struct tk_drainer *d, const cpu_set_t *cpus);

/** Stop its thread. Its parts are nobody's then. */
void tk_drainer_stop(struct tk_drainer *d);
void tk_drainer_free(struct tk_drainer *d);

/** @return false: there is no room, receive first. The collecting thread. */
bool tk_drainer_order(struct tk_drainer *d, enum tk_order_kind kind, struct tk_part *part,
		      uint32_t lane);

/** Pop up to n parcels. The collecting thread. */
unsigned tk_drainer_receive(struct tk_drainer *d, struct tk_parcel *parcels, unsigned n);

/** Give back an emptied tally. The collecting thread. */
void tk_drainer_return(struct tk_drainer *d, struct tk_tally *tally);

/** One turn: orders, and a drain. The drainer's thread; or any, of one that does not run (tests). */
void tk_drainer_turn(struct tk_drainer *d, uint64_t now_ns);

#endif
