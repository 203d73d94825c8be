/* SPDX-License-Identifier: MIT */
/*
 * The queue of bop-timekeeper: gattaca-com/based-op, communication/{queue,seqlock}.rs, as of
 * 2025-02-21. A ring of sequence locks in shared memory that overwrites: any number of readers.
 *
 * Rendered: a slot is the data, then a 32-bit version, aligned to 64 bytes. A write makes the
 * version odd by a fetch-add, stores the data, stores version + 2. A reader knows the version its
 * slot will have; a smaller one is "empty", another one after copying is "sped past", whereupon it
 * waits for the next lap of the same slot and has lost a ring's length. Two variants, by how the
 * writer takes its number: `spmc` load and store, `mpmc` (which the timers use) a fetch-add.
 * Departures: inlined, where theirs is kept out of line; payloads copied as words.
 *
 * Lines: the writer loads the count and the version, which readers load but never store.
 */
#include "bench/rings/ring.h"

struct bop {
	uint64_t count __attribute__((aligned(RING_ALIGN)));
	char slots[] __attribute__((aligned(RING_ALIGN)));
};

#define SLOT 64u

struct bop_spmc_writer {
	struct bop *q;
	uint64_t mask;
};

struct bop_spmc_reader {
	struct bop *q;
	uint64_t mask, at, lost;
	uint32_t expected; /* version of slot `at` when it has been written */
};

static size_t bop_spmc_memory(uint64_t slots, unsigned bytes)
{
	(void)bytes;
	return sizeof(struct bop) + slots * SLOT;
}

static void bop_spmc_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)memory;
	(void)slots;
	(void)bytes;
}

static void bop_spmc_writer_init(struct bop_spmc_writer *w, void *memory, uint64_t slots,
				 unsigned bytes)
{
	(void)bytes;
	*w = (struct bop_spmc_writer){ .q = memory, .mask = slots - 1 };
}

static void bop_spmc_reader_init(struct bop_spmc_reader *r, void *memory, uint64_t slots,
				 unsigned bytes)
{
	struct bop *q = memory;

	(void)bytes;
	*r = (struct bop_spmc_reader){ .q = q, .mask = slots - 1, .at = q->count & (slots - 1) };
	r->expected = (uint32_t)(q->count / slots * 2 + 2);
}

RING_INLINE void write_slot(struct bop_spmc_writer *w, uint64_t n, struct ring_item item,
			    unsigned bytes)
{
	char *slot = w->q->slots + (n & w->mask) * SLOT;
	uint32_t *version = (uint32_t *)(slot + bytes);
	/* The data must not be stored before the odd version: acquire, where theirs has a
	 * compiler's fence; a locked instruction is a full one on x86. */
	uint32_t v = __atomic_fetch_add(version, 1, __ATOMIC_ACQ_REL);

	ring_put(slot, item, 0, bytes);
	/* Pairs with the reader's first load of the version. */
	__atomic_store_n(version, v + 2, __ATOMIC_RELEASE);
}

RING_INLINE bool bop_spmc_push(struct bop_spmc_writer *w, struct ring_item item, unsigned bytes)
{
	uint64_t n = __atomic_load_n(&w->q->count, __ATOMIC_RELAXED);

	__atomic_store_n(&w->q->count, n + 1, __ATOMIC_RELAXED);
	write_slot(w, n, item, bytes);
	return true;
}

RING_INLINE bool bop_mpmc_push(struct bop_spmc_writer *w, struct ring_item item, unsigned bytes)
{
	write_slot(w, __atomic_fetch_add(&w->q->count, 1, __ATOMIC_ACQ_REL), item, bytes);
	return true;
}

RING_INLINE unsigned bop_spmc_pop(struct bop_spmc_reader *r, struct tk_slot *out, unsigned max,
				  unsigned bytes)
{
	unsigned n = 0;

	while (n < max) {
		char *slot = r->q->slots + r->at * SLOT;
		uint32_t *version = (uint32_t *)(slot + bytes);

		/* Pairs with the writer's release: the data of this version, or newer. */
		if (__atomic_load_n(version, __ATOMIC_ACQUIRE) < r->expected)
			break;
		ring_get(&out[n], slot, bytes);
		/* The copy comes before the second look. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(version, __ATOMIC_RELAXED) != r->expected) {
			r->expected += 2;
			r->lost += r->mask + 1;
			continue;
		}
		n++;
		r->at = (r->at + 1) & r->mask;
		r->expected += r->at == 0 ? 2 : 0;
	}
	return n;
}

static uint64_t lost(const void *r)
{
	return ((const struct bop_spmc_reader *)r)->lost;
}

#define RING(x) bop_spmc_##x
#include "bench/rings/loops.h"

#define bop_mpmc_writer      bop_spmc_writer
#define bop_mpmc_reader      bop_spmc_reader
#define bop_mpmc_writer_init bop_spmc_writer_init
#define bop_mpmc_reader_init bop_spmc_reader_init
#define bop_mpmc_memory      bop_spmc_memory
#define bop_mpmc_init        bop_spmc_init
#define bop_mpmc_pop         bop_spmc_pop
#define RING(x)              bop_mpmc_##x
#include "bench/rings/loops.h"

/* A writer killed in a write leaves the version odd, and every write after it even in the middle
 * and odd at rest: that slot is never read again, and readers wait at it. */
#define BOP                                                                                \
	.family = "seqlock broadcast", .full = RING_OVERWRITES, .loads = RING_LOADS_NEVER, \
	.broadcast = true, .survives_reader = true, .lost = lost

const struct ring bop_spmc_ring = {
	.name = "bop-spmc",
	.source = "gattaca-com/based-op, queue.rs, SPMC",
	BOP,
	RING_ENDS(bop_spmc),
};

const struct ring bop_mpmc_ring = {
	.name = "bop-mpmc",
	.source = "gattaca-com/based-op, queue.rs, MPMC",
	BOP,
	RING_ENDS(bop_mpmc),
};
