/* SPDX-License-Identifier: MIT */
#include "tsc/floor.h"

#include "tsc/read.h"

#include <math.h>
#include <stdlib.h>

#define SPANS   64  /* in one surrounding */
#define BATCHES 16  /* for the true length of a work */
#define BATCH   64  /* times the work, in a batch */
#define APART   100 /* multiplications after a span: twice what the processor can overlap */

enum surroundings { AT_ONCE, WORK_AFTER, STORES_AFTER, SURROUNDINGS };

static const uint32_t works[] = { 20, 50, 100 };

/* n multiplications, each of which waits for the one before: 3 or 4 cycles each, anywhere. */
static inline __attribute__((always_inline)) uint64_t work(uint64_t x, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		__asm__ volatile("imulq %0, %0" : "+r"(x));
	return x;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

double tk_tsc_middle_mean(uint32_t *ticks, uint32_t n)
{
	double sum = 0;

	qsort(ticks, n, sizeof(*ticks), compare);
	for (uint32_t i = n / 4; i < n - n / 4; i++)
		sum += ticks[i];
	return sum / (n - n / 4 - n / 4);
}

static double batch(uint32_t length)
{
	uint32_t ticks[BATCHES];
	uint64_t x = 3;

	for (uint32_t i = 0; i < BATCHES; i++) {
		uint64_t start = tk_tsc_fenced();

		for (uint32_t j = 0; j < BATCH; j++)
			x = work(x, length);
		ticks[i] = (uint32_t)(tk_tsc_fenced() - start);
	}
	return tk_tsc_middle_mean(ticks, BATCHES) / BATCH;
}

/* Fenced stamps are calls into the library, so the calls belong to what they cost. */
static __attribute__((noinline)) uint64_t fenced_start(void)
{
	return tk_tsc_fenced();
}

static __attribute__((noinline)) uint64_t fenced_stop(uint32_t *cpu)
{
	return tk_tsc_fenced_cpu(cpu);
}

static inline __attribute__((always_inline)) uint32_t span(enum tk_tsc_floor_mode mode,
							   uint32_t length, uint64_t *x)
{
	uint64_t start, stop;
	uint32_t cpu;

	start = mode == TK_TSC_FLOOR_FENCED ? fenced_start() : tk_tsc_fast();
	*x = work(*x, length);
	if (mode == TK_TSC_FLOOR_FENCED)
		stop = fenced_stop(&cpu);
	else
		stop = mode == TK_TSC_FLOOR_FAST ? tk_tsc_fast() : tk_tsc_ordered(&cpu);
	return (uint32_t)(stop - start);
}

static inline __attribute__((always_inline)) double spans(enum tk_tsc_floor_mode mode,
							  uint32_t length, enum surroundings around)
{
	uint32_t ticks[SPANS];
	volatile uint64_t memory[8] __attribute__((unused));
	uint64_t x = 3;

	for (uint32_t i = 0; i < SPANS; i++) {
		ticks[i] = span(mode, length, &x);
		if (around == WORK_AFTER)
			x = work(x, APART);
		for (uint32_t j = 0; j < 4 && around == STORES_AFTER; j++)
			memory[(i + j) % 8] = x;
	}
	return tk_tsc_middle_mean(ticks, SPANS);
}

/* Each mode is code of its own, without a branch between its stamps. */
static double spans_of(enum tk_tsc_floor_mode mode, uint32_t length, enum surroundings around)
{
	switch (mode) {
	case TK_TSC_FLOOR_ORDERED:
		return spans(TK_TSC_FLOOR_ORDERED, length, around);
	case TK_TSC_FLOOR_FAST:
		return spans(TK_TSC_FLOOR_FAST, length, around);
	default:
		return spans(TK_TSC_FLOOR_FENCED, length, around);
	}
}

void tk_tsc_floor_measure(struct tk_tsc_floor out[TK_TSC_FLOOR_MODES])
{
	double least[TK_TSC_FLOOR_MODES], most[TK_TSC_FLOOR_MODES];
	double empty = batch(0);

	for (unsigned mode = 0; mode < TK_TSC_FLOOR_MODES; mode++)
		least[mode] = most[mode] = spans_of((enum tk_tsc_floor_mode)mode, 0, AT_ONCE);
	for (unsigned i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		double truth = batch(works[i]) - empty;

		for (unsigned k = 0; k < TK_TSC_FLOOR_MODES * SURROUNDINGS; k++) {
			unsigned mode = k / SURROUNDINGS;
			double extra = spans_of((enum tk_tsc_floor_mode)mode, works[i],
						(enum surroundings)(k % SURROUNDINGS)) -
				       truth;

			least[mode] = fmin(least[mode], extra);
			most[mode] = fmax(most[mode], extra);
		}
	}
	for (unsigned mode = 0; mode < TK_TSC_FLOOR_MODES; mode++) {
		struct tk_tsc_floor *f = &out[mode];

		f->least = (int32_t)fmax(floor(least[mode]), -TK_TSC_FLOOR_MAX);
		f->most = (int32_t)fmin(ceil(most[mode]), TK_TSC_FLOOR_MAX);
		f->subtract = mode == TK_TSC_FLOOR_FAST || f->least < 0 ? 0 : (uint32_t)f->least;
	}
}

const char *tk_tsc_floor_name(enum tk_tsc_floor_mode mode)
{
	static const char *const names[] = { "ordered", "fast", "fenced" };

	return names[mode];
}
