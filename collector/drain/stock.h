/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/stock.h - memory that is there before a drainer needs it.
 *
 * A drainer cuts tallies and their windows from the beginning of its pool's address space on. The
 * collecting thread keeps TK_STOCK_BYTES of what comes next populated, so that a timer's first
 * records cost the drainer no page fault. It populates 64 KiB at a time, which holds the lock on
 * this process's mappings for some 10 us, so that a fault elsewhere does not wait for long; and
 * where the kernel can, it makes a hugepage of each 2 MiB that are populated and not used yet. A
 * drainer that overtakes the stock faults the next pages in itself, 4 KiB at a time: it makes no
 * system call, and waits for nobody.
 *
 * The collecting thread only. What it shares with the drainer is the pool's `used`, which it reads.
 */
#ifndef TK_COLLECTOR_DRAIN_STOCK_H
#define TK_COLLECTOR_DRAIN_STOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/stats/tally.h"

#define TK_STOCK_BYTES ((size_t)8 << 20)

struct tk_stock {
	const struct tk_tally_pool *pool;
	size_t populated; /* bytes of its arena, from the beginning */
	size_t collapsed; /* of these, those that hugepages were asked for */
	bool small;       /* this kernel makes no hugepages of them */
};

/** The pool has its arena. @node: where its memory is to lie; -1: wherever */
void tk_stock_init(struct tk_stock *s, const struct tk_tally_pool *pool, int node);

/** Populate 64 KiB more if the stock is short. @return whether it still is */
bool tk_stock_refill(struct tk_stock *s);

/** Bytes that are populated and not used yet. */
size_t tk_stock_level(const struct tk_stock *s);

#endif
