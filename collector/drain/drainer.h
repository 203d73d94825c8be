/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/drainer.h - a thread that drains lanes and does nothing else.
 *
 *	collecting thread			drainer, on its cpu
 *	tk_drainer_order()	--- orders -->	lanes to add, to end; parts to release; TAKE
 *	tk_drainer_receive()	<-- parcels ---	what each timer came to; then a ROUND
 *	tk_drainer_return()	--- empties -->	the tallies
 *
 * Each NUMA node that has lanes has a drainer, or each cpu that was named
 * (collector/engine/placing.c). It drains lanes into tallies in its own node's memory. At a TAKE it
 * hands over those that were filled since the last one: 40 bytes of parcel a timer, through an
 * rte_ring in bursts (ring/channel.h). It goes on draining meanwhile, so no lane waits for what the
 * collecting thread does with them, however long that takes.
 *
 * It blocks only to sleep between polls: by the pace of collector/drain/pace.h, or as asked, or
 * never. While a channel is full it drains lanes. Memory for tallies is there before it needs it
 * (collector/drain/stock.h), or samples wait for it. It is warm after a TAKE before which no lane
 * was added: from then on it allocates nothing, and faults nothing in but what a TAKE finds
 * waiting; `figures` counts.
 *
 * Between a TAKE and its ROUND the drainer writes `figures` and its parts' figures. The collecting
 * thread copies them when it receives the ROUND, before it sends another TAKE. The channels'
 * release and acquire order both.
 */
#ifndef TK_COLLECTOR_DRAIN_DRAINER_H
#define TK_COLLECTOR_DRAIN_DRAINER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/drain/figures.h"
#include "collector/drain/parts.h"
#include "collector/drain/stock.h"
#include "ring/bell.h"
#include "ring/channel.h"
#include "tsc/files.h"
#include "tsc/guard.h"

enum tk_order_kind {
	TK_ORDER_LANE,    /* also drain `lane` of the part */
	TK_ORDER_PART,    /* also drain a part that somebody else has begun to read */
	TK_ORDER_END,     /* its writer is dead */
	TK_ORDER_RESUME,  /* its writer is alive after all */
	TK_ORDER_RELEASE, /* forget the part; answered by TK_PARCEL_RELEASED */
	TK_ORDER_TAKE,    /* hand over; answered by parcels, then a TK_PARCEL_ROUND */
	TK_ORDER_LAST,    /* the same, and drain no more: nobody would ask for it */
};

struct tk_order {
	struct tk_part *part;
	uint32_t lane;
	uint32_t kind; /* enum tk_order_kind */
};

enum tk_parcel_kind {
	TK_PARCEL_TIMER, /* what came of a timer since the last one */
	TK_PARCEL_MARK,
	TK_PARCEL_RELEASED,
	TK_PARCEL_ROUND,
};

struct tk_parcel {
	struct tk_part *part;
	struct tk_tally *tally; /* NULL: no record. To be emptied, and returned */
	/* Records of the timer: settled since the last one. Of a mark: further marks, not kept. */
	uint64_t lost;
	uint64_t ticks; /* of a mark: when it was */
	uint32_t timer;
	uint32_t kind; /* enum tk_parcel_kind */
};

/** What a drainer's thread alone may touch, once it runs. */
struct tk_draining {
	struct tk_clock_guard guard;
	struct tk_tally_pool pool;
	struct tk_parts parts;
	struct tk_parcel *burst;
	unsigned n_burst;
	uint64_t polled_ns; /* CLOCK_MONOTONIC: when the last poll was, */
	uint64_t moved_ns;  /* and when a record last came */
	double fill_ns;
	uint64_t polls;            /* since it was warm */
	uint64_t gap_ns;           /* the longest gap between two polls since the last TAKE */
	bool over;                 /* TK_ORDER_LAST came */
	bool gap_lost;             /* records were lost since the last TAKE */
	uint64_t cpu_ns;           /* its thread's, at the end of the last poll */
	uint64_t own_ns, lost_own; /* as in figures */
	uint64_t faults;           /* as of the last TAKE */
	bool warm;
	struct tk_drainer_figures since; /* counters as they were when it was warm */
};

/** What the collecting thread alone keeps of a drainer. */
struct tk_drainer_kept {
	struct tk_parcel *held; /* received, and not taken yet; */
	size_t n_held, n_whole; /* so many of them are whole: the ROUND they belong to has come */
	uint32_t lanes, small_lanes; /* given to it; those of them that do not lie on hugepages */
	uint64_t asked_ns;           /* when the TAKE that is open was sent; 0: none is */
	bool late;                   /* it did not answer in time, and people were told */
	bool moved;                  /* it is no longer on its cpu, and people were told */
	/* `figures`, as of its last ROUND; gaps since they were shown. */
	struct tk_drainer_figures shown;
};

struct tk_drainer {
	/* Set before it runs. */
	int cpu;                             /* pinned to it; -1: kept to its node, or to none */
	int node;                            /* -1: unknown */
	uint64_t poll_ns;                    /* 0: adaptive; or TK_POLL_SPIN */
	const struct tk_clock *master_clock; /* the collecting thread's: read at each TAKE */

	struct tk_channel *orders, *parcels, *empties;
	struct tk_bell bell;
	pthread_t thread;
	bool runs;
	bool stop; /* atomic, relaxed: the collecting thread ends its loop */

	struct tk_stock stock;       /* the thread's that refills it */
	struct tk_draining own;      /* its thread's */
	struct tk_drainer_kept kept; /* the collecting thread's */
	struct tk_drainer_figures
		figures; /* its thread's from a TAKE to its ROUND, else the other's */
};

/**
 * A drainer that does not run yet: set cpu, node and poll_ns. @share: it is one of so many
 * drainers, among which the memory for histograms is divided.
 * @return NULL and errno
 */
struct tk_drainer *tk_drainer_new(const struct tk_clock *clock, unsigned share);

/**
 * Start its thread on these cpus; NULL: on any. On a cpu that was named it has a full stock from
 * the beginning; tk_stock_start() has it filled, and refilled.
 * @return 0 or -errno: -EINVAL if a cpu cannot be used; -ENOMEM
 */
int tk_drainer_start(struct tk_drainer *d, const struct tk_tsc_cpus *cpus);

/** Stop its thread, and that of its stock. From then on its parts belong to the caller. */
void tk_drainer_stop(struct tk_drainer *d);
void tk_drainer_free(struct tk_drainer *d);

/** @return false: its channel is full; receive first. The collecting thread. */
bool tk_drainer_order(struct tk_drainer *d, enum tk_order_kind kind, struct tk_part *part,
		      uint32_t lane);

/** Pop up to n parcels. The collecting thread. */
unsigned tk_drainer_receive(struct tk_drainer *d, struct tk_parcel *parcels, unsigned n);

/** Give back an emptied tally. The collecting thread. */
void tk_drainer_return(struct tk_drainer *d, struct tk_tally *tally);

/**
 * One turn: a drain, and the orders that have come. The drainer's thread; any, if its thread does
 * not run (tests).
 */
void tk_drainer_turn(struct tk_drainer *d, uint64_t now_ns);

#endif
