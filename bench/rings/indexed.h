/* SPDX-License-Identifier: MIT */
/*
 * bench/rings/indexed.h - what Lamport's queue and its descendants have in common: two counts, each
 * written by one side, on lines of their own, and the slots. Zeroed memory is an empty queue.
 */
#ifndef TK_BENCH_RINGS_INDEXED_H
#define TK_BENCH_RINGS_INDEXED_H

#include "bench/rings/ring.h"

struct indexed {
	uint64_t head __attribute__((aligned(RING_ALIGN))); /* pushed so far: the writer's */
	uint64_t tail __attribute__((aligned(RING_ALIGN))); /* popped so far: the reader's */
	char slots[] __attribute__((aligned(RING_ALIGN)));
};

static inline size_t indexed_memory(uint64_t slots, unsigned bytes)
{
	return sizeof(struct indexed) + slots * bytes;
}

static inline void indexed_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)memory;
	(void)slots;
	(void)bytes;
}

RING_INLINE void *indexed_slot(struct indexed *q, uint64_t n, uint64_t mask, unsigned bytes)
{
	return q->slots + (n & mask) * bytes;
}

#endif
