/* SPDX-License-Identifier: MIT */
/*
 * Publishing in three steps: Firedancer's mcache, src/tango/mcache/fd_mcache.h,
 * fd_mcache_publish_sse() and FD_MCACHE_WAIT. An overwriting ring of 32-byte fragments' metadata,
 * any number of readers.
 *
 * Rendered: the slot's sequence number is set to seq - 1, which no reader of this slot waits for;
 * the rest is stored; the number is set to seq. The first two steps are two 16-byte stores that
 * carry data as well. A reader looks at the number, copies, and looks again. One that finds a
 * newer number goes on there and has lost what lies between. Sequences begin at N, so that zeroed
 * slots are old. Departures: the number is the second word instead of the first; the lower bound
 * that the producer publishes now and then for monitors is left out, for no reader here needs it.
 *
 * Lines: the writer loads nothing. Readers load the slots.
 */
#include <emmintrin.h>

#include "bench/rings/ring.h"

struct three_step_writer {
	char *slots;
	uint64_t mask, seq;
};

struct three_step_reader {
	char *slots;
	uint64_t mask, seq, lost;
};

static size_t three_step_memory(uint64_t slots, unsigned bytes)
{
	return slots * bytes;
}

static void three_step_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)memory;
	(void)slots;
	(void)bytes;
}

static void three_step_writer_init(struct three_step_writer *w, void *memory, uint64_t slots,
				   unsigned bytes)
{
	(void)bytes;
	*w = (struct three_step_writer){ .slots = memory, .mask = slots - 1, .seq = slots };
}

static void three_step_reader_init(struct three_step_reader *r, void *memory, uint64_t slots,
				   unsigned bytes)
{
	(void)bytes;
	*r = (struct three_step_reader){ .slots = memory, .mask = slots - 1, .seq = slots };
}

RING_INLINE bool three_step_push(struct three_step_writer *w, struct ring_item item, unsigned bytes)
{
	const uint64_t seq = w->seq++;
	char *slot = w->slots + (seq & w->mask) * bytes;

	_mm_store_si128((__m128i *)slot,
			_mm_set_epi64x((long long)(seq - 1), (long long)item.start));
	/* In this order for everybody: a release fence, which is the compiler's alone on x86. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	_mm_store_si128((__m128i *)slot + 1,
			_mm_set_epi64x((long long)item.meta, (long long)item.span));
	/* Pairs with the reader's acquire of the number. */
	__atomic_store_n((uint64_t *)slot + 1, seq, __ATOMIC_RELEASE);
	return true;
}

RING_INLINE unsigned three_step_pop(struct three_step_reader *r, struct tk_slot *out, unsigned max,
				    unsigned bytes)
{
	unsigned n = 0;

	while (n < max) {
		char *slot = r->slots + (r->seq & r->mask) * bytes;
		uint64_t *number = (uint64_t *)slot + 1;
		/* Pairs with the writer's release: the data of this number, or newer. */
		uint64_t found = __atomic_load_n(number, __ATOMIC_ACQUIRE);

		if ((int64_t)(found - r->seq) < 0)
			break;
		ring_get(&out[n], slot, bytes);
		/* The copy comes before the second look. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (found != __atomic_load_n(number, __ATOMIC_RELAXED))
			continue;
		if (found == r->seq) {
			r->seq++;
			n++;
		} else {
			r->lost += found - r->seq;
			r->seq = found;
		}
	}
	return n;
}

RING_INLINE struct ring_item three_step_item(const struct tk_slot *s)
{
	return (struct ring_item){ s->w[0], s->w[2], (uint32_t)s->w[3] };
}

static uint64_t lost(const void *r)
{
	return ((const struct three_step_reader *)r)->lost;
}

#define RING(x) three_step_##x
#define RING_HAS_ITEM
#define RING_ONLY_32
#include "bench/rings/loops.h"

const struct ring three_step_ring = {
	.name = "three-step",
	.family = "sequenced broadcast",
	.source = "Firedancer, fd_mcache.h",
	.full = RING_OVERWRITES,
	.loads = RING_LOADS_NEVER,
	.broadcast = true,
	.survives_writer = true,
	.survives_reader = true,
	.lost = lost,
	RING_ENDS_32(three_step),
};
