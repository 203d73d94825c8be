/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/rated.h - histograms and what their ticks are worth: what is asked of them, in
 * ns.
 *
 * One thread per object. Nothing here fails or allocates.
 */
#ifndef TK_COLLECTOR_STATS_RATED_H
#define TK_COLLECTOR_STATS_RATED_H

#include <stddef.h>
#include <stdint.h>

#include "collector/stats/bins.h"
#include "collector/stats/measure.h"

/**
 * A histogram, and what its ticks are worth. One rate holds for one clock and epoch; what spans
 * several epochs is a list of these, one an epoch. It is never re-bucketed, which would cost
 * another 0.4 %.
 */
struct tk_bins_rated {
	struct tk_bins bins;
	double ns_per_tick;       /* as it is known now */
	double first_ns_per_tick; /* as it was at first: for edges that must not move */
	uint32_t clock;           /* which clock and epoch its ticks are of: the caller's number */
};

/** As many are walked together at most; of more, quantiles are not known. */
#define TK_BINS_UNION_MAX 16

/** Quantiles are in billionths, so that ranks are computed in integers: 0.9999 * n is not exact. */
#define TK_QUANTILE_ONE UINT32_C(1000000000)

/** Those of enum tk_percentile. */
extern const uint32_t tk_quantiles[TK_PERCENTILES];

/** Which of `count` samples in ascending order a quantile is: the first is 1. */
uint64_t tk_quantile_rank(uint64_t count, uint32_t quantile);

/**
 * Quantiles of all samples of n histograms together, in ns, in one pass over what is filled. The
 * q-th is the value of rank ceil(q * count), from the middle of its bucket.
 * @quantiles: ascending, n_quantiles of them
 * @ns: zeros if there is no sample; NAN if some samples are bare
 */
void tk_bins_quantiles(const struct tk_bins_rated *of, size_t n, const uint32_t *quantiles,
		       size_t n_quantiles, double *ns);

/**
 * How many samples lie between the caller's edges, ascending, in ns: cell[i] is those from
 * edge_ns[i] to below edge_ns[i + 1], for n_edges - 1 cells; a bucket goes where its middle is. For
 * heat maps.
 */
void tk_bins_cells(const struct tk_bins_rated *of, size_t n, const double *edge_ns, size_t n_edges,
		   uint64_t *cell);

#endif
