/* SPDX-License-Identifier: MIT */
/*
 * The Disruptor with one producer and one consumer: M. Thompson, D. Farley, M. Barker, P. Gee, A.
 * Stewart, "Disruptor: High performance alternative to bounded queues for exchanging data between
 * concurrent threads", LMAX, 2011; and LMAX-Exchange/disruptor, SingleProducerSequencer and
 * EventPoller.
 *
 * Rendered: claim, fill in place, publish the cursor; the gating sequence (how far the consumer
 * is) is cached by the producer, the cursor by the consumer, which publishes its sequence once for
 * all it took in a poll. The store-load fence before the gating sequence is loaded anew, which is
 * there for consumers that sleep, is kept: it is paid when the cached one is used up. Departures:
 * counts instead of sequences that begin at -1; tryNext() is pushed, for next() would wait inside.
 *
 * Lines: as in Lamport's queue with cached indices, whose best known descendant this is.
 */
#include "bench/rings/indexed.h"

struct disruptor_writer {
	struct indexed *q;
	uint64_t slots, next, gating; /* gating: as last seen */
};

struct disruptor_reader {
	struct indexed *q;
	uint64_t mask, next, available; /* available: the cursor, as last seen */
};

static void disruptor_writer_init(struct disruptor_writer *w, void *memory, uint64_t slots,
				  unsigned bytes)
{
	struct indexed *q = memory;

	(void)bytes;
	*w = (struct disruptor_writer){ q, slots, q->head, q->tail };
}

static void disruptor_reader_init(struct disruptor_reader *r, void *memory, uint64_t slots,
				  unsigned bytes)
{
	struct indexed *q = memory;

	(void)bytes;
	*r = (struct disruptor_reader){ q, slots - 1, q->tail, q->tail };
}

RING_INLINE bool claim(struct disruptor_writer *w, unsigned n)
{
	if (__builtin_expect(w->next + n - w->gating > w->slots, 0)) {
		__atomic_store_n(&w->q->head, w->next, __ATOMIC_SEQ_CST);
		/* Pairs with the reader's release of its sequence. */
		w->gating = __atomic_load_n(&w->q->tail, __ATOMIC_ACQUIRE);
		return w->next + n - w->gating <= w->slots;
	}
	return true;
}

/* Pairs with the reader's acquire of the cursor. */
RING_INLINE void publish(struct disruptor_writer *w, unsigned n)
{
	w->next += n;
	__atomic_store_n(&w->q->head, w->next, __ATOMIC_RELEASE);
}

RING_INLINE bool disruptor_push(struct disruptor_writer *w, struct ring_item item, unsigned bytes)
{
	if (!claim(w, 1))
		return false;
	ring_put(indexed_slot(w->q, w->next, w->slots - 1, bytes), item, 0, bytes);
	publish(w, 1);
	return true;
}

RING_INLINE unsigned disruptor_push_n(struct disruptor_writer *w, uint64_t from, unsigned n,
				      uint32_t meta, unsigned bytes)
{
	if (!claim(w, n))
		return 0;
	for (unsigned i = 0; i < n; i++)
		ring_put(indexed_slot(w->q, w->next + i, w->slots - 1, bytes),
			 ring_item(from + i, meta), 0, bytes);
	publish(w, n);
	return n;
}

RING_INLINE unsigned disruptor_pop(struct disruptor_reader *r, struct tk_slot *out, unsigned max,
				   unsigned bytes)
{
	unsigned n = 0;

	/* Pairs with publish(). */
	if (r->available - r->next < max)
		r->available = __atomic_load_n(&r->q->head, __ATOMIC_ACQUIRE);
	for (; n < max && r->next < r->available; n++)
		ring_get(&out[n], indexed_slot(r->q, r->next++, r->mask, bytes), bytes);
	/* Pairs with the writer's acquire in claim(). */
	if (n)
		__atomic_store_n(&r->q->tail, r->next, __ATOMIC_RELEASE);
	return n;
}

#define disruptor_memory indexed_memory
#define disruptor_init   indexed_init
#define RING(x)          disruptor_##x
#define RING_HAS_PUSH_N
#include "bench/rings/loops.h"

const struct ring disruptor_ring = {
	.name = "disruptor",
	.family = "shared indices, cached",
	.source = "Thompson et al., LMAX, 2011",
	.full = RING_REFUSES,
	.loads = RING_LOADS_AMORTISED,
	.survives_writer = true,
	.survives_reader = true,
	RING_ENDS(disruptor),
};
