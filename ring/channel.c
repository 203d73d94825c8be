/* SPDX-License-Identifier: MIT */
#include "ring/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

struct tk_channel {
	unsigned size;         /* of an element */
	struct rte_ring *ring; /* on cache lines of its own */
};

struct tk_channel *tk_channel_new(unsigned capacity, unsigned size)
{
	const unsigned flags = RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ;
	struct tk_channel *c;
	ssize_t bytes;
	int err;

	if (capacity == 0 || capacity >= 1u << 30) {
		errno = EINVAL;
		return NULL;
	}
	/* With EXACT_SZ one slot stays empty, and rte_ring rounds the slots up to a power of
	 * two. */
	bytes = rte_ring_get_memsize_elem(size, rte_align32pow2(capacity + 1));
	if (bytes < 0) {
		errno = (int)-bytes;
		return NULL;
	}
	c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	c->size = size;
	c->ring = aligned_alloc(RTE_CACHE_LINE_SIZE,
				RTE_ALIGN_CEIL((size_t)bytes, RTE_CACHE_LINE_SIZE));
	if (c->ring) /* fault the pages in now, not in a push or pop */
		memset(c->ring, 0, (size_t)bytes);
	err = c->ring ? rte_ring_init(c->ring, "timekeeper", capacity, flags) : -ENOMEM;
	if (err) {
		tk_channel_free(c);
		errno = -err;
		return NULL;
	}
	return c;
}

void tk_channel_free(struct tk_channel *c)
{
	if (!c)
		return;
	free(c->ring);
	free(c);
}

unsigned tk_channel_push(struct tk_channel *c, const void *elements, unsigned n)
{
	/* rte_ring_elem.h takes them as void *, and only reads them. */
	void *them = (void *)(uintptr_t)elements;

	return rte_ring_sp_enqueue_burst_elem(c->ring, them, c->size, n, NULL);
}

unsigned tk_channel_pop(struct tk_channel *c, void *elements, unsigned n)
{
	return rte_ring_sc_dequeue_burst_elem(c->ring, elements, c->size, n, NULL);
}

bool tk_channel_empty(const struct tk_channel *c)
{
	/* rte_ring_empty() reads the producer's tail without saying that another thread writes it.
	 * Acquire pairs with the release in rte_ring's __rte_ring_update_tail(). */
	return __atomic_load_n(&c->ring->prod.tail, __ATOMIC_ACQUIRE) == c->ring->cons.tail;
}
