/* SPDX-License-Identifier: MIT */
/*
 * tsc/guard.h - notice at once that the machine slept, for threads that work with stamps all the
 * time.
 *
 * The owner of a clock (tsc/clock.h) looks about once a second. A drainer takes records sooner than
 * that: the first span that ends after a suspend would be counted with the sleep in it, before the
 * owner knows. So each drainer has a guard, with a copy of the clock, and asks it between taking
 * records and counting them:
 *
 *	tk_clock_guard_check()	one rdtsc, while no more than a millisecond has passed since the
 *				last look: nothing that long can have happened. Else a look
 *	a look			1.2 us: compares the counter with CLOCK_MONOTONIC_RAW, and
 *				CLOCK_BOOTTIME with CLOCK_MONOTONIC, since the last look. Where they
 *				disagree by more than a millisecond, an epoch begins in the copy:
 *				from then on tk_clock_crossed() sets spans across it aside. The rate
 *				stays; the owner measures it anew
 *
 * Where the counter stands still while the machine sleeps, a span's ticks leave the sleep out, and
 * the millisecond may go by after it: such a span is counted as what its ticks say.
 *
 * One thread owns a guard. It never waits, allocates or makes a system call (the clocks are the
 * vDSO's, where the machine's clocksource has one).
 */
#ifndef TK_TSC_GUARD_H
#define TK_TSC_GUARD_H

#include "tsc/clock.h"
#include "tsc/rate.h"
#include "tsc/read.h"

struct tk_clock_guard {
	struct tk_clock
		clock; /* the owner's, with an epoch of the guard's own if it noticed one first */

	/* private */
	struct tk_tsc_reading last; /* until here counter and clocks agree */
	uint64_t calm_ticks;        /* a millisecond */
	uint32_t owners_epoch;      /* the owner's, as of the last update */
};

/** @clock: the owner's, opened, and not being refined meanwhile. */
void tk_clock_guard_init(struct tk_clock_guard *g, const struct tk_clock *clock);

/** Take over what the owner knows by now; likewise. An epoch that the owner has not noticed yet
 * stays. */
void tk_clock_guard_update(struct tk_clock_guard *g, const struct tk_clock *clock);

/**
 * Compare a reading with the last. @after: a stamp taken after it.
 * @return whether an epoch began
 */
bool tk_clock_guard_look(struct tk_clock_guard *g, const struct tk_tsc_reading *now,
			 uint64_t after);

/** The same, of this machine. */
void tk_clock_guard_look_here(struct tk_clock_guard *g);

/** Whatever was read until now can be judged by g->clock after this. */
static inline __attribute__((always_inline)) void tk_clock_guard_check(struct tk_clock_guard *g)
{
	/* A counter that went backward wraps, and is looked at, too. */
	if (__builtin_expect(tk_tsc_fast() - g->last.pair.tsc > g->calm_ticks, 0))
		tk_clock_guard_look_here(g);
}

#endif
