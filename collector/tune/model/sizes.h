/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/model/sizes.h - the sizes of a lane that tune chooses from: 2^8 to 2^24 slots.
 */
#ifndef TK_COLLECTOR_TUNE_MODEL_SIZES_H
#define TK_COLLECTOR_TUNE_MODEL_SIZES_H

#include <stdint.h>

#include "ring/lane.h"

#define TK_SIZES         17u
#define TK_SIZE_LOG2_MIN 8u
#define TK_SIZE_MAX      (UINT64_C(1) << (TK_SIZE_LOG2_MIN + TK_SIZES - 1))
#define TK_HUGEPAGE      (UINT64_C(2) << 20)

_Static_assert(1u << TK_SIZE_LOG2_MIN == TK_LANE_SLOTS_MIN, "begin with the smallest lane");

/** The i-th size, in slots. */
static inline uint64_t tk_size_slots(unsigned i)
{
	return UINT64_C(1) << (TK_SIZE_LOG2_MIN + i);
}

/** The index of the size with that many slots; TK_SIZES: none has. */
static inline unsigned tk_size_of(uint64_t slots)
{
	unsigned i = 0;

	while (i < TK_SIZES && tk_size_slots(i) != slots)
		i++;
	return i;
}

/** The index of the smallest size that survives a gap of ns; TK_SIZES: none does. */
static inline unsigned tk_size_surviving(const uint64_t survives_ns[TK_SIZES], uint64_t ns)
{
	unsigned i = 0;

	while (i < TK_SIZES && survives_ns[i] < ns)
		i++;
	return i;
}

static inline uint64_t tk_size_bytes(uint64_t slots)
{
	return slots * sizeof(struct tk_slot);
}

#endif
