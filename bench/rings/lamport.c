/* SPDX-License-Identifier: MIT */
/*
 * L. Lamport's bounded queue of one producer and one consumer: "Specifying Concurrent Program
 * Modules", ACM TOPLAS 5(2), April 1983; after "Proving the Correctness of Multiprocess Programs",
 * IEEE TSE SE-3(2), March 1977.
 *
 * Rendered: the queue as proved there, with counts that never wrap instead of indices modulo N, so
 * that every slot can be filled. The counts lie on lines of their own, and are released and
 * acquired, for the proof assumes sequential consistency. A pop takes what is there, up to max,
 * and gives it back at once.
 *
 * Lines: each push loads the reader's count and stores its own, which the reader loads.
 */
#include "bench/rings/indexed.h"

struct lamport_writer {
	struct indexed *q;
	uint64_t mask;
};

struct lamport_reader {
	struct indexed *q;
	uint64_t mask;
};

static void lamport_writer_init(struct lamport_writer *w, void *memory, uint64_t slots,
				unsigned bytes)
{
	(void)bytes;
	*w = (struct lamport_writer){ .q = memory, .mask = slots - 1 };
}

static void lamport_reader_init(struct lamport_reader *r, void *memory, uint64_t slots,
				unsigned bytes)
{
	(void)bytes;
	*r = (struct lamport_reader){ .q = memory, .mask = slots - 1 };
}

RING_INLINE bool lamport_push(struct lamport_writer *w, struct ring_item item, unsigned bytes)
{
	const uint64_t head = w->q->head;

	/* Pairs with the reader's release of tail: the slot has been copied. */
	if (head - __atomic_load_n(&w->q->tail, __ATOMIC_ACQUIRE) > w->mask)
		return false;
	ring_put(indexed_slot(w->q, head, w->mask, bytes), item, 0, bytes);
	/* Pairs with the reader's acquire of head. */
	__atomic_store_n(&w->q->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

RING_INLINE unsigned lamport_pop(struct lamport_reader *r, struct tk_slot *out, unsigned max,
				 unsigned bytes)
{
	const uint64_t tail = r->q->tail;
	/* Pairs with the writer's release of head: the slots below it are filled. */
	const uint64_t there = __atomic_load_n(&r->q->head, __ATOMIC_ACQUIRE) - tail;
	const unsigned n = there < max ? (unsigned)there : max;

	for (unsigned i = 0; i < n; i++)
		ring_get(&out[i], indexed_slot(r->q, tail + i, r->mask, bytes), bytes);
	/* Pairs with the writer's acquire of tail. */
	if (n)
		__atomic_store_n(&r->q->tail, tail + n, __ATOMIC_RELEASE);
	return n;
}

#define lamport_memory indexed_memory
#define lamport_init   indexed_init
#define RING(x)        lamport_##x
#include "bench/rings/loops.h"

const struct ring lamport_ring = {
	.name = "lamport",
	.family = "shared indices",
	.source = "Lamport, TOPLAS 5(2), 1983",
	.full = RING_REFUSES,
	.loads = RING_LOADS_ALWAYS,
	.survives_writer = true,
	.survives_reader = true,
	RING_ENDS(lamport),
};
