/* SPDX-License-Identifier: MIT */
/*
 * ring/discipline.h - what a lane does when nobody reads it. Installed.
 *
 *	broadcast	overwrites the oldest; any number of readers, which the writer never learns
 *			of. The default, and inline: ring/lane_push.h.
 *	rte		a queue: drops the newest and counts it; one reader, which takes the records
 *			out. DPDK's rte_ring, in a library of its own: timekeeper-rte.h.
 *
 * A queue is known to the library by this struct alone, so that nobody links what it is made of who
 * did not ask for it. Its functions are called by the thread that owns the lane, and never
 * re-entered: the library keeps a handler that interrupts one out.
 */
#ifndef TK_RING_DISCIPLINE_H
#define TK_RING_DISCIPLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/record.h"

#ifdef __cplusplus
extern "C" {
#endif

enum tk_discipline_id {
	TK_DISCIPLINE_BROADCAST = 0,
	TK_DISCIPLINE_RTE = 1,
};

/**
 * Where a queue's parts lie, in bytes from the beginning of its memory, for readers that do not
 * know what it is made of. The indices are u32 that count records and wrap; those of the producer
 * are the writer's, those of the consumer the reader's. A record's place is its index modulo the
 * slots.
 */
struct tk_queue_layout {
	uint32_t prod_tail; /* records below it are complete */
	uint32_t cons_head; /* records below it are being taken */
	uint32_t cons_tail; /* records below it are taken: their slots are free */
	uint32_t slots;     /* of the first slot */
	uint32_t slot_size;
};

struct tk_discipline {
	enum tk_discipline_id id;
	/* All NULL for broadcast. */
	/** Bytes of memory it takes; 0: so many slots it cannot have. */
	size_t (*size)(uint32_t slots);
	/** Make it, in so much zeroed memory of a page's alignment. */
	void (*init)(void *memory, uint32_t slots, struct tk_queue_layout *layout);
	/** Wait-free. @return false: full, and nothing was done. */
	bool (*push)(void *memory, const struct tk_slot *record);
	/** Undo what a writer that died in a push left half done. */
	void (*repair)(void *memory);
};

#ifdef TK_COMPILE_OUT
static const struct tk_discipline tk_broadcast
	__attribute__((unused)) = { TK_DISCIPLINE_BROADCAST, NULL, NULL, NULL, NULL };
#else
extern const struct tk_discipline tk_broadcast __attribute__((visibility("default")));
#endif

#ifdef __cplusplus
}
#endif

#endif
