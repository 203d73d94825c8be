/* SPDX-License-Identifier: MIT */
/*
 * MCRingBuffer: P. P. C. Lee, T. Bu, G. Chandranmenon, "A lock-free, cache-efficient multi-core
 * synchronization mechanism for line-rate network traffic monitoring", IPDPS 2010.
 *
 * Rendered: private copies of the other side's count, and both counts published only once a batch
 * of BATCH operations. Departures: counts that never wrap, so that every slot is used; the writer
 * publishes what it holds back when it finds the ring full, and the reader what it has taken when
 * it finds it empty (both are about to wait, and the other may be waiting for just that); and
 * flush publishes what is left of the last batch, which would never be seen if it never filled.
 *
 * Lines: the writer stores its count once a batch, and loads the reader's when its copy says full,
 * which is once a lap where the reader keeps up.
 */
#include "bench/rings/indexed.h"

#define BATCH 64u

struct mcringbuffer_writer {
	struct indexed *q;
	uint64_t mask, next, local_read;
	unsigned batch; /* written and not yet published */
};

struct mcringbuffer_reader {
	struct indexed *q;
	uint64_t mask, next, local_write;
	unsigned batch; /* read and not yet published */
};

static void mcringbuffer_writer_init(struct mcringbuffer_writer *w, void *memory, uint64_t slots,
				     unsigned bytes)
{
	struct indexed *q = memory;

	(void)bytes;
	*w = (struct mcringbuffer_writer){ q, slots - 1, q->head, q->tail, 0 };
}

static void mcringbuffer_reader_init(struct mcringbuffer_reader *r, void *memory, uint64_t slots,
				     unsigned bytes)
{
	struct indexed *q = memory;

	(void)bytes;
	*r = (struct mcringbuffer_reader){ q, slots - 1, q->tail, q->tail, 0 };
}

/* Pairs with the reader's acquire of head. */
RING_INLINE void mcringbuffer_flush(struct mcringbuffer_writer *w)
{
	__atomic_store_n(&w->q->head, w->next, __ATOMIC_RELEASE);
	w->batch = 0;
}

/* Pairs with the writer's acquire of tail. */
RING_INLINE void give_back(struct mcringbuffer_reader *r)
{
	__atomic_store_n(&r->q->tail, r->next, __ATOMIC_RELEASE);
	r->batch = 0;
}

RING_INLINE bool mcringbuffer_push(struct mcringbuffer_writer *w, struct ring_item item,
				   unsigned bytes)
{
	if (__builtin_expect(w->next - w->local_read > w->mask, 0)) {
		w->local_read = __atomic_load_n(&w->q->tail, __ATOMIC_ACQUIRE);
		if (w->next - w->local_read > w->mask) {
			if (w->batch)
				mcringbuffer_flush(w);
			return false;
		}
	}
	ring_put(indexed_slot(w->q, w->next, w->mask, bytes), item, 0, bytes);
	w->next++;
	if (++w->batch >= BATCH)
		mcringbuffer_flush(w);
	return true;
}

RING_INLINE unsigned mcringbuffer_pop(struct mcringbuffer_reader *r, struct tk_slot *out,
				      unsigned max, unsigned bytes)
{
	unsigned n = 0;

	while (n < max) {
		if (r->next == r->local_write) {
			r->local_write = __atomic_load_n(&r->q->head, __ATOMIC_ACQUIRE);
			if (r->next == r->local_write) {
				if (r->batch)
					give_back(r);
				break;
			}
		}
		ring_get(&out[n++], indexed_slot(r->q, r->next++, r->mask, bytes), bytes);
		if (++r->batch >= BATCH)
			give_back(r);
	}
	return n;
}

#define mcringbuffer_memory indexed_memory
#define mcringbuffer_init   indexed_init
#define RING(x)             mcringbuffer_##x
#define RING_HAS_FLUSH
#include "bench/rings/loops.h"

const struct ring mcringbuffer_ring = {
	.name = "mcringbuffer",
	.family = "shared indices, cached and batched",
	.source = "Lee, Bu, Chandranmenon, IPDPS 2010",
	.full = RING_REFUSES,
	.loads = RING_LOADS_AMORTISED,
	.survives_writer = true,
	.survives_reader = true,
	.early = BATCH - 1,
	RING_ENDS(mcringbuffer),
};
