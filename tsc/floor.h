/* SPDX-License-Identifier: MIT */
/*
 * tsc/floor.h - what a pair of stamps adds to the span between them.
 *
 * A span reads longer than its work, because reading the counter takes time, too. By how much
 * depends on the code around the stamps: the processor overlaps rdtsc with earlier and later work.
 * So there is no one cost that could be subtracted, but a range; an empty span in an empty loop
 * lies at its upper end or beyond it (52 ticks on an AMD EPYC 9004, where spans of work read 3 to
 * 50 ticks long).
 *
 * What may be subtracted from every span is therefore the least of that range, and nothing from a
 * fast span, whose stamps move into the work: its reading is as often too short as too long.
 *
 * The measurement times work of known length in several surroundings, in each stamp mode:
 *
 *	work		chains of dependent multiplications, 20 to 100 of them. The true length of
 *			one is that of many in a row between two fenced stamps, divided by their
 *			number
 *	surroundings	one span at once after the other; other work after each span; stores after
 *			each
 *	reading		the mean of the middle half of the spans: a counter that moves in steps (26
 *			ticks here) gives a mean within a tick or two, and interrupts do not count
 *
 * Bounded: a fixed number of spans, 0.6 ms on that machine. No allocation, no system call. Any
 * thread; not in a signal handler on a small stack: it takes 1 KiB of it. The figures are those of
 * the cpu that ran it.
 */
#ifndef TK_TSC_FLOOR_H
#define TK_TSC_FLOOR_H

#include <stdint.h>

/** Figures are kept within this: no pair of stamps takes as long. Readers refuse a floor above
 * it. */
#define TK_TSC_FLOOR_MAX 1000000

enum tk_tsc_floor_mode {
	TK_TSC_FLOOR_ORDERED, /* rdtsc ... rdtscp */
	TK_TSC_FLOOR_FAST,    /* rdtsc ... rdtsc */
	TK_TSC_FLOOR_FENCED,  /* lfence rdtsc lfence ... rdtscp lfence */
	TK_TSC_FLOOR_MODES,
};

/** Of one stamp mode, in ticks: how much longer (below zero: shorter) spans read than their work
 * took. */
struct tk_tsc_floor {
	int32_t least, most;
	/* From each span: `least`, but nothing below zero, and nothing from fast spans. */
	uint32_t subtract;
};

/** Measure all modes, on this cpu. */
void tk_tsc_floor_measure(struct tk_tsc_floor out[TK_TSC_FLOOR_MODES]);

/** "ordered", "fast", "fenced". */
const char *tk_tsc_floor_name(enum tk_tsc_floor_mode mode);

/** The mean of the middle half of n >= 4 readings, which it sorts. */
double tk_tsc_middle_mean(uint32_t *ticks, uint32_t n);

#endif
