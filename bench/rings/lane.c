/* SPDX-License-Identifier: MIT */
/*
 * The lane: a store-only, tagged, overwriting broadcast ring; ring/lane_push.h, ring/lane_read.h.
 *
 * Nothing is rendered: push and read are the library's, and the turn does what the library's does
 * (producer/writer.c), with the head published every 64 to 1,024 pushes. Records are spans without
 * an origin. The writer loads no line that a reader writes, because readers write none. The slot
 * needs no ordering; `published` is release-stored in the turn, acquire-loaded by
 * tk_lane_reader_sync().
 *
 *	lane		as it is: when its reader spins, it rests TK_SPIN_REST_NS after a partial
 *			chunk
 *	lane-naive	the same lane, its reader spinning on the newest slot: what the rule is for
 *	lane-min	the algorithm alone, for comparison with rings that have neither: claimed by
 *			a plain increment (loses records under signals), nothing counted, published
 *			by the turn
 */
#include <emmintrin.h>

#include "bench/rings/ring.h"
#include "collector/drain/pace.h"
#include "ring/lane_push.h"
#include "ring/lane_read.h"

/* Slots first, to fill hugepages; then the lane's head and counts, as in lane.N. */
static struct tk_lane_head *head_of(void *memory, uint64_t slots)
{
	return (struct tk_lane_head *)((char *)memory + slots * sizeof(struct tk_slot));
}

static size_t lane_memory(uint64_t slots, unsigned bytes)
{
	return slots * bytes + TK_LANE_COUNTS + RING_TIMERS * sizeof(uint64_t);
}

static void lane_init(void *memory, uint64_t slots, unsigned bytes)
{
	(void)bytes;
	head_of(memory, slots)->published = slots;
}

struct lane_writer {
	struct tk_lane_writer w;
};

struct lane_reader {
	struct tk_lane_reader r;
};

static void publish(struct tk_lane_writer *w, uint64_t head)
{
	uint64_t slots = (w->mask + 1) >> TK_HEAD_SHIFT;

	/* Pairs with the acquire load of tk_lane_reader_sync(). */
	__atomic_store_n(w->published, head >> TK_HEAD_SHIFT, __ATOMIC_RELEASE);
	w->turn_at = head + tk_lane_turn_every(slots) * TK_HEAD_STEP;
}

static void turn(struct tk_lane_writer *w, uint64_t head, int64_t placed, uint32_t meta,
		 uint64_t start, uint64_t low)
{
	publish(w, head);
	tk_lane_store(w, head, placed, meta, start, low);
}

static void lane_writer_init(struct lane_writer *l, void *memory, uint64_t slots, unsigned bytes)
{
	struct tk_lane_head *head = head_of(memory, slots);

	memset(l, 0, sizeof(*l));
	l->w.head = slots << TK_HEAD_SHIFT;
	l->w.mask = slots * bytes - 1;
	l->w.slots = memory;
	l->w.counts = (uint64_t *)((char *)head + TK_LANE_COUNTS);
	l->w.turn = turn;
	l->w.published = &head->published;
}

static void lane_reader_init(struct lane_reader *l, void *memory, uint64_t slots, unsigned bytes)
{
	(void)bytes;
	tk_lane_reader_init(&l->r, memory, head_of(memory, slots), slots, TK_LANE_OLDEST);
}

RING_INLINE bool lane_push(struct lane_writer *l, struct ring_item item, unsigned bytes)
{
	(void)bytes;
	tk_lane_push(&l->w, item.meta, item.start, (int64_t)item.span, TK_TICKS_NONE);
	return true;
}

RING_INLINE unsigned lane_pop(struct lane_reader *l, struct tk_slot *out, unsigned max,
			      unsigned bytes)
{
	size_t n;

	(void)max;
	(void)bytes;
	tk_lane_read(&l->r, out, &n);
	return (unsigned)n;
}

RING_INLINE struct ring_item lane_item(const struct tk_slot *s)
{
	return (struct ring_item){ s->w[0], (uint64_t)tk_slot_duration(s), (uint32_t)s->w[1] };
}

static uint64_t lane_lost(const void *r)
{
	return ((const struct lane_reader *)r)->r.lost;
}

#define RING(x) lane_##x
#define RING_HAS_ITEM
#define RING_ONLY_32
#include "bench/rings/loops.h"

/* ---- lane-min: the same layout, the same reader ---- */

#define lane_min_writer      lane_writer
#define lane_min_reader      lane_reader
#define lane_min_writer_init lane_writer_init
#define lane_min_reader_init lane_reader_init
#define lane_min_memory      lane_memory
#define lane_min_init        lane_init
#define lane_min_pop         lane_pop
#define lane_min_item        lane_item

RING_INLINE bool lane_min_push(struct lane_writer *l, struct ring_item item, unsigned bytes)
{
	const uint64_t head = l->w.head;
	__m128i *slot = (__m128i *)(l->w.slots + (head & l->w.mask));
	__m128i a, b;

	l->w.head = head + bytes;
	if (__builtin_expect(head >= l->w.turn_at, 0))
		publish(&l->w, head);
	tk_lane_build(head, (int64_t)(item.span << 16), item.meta, item.start, 0, &a, &b);
	__asm__ volatile("movaps %2, %0\n\t"
			 "movaps %3, %1"
			 : "=m"(slot[0]), "=m"(slot[1])
			 : "x"(a), "x"(b));
	return true;
}

#define RING(x) lane_min_##x
#define RING_HAS_ITEM
#define RING_ONLY_32
#include "bench/rings/loops.h"

#define LANE                                                                                  \
	.family = "tagged broadcast", .full = RING_OVERWRITES, .loads = RING_LOADS_NEVER,     \
	.broadcast = true, .chunked = true, .survives_writer = true, .survives_reader = true, \
	.lost = lane_lost

const struct ring lane_ring = {
	.name = "lane",
	.source = "ring/lane_push.h, ring/lane_read.h",
	.rest_ns = TK_SPIN_REST_NS,
	LANE,
	RING_ENDS_32(lane),
};

const struct ring lane_naive_ring = {
	.name = "lane-naive",
	.source = "the same, read without the chunk rule's rest",
	LANE,
	RING_ENDS_32(lane),
};

const struct ring lane_min_ring = {
	.name = "lane-min",
	.source = "the same, without counts, claimed by a plain increment",
	.rest_ns = TK_SPIN_REST_NS,
	LANE,
	RING_ENDS_32(lane_min),
};
