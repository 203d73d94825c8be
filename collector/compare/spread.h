/* SPDX-License-Identifier: MIT */
/*
 * collector/compare/spread.h - a mean, how exactly it is known, and from how many independent
 * values.
 *
 * Any thread; nothing allocates, nothing fails.
 */
#ifndef TK_COLLECTOR_COMPARE_SPREAD_H
#define TK_COLLECTOR_COMPARE_SPREAD_H

#include <stddef.h>

struct tk_spread {
	size_t n; /* values */
	double mean;
	double error; /* variance of the mean */
	double df;    /* degrees of freedom of `error` */
};

/** Of independent values: one a run. NAN is none. */
struct tk_spread tk_spread_runs(const double *x, size_t n);

/**
 * Of consecutive parts of one recording, which resemble their neighbours. They are taken for an
 * autoregressive process of order 1: n of them are worth n (1 - r) / (1 + r) independent ones, with
 * r the correlation of neighbours, corrected for its bias (Kendall 1954: about -(1 + 3 r) / n), and
 * never below 0. df is what they are worth, less one; of 0 or less, the error means nothing.
 */
struct tk_spread tk_spread_parts(const double *x, size_t n);

#endif
