/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/checks/noise.h - gaps: how often, and how long, a cpu is taken from a thread.
 *
 * A thread is pinned to the cpu and reads the clock over and over. Two readings further apart than
 * the loop takes are a gap: an interrupt, another task, the hypervisor, the firmware.
 * Gaps from the threshold up go into a histogram, and the cpu's interrupts are counted before and
 * after. The clock is the counter, or CLOCK_MONOTONIC where that is no clock.
 *
 * Threshold: 1 us, below the cheapest interrupt (some 1.5 us with its entry and exit) and above
 * what cache and TLB misses add (0.3 us); or ten times the loop's median, where the clock is slow.
 *
 * It takes the whole cpu for the time it is asked for. The calling thread sleeps meanwhile.
 */
#ifndef TK_COLLECTOR_DOCTOR_CHECKS_NOISE_H
#define TK_COLLECTOR_DOCTOR_CHECKS_NOISE_H

#include <stdbool.h>
#include <stdint.h>

/** Lengths of gaps for people: from 1, 2, 5, 10, 20 ... ns to 50 s. */
#define TK_NOISE_BINS 33

/** Times are in ticks of the clock: tk_noise_ns(). */
struct tk_noise {
	uint64_t seconds; /* asked for */
	int error;        /* nothing was measured: negative errno */
	bool tsc;         /* the clock is the counter; else it is CLOCK_MONOTONIC */
	double hz;        /* of the clock */
	uint64_t threshold, elapsed;
	/* The gaps: how many, their sum, and how long they are. */
	uint64_t count, lost, shortest, longest; /* the last two 0: there was none */
	double p50, p99, p999;
	uint64_t bins[TK_NOISE_BINS];
	/* Interrupts of this cpu meanwhile: its own timer's, and all others. */
	int interrupts_error; /* they could not be counted: negative errno */
	uint64_t timer, others;
	int quota_error;    /* the next is not known: negative errno */
	uint64_t throttled; /* how often a CPU quota stopped this process meanwhile */
};

/**
 * @hz: of the counter, 0 if it is not to be used. Sets everything; failure is in n->error.
 */
void tk_noise_measure(struct tk_noise *n, int cpu, uint64_t seconds, double hz);

/**
 * The difference of two counts of interrupts, of which the kernel keeps 32 bits each.
 * @return 0; -ESTALE: it went backwards, because an interrupt was taken away. Exported for tests.
 */
int tk_noise_count(uint64_t *count, uint64_t before, uint64_t after);

/** The shortest gap of a bin. */
double tk_noise_bin_ns(int bin);

static inline double tk_noise_ns(const struct tk_noise *n, double ticks)
{
	return ticks * 1e9 / n->hz;
}

#endif
