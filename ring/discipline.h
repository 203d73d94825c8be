/* SPDX-License-Identifier: MIT */
/*
 * ring/discipline.h - what a lane does when nobody reads it. Installed.
 *
 *	broadcast	overwrites the oldest; any number of readers, which the writer never learns
 *			of. The default, and inline: ring/lane_push.h.
 *	rte		a queue: drops the newest and counts it; one reader, which takes the records
 *			out. DPDK's rte_ring, in a library of its own: timekeeper/timekeeper-rte.h.
 *
 * The library knows a queue by this struct alone, so that only programs that ask for a queue link
 * what it is made of. The thread that owns the lane calls the functions. They are never re-entered:
 * while one runs, the library does not call it from a signal handler.
 */
#ifndef TK_RING_DISCIPLINE_H
#define TK_RING_DISCIPLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

enum tk_discipline_id {
	TK_DISCIPLINE_BROADCAST = 0,
	TK_DISCIPLINE_RTE = 1,
};

/**
 * Where a queue's parts lie, in bytes from the beginning of its memory: readers do not know what it
 * is made of. An index is a u32 that counts records and wraps. The writer writes the producer's
 * indices, the reader the consumer's. The record of index i lies in slot i modulo the number of
 * slots.
 */
struct tk_queue_layout {
	uint32_t prod_tail; /* of the index: records below it are complete */
	uint32_t cons_head; /* records below it are being taken */
	uint32_t cons_tail; /* records below it are taken: their slots are free */
	uint32_t slots;     /* of the first slot */
	uint32_t slot_size;
};

struct tk_discipline {
	enum tk_discipline_id id;
	/* All NULL for broadcast. */
	/** @return how many bytes of memory it takes; 0: it cannot have so many slots. */
	size_t (*size)(uint32_t slots);
	/** Make it in that much zeroed, page-aligned memory. */
	void (*init)(void *memory, uint32_t slots, struct tk_queue_layout *layout);
	/** Append a record. Wait-free. @return false: it is full and was left as it was. */
	bool (*push)(void *memory, const struct tk_slot *record);
	/** Undo what a writer left half done that died in a push. */
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
