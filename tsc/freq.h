/* SPDX-License-Identifier: MIT */
/*
 * tsc/freq.h - how fast the counter runs, and how well that is known.
 *
 * A pair is one reading of CLOCK_MONOTONIC_RAW between two fenced readings of the counter. The
 * clock was read somewhere inside that bracket, so the bracket's width is a bound and not an
 * estimate: preemption, interrupts and hypervisors only make it wider. Out of many pairs the
 * narrow ones are kept and a line is fitted through them by least squares.
 *
 * Two figures say how well the rate is known:
 *	stat_ppm	the expected error: twice the standard error of the fitted slope. Of 10 ms
 *			fits on a busy virtual machine 88 to 90 in 100 lay within it.
 *	bound_ppm	the greatest possible error, wherever inside its bracket each reading took
 *			place: for two pairs the bracket width over the window, for a fit the same
 *			with the fit's own weights (1.5 times that).
 * Both are against CLOCK_MONOTONIC_RAW, which NTP does not steer; that clock's own error against
 * the second (tens of ppm where the kernel had to calibrate the counter) is not in them.
 *
 * Any thread, no locks, no state. Not for the hot path.
 */
#ifndef TK_TSC_FREQ_H
#define TK_TSC_FREQ_H

#include <stddef.h>
#include <stdint.h>

/** One bracketed reading of both clocks. */
struct tk_tsc_pair {
	uint64_t tsc;   /* ticks: middle of the bracket */
	int64_t raw_ns; /* CLOCK_MONOTONIC_RAW */
	uint32_t width; /* ticks from one end of the bracket to the other */
	uint32_t cpu;   /* where it was read */
};

struct tk_tsc_freq {
	double hz;
	double stat_ppm;
	double bound_ppm;
	uint64_t window_ns; /* from the first kept pair to the last */
	uint32_t kept;      /* pairs that went into the fit */
	uint32_t width;     /* ticks: the widest of them */
};

/**
 * The narrowest of 16 brackets: about 1 us. Async-signal-safe. Two of these, far apart, give the
 * rate without a thread and without spinning: see tk_tsc_pair_hz().
 */
void tk_tsc_pair_read(struct tk_tsc_pair *out);

/**
 * The rate from two pairs. @bound_ppm may be NULL. 20 ns brackets one second apart: 0.02 ppm.
 * @return Hz, or 0 if b does not lie after a on both clocks
 */
double tk_tsc_pair_hz(const struct tk_tsc_pair *a, const struct tk_tsc_pair *b, double *bound_ppm);

/**
 * Fit a line through pairs ordered by time; pure arithmetic. Kept are brackets within 4 ticks of
 * the narrowest; where fewer than a sixteenth are that narrow, within 8, 16 and so on: bound_ppm
 * follows what was kept.
 * @return 0; -EINVAL for fewer than 32 pairs; -EAGAIN if the kept ones cover less than half of the
 *	   window, or do not lie on one line within their brackets (a clock stepped or stopped)
 */
int tk_tsc_fit(const struct tk_tsc_pair *p, size_t n, struct tk_tsc_freq *out);

/**
 * Measure now. Spins on the calling thread for @window_ns (1 ms to 10 s; 10 ms is plenty), up to
 * thirty times as long where the machine is too busy; allocates 192 KiB meanwhile.
 * @return 0, -EINVAL (window), -ENOMEM, -EAGAIN (eight windows spoilt: see tk_tsc_fit)
 */
int tk_tsc_freq_measure(uint64_t window_ns, struct tk_tsc_freq *out);

#endif
