/* SPDX-License-Identifier: MIT */
/*
 * A lane in this process's own memory, or in an anonymous shared mapping, with a writer that
 * publishes as the library's does: for tests that need no segment. A ring, or with TEST_RTE a
 * queue.
 */
#ifndef TK_TESTS_LANE_IN_MEMORY_H
#define TK_TESTS_LANE_IN_MEMORY_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ring/lane_push.h"
#include "ring/lane_read.h"
#include "ring/queue_read.h"
#include "tests/discipline.h"

#define LANE_TIMERS 16u

struct lane_in_memory {
	struct tk_lane_head *head;
	union {
		struct tk_slot *slots;
		void *queue;
	};
	uint64_t size;
	struct tk_lane_writer writer;
};

static inline void lane_publish(struct tk_lane_writer *w, uint64_t head)
{
	__atomic_store_n(w->published, head >> TK_HEAD_SHIFT, __ATOMIC_RELEASE);
}

#ifdef TEST_RTE

static inline void lane_turn(struct tk_lane_writer *w, uint64_t head, int64_t placed, uint32_t meta,
			     uint64_t start, uint64_t low)
{
	struct tk_lane_head *h = (struct tk_lane_head *)(void *)((char *)w->published - 128);
	struct tk_slot record;
	__m128i *half = (__m128i *)&record;

	tk_lane_build(head, placed, meta, start, low, &half[0], &half[1]);
	if (!tk_rte.push(w->lane, &record))
		tk_lane_add_one(&h->dropped);
	tk_lane_add_one(&w->counts[tk_meta_timer(meta)]);
	lane_publish(w, w->head);
}

static inline size_t lane_slots_size(uint64_t slots)
{
	return tk_rte.size((uint32_t)slots);
}

static inline void lane_reader(const struct lane_in_memory *l, struct tk_lane_reader *r,
			       enum tk_lane_from from)
{
	tk_queue_reader_init(r, l->queue, l->head, l->head, from);
}

#else

static inline void lane_turn(struct tk_lane_writer *w, uint64_t head, int64_t placed, uint32_t meta,
			     uint64_t start, uint64_t low)
{
	lane_publish(w, head);
	w->turn_at = head + tk_lane_turn_every((w->mask + 1) >> TK_HEAD_SHIFT) * TK_HEAD_STEP;
	tk_lane_store(w, head, placed, meta, start, low);
}

static inline size_t lane_slots_size(uint64_t slots)
{
	return slots * sizeof(struct tk_slot);
}

static inline void lane_reader(const struct lane_in_memory *l, struct tk_lane_reader *r,
			       enum tk_lane_from from)
{
	tk_lane_reader_init(r, l->slots, l->head, l->size, from);
}

#endif

/* A writer of the lane, continuing at `next`. Its place in memory is the caller's to choose. */
static inline void lane_writer(struct lane_in_memory *l, struct tk_lane_writer *w, uint64_t next)
{
	static const uint8_t none_disabled[LANE_TIMERS];

	memset(w, 0, sizeof(*w));
	w->head = next << TK_HEAD_SHIFT;
	w->mask = l->size * TK_HEAD_STEP - 1;
	w->slots = (char *)l->slots;
	w->counts = (uint64_t *)((char *)l->head + TK_LANE_COUNTS);
	w->disabled = none_disabled;
	w->turn = lane_turn;
	w->published = &l->head->published;
	w->lane = l->queue;
}

static inline void lane_make(struct lane_in_memory *l, uint64_t size)
{
	size_t bytes = TK_LANE_COUNTS + 4096 + lane_slots_size(size);
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	l->head = (struct tk_lane_head *)memory;
	l->slots = (struct tk_slot *)(memory + TK_LANE_COUNTS + 4096);
	l->size = size;
	l->head->slots = size;
	l->head->published = size;
#ifdef TEST_RTE
	tk_rte.init(l->queue, (uint32_t)size, &l->head->queue);
#endif
	lane_writer(l, &l->writer, size);
}

static inline void lane_free(struct lane_in_memory *l)
{
	munmap(l->head, TK_LANE_COUNTS + 4096 + lane_slots_size(l->size));
}

static inline uint64_t lane_next(const struct lane_in_memory *l)
{
	return l->writer.head >> TK_HEAD_SHIFT;
}

/* Push a record that says its own number, so that a reader can be held to it. */
static inline void lane_push_numbered(struct lane_in_memory *l)
{
	uint64_t n = lane_next(l);

	tk_lane_push(&l->writer, tk_record_meta((uint16_t)(n % LANE_TIMERS), 1, TK_STAMP_ORDERED),
		     n, (int64_t)(n & 0xffffffffffff) >> 1, (int64_t)(n % 1000));
}

/* The number of a record, or 0 if its parts do not belong together. */
static inline uint64_t lane_number(const struct tk_slot *s)
{
	struct tk_record r = tk_slot_record(s);
	uint64_t n = r.start;

	if (r.timer != n % LANE_TIMERS || r.duration != (int64_t)(n & 0xffffffffffff) >> 1 ||
	    r.since_origin != (int64_t)(n % 1000) || r.cpu != 1)
		return 0;
	return n;
}

#endif
