/* SPDX-License-Identifier: MIT */
#include "collector/drain/stock.h"

#include <sys/mman.h>

#include "collector/machine/nodes.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define BITE     ((size_t)64 << 10)
#define HUGEPAGE ((size_t)2 << 20)

void tk_stock_init(struct tk_stock *s, const struct tk_tally_pool *pool, int node)
{
	*s = (struct tk_stock){ .pool = pool };
	if (node >= 0)
		tk_node_prefer(pool->arena, pool->size, node);
}

static size_t used(const struct tk_stock *s)
{
	return __atomic_load_n(&s->pool->used, __ATOMIC_RELAXED);
}

size_t tk_stock_level(const struct tk_stock *s)
{
	size_t gone = used(s);

	return s->populated > gone ? s->populated - gone : 0;
}

/* Before Linux 5.14 pages are touched: nobody uses them yet. */
static void populate(char *from)
{
	if (madvise(from, BITE, MADV_POPULATE_WRITE) == 0)
		return;
	for (size_t i = 0; i < BITE; i += 4096)
		*(volatile char *)(from + i) = 0;
}

/* Only what the drainer has not come to: a page that is being collapsed cannot be touched. */
static void collapse(struct tk_stock *s)
{
	char *next = s->pool->arena + s->collapsed;

	if (s->populated - s->collapsed < HUGEPAGE)
		return;
	if (!s->small && used(s) <= s->collapsed)
		s->small = madvise(next, HUGEPAGE, MADV_COLLAPSE) != 0;
	s->collapsed += HUGEPAGE;
}

bool tk_stock_refill(struct tk_stock *s)
{
	size_t gone = used(s);

	/* What the drainer overtook it has faulted in itself. */
	if (s->populated < gone)
		s->populated = gone & ~(BITE - 1);
	if (s->populated >= s->pool->size || s->populated >= gone + TK_STOCK_BYTES)
		return false;
	populate(s->pool->arena + s->populated);
	s->populated += BITE;
	collapse(s);
	return s->populated < s->pool->size && s->populated < gone + TK_STOCK_BYTES;
}
