/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/verify.h - test a size with real processes: does it hold, and does half of it?
 *
 * A run has a producer (`timekeeper-load`, a program of its own) with a lane of that many slots,
 * and a collector (a child process that does what `timekeeper` does), in a directory of their own.
 * While the load records, the collector is stopped (SIGSTOP) several times, for the length of the
 * stall. At the end, the number of records that the load counted must be exactly the number that
 * the collector delivered plus the number that it lost.
 *
 * A run with loss counts against the size only if no gap between two polls was longer than the size
 * is said to survive; the collector measures its gaps. A run without loss counts for the size only
 * if the load reached nine tenths of its rate. If the machine held up the collector or the load,
 * the run proves nothing, and is repeated. A collector that is held up in the middle of a drain
 * reports no gap, so that its loss can look like a refutation: therefore two runs must refute.
 *
 * Every wait has a deadline. Children die with their parent, and are reaped.
 */
#ifndef TK_COLLECTOR_TUNE_VERIFY_H
#define TK_COLLECTOR_TUNE_VERIFY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct tk_verify {
	uint64_t rate, burst; /* of the load */
	uint64_t slots;       /* the size that is to hold */
	uint64_t survives_ns; /* the gap between polls that it should survive */
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
	unsigned holding;  /* runs that lost nothing, though the load reached its rate */
	unsigned refuting; /* runs that lost something, in a gap that the size should survive */
	uint64_t produced, lost;
	double rate;             /* records a second that the load reached in the last run */
	uint64_t longest_gap_ns; /* between polls; of the runs with loss, if there are any */
};

struct tk_verified {
	struct tk_verified_size whole, half;
	bool holds, refuted; /* neither: too many runs proved nothing */
};

/**
 * @return 0; a negative errno with a sentence in why: the runs could not be made; -EINTR: *stop was
 * set.
 */
int tk_verify(const struct tk_verify *v, struct tk_verified *out, char why[256]);

#endif
