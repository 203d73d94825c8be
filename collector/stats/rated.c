/* SPDX-License-Identifier: MIT */
#include "collector/stats/rated.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define STEP      TK_BINS_STEP
#define NO_BUCKET TK_HIST_BUCKETS

const uint32_t tk_quantiles[TK_PERCENTILES] = { 500000000, 900000000, 990000000, 999000000,
						999900000 };

/* A walk over the filled buckets of several histograms, by their ns. */
struct walk {
	const struct tk_bins_rated *of;
	size_t n;
	uint32_t next[TK_BINS_UNION_MAX]; /* of each: the bucket that is next */
	size_t part;                      /* where the walk is, */
	uint32_t bucket;                  /* and at which bucket there */
};

static void walk_begin(struct walk *w, const struct tk_bins_rated *of, size_t n)
{
	w->of = of;
	w->n = n < TK_BINS_UNION_MAX ? n : TK_BINS_UNION_MAX;
	w->part = 0;
	w->bucket = NO_BUCKET;
	for (size_t i = 0; i < w->n; i++)
		w->next[i] = tk_bins_next(&of[i].bins, 0);
}

static double ns_of(const struct walk *w, size_t part, uint32_t bucket)
{
	return tk_bins_middle(&w->of[part].bins, bucket) * w->of[part].ns_per_tick;
}

/* The part whose next bucket is the least. */
static size_t least_of(const struct walk *w)
{
	double ns, least_ns = INFINITY;
	size_t least = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->next[i] == NO_BUCKET)
			continue;
		ns = ns_of(w, i, w->next[i]);
		if (ns >= least_ns)
			continue;
		least_ns = ns;
		least = i;
	}
	return least;
}

/* @return how many samples the next bucket has; 0: there is none */
static uint64_t walk_next(struct walk *w)
{
	size_t part = w->n > 1 ? least_of(w) : 0;
	const struct tk_bins *b;

	if (w->n == 0 || w->next[part] == NO_BUCKET)
		return 0;
	b = &w->of[part].bins;
	w->part = part;
	w->bucket = w->next[part];
	w->next[part] = tk_bins_next(b, w->bucket + 1);
	return tk_bins_at(b, w->bucket);
}

uint64_t tk_quantile_rank(uint64_t count, uint32_t quantile)
{
	unsigned __int128 scaled = (unsigned __int128)count * quantile;
	uint64_t rank = (uint64_t)((scaled + TK_QUANTILE_ONE - 1) / TK_QUANTILE_ONE);

	return rank ? rank : 1;
}

#define DEFINE_SUM(BITS)                                           \
	static uint64_t sum_##BITS(const uint##BITS##_t *counters) \
	{                                                          \
		uint64_t sum = 0;                                  \
                                                                   \
		for (uint32_t i = 0; i < STEP; i++)                \
			sum += counters[i];                        \
		return sum;                                        \
	}

DEFINE_SUM(8)
DEFINE_SUM(16)
DEFINE_SUM(32)
DEFINE_SUM(64)

/* What STEP counters add up to, from the i-th on. */
static uint64_t sum_from(const struct tk_bins *b, uint32_t i)
{
	const char *at = (const char *)b->counters + (size_t)i * b->size;

	switch (b->size) {
	case 1:
		return sum_8((const void *)at);
	case 2:
		return sum_16((const void *)at);
	case 4:
		return sum_32((const void *)at);
	default:
		return sum_64((const void *)at);
	}
}

/* One histogram without bare samples: STEP counters at a time, as long as the rank is beyond. */
static void quantiles_of_one(const struct tk_bins_rated *r, const uint32_t *quantiles, size_t n,
			     double *ns)
{
	const struct tk_bins *b = &r->bins;
	uint64_t below = 0;
	uint32_t i = 0;

	for (size_t q = 0; q < n; q++) {
		uint64_t rank = tk_quantile_rank(b->count, quantiles[q]);

		while (i + 1u < b->n) {
			bool whole = i % STEP == 0 && i + STEP < b->n;
			uint64_t next = whole ? sum_from(b, i) : 0;

			if (whole && below + next < rank) {
				i += STEP;
			} else {
				next = tk_bins_counter(b, i);
				if (below + next >= rank)
					break;
				i++;
			}
			below += next;
		}
		ns[q] = tk_bins_middle(b, b->first + i) * r->ns_per_tick;
	}
}

void tk_bins_quantiles(const struct tk_bins_rated *of, size_t n, const uint32_t *quantiles,
		       size_t n_quantiles, double *ns)
{
	uint64_t count = 0, bare = n > TK_BINS_UNION_MAX, below = 0;
	struct walk w;

	for (size_t i = 0; i < n; i++) {
		count += of[i].bins.count;
		bare += of[i].bins.bare;
	}
	for (size_t q = 0; q < n_quantiles; q++)
		ns[q] = bare ? NAN : 0;
	if (bare || !count)
		return;
	if (n == 1) {
		quantiles_of_one(of, quantiles, n_quantiles, ns);
		return;
	}
	walk_begin(&w, of, n);
	for (size_t q = 0; q < n_quantiles; q++) {
		uint64_t rank = tk_quantile_rank(count, quantiles[q]), more = 1;

		while (below < rank && more)
			below += more = walk_next(&w);
		ns[q] = ns_of(&w, w.part, w.bucket);
	}
}

void tk_bins_cells(const struct tk_bins_rated *of, size_t n, const double *edge_ns, size_t n_edges,
		   uint64_t *cell)
{
	uint64_t count;
	size_t i = 0;
	struct walk w;
	double ns;

	if (n_edges < 2)
		return;
	memset(cell, 0, (n_edges - 1) * sizeof(*cell));
	walk_begin(&w, of, n);
	while ((count = walk_next(&w))) {
		ns = ns_of(&w, w.part, w.bucket);
		while (i + 1 < n_edges && ns >= edge_ns[i + 1])
			i++;
		if (i + 1 < n_edges && ns >= edge_ns[i])
			cell[i] += count;
	}
}
