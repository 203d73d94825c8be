/* SPDX-License-Identifier: MIT */
#include "collector/stats/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define BLOCK_BYTES (UINT64_C(2) << 20)
#define PER_BLOCK   (BLOCK_BYTES / sizeof(struct tk_tally))

void tk_tally_move(struct tk_tally *t, enum tk_measure m, struct tk_hist *h)
{
	if (tk_tally_empty(t, m))
		return;
	tk_hist_move(h, t->buckets[m], t->min[m], t->max[m],
		     (unsigned __int128)t->carries[m] << 64 | t->sum[m]);
	t->sum[m] = 0;
	t->carries[m] = 0;
	t->min[m] = UINT64_MAX;
	t->max[m] = 0;
}

/* Fault a block in, as a hugepage if there is one. A process may have turned hugepages off for
 * itself: they are on for this moment. */
static void populate(void *block)
{
	bool off = prctl(PR_GET_THP_DISABLE, 0UL, 0UL, 0UL, 0UL) > 0;

	if (off)
		prctl(PR_SET_THP_DISABLE, 0UL, 0UL, 0UL, 0UL);
	madvise(block, BLOCK_BYTES, MADV_HUGEPAGE);
	if (madvise(block, BLOCK_BYTES, MADV_POPULATE_WRITE)) /* before Linux 5.14 */
		memset(block, 0, BLOCK_BYTES);
	if (off)
		prctl(PR_SET_THP_DISABLE, 1UL, 0UL, 0UL, 0UL);
}

static int pool_grow(struct tk_tally_pool *p)
{
	size_t size = (p->n_blocks + 1) * PER_BLOCK;
	void **blocks = realloc(p->blocks, (p->n_blocks + 1) * sizeof(*blocks));
	struct tk_tally **list, *tallies;
	char *area, *block;

	if (!blocks)
		return -ENOMEM;
	p->blocks = blocks;
	list = realloc(p->free, size * sizeof(struct tk_tally *));
	if (!list)
		return -ENOMEM;
	p->free = list;
	area = mmap(NULL, 2 * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (area == MAP_FAILED)
		return -ENOMEM;

	/* A hugepage must be aligned to its size: keep the aligned half, unmap the rest. */
	block = (char *)(((uintptr_t)area + BLOCK_BYTES - 1) & ~(uintptr_t)(BLOCK_BYTES - 1));
	if (block > area)
		munmap(area, (size_t)(block - area));
	munmap(block + BLOCK_BYTES, (size_t)(area + BLOCK_BYTES - block));
	madvise(block, BLOCK_BYTES, MADV_HUGEPAGE);

	p->blocks[p->n_blocks++] = block;
	tallies = (struct tk_tally *)(void *)block;
	for (size_t i = PER_BLOCK; i-- > 0;)
		p->free[p->n_free++] = &tallies[i];
	return 0;
}

bool tk_tally_prefault(struct tk_tally_pool *p, size_t n)
{
	if (p->n_free < n && (!p->max || p->n_blocks * PER_BLOCK < p->max) && pool_grow(p) == 0)
		return true;
	if (p->n_faulted == p->n_blocks)
		return false;
	populate(p->blocks[p->n_faulted++]);
	return true;
}

struct tk_tally *tk_tally_get(struct tk_tally_pool *p)
{
	bool too_many = p->max && p->n_blocks * PER_BLOCK - p->n_free >= p->max;
	struct tk_tally *t;

	if (too_many || (p->n_free == 0 && pool_grow(p) < 0)) {
		errno = ENOMEM;
		return NULL;
	}
	t = p->free[--p->n_free];
	for (int m = 0; m < TK_MEASURES; m++)
		t->min[m] = UINT64_MAX;
	return t;
}

void tk_tally_put(struct tk_tally_pool *p, struct tk_tally *t)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		uint32_t from = tk_hist_index(t->min[m]), to = tk_hist_index(t->max[m]);

		if (!tk_tally_empty(t, (enum tk_measure)m))
			memset(&t->buckets[m][from], 0, (to - from + 1) * sizeof(t->buckets[m][0]));
		t->sum[m] = 0;
		t->max[m] = 0;
		t->carries[m] = 0;
	}
	t->negative = 0;
	t->across = 0;
	p->free[p->n_free++] = t;
}

void tk_tally_pool_free(struct tk_tally_pool *p)
{
	for (size_t i = 0; i < p->n_blocks; i++)
		munmap(p->blocks[i], BLOCK_BYTES);
	free(p->blocks);
	free(p->free);
	memset(p, 0, sizeof(*p));
}
