/* SPDX-License-Identifier: MIT */
/*
 * B-Queue: J. Wang, K. Zhang, X. Tang, B. Hua, "B-Queue: Efficient and Practical Queuing for Fast
 * Core-to-Core Communication", Int. J. of Parallel Programming 41(1), 2013.
 *
 * Rendered: FastForward's slots, probed a batch at a time. The writer looks at the last slot of
 * the next batch (BATCH, or a quarter of a small ring); if it is empty, all are. The reader looks
 * at the slot a batch ahead; if it is full, all are; if not, it waits a little and halves the
 * batch (backtracking), down to one record: so nothing is held back and no timer is needed. The
 * batch it tries first follows what it found last. Departures: records of several words
 * (flagged.h), and counts that never wrap.
 *
 * Lines: one push in a batch loads a flag that the reader cleared a lap ago.
 */
#include "bench/rings/flagged.h"

#define BATCH     256u
#define INCREMENT 16u

struct bqueue_writer {
	char *slots;
	uint64_t mask, head, batch_head; /* below batch_head, slots are known to be empty */
	unsigned batch;
};

struct bqueue_reader {
	char *slots;
	uint64_t mask, tail, batch_tail; /* below batch_tail, slots are known to be full */
	unsigned batch, history;         /* history: the batch found last */
};

static size_t bqueue_memory(uint64_t slots, unsigned bytes)
{
	return slots * bytes;
}

static void bqueue_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)memory;
	(void)slots;
	(void)bytes;
}

static unsigned batch_of(uint64_t slots)
{
	return slots / 4 < BATCH ? (unsigned)(slots / 4) : BATCH;
}

static void bqueue_writer_init(struct bqueue_writer *w, void *memory, uint64_t slots,
			       unsigned bytes)
{
	(void)bytes;
	*w = (struct bqueue_writer){ memory, slots - 1, 0, 0, batch_of(slots) };
}

static void bqueue_reader_init(struct bqueue_reader *r, void *memory, uint64_t slots,
			       unsigned bytes)
{
	(void)bytes;
	*r = (struct bqueue_reader){ memory, slots - 1, 0, 0, batch_of(slots), 1 };
}

RING_INLINE bool bqueue_push(struct bqueue_writer *w, struct ring_item item, unsigned bytes)
{
	if (w->head == w->batch_head) {
		uint64_t last = (w->head + w->batch - 1) & w->mask;

		if (flagged_full((uint64_t *)(w->slots + last * bytes)))
			return false;
		w->batch_head = w->head + w->batch;
	}
	flagged_fill((uint64_t *)(w->slots + (w->head & w->mask) * bytes), item, bytes);
	w->head++;
	return true;
}

RING_INLINE bool backtrack(struct bqueue_reader *r, unsigned bytes)
{
	const unsigned more = r->history + INCREMENT;
	unsigned batch = more < r->batch ? more : r->batch;

	for (; batch; batch /= 2) {
		uint64_t last = (r->tail + batch - 1) & r->mask;

		if (flagged_full((uint64_t *)(r->slots + last * bytes)))
			break;
		tk_relax();
	}
	r->history = batch;
	r->batch_tail = r->tail + batch;
	return batch;
}

RING_INLINE unsigned bqueue_pop(struct bqueue_reader *r, struct tk_slot *out, unsigned max,
				unsigned bytes)
{
	unsigned n = 0;

	for (; n < max; n++, r->tail++) {
		if (r->tail == r->batch_tail && !backtrack(r, bytes))
			break;
		flagged_empty((uint64_t *)(r->slots + (r->tail & r->mask) * bytes), &out[n], bytes);
	}
	return n;
}

#define RING(x) bqueue_##x
#include "bench/rings/loops.h"

const struct ring bqueue_ring = {
	.name = "b-queue",
	.family = "flag in the slot, batched",
	.source = "Wang, Zhang, Tang, Hua, IJPP 41(1), 2013",
	.full = RING_REFUSES,
	.loads = RING_LOADS_AMORTISED,
	/* The ring survives neither side's death: a side's position is private, and may differ from
	 * the slots by one step. */
	.early = BATCH - 1,
	RING_ENDS(bqueue),
};
