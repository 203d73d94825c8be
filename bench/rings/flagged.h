/* SPDX-License-Identifier: MIT */
/*
 * bench/rings/flagged.h - slots that show whether they are full, as in FastForward and
 * B-Queue: the first word is 0 when empty. There an element is one pointer, and NULL is empty; here
 * a record has more words, so its first is stored last.
 */
#ifndef TK_BENCH_RINGS_FLAGGED_H
#define TK_BENCH_RINGS_FLAGGED_H

#include "bench/rings/ring.h"

/** Acquire: pairs with the release of the other side's last access to this slot, below. */
RING_INLINE bool flagged_full(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE) != 0;
}

/** Release: pairs with the reader's flagged_full(), which then sees the rest of the record. */
RING_INLINE void flagged_fill(uint64_t *slot, struct ring_item item, unsigned bytes)
{
	slot[1] = item.span;
	if (bytes == 32) {
		slot[2] = item.meta;
		slot[3] = 0;
	}
	__atomic_store_n(slot, item.start, __ATOMIC_RELEASE);
}

/** Release: pairs with the writer's flagged_full(), which overwrites what has been copied. */
RING_INLINE void flagged_empty(uint64_t *slot, struct tk_slot *out, unsigned bytes)
{
	ring_get(out, slot, bytes);
	__atomic_store_n(slot, 0, __ATOMIC_RELEASE);
}

#endif
