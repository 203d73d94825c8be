/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/verify.h - a size put to the test, with processes: does it hold, and does half?
 *
 * A run is a producer (`timekeeper-load`, a program of its own) with a lane of so many slots, and a
 * collector (a child process that does what `timekeeper` does), in a directory of their own. While
 * the load records, the collector is stopped (SIGSTOP) for the length of the stall, some times. In
 * the end the load's own count must be what the collector has and what it lost, to the record.
 *
 * A loss counts against a size only if no gap between two polls was longer than the size is said
 * to survive; the collector measures its gaps. And no loss counts for it only if the load came to
 * nine tenths of its rate. Where the machine held either of them up, the run says nothing, and is
 * repeated. To be held up in the midst of a drain is no gap, and can look like a refutation: so two
 * runs must refute.
 *
 * Every wait has a deadline; children die with their parent, and are reaped.
 */
#ifndef TK_COLLECTOR_TUNE_VERIFY_H
#define TK_COLLECTOR_TUNE_VERIFY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct tk_verify {
	uint64_t rate, burst; /* of the load */
	uint64_t slots;       /* the size that is to hold */
	uint64_t survives_ns; /* the gap between polls that it is said to survive */
	uint64_t stall_ns;    /* how long to stop the collector */
	uint64_t poll_ns;     /* as in struct tk_collector_options */
	int cpu;
	const volatile sig_atomic_t *stop;
};

/** What the runs with one size came to. */
struct tk_verified_size {
	uint64_t slots; /* 0: not tried */
	unsigned runs;
	unsigned lossy;    /* runs that lost something */
	unsigned holding;  /* that lost nothing, of a load that was what it should be */
	unsigned refuting; /* that lost something in a gap that was to be survived */
	uint64_t produced, lost;
	double rate;             /* records a second that the load came to, the last time */
	uint64_t longest_gap_ns; /* between polls; of the runs with loss, if there are any */
};

struct tk_verified {
	struct tk_verified_size whole, half;
	bool holds, refuted; /* or neither: too many runs said nothing */
};

/**
 * @return 0; a negative errno with a sentence in why: the runs could not be made. -EINTR: told to
 * stop.
 */
int tk_verify(const struct tk_verify *v, struct tk_verified *out, char why[256]);

#endif
