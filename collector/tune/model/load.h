/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/model/load.h - a load as it is described: bursts of records at a steady pace.
 *
 * Record n (from 0) is pushed at n / burst * period + n % burst * spacing. A steady load has bursts
 * of one record. Time is in picoseconds, so that the intervals of 20 M/s (50 ns) and of a drain of
 * 300 M/s (3.3 ns) are whole numbers, and every run of a model is the same. 2^64 ps are seven
 * months.
 *
 * Immutable once made; any thread.
 */
#ifndef TK_COLLECTOR_TUNE_MODEL_LOAD_H
#define TK_COLLECTOR_TUNE_MODEL_LOAD_H

#include <stdint.h>

#define TK_PS_PER_NS UINT64_C(1000)
#define TK_PS_PER_S  UINT64_C(1000000000000)

struct tk_load {
	uint64_t burst;      /* records */
	uint64_t period_ps;  /* from a burst's beginning to the next one's */
	uint64_t spacing_ps; /* between records within a burst */
};

/**
 * @rate, @burst_rate: records a second, 1..10^9; @burst_rate is that within a burst.
 * @return 0, or -ERANGE: burst_rate is below rate, and bursts would run into each other;
 * -EOVERFLOW: bursts are more than 10^6 s apart.
 */
int tk_load_init(struct tk_load *l, uint64_t rate, uint64_t burst, uint64_t burst_rate);

/** Records a second, over any long time. */
double tk_load_rate(const struct tk_load *l);

/**
 * How many records were pushed up to and including time t. This is also the arrival curve: no
 * window of length t, ends included, has more records than one that begins with a burst, because
 * records are nowhere closer to each other than within a burst.
 */
static inline uint64_t tk_load_arrived(const struct tk_load *l, uint64_t t_ps)
{
	uint64_t bursts = t_ps / l->period_ps;
	uint64_t in_last = (t_ps - bursts * l->period_ps) / l->spacing_ps + 1;

	return bursts * l->burst + (in_last < l->burst ? in_last : l->burst);
}

#endif
