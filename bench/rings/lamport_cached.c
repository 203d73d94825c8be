/* SPDX-License-Identifier: MIT */
#include "bench/rings/indexed.h"

struct lamport_cached_writer {
	struct indexed *q;
	uint64_t mask, tail; /* tail: the reader's, as last seen */
};

struct lamport_cached_reader {
	struct indexed *q;
	uint64_t mask, head; /* head: the writer's, as last seen */
};

static void lamport_cached_writer_init(struct lamport_cached_writer *w, void *memory,
				       uint64_t slots, unsigned bytes)
{
	struct indexed *q = memory;

	(void)bytes;
	*w = (struct lamport_cached_writer){ q, slots - 1, q->tail };
}

static void lamport_cached_reader_init(struct lamport_cached_reader *r, void *memory,
				       uint64_t slots, unsigned bytes)
{
	struct indexed *q = memory;

	(void)bytes;
	*r = (struct lamport_cached_reader){ q, slots - 1, q->tail };
}

RING_INLINE bool lamport_cached_push(struct lamport_cached_writer *w, struct ring_item item,
				     unsigned bytes)
{
	const uint64_t head = w->q->head;

	if (__builtin_expect(head - w->tail > w->mask, 0)) {
		/* Pairs with the reader's release of tail: what is below has been copied. */
		w->tail = __atomic_load_n(&w->q->tail, __ATOMIC_ACQUIRE);
		if (head - w->tail > w->mask)
			return false;
	}
	ring_put(indexed_slot(w->q, head, w->mask, bytes), item, 0, bytes);
	/* Pairs with the reader's acquire of head. */
	__atomic_store_n(&w->q->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

RING_INLINE unsigned lamport_cached_pop(struct lamport_cached_reader *r, struct tk_slot *out,
					unsigned max, unsigned bytes)
{
	const uint64_t tail = r->q->tail;
	unsigned n;

	/* Pairs with the writer's release of head: the slots below it are filled. */
	if (r->head - tail < max)
		r->head = __atomic_load_n(&r->q->head, __ATOMIC_ACQUIRE);
	n = r->head - tail < max ? (unsigned)(r->head - tail) : max;
	for (unsigned i = 0; i < n; i++)
		ring_get(&out[i], indexed_slot(r->q, tail + i, r->mask, bytes), bytes);
	/* Pairs with the writer's acquire of tail. */
	if (n)
		__atomic_store_n(&r->q->tail, tail + n, __ATOMIC_RELEASE);
	return n;
}

#define lamport_cached_memory indexed_memory
#define lamport_cached_init   indexed_init
#define RING(x)               lamport_cached_##x
#include "bench/rings/loops.h"

const struct ring lamport_cached_ring = {
	.name = "lamport-cached",
	.family = "shared indices, cached",
	.source = "Rigtorp, SPSCQueue; Drogalis, SPSC-Queue",
	.full = RING_REFUSES,
	.loads = RING_LOADS_AMORTISED,
	.survives_writer = true,
	.survives_reader = true,
	RING_ENDS(lamport_cached),
};
