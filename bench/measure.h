/* SPDX-License-Identifier: MIT */
/*
 * bench/measure.h - the method that all benches share.
 *
 * A variant is a function that repeats one operation `n` times and returns the ticks that this
 * took. Variants are interleaved batch by batch, because even a bare clock pair drifts by 10 % with
 * other work of the machine. A row is the median over batches; a ratio is of medians of the same
 * run. A run is repeated in several processes, because the addresses of code and stack move results
 * by a cycle or two; reported is the median over processes, with its range.
 */
#ifndef TK_BENCH_MEASURE_H
#define TK_BENCH_MEASURE_H

#include <stddef.h>
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
 * Spin for about that long. Sleeping would leave caches cold, which costs more than anything that
 * is measured here.
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

/** Print the machine that the figures are of: a line for each property, prefixed with `# `. */
void tk_describe_machine(FILE *out);

/** Fill v[0..n) with log-normal samples, the same ones in each run: around the median, as durations
 * are. */
void tk_lognormal(uint32_t *v, size_t n, double median, double sigma);

/** Anonymous memory of this process that is resident, in MiB. */
double tk_rss_anon_mb(void);

/** The program `timekeeper` of the build that this bench is of. A static string; "" if unknown. */
const char *tk_program_beside(void);

/** Pin the calling thread; if that fails, it goes on unpinned. */
void tk_pin(unsigned cpu);

#endif
