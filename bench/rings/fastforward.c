/* SPDX-License-Identifier: MIT */
/*
 * FastForward: J. Giacomoni, T. Moseley, M. Vachharajani, "FastForward for Efficient Pipeline
 * Parallelism: A Cache-Optimized Concurrent Lock-Free Queue", PPoPP 2008.
 *
 * Rendered: no shared indices, each slot says itself whether it is full; and temporal slipping: a
 * reader that is less than DANGER lines behind the writer waits until it is GOOD lines behind, or
 * the writer no longer gets ahead, so that the two do not work on one line. It looks once in CHECK
 * records and when it finds nothing. For that alone, the writer's index lies in shared memory.
 * Departures: records of several words, whose first is the flag (flagged.h); the distances, and a
 * wait of one pause for each record that is missing, are ours.
 *
 * Lines: each push loads the flag of its slot, which the reader cleared one lap ago.
 */
#include "bench/rings/flagged.h"

#define LINE   64u
#define DANGER 2u /* lines */
#define GOOD   6u /* lines */
#define CHECK  64u

struct fastforward {
	uint64_t head __attribute__((aligned(RING_ALIGN))); /* only to know the distance */
	char slots[] __attribute__((aligned(RING_ALIGN)));
};

struct fastforward_writer {
	struct fastforward *q;
	uint64_t mask, head;
};

struct fastforward_reader {
	struct fastforward *q;
	uint64_t mask, tail;
	unsigned unchecked; /* records since the last look at the distance */
};

static size_t fastforward_memory(uint64_t slots, unsigned bytes)
{
	return sizeof(struct fastforward) + slots * bytes;
}

static void fastforward_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)memory;
	(void)slots;
	(void)bytes;
}

static void fastforward_writer_init(struct fastforward_writer *w, void *memory, uint64_t slots,
				    unsigned bytes)
{
	(void)bytes;
	*w = (struct fastforward_writer){ .q = memory, .mask = slots - 1 };
}

static void fastforward_reader_init(struct fastforward_reader *r, void *memory, uint64_t slots,
				    unsigned bytes)
{
	(void)bytes;
	*r = (struct fastforward_reader){ .q = memory, .mask = slots - 1 };
}

RING_INLINE bool fastforward_push(struct fastforward_writer *w, struct ring_item item,
				  unsigned bytes)
{
	uint64_t *slot = (uint64_t *)(w->q->slots + (w->head & w->mask) * bytes);

	if (flagged_full(slot))
		return false;
	/* Stored before the slot is full, so that a reader is never ahead of it. */
	__atomic_store_n(&w->q->head, ++w->head, __ATOMIC_RELAXED);
	flagged_fill(slot, item, bytes);
	return true;
}

RING_INLINE uint64_t distance(const struct fastforward_reader *r)
{
	return __atomic_load_n(&r->q->head, __ATOMIC_RELAXED) - r->tail;
}

/* Wait to fall behind the writer, as long as the distance grows. */
RING_INLINE void slip(struct fastforward_reader *r, unsigned bytes)
{
	uint64_t behind = distance(r), before;

	if (behind >= DANGER * LINE / bytes)
		return;
	do {
		before = behind;
		for (uint64_t i = behind; i < GOOD * LINE / bytes; i++)
			tk_relax();
		behind = distance(r);
	} while (behind < GOOD * LINE / bytes && behind > before);
}

RING_INLINE unsigned fastforward_pop(struct fastforward_reader *r, struct tk_slot *out,
				     unsigned max, unsigned bytes)
{
	unsigned n = 0;

	for (; n < max; n++, r->tail++) {
		uint64_t *slot = (uint64_t *)(r->q->slots + (r->tail & r->mask) * bytes);

		if (!flagged_full(slot))
			break;
		flagged_empty(slot, &out[n], bytes);
	}
	r->unchecked += n;
	if (n == 0 || r->unchecked >= CHECK) {
		slip(r, bytes);
		r->unchecked = 0;
	}
	return n;
}

#define RING(x) fastforward_##x
#include "bench/rings/loops.h"

const struct ring fastforward_ring = {
	.name = "fastforward",
	.family = "flag in the slot",
	.source = "Giacomoni, Moseley, Vachharajani, PPoPP 2008",
	.full = RING_REFUSES,
	.loads = RING_LOADS_ALWAYS,
	/* The ring survives neither side's death: a side's position is private, and may differ from
	 * the slots by one step. */
	RING_ENDS(fastforward),
};
