/* SPDX-License-Identifier: MIT */
/*
 * Concurrency Kit's ck_ring, single producer and single consumer (ck_ring.h, CK_RING_PROTOTYPE), as
 * its own regressions/ck_ring/benchmark uses it: elements by value. Every push loads c_head, which
 * the consumer stores; every pop loads p_tail. There are no bulk operations. ck_ring_repair() and
 * ck_ring_valid() exist for rings that outlive a process; they are not called here.
 */
#include <ck_ring.h>

#include "bench/rings/ring.h"

struct ck_record_16 {
	uint64_t w[2];
} __attribute__((aligned(16)));

CK_RING_PROTOTYPE(records_16, ck_record_16)
CK_RING_PROTOTYPE(records_32, tk_slot)

/* ck_ring pads its ends apart by single lines; it is placed on a line of its own. */
struct ck_shared {
	ck_ring_t ring __attribute__((aligned(RING_ALIGN)));
	struct tk_slot slots[] __attribute__((aligned(RING_ALIGN)));
};

struct ck_side {
	struct ck_shared *shared;
};

static size_t ck_memory(uint64_t slots, unsigned bytes)
{
	return sizeof(struct ck_shared) + slots * bytes;
}

static void ck_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)bytes;
	ck_ring_init(&((struct ck_shared *)memory)->ring, (unsigned)slots);
}

static void ck_side_init(struct ck_side *s, void *memory, uint64_t slots, unsigned bytes)
{
	(void)slots;
	(void)bytes;
	s->shared = memory;
}

#define ck_writer      ck_side
#define ck_reader      ck_side
#define ck_writer_init ck_side_init
#define ck_reader_init ck_side_init

RING_INLINE bool ck_push(struct ck_side *s, struct ring_item item, unsigned bytes)
{
	struct tk_slot slot;

	ring_put(&slot, item, 0, bytes);
	if (bytes == 32)
		return ck_ring_enqueue_spsc_records_32(&s->shared->ring, s->shared->slots, &slot);
	return ck_ring_enqueue_spsc_records_16(&s->shared->ring,
					       (struct ck_record_16 *)s->shared->slots,
					       (struct ck_record_16 *)&slot);
}

RING_INLINE unsigned ck_pop(struct ck_side *s, struct tk_slot *out, unsigned max, unsigned bytes)
{
	unsigned n = 0;

	while (n < max &&
	       (bytes == 32 ? ck_ring_dequeue_spsc_records_32(&s->shared->ring, s->shared->slots,
							      &out[n])
			    : ck_ring_dequeue_spsc_records_16(
				      &s->shared->ring, (struct ck_record_16 *)s->shared->slots,
				      (struct ck_record_16 *)&out[n])))
		n++;
	return n;
}

#define RING(x) ck_##x
#include "bench/rings/loops.h"

const struct ring ck_spsc_ring = {
	.name = "ck-spsc",
	.family = "Lamport",
	.source = "Concurrency Kit, ck_ring.h",
	.full = RING_REFUSES,
	.loads = RING_LOADS_ALWAYS,
	.survives_writer = true,
	.survives_reader = true,
	.unusable = 1,
	RING_ENDS(ck),
};
