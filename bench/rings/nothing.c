/* SPDX-License-Identifier: MIT */
/*
 * No ring: the loops make the item and do nothing with it. This is what the loops themselves cost.
 */
#include "bench/rings/work.h"

uint64_t ring_work_table[512];

struct nothing_writer {
	char unused;
};

struct nothing_reader {
	char unused;
};

static size_t nothing_memory(uint64_t slots, unsigned bytes)
{
	return slots * bytes;
}

static void nothing_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)memory;
	(void)slots;
	(void)bytes;
}

static void nothing_writer_init(struct nothing_writer *w, void *memory, uint64_t slots,
				unsigned bytes)
{
	(void)w;
	nothing_init(memory, slots, bytes);
}

static void nothing_reader_init(struct nothing_reader *r, void *memory, uint64_t slots,
				unsigned bytes)
{
	(void)r;
	nothing_init(memory, slots, bytes);
}

RING_INLINE bool nothing_push(struct nothing_writer *w, struct ring_item item, unsigned bytes)
{
	(void)w;
	ring_keep(item.start);
	ring_keep(item.span);
	if (bytes == 32)
		ring_keep(item.meta);
	return true;
}

RING_INLINE unsigned nothing_pop(struct nothing_reader *r, struct tk_slot *out, unsigned max,
				 unsigned bytes)
{
	(void)r;
	(void)out;
	(void)max;
	(void)bytes;
	return 0;
}

#define RING(x) nothing_##x
#include "bench/rings/loops.h"

const struct ring nothing_ring = {
	.name = "nothing",
	.family = "baseline",
	.source = "the measuring loops themselves",
	.full = RING_OVERWRITES,
	.loads = RING_LOADS_NEVER,
	.baseline = true,
	RING_ENDS(nothing),
};
