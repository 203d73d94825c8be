/* SPDX-License-Identifier: MIT */
/*
 * Aeron's broadcast buffer: aeron_broadcast_transmitter.c of the C client, and Agrona's
 * BroadcastReceiver and CopyBroadcastReceiver. An overwriting ring of bytes, any number of
 * readers.
 *
 * Rendered: three counters of bytes on one line: tail intent is moved before a record is written,
 * tail after, latest says where the newest record begins. A record has a header of eight bytes,
 * length and type. A reader copies a record while tail is past it, and believes the copy if the
 * intent is less than a capacity ahead of it, before and after; if not, it goes on at the latest.
 * Departures: all records have one size that divides the capacity, so padding before the end never
 * arises, and a lapped reader can tell how many it lost, which with Aeron's it cannot; the header
 * is a record's last word instead of its first; tail is loaded once a pop.
 *
 * Lines: the writer stores three times to the line that every reader polls, and loads it.
 */
#include "bench/rings/ring.h"

#define TYPE UINT64_C(1) /* of every message */

struct broadcast {
	struct {
		int64_t intent, tail, latest;
	} counters __attribute__((aligned(RING_ALIGN)));
	char slots[] __attribute__((aligned(RING_ALIGN)));
};

struct broadcast_buffer_writer {
	struct broadcast *q;
	int64_t capacity;
};

struct broadcast_buffer_reader {
	struct broadcast *q;
	int64_t capacity, next;
	uint64_t lost;
};

static size_t broadcast_buffer_memory(uint64_t slots, unsigned bytes)
{
	return sizeof(struct broadcast) + slots * bytes;
}

static void broadcast_buffer_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)memory;
	(void)slots;
	(void)bytes;
}

static void broadcast_buffer_writer_init(struct broadcast_buffer_writer *w, void *memory,
					 uint64_t slots, unsigned bytes)
{
	*w = (struct broadcast_buffer_writer){ memory, (int64_t)(slots * bytes) };
}

static void broadcast_buffer_reader_init(struct broadcast_buffer_reader *r, void *memory,
					 uint64_t slots, unsigned bytes)
{
	*r = (struct broadcast_buffer_reader){ memory, (int64_t)(slots * bytes), 0, 0 };
}

RING_INLINE bool broadcast_buffer_push(struct broadcast_buffer_writer *w, struct ring_item item,
				       unsigned bytes)
{
	const int64_t tail = w->q->counters.tail;

	__atomic_store_n(&w->q->counters.intent, tail + bytes, __ATOMIC_RELEASE);
	/* The record is not stored before the intent. Pairs with the fence in the reader's pop. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ring_put(w->q->slots + (tail & (w->capacity - 1)), item, TYPE << 32 | bytes, bytes);
	/* Pair with the reader's acquires of both. */
	__atomic_store_n(&w->q->counters.latest, tail, __ATOMIC_RELEASE);
	__atomic_store_n(&w->q->counters.tail, tail + bytes, __ATOMIC_RELEASE);
	return true;
}

RING_INLINE bool valid(const struct broadcast_buffer_reader *r, int64_t at)
{
	return at + r->capacity > __atomic_load_n(&r->q->counters.intent, __ATOMIC_ACQUIRE);
}

RING_INLINE unsigned broadcast_buffer_pop(struct broadcast_buffer_reader *r, struct tk_slot *out,
					  unsigned max, unsigned bytes)
{
	const int64_t tail = __atomic_load_n(&r->q->counters.tail, __ATOMIC_ACQUIRE);
	unsigned n = 0;

	while (n < max && r->next < tail) {
		int64_t at = r->next;

		if (!valid(r, at)) {
			at = __atomic_load_n(&r->q->counters.latest, __ATOMIC_ACQUIRE);
			r->lost += (uint64_t)(at - r->next) / bytes;
		}
		r->next = at + bytes;
		ring_get(&out[n], r->q->slots + (at & (r->capacity - 1)), bytes);
		/* The copy comes before the second look. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (valid(r, at))
			n++;
		else
			r->lost++;
	}
	return n;
}

static uint64_t lost(const void *r)
{
	return ((const struct broadcast_buffer_reader *)r)->lost;
}

#define RING(x) broadcast_buffer_##x
#define RING_ONLY_32
#include "bench/rings/loops.h"

const struct ring broadcast_buffer_ring = {
	.name = "aeron-broadcast",
	.family = "counted broadcast",
	.source = "Aeron, aeron_broadcast_transmitter.c; Agrona, BroadcastReceiver",
	.full = RING_OVERWRITES,
	.loads = RING_LOADS_NEVER,
	.broadcast = true,
	.survives_writer = true,
	.survives_reader = true,
	.lost = lost,
	RING_ENDS_32(broadcast_buffer),
};
