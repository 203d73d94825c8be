/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/channel.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "producer/examples/gateway/clock.h"

_Static_assert(sizeof(gw_message) % 4 == 0, "rte_ring moves elements as 32-bit words");

static long futex(_Atomic uint32_t *word, int operation, uint32_t value,
		  const struct timespec *timeout)
{
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

void gw_bell_ring(struct gw_bell *bell)
{
	if (atomic_exchange_explicit(&bell->dozing, 0, memory_order_acq_rel))
		futex(&bell->dozing, FUTEX_WAKE_PRIVATE, 1, NULL);
}

void gw_bell_doze(struct gw_bell *bell)
{
	atomic_exchange_explicit(&bell->dozing, 1, memory_order_acq_rel);
}

void gw_bell_awake(struct gw_bell *bell)
{
	/* An exchange, not a store: it must see what the last ring announced. */
	atomic_exchange_explicit(&bell->dozing, 0, memory_order_acq_rel);
}

void gw_bell_sleep(struct gw_bell *bell, int64_t ns)
{
	struct timespec timeout = gw_timespec(ns);

	futex(&bell->dozing, FUTEX_WAIT_PRIVATE, 1, &timeout);
}

/* struct gw_channel is an rte_ring; the name keeps DPDK's headers in this file. */
static struct rte_ring *ring_of(const struct gw_channel *channel)
{
	return (struct rte_ring *)(uintptr_t)channel;
}

struct gw_channel *gw_channel_new(unsigned int capacity)
{
	const unsigned int flags = RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ;
	struct rte_ring *ring;
	ssize_t bytes;
	int rc;

	if (capacity > 1u << 30) {
		errno = EINVAL;
		return NULL;
	}
	/* EXACT_SZ: one slot stays empty, and the number of slots is a power of two. */
	bytes = rte_ring_get_memsize_elem(sizeof(gw_message), rte_align32pow2(capacity + 1));
	if (bytes < 0) {
		errno = (int)-bytes;
		return NULL;
	}
	ring = aligned_alloc(RTE_CACHE_LINE_SIZE,
			     RTE_ALIGN_CEIL((size_t)bytes, RTE_CACHE_LINE_SIZE));
	if (!ring)
		return NULL;
	rc = rte_ring_init(ring, "gateway", capacity, flags);
	if (rc) {
		free(ring);
		errno = -rc;
		return NULL;
	}
	return (struct gw_channel *)ring;
}

void gw_channel_free(struct gw_channel *channel)
{
	free(channel);
}

bool gw_channel_push(struct gw_channel *channel, const gw_message *message)
{
	/* rte_ring_elem.h takes it as void *, and only reads it. */
	void *element = (void *)(uintptr_t)message;

	return rte_ring_sp_enqueue_elem(ring_of(channel), element, sizeof(*message)) == 0;
}

unsigned int gw_channel_pop(struct gw_channel *channel, gw_message *messages, unsigned int n)
{
	return rte_ring_sc_dequeue_burst_elem(ring_of(channel), messages, sizeof(*messages), n,
					      NULL);
}

bool gw_channel_empty(const struct gw_channel *channel)
{
	const struct rte_ring *ring = ring_of(channel);

	/* rte_ring_empty() reads the producer's tail without saying that another thread writes it.
	 * Acquire pairs with the release in rte_ring's __rte_ring_update_tail(). */
	return __atomic_load_n(&ring->prod.tail, __ATOMIC_ACQUIRE) == ring->cons.tail;
}
