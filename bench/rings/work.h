/* SPDX-License-Identifier: MIT */
/*
 * bench/rings/work.h - what the measuring loops do besides pushing and popping. For loops_sized.h.
 */
#ifndef TK_BENCH_RINGS_WORK_H
#define TK_BENCH_RINGS_WORK_H

#include "bench/rings/ring.h"

/** Make the compiler compute a value, at the cost of no further instruction. */
RING_INLINE void ring_keep(uint64_t v)
{
	__asm__ volatile("" : : "r"(v));
}

/** The word that is the same in every item, unknown to the compiler. */
RING_INLINE uint32_t ring_meta(void)
{
	uint32_t meta = RING_META;

	__asm__("" : "+r"(meta));
	return meta;
}

/** Host work: `rounds` dependent steps through a table that fits the first cache. */
extern uint64_t ring_work_table[512];

RING_INLINE uint64_t ring_work(unsigned rounds, uint64_t x)
{
	for (unsigned i = 0; i < rounds; i++) {
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		ring_work_table[x >> 55] ^= x;
		x ^= ring_work_table[x >> 40 & 511];
	}
	return x;
}

RING_INLINE void ring_wait_until(uint64_t due)
{
	while ((int64_t)(due - tk_tsc_fast()) > 0)
		tk_relax();
}

/**
 * Wait until the reader is at most half a ring behind item i. @return false: told to stop.
 *
 * `consumed` counts items, the first of which has number 1. Acquire pairs with the reader's
 * release, so that what is overwritten has been read.
 */
RING_INLINE bool ring_credit(struct ring_run *run, uint64_t i)
{
	const uint64_t half = 2 * run->credit;

	while (i > __atomic_load_n(&run->consumed, __ATOMIC_ACQUIRE) + half) {
		if (__atomic_load_n(&run->stop, __ATOMIC_RELAXED))
			return false;
		tk_relax();
	}
	return true;
}

#endif
