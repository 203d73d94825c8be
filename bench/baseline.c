/* SPDX-License-Identifier: MIT */
#include "bench/baseline.h"

#include <stdlib.h>
#include <string.h>

struct bop_timer *bop_timer_new(void)
{
	struct bop_timer *t = calloc(1, sizeof(*t));
	void *queue = NULL;

	if (!t || posix_memalign(&queue, 4096, sizeof(struct bop_queue))) {
		free(t);
		return NULL;
	}
	t->queue = queue;
	memset(t->queue, 0, sizeof(*t->queue));
	t->queue->mask = BOP_ENTRIES - 1;
	return t;
}

/* Odd version, data, even version. */
__attribute__((noinline)) void bop_entry_write(struct bop_entry *e, uint64_t start, uint64_t stop)
{
	uint32_t version = __atomic_fetch_add(&e->version, 1, __ATOMIC_RELEASE);

	__atomic_signal_fence(__ATOMIC_ACQ_REL);
	e->start = start;
	e->stop = stop;
	__atomic_signal_fence(__ATOMIC_ACQ_REL);
	__atomic_store_n(&e->version, version + 2, __ATOMIC_RELEASE);
}
