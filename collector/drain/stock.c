/* SPDX-License-Identifier: MIT */
#include "collector/drain/stock.h"

#include <sys/mman.h>

#include "collector/machine/nodes.h"
#include "collector/machine/now.h"

#define BITE     ((size_t)64 << 10)
#define HUGEPAGE ((size_t)2 << 20)

static size_t used(const struct tk_stock *s)
{
	return __atomic_load_n(&s->pool->used, __ATOMIC_RELAXED);
}

size_t tk_stock_level(const struct tk_stock *s)
{
	size_t gone = used(s);

	return s->populated > gone ? s->populated - gone : 0;
}

/* Changes nothing, in one instruction: the drainer may use the page already, by plain stores, which
 * TSan would take for a race with an atomic of C. */
static void touch(void *page)
{
	__asm__ volatile("lock orb $0, %0" : "+m"(*(char *)page));
}

static void reserve(struct tk_stock *s, size_t to)
{
	__atomic_store_n(&s->pool->reserved, to, __ATOMIC_RELAXED);
}

/* A hugepage from here on, where the kernel has one. To find one it may move pages about for
 * milliseconds. */
static void touch_huge(struct tk_stock *s, char *from)
{
	reserve(s, s->populated + HUGEPAGE);
	(void)madvise(from, HUGEPAGE, MADV_HUGEPAGE);
	touch(from);
	(void)madvise(from, HUGEPAGE, MADV_NOHUGEPAGE);
	reserve(s, 0);
}

/* The drainer waits for memory, or will soon: small pages come at once. */
static bool hurries(const struct tk_stock *s)
{
	return used(s) && tk_stock_level(s) < TK_STOCK_BYTES / 2;
}

static void populate(struct tk_stock *s)
{
	char *from = s->pool->arena + s->populated;

	if (s->populated % HUGEPAGE == 0 && !hurries(s))
		touch_huge(s, from);
	for (size_t i = 0; i < BITE; i += 4096)
		touch(from + i);
	s->populated += BITE;
	/* Whoever reads it finds pages there, which the kernel orders: relaxed. */
	__atomic_store_n(&s->pool->stocked, s->populated, __ATOMIC_RELAXED);
}

static bool is_full(const struct tk_stock *s)
{
	return s->populated >= s->pool->size || tk_stock_level(s) >= TK_STOCK_BYTES;
}

bool tk_stock_refill(struct tk_stock *s)
{
	size_t gone = used(s);

	/* What the drainer overtook it has faulted in itself. */
	if (s->populated < gone)
		s->populated = gone & ~(BITE - 1);
	if (!is_full(s))
		populate(s);
	return !is_full(s);
}

static void wake(void *stock)
{
	struct tk_stock *s = stock;

	tk_bell_ring(&s->bell);
}

int tk_stock_init(struct tk_stock *s, struct tk_tally_pool *pool, int node)
{
	int err = tk_spill_init(&pool->spill, TK_SPILL_SAMPLES);

	*s = (struct tk_stock){ .pool = pool };
	if (err)
		return err;
	pool->low = wake;
	pool->stock = s;
	if (node >= 0)
		tk_node_prefer(pool->arena, pool->size, node);
	(void)madvise(pool->arena, pool->size, MADV_NOHUGEPAGE);
	return 0;
}

static bool stops(const struct tk_stock *s)
{
	return __atomic_load_n(&s->stop, __ATOMIC_RELAXED);
}

static void *run(void *arg)
{
	struct tk_stock *s = arg;

	pthread_setname_np(pthread_self(), "tk-stock");
	while (!stops(s)) {
		while (!stops(s) && tk_stock_refill(s))
			;
		tk_bell_doze(&s->bell);
		if (!stops(s) &&
		    (tk_stock_level(s) >= TK_STOCK_BYTES / 2 || s->populated >= s->pool->size))
			tk_bell_sleep(&s->bell, TK_SECOND_NS);
		tk_bell_awake(&s->bell);
	}
	return NULL;
}

int tk_stock_start(struct tk_stock *s)
{
	int err = pthread_create(&s->thread, NULL, run, s);

	s->runs = !err;
	return -err;
}

void tk_stock_stop(struct tk_stock *s)
{
	if (!s->runs)
		return;
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	tk_bell_ring(&s->bell);
	pthread_join(s->thread, NULL);
	s->runs = false;
}
