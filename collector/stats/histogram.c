/* SPDX-License-Identifier: MIT */
#include "collector/stats/histogram.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define SUB         (1u << TK_HIST_SUB_BITS)
#define BLOCK_BYTES (UINT64_C(2) << 20)
#define PER_BLOCK   (BLOCK_BYTES / sizeof(struct tk_tally))

/* In ten-thousandths, so that ranks are computed in integers: 0.9999 * n is not exact. */
static const uint32_t quantiles[TK_PERCENTILES] = { 5000, 9000, 9900, 9990, 9999 };

uint64_t tk_hist_lowest(uint32_t index)
{
	uint32_t shift = index < 2 * SUB ? 0 : (index >> TK_HIST_SUB_BITS) - 1;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): index has a bound */
	return (uint64_t)(index - shift * SUB) << shift;
}

static void note_extremes(struct tk_hist *h, uint64_t min, uint64_t max)
{
	if (h->count == 0 || min < h->min)
		h->min = min;
	if (h->count == 0 || max > h->max)
		h->max = max;
}

void tk_hist_add(struct tk_hist *h, uint64_t v)
{
	if (v >= UINT64_C(1) << 48)
		v = (UINT64_C(1) << 48) - 1;
	note_extremes(h, v, v);
	h->buckets[tk_hist_index(v)]++;
	h->count++;
	h->sum += v;
}

void tk_hist_take(struct tk_hist *h, struct tk_tally *t, enum tk_measure m)
{
	uint32_t first, last;
	uint64_t count = 0;

	if (t->min[m] > t->max[m])
		return;
	first = tk_hist_index(t->min[m]);
	last = tk_hist_index(t->max[m]);
	for (uint32_t i = first; i <= last; i++) {
		count += t->buckets[m][i];
		h->buckets[i] += t->buckets[m][i];
	}
	memset(&t->buckets[m][first], 0, (last - first + 1) * sizeof(t->buckets[m][0]));
	note_extremes(h, t->min[m], t->max[m]);
	h->count += count;
	h->sum += (unsigned __int128)t->carries[m] << 64 | t->sum[m];
	t->sum[m] = 0;
	t->carries[m] = 0;
	t->min[m] = UINT64_MAX;
	t->max[m] = 0;
}

void tk_hist_merge(struct tk_hist *h, const struct tk_hist *from)
{
	uint32_t last;

	if (from->count == 0)
		return;
	last = tk_hist_index(from->max);
	for (uint32_t i = tk_hist_index(from->min); i <= last; i++)
		h->buckets[i] += from->buckets[i];
	note_extremes(h, from->min, from->max);
	h->count += from->count;
	h->sum += from->sum;
}

void tk_hist_clear(struct tk_hist *h)
{
	uint32_t first, last;

	if (h->count == 0)
		return;
	first = tk_hist_index(h->min);
	last = tk_hist_index(h->max);
	memset(&h->buckets[first], 0, (last - first + 1) * sizeof(h->buckets[0]));
	h->count = 0;
	h->sum = 0;
}

/* The middle of a bucket, but never what cannot have been a sample. */
static double middle(const struct tk_hist *h, uint32_t index)
{
	uint64_t low = tk_hist_lowest(index);
	uint64_t high = tk_hist_lowest(index + 1) - 1;

	if (low < h->min)
		low = h->min;
	if (high > h->max)
		high = h->max;
	return (double)(low + high) / 2;
}

void tk_hist_percentiles(const struct tk_hist *h, double ticks[TK_PERCENTILES])
{
	uint64_t below = 0;
	uint32_t i;

	memset(ticks, 0, TK_PERCENTILES * sizeof(ticks[0]));
	if (h->count == 0)
		return;
	i = tk_hist_index(h->min);
	for (size_t p = 0; p < TK_PERCENTILES; p++) {
		unsigned __int128 scaled = (unsigned __int128)h->count * quantiles[p];
		uint64_t rank = (uint64_t)((scaled + 9999) / 10000);

		while (below + h->buckets[i] < rank)
			below += h->buckets[i++];
		ticks[p] = middle(h, i);
	}
}

/* As a hugepage if there is one. Where this process has turned hugepages off (collector/engine/placing.c says
 * why), they are on for this moment. */
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

	/* A hugepage needs its own alignment: keep the aligned half, give back the rest. */
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

bool tk_tally_settle(struct tk_tally_pool *p, size_t n)
{
	if (p->n_free < n && (!p->max || p->n_blocks * PER_BLOCK < p->max) && pool_grow(p) == 0)
		return true;
	if (p->n_settled == p->n_blocks)
		return false;
	populate(p->blocks[p->n_settled++]);
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

		if (t->min[m] <= t->max[m])
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
