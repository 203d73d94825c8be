/* SPDX-License-Identifier: MIT */
#include "collector/stats/histogram.h"

#include <math.h>
#include <string.h>

#define SUB (1u << TK_HIST_SUB_BITS)

/* In ten-thousandths, so that ranks are computed in integers: 0.9999 * n is not exact. */
static const uint32_t quantiles[TK_PERCENTILES] = { 5000, 9000, 9900, 9990, 9999 };

uint64_t tk_hist_lowest(uint32_t index)
{
	uint32_t shift = index < 2 * SUB ? 0 : (index >> TK_HIST_SUB_BITS) - 1;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): index has a bound */
	return (uint64_t)(index - shift * SUB) << shift;
}

double tk_hist_middle(uint32_t index, uint64_t min, uint64_t max)
{
	uint64_t low = tk_hist_lowest(index);
	uint64_t high = tk_hist_lowest(index + 1) - 1;

	if (low < min)
		low = min;
	if (high > max)
		high = max;
	return (double)(low + high) / 2;
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

void tk_hist_add_counted(struct tk_hist *h, const struct tk_hist_counted *c)
{
	uint64_t count = c->bare;

	for (uint32_t i = 0; i < c->n; i++) {
		count += c->counters[i];
		h->buckets[c->first + i] += c->counters[i];
	}
	note_extremes(h, c->min, c->max);
	h->count += count;
	h->bare += c->bare;
	h->sum += c->sum;
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
	h->bare += from->bare;
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
	h->count = h->bare = 0;
	h->sum = 0;
}

void tk_hist_percentiles(const struct tk_hist *h, double ticks[TK_PERCENTILES])
{
	uint64_t below = 0;
	uint32_t i;

	memset(ticks, 0, TK_PERCENTILES * sizeof(ticks[0]));
	if (h->count == 0)
		return;
	if (h->bare) {
		for (size_t p = 0; p < TK_PERCENTILES; p++)
			ticks[p] = NAN;
		return;
	}
	i = tk_hist_index(h->min);
	for (size_t p = 0; p < TK_PERCENTILES; p++) {
		unsigned __int128 scaled = (unsigned __int128)h->count * quantiles[p];
		uint64_t rank = (uint64_t)((scaled + 9999) / 10000);

		while (below + h->buckets[i] < rank)
			below += h->buckets[i++];
		ticks[p] = tk_hist_middle(i, h->min, h->max);
	}
}
