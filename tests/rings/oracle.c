/* SPDX-License-Identifier: MIT */
/*
 * Every ring of bench/rings, through the interface the bench measures it by, against a queue that
 * cannot be wrong: what comes out are the numbers that went in, in order, each once, whole; what is
 * missing is what the ring says it refused or overwrote.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "bench/rings/table.h"

#define MEMORY_ALIGN (UINT64_C(2) << 20)

struct both {
	const struct ring *ring;
	const struct ring_loops *loops;
	uint64_t slots;
	unsigned bytes;
	void *memory;
	_Alignas(RING_ALIGN) char w[RING_SIDE_MAX];
	_Alignas(RING_ALIGN) char r[RING_SIDE_MAX];
	uint64_t pushed, popped; /* greatest numbers */
	uint64_t lost;
};

static void make(struct both *b, const struct ring *ring, uint64_t slots, unsigned bytes)
{
	size_t size = ring->memory(slots, bytes);

	memset(b, 0, sizeof(*b));
	b->ring = ring;
	b->loops = bytes == 16 ? ring->loops_16 : ring->loops_32;
	b->slots = slots;
	b->bytes = bytes;
	size = (size + MEMORY_ALIGN - 1) & ~(MEMORY_ALIGN - 1);
	b->memory = aligned_alloc(MEMORY_ALIGN, size);
	cr_assert(b->memory);
	memset(b->memory, 0, size);
	ring->init(b->memory, slots, bytes);
	ring->writer_init(b->w, b->memory, slots, bytes);
	ring->reader_init(b->r, b->memory, slots, bytes);
}

static bool push(struct both *b)
{
	bool in = b->loops->push(b->w, ring_item(b->pushed + 1, RING_META));

	b->pushed += in;
	return in;
}

/* Whole, newer than all before, and without a gap where nothing may be overwritten. */
static void check(struct both *b, const struct tk_slot *s)
{
	struct ring_item got = b->loops->item(s), want = ring_item(got.start, RING_META);

	cr_assert(got.span == want.span, "%s, %u bytes: torn at %lu", b->ring->name, b->bytes,
		  got.start);
	if (b->bytes == 32)
		cr_assert(got.meta == want.meta, "%s: torn at %lu", b->ring->name, got.start);
	cr_assert(got.start > b->popped, "%s: %lu after %lu", b->ring->name, got.start, b->popped);
	cr_assert(got.start <= b->pushed, "%s: %lu was never pushed", b->ring->name, got.start);
	b->lost += got.start - b->popped - 1;
	if (b->ring->full == RING_REFUSES)
		cr_assert(b->lost == 0, "%s, %u bytes, %lu slots: %lu after %lu", b->ring->name,
			  b->bytes, b->slots, got.start, b->popped);
	b->popped = got.start;
}

static unsigned pop(struct both *b, unsigned max)
{
	struct tk_slot out[RING_BATCH];
	unsigned n = b->loops->pop(b->r, out, max);

	cr_assert(n <= max || b->ring->chunked, "%s: popped %u of %u", b->ring->name, n, max);
	for (unsigned i = 0; i < n; i++)
		check(b, &out[i]);
	return n;
}

/* Everything that is in it. A reader may give up some polls before it settles (a slip, a hole). */
static void drain(struct both *b, unsigned max)
{
	b->loops->flush(b->w);
	for (unsigned idle = 0; idle < 1000 && b->popped < b->pushed;)
		idle = pop(b, max) ? 0 : idle + 1;
	cr_assert(b->popped == b->pushed, "%s, %u bytes, %lu slots: stuck at %lu of %lu",
		  b->ring->name, b->bytes, b->slots, b->popped, b->pushed);
	if (b->ring->lost)
		cr_assert(b->ring->lost(b->r) == b->lost, "%s says it lost %lu, not %lu",
			  b->ring->name, b->ring->lost(b->r), b->lost);
}

static void each(void (*property)(struct both *b), uint64_t most)
{
	for (unsigned i = 0; i < ring_table_size; i++) {
		if (ring_table[i]->baseline)
			continue;
		for (uint64_t slots = 256; slots <= most; slots *= 2)
			for (unsigned bytes = 16; bytes <= 32; bytes += 16) {
				struct both b;

				if (bytes == 16 && !ring_table[i]->loops_16)
					continue;
				make(&b, ring_table[i], slots, bytes);
				property(&b);
				free(b.memory);
			}
	}
}

/* Full: refuses when it says so, or overwrites and knows what it lost. Then goes on. */
static void fills(struct both *b)
{
	uint64_t usable = b->slots - b->ring->unusable;

	for (unsigned round = 0; round < 3; round++) {
		uint64_t before = b->pushed, tries = 2 * b->slots + 77;

		while (tries-- && push(b))
			;
		if (b->ring->full == RING_REFUSES)
			cr_assert(b->pushed - before <= usable &&
					  b->pushed - before + b->ring->early >= usable,
				  "%s, %u bytes: took %lu of %lu", b->ring->name, b->bytes,
				  b->pushed - before, usable);
		else
			cr_assert(b->pushed - before == 2 * b->slots + 77);
		drain(b, RING_BATCH);
		cr_assert(pop(b, RING_BATCH) == 0, "%s is not empty", b->ring->name);
	}
}

Test(rings, full_and_again)
{
	each(fills, 1u << 20);
}

/* Random bursts and batches, never fuller than it may be: nothing is lost, many laps on. */
static void wraps(struct both *b)
{
	unsigned seed = 7;

	while (b->pushed < 20 * b->slots + 1000) {
		uint64_t room = b->slots / 2 - (b->pushed - b->popped);
		uint64_t n = (uint64_t)rand_r(&seed) % (room + 1);

		for (uint64_t i = 0; i < n; i++)
			cr_assert(push(b), "%s refuses with room", b->ring->name);
		b->loops->flush(b->w);
		for (int i = rand_r(&seed) % 8; i >= 0; i--)
			pop(b, rand_r(&seed) % 2 ? 1 : RING_BATCH);
		if (b->pushed - b->popped > b->slots / 4)
			drain(b, RING_BATCH);
	}
	drain(b, 1);
	cr_assert(b->lost == 0, "%s lost %lu with room", b->ring->name, b->lost);
}

Test(rings, wraps_in_order)
{
	each(wraps, 1u << 14);
}

/* The measuring loops push what they say they push. */
static void loops(struct both *b)
{
	const struct ring_loops *l = b->loops;
	uint64_t (*const bursts[])(void *, uint64_t, uint64_t) = { l->push_1, l->push_8,
								   l->push_32 };
	struct ring_run run = { .credit = b->ring->full == RING_OVERWRITES ? b->slots / 4 : 0 };
	struct ring_sum sum = { 0 };
	uint64_t start = 0, got;
	uint32_t ticks[32];

	for (unsigned i = 0; i < 3; i++) {
		if (!bursts[i])
			continue;
		got = bursts[i](b->w, b->pushed + 1, 96);
		cr_assert(got == 96, "%s: a loop pushed %lu", b->ring->name, got);
		b->pushed += 96;
		drain(b, RING_BATCH);
	}
	cr_assert(l->work(b->w, b->pushed + 1, 32, 4) == 32);
	b->pushed += 32;
	drain(b, RING_BATCH);
	l->fenced(b->w, b->pushed + 1, 32, 0, ticks);
	b->pushed += 32;
	drain(b, 1);
	run.consumed = b->pushed;
	got = l->deliver_1(b->w, b->pushed + 1, 64, &run);
	cr_assert(got == 64 && run.retries == 0, "%s delivered %lu", b->ring->name, got);
	for (uint64_t i = 0; i < 64; i++)
		start += ++b->pushed;
	for (unsigned idle = 0; idle < 1000 && sum.n < 64; idle++)
		l->drain(b->r, idle % 2 ? 1 : RING_BATCH, 64, &sum);
	cr_assert(sum.n == 64 && sum.start == start, "%s: %lu drained, sum %lu", b->ring->name,
		  sum.n, sum.start);
}

Test(rings, loops)
{
	each(loops, 4096);
}
