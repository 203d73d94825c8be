/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/sum.h - add up histograms of a log, and ask for their percentiles.
 *
 * A sum keeps pages of counters where there are samples, each as wide as its largest count needs: a
 * timer of some octaves takes some ten KB, and adding to thousands of them stays within caches.
 * Histograms of several shapes stay apart, so that adding costs no accuracy, and are put in
 * order when they are asked for.
 *
 * One thread per sum. Only allocation fails.
 */
#ifndef TK_COLLECTOR_HLOG_SUM_H
#define TK_COLLECTOR_HLOG_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/hlog/hlog.h"

struct tk_hlog_pages;

/** All zero: empty. */
struct tk_hlog_sum {
	struct tk_hlog_pages *first; /* one for each shape */
	size_t bytes;                /* of counters */
	uint64_t count;              /* samples; stays at UINT64_MAX when there are more */
};

/** Some samples of about the same value. */
struct tk_hlog_cell {
	double ns;      /* the middle of their bucket */
	double half_ns; /* the farthest that they can be from it */
	uint64_t count;
};

/** Cells of a sum, ascending. */
struct tk_hlog_cells {
	struct tk_hlog_cell *cell;
	size_t n;
	uint64_t count;
};

/** @return 0 or -ENOMEM: the sum is of no use any more */
int tk_hlog_sum_add(struct tk_hlog_sum *s, const struct tk_hlog_item *histogram);

/** Read out what is in it; tk_hlog_cells_free() frees them. @return 0 or -ENOMEM */
int tk_hlog_sum_cells(const struct tk_hlog_sum *s, struct tk_hlog_cells *cells);

void tk_hlog_sum_free(struct tk_hlog_sum *s);

/**
 * Quantiles in ns. The q-th is the value of rank ceil(q * count), as everywhere in Timekeeper.
 * @quantiles: ascending, in billionths (TK_QUANTILE_ONE, collector/stats/rated.h)
 * @ns: zeros if there is no sample
 */
void tk_hlog_quantiles(const struct tk_hlog_cells *cells, const uint32_t *quantiles,
		       size_t n_quantiles, double *ns);

/** @return the mean of all samples in ns; 0: there is none */
double tk_hlog_mean(const struct tk_hlog_cells *cells);

void tk_hlog_cells_free(struct tk_hlog_cells *cells);

#endif
