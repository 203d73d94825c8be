/* SPDX-License-Identifier: MIT */
/* The rte discipline's writing side: the only file of the library that knows DPDK. */
#include "ring/timekeeper-rte.h"

#include <rte_ring.h>
#include <rte_ring_elem.h>

_Static_assert(sizeof(struct rte_ring) % sizeof(struct tk_slot) == 0, "slots are aligned");
_Static_assert(sizeof(((struct rte_ring *)0)->prod.tail) == 4, "indices are u32");

static size_t size(uint32_t slots)
{
	ssize_t bytes = rte_ring_get_memsize_elem(sizeof(struct tk_slot), slots);

	return bytes < 0 ? 0 : (size_t)bytes;
}

static void init(void *memory, uint32_t slots, struct tk_queue_layout *layout)
{
	*layout = (struct tk_queue_layout){
		.prod_tail = offsetof(struct rte_ring, prod.tail),
		.cons_head = offsetof(struct rte_ring, cons.head),
		.cons_tail = offsetof(struct rte_ring, cons.tail),
		.slots = sizeof(struct rte_ring),
		.slot_size = sizeof(struct tk_slot),
	};
	/* Fails for sizes only that size() refuses. */
	(void)rte_ring_init(memory, "timekeeper", slots, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

/* rte_ring releases prod.tail and acquires cons.tail; their partners are in ring/queue_read.c. */
static bool push(void *memory, const struct tk_slot *record)
{
	/* rte_ring_elem.h takes it as void *, and only reads it. */
	return rte_ring_sp_enqueue_elem(memory, (void *)(uintptr_t)record, sizeof(*record)) == 0;
}

/* A slot that was claimed and never filled would be published by the next push. */
static void repair(void *memory)
{
	struct rte_ring *ring = memory;

	ring->prod.head = ring->prod.tail;
}

const struct tk_discipline tk_rte = {
	.id = TK_DISCIPLINE_RTE,
	.size = size,
	.init = init,
	.push = push,
	.repair = repair,
};
