/* SPDX-License-Identifier: MIT */
/*
 * tsc/rate.h - the counter's rate, for a library that has no thread of its own.
 *
 * Whoever needs the rate hands in a reading of the clocks now and then (tk_tsc_rate_look()). The
 * rate is that of two readings, the first of which is the anchor: the longer the window between
 * them, the better. A window in which the machine slept, or in which a paused guest missed time,
 * gives a rate that is wrong by any amount. So each look first asks whether the time since the last
 * look fits:
 *
 *	slept		CLOCK_BOOTTIME moved against CLOCK_MONOTONIC: the window begins anew. The
 *			rate stands, because sleep does not change it
 *	does not fit	the counter left the line of CLOCK_MONOTONIC_RAW by more than both readings
 *			and the rate allow. Either the counter or the clock stepped (paused guest,
 *			restored snapshot), and the rate stands; or the rate itself is another (live
 *			migration), or was wrong. One window cannot tell. The window begins anew,
 *			and a rate that two windows in succession agree on is adopted
 *
 * So a wrong rate lasts for three looks at most. A step enters the rate only where it is smaller
 * than what another oscillator may wander, 1 ppm of the time between two looks.
 *
 * Looks are due after tk_tsc_rate_wait() ticks: when the window has doubled, every minute at last,
 * and 10 ms after a new beginning. Pure arithmetic on what is handed in: no clock is read here,
 * which is how tests present other machines. One thread at a time.
 */
#ifndef TK_TSC_RATE_H
#define TK_TSC_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "tsc/freq.h"

/** What a look needs, read at one time. */
struct tk_tsc_reading {
	struct tk_tsc_pair pair;
	int64_t suspended_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC, to better than 1 ms */
};

struct tk_tsc_rate {
	double hz; /* 0: not known yet */
	double bound_ppm;

	/* private */
	struct tk_tsc_pair anchor; /* where the window begins */
	struct tk_tsc_reading last;
	double next_hz, next_bound_ppm; /* of the window that did not fit; next_hz 0: none */
};

/** Where CLOCK_MONOTONIC has moved less than this against another clock, nothing happened. */
#define TK_TSC_SLEPT_NS 1000000

/** Begin with this reading. */
void tk_tsc_rate_begin(struct tk_tsc_rate *r, const struct tk_tsc_reading *now);

/** @return whether hz has changed */
bool tk_tsc_rate_look(struct tk_tsc_rate *r, const struct tk_tsc_reading *now);

/** Ticks from the last look (the beginning) to the next. */
uint64_t tk_tsc_rate_wait(const struct tk_tsc_rate *r);

/** Read this machine's clocks: about 1 us. Async-signal-safe. */
void tk_tsc_reading_take(struct tk_tsc_reading *out);

/** CLOCK_BOOTTIME - CLOCK_MONOTONIC in ns, to better than 1 ms: for how long the machine has
 * slept. */
int64_t tk_tsc_suspended_ns(void);

#endif
