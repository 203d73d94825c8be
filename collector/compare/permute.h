/* SPDX-License-Identifier: MIT */
/*
 * collector/compare/permute.h - test many rows of runs at once, by exchanging the runs.
 *
 * If nothing changed, it is chance which runs are called new. So all ways to choose that many runs
 * of all are tried, the same choice for all rows, and how often the largest statistic of any row is
 * as large as the one that was found tells how likely it is by chance. That is Westfall and Young's
 * step-down procedure (1993): Holm's, with the rows' dependence taken from the data, and no
 * assumption on how runs are distributed. The statistic is Welch's t, so that sides may vary by
 * different amounts.
 */
#ifndef TK_COLLECTOR_COMPARE_PERMUTE_H
#define TK_COLLECTOR_COMPARE_PERMUTE_H

#include <stddef.h>

/** If there are more ways, so many are drawn, always the same ones. */
#define TK_PERMUTE_MAX 5000u

struct tk_permute_row {
	const double *x; /* logarithms of base runs, then new ones; NAN: this run has no value */
	double bucket;   /* what is taken off a difference, because values come from buckets */
	double floor;    /* a side's variance is never taken for less */
	double t;        /* set: the statistic */
	double p;        /* set: adjusted for all rows */
};

/** @return the smallest p that so many runs can come to */
double tk_permute_least(size_t n_base, size_t n_new);

/**
 * @critical: set to the statistic beyond which a row is significant at this level
 * @return 0 or -ENOMEM
 */
int tk_permute(struct tk_permute_row *rows, size_t n, size_t n_base, size_t n_new, double level,
	       double *critical);

#endif
