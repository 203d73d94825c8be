/* SPDX-License-Identifier: MIT */
/* Samples as timers have them, and what percentiles of them are by sorting. */
#ifndef TK_TESTS_COLLECTOR_SAMPLES_H
#define TK_TESTS_COLLECTOR_SAMPLES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/random.h"

/* Log-normal, as durations are: e^(sigma * normal) around the median. Box and Muller, 1958. */
static inline uint64_t sample_lognormal(uint64_t *state, double median, double sigma)
{
	double u = ((double)(random64(state) >> 11) + 1) / 9007199254740993.0;
	double v = (double)(random64(state) >> 11) / 9007199254740992.0;

	return (uint64_t)(median * exp(sigma * sqrt(-2 * log(u)) * cos(6.283185307179586 * v)));
}

static inline int sample_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The sample of rank ceil(q * n), q in billionths. */
static inline uint64_t sample_quantile(const uint64_t *sorted, size_t n, uint64_t q)
{
	size_t rank = (size_t)(((unsigned __int128)n * q + 999999999) / 1000000000);

	return sorted[rank ? rank - 1 : 0];
}

#endif
