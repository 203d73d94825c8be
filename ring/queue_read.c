/* SPDX-License-Identifier: MIT */
#include "ring/queue_read.h"

#include <string.h>

#include "ring/test_point.h"

/* No count gets so far in a thousand years. A greater one is not believed. */
#define COUNT_MAX (UINT64_C(1) << 60)

bool tk_queue_valid(const struct tk_lane_head *info, uint64_t bytes)
{
	const struct tk_queue_layout *q = &info->queue;
	const uint32_t indices[] = { q->prod_tail, q->cons_head, q->cons_tail };

	for (unsigned i = 0; i < 3; i++)
		if (indices[i] % sizeof(uint32_t) || indices[i] + UINT64_C(4) > q->slots)
			return false;
	return q->slot_size == sizeof(struct tk_slot) && q->slots % sizeof(struct tk_slot) == 0 &&
	       q->slots + info->slots * sizeof(struct tk_slot) <= bytes;
}

/* How many records there are to take. */
static uint32_t waiting(struct tk_lane_reader *r)
{
	struct tk_queue_reader *q = &r->queue;
	/* Pairs with the release store of prod.tail in rte_ring's enqueue (rte_write.c). */
	uint32_t entries = __atomic_load_n(q->prod_tail, __ATOMIC_ACQUIRE) - q->next;

	if (entries >= r->size)
		q->corrupt = true;
	return q->corrupt || q->looks ? 0 : entries;
}

static void count_dropped(struct tk_lane_reader *r)
{
	uint64_t dropped = __atomic_load_n(&r->head->dropped, __ATOMIC_RELAXED) - r->queue.dropped;
	uint64_t lost = r->queue.missed + dropped;

	if (r->ended || lost <= r->lost || dropped > COUNT_MAX)
		return;
	r->next += lost - r->lost;
	r->lost = lost;
}

/*
 * How many records were enqueued below index `tail`, in 64 bits. The index has the lower 32 of
 * them; the result is the number nearest to what was published and not dropped.
 */
static uint64_t enqueued(const struct tk_lane_reader *r, uint32_t tail)
{
	/* Pairs with the release store in enqueue(), producer/writer.c. */
	uint64_t pushed = __atomic_load_n(&r->head->published, __ATOMIC_ACQUIRE) - r->size;
	uint64_t about = pushed - r->queue.dropped;

	return about + (uint64_t)(int32_t)(tail - (uint32_t)about);
}

void tk_queue_reader_init(struct tk_lane_reader *r, void *memory, const struct tk_lane_head *head,
			  const struct tk_lane_head *info, enum tk_lane_from from)
{
	struct tk_queue_reader *q = &r->queue;
	char *at = memory;

	memset(r, 0, sizeof(*r));
	q->prod_tail = (const uint32_t *)(at + info->queue.prod_tail);
	q->cons_head = (uint32_t *)(at + info->queue.cons_head);
	q->cons_tail = (uint32_t *)(at + info->queue.cons_tail);
	r->slots = (const struct tk_slot *)(at + info->queue.slots);
	r->head = head;
	r->size = info->slots;
	q->dropped = __atomic_load_n(&head->dropped, __ATOMIC_RELAXED);
	q->next = __atomic_load_n(from == TK_LANE_LOOK ? q->prod_tail : q->cons_tail,
				  __ATOMIC_RELAXED);
	r->first = r->size + enqueued(r, q->next) + q->dropped;
	r->next = r->published = r->first;
	/* What another reader took, or lost, is in its account: then begin where it ended. */
	if (from == TK_LANE_FIRST && r->first == r->size + q->dropped && q->dropped < COUNT_MAX) {
		q->missed = r->lost = r->first - r->size;
		r->first = r->size;
	}
	q->looks = from == TK_LANE_LOOK;
	if (!q->looks)
		__atomic_store_n(q->cons_head, q->next, __ATOMIC_RELAXED);
	TK_TEST_POINT("queue.begun");
}

/* Copy `n` records from index `from` on. They may wrap round the end of the slots. */
static void copy(const struct tk_lane_reader *r, uint32_t from, uint32_t n, struct tk_slot *out)
{
	uint64_t at = from & (r->size - 1);
	uint64_t here = n < r->size - at ? n : r->size - at;

	memcpy(out, &r->slots[at], here * sizeof(*out));
	memcpy(out + here, r->slots, (n - here) * sizeof(*out));
}

bool tk_queue_read(struct tk_lane_reader *r, struct tk_slot *out, size_t *n)
{
	struct tk_queue_reader *q = &r->queue;
	uint64_t entries = waiting(r);
	uint32_t take;

	count_dropped(r);
	if (r->ended && entries > r->end - r->next)
		entries = r->end - r->next;
	take = entries < TK_LANE_CHUNK ? (uint32_t)entries : TK_LANE_CHUNK;
	*n = take;
	r->moved = take != 0;
	if (!take) {
		/* There was more when it ended, so the memory was spoilt: end here. */
		if (r->ended)
			r->end = r->next;
		return false;
	}
	__atomic_store_n(q->cons_head, q->next + take, __ATOMIC_RELAXED);
	TK_TEST_POINT("queue.taking");
	copy(r, q->next, take, out);
	TK_TEST_POINT("queue.copied");
	q->next += take;
	/* The writer may reuse the slots now. Pairs with the acquire load of cons.tail in
	 * rte_ring's enqueue. */
	__atomic_store_n(q->cons_tail, q->next, __ATOMIC_RELEASE);
	TK_TEST_POINT("queue.taken");
	r->next += take;
	r->delivered += take;
	return entries > take;
}

void tk_queue_sync(struct tk_lane_reader *r)
{
	r->published = r->next + waiting(r);
}

void tk_queue_end(struct tk_lane_reader *r)
{
	count_dropped(r);
	r->end = r->next + waiting(r);
	r->ended = true;
}
