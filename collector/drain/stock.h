/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/stock.h - memory that is there before a drainer needs it.
 *
 * A drainer cuts tallies and their windows from the beginning of its pool's address space on. A
 * thread of the stock keeps TK_STOCK_BYTES of what comes next populated, so that a timer's first
 * records cost the drainer no page fault. The drainer wakes it when half of the stock is gone. When
 * that is too late, the samples of new timers wait in the pool's spill (collector/stats/tally.h),
 * and the drainer still faults nothing in.
 *
 * It touches the pages, 64 KiB at a time; and unless it is in a hurry, the first of each 2 MiB
 * while these may be a hugepage: one fault of 230 us, where 512 small ones take 1,200, but of 5 ms
 * where the kernel has to move pages about for it. A fault holds the lock of the arena's mapping
 * (Linux 6.4 and later), which nobody else touches. madvise() with MADV_POPULATE_WRITE or
 * MADV_COLLAPSE would hold the lock on all mappings; the latter for up to a second when all cpus
 * are busy, for it waits until each has run a worker (measured: 932 ms, the collecting thread
 * waiting in malloc()). No hugepages are allowed otherwise, so that khugepaged takes no page away
 * that the drainer uses.
 *
 * What the stock's thread and its drainer share is the pool's `used`, which the drainer writes, and
 * `stocked`, which the other one writes.
 */
#ifndef TK_COLLECTOR_DRAIN_STOCK_H
#define TK_COLLECTOR_DRAIN_STOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "collector/stats/tally.h"
#include "ring/bell.h"

struct tk_stock {
	struct tk_bell bell;
	struct tk_tally_pool *pool;
	size_t populated; /* bytes of its arena, from the beginning */
	pthread_t thread;
	bool runs;
	bool stop; /* atomic, relaxed */
};

/**
 * Give a pool that has its arena a stock, empty yet, and its spill. From now on the drainer faults
 * in nothing that is not in stock, unless it has to. Before the drainer runs.
 * @node: where its memory is to lie; -1: wherever
 * @return 0 or -ENOMEM
 */
int tk_stock_init(struct tk_stock *s, struct tk_tally_pool *pool, int node);

/**
 * Populate 64 KiB more, if the stock is short. The caller is the only one: whoever starts the
 * drainer, then the stock's thread. @return whether there is more to do
 */
bool tk_stock_refill(struct tk_stock *s);

/** Bytes that are populated and not used yet. */
size_t tk_stock_level(const struct tk_stock *s);

/**
 * Start its thread, which refills it from now on, on the cpus of the caller. @return 0 or -errno
 */
int tk_stock_start(struct tk_stock *s);

/** End its thread, if there is one. */
void tk_stock_stop(struct tk_stock *s);

#endif
