/* SPDX-License-Identifier: MIT */
/*
 * bench/measure.h - how every bench here measures.
 *
 * A variant is a function that does its thing `n` times and returns the ticks that took. Variants
 * are interleaved batch by batch, because even a bare clock pair drifts by 10 % with what else the
 * machine does; a row is the median over batches; a ratio is of medians of the same run. A run is
 * repeated in several processes, because where code and stack happen to lie moves results by a
 * cycle or two, and the median over processes is what is reported, with its range.
 */
#ifndef TK_BENCH_MEASURE_H
#define TK_BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>

#include "tsc/read.h"

#define TK_BATCH 1000u

typedef uint64_t (*tk_variant)(unsigned n);

/**
 * Interleave the variants for `rounds` rounds, with a rest after each; median[i] becomes ticks per
 * operation.
 */
void tk_measure(const tk_variant *variant, unsigned n, unsigned rounds, unsigned rest_us,
		double *median);

/**
 * Do nothing, awake, for about so long: sleeping would leave caches cold, which costs more than all
 * that is measured here.
 */
void tk_rest(unsigned us);

/** The q-quantile (0..1) of v[0..n), which gets sorted. */
double tk_quantile(double *v, unsigned n, double q);

/** 95 % bootstrap interval of the median of v[0..n). */
void tk_bootstrap(const double *v, unsigned n, double *lo, double *hi);

/**
 * Run `once` in `processes` processes, one after the other; each fills row[0..n). all[p * n + i] is
 * what process p found. @return 0 or -errno.
 */
int tk_in_processes(void (*once)(double *row), unsigned n, unsigned processes, double *all);

/** What the figures were measured on: one line each, `# `-prefixed. */
void tk_describe_machine(FILE *out);

/** Pin the calling thread, best effort. */
void tk_pin(unsigned cpu);

#endif
