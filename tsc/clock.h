/* SPDX-License-Identifier: MIT */
/*
 * tsc/clock.h - the collector's running clock: ticks to ns, and when not to convert them.
 *
 * The owner opens it (10 ms) and calls tk_clock_refine() about once a second. Each call compares
 * the counter with CLOCK_MONOTONIC_RAW. While they agree within what is known of the rate, the
 * rate only becomes better known, because the window grows. When they disagree, or when something
 * happened after which they may disagree, a new epoch begins: a new rate, a new base, a new number.
 * The clock is never slewed: a rate bent to swallow a step would make every duration measured
 * meanwhile wrong by a little, and nobody would be told.
 *
 * What it cannot see: where the kernel's own clock is this counter (clocksource tsc), a step of
 * both at once, as in a live migration, leaves them in agreement.
 *
 * A span that began in one epoch and ended in another has no meaningful duration. The caller asks
 * tk_clock_crossed(), counts such spans and sets them aside. Threads that take records in the
 * meantime have a guard (tsc/guard.h), which notices within a millisecond what this notices within
 * a second.
 *
 * One thread owns a clock and calls everything here. No thread, lock or allocation of its own,
 * except that opening and a new epoch spin for 10 ms and borrow 192 KiB meanwhile.
 */
#ifndef TK_TSC_CLOCK_H
#define TK_TSC_CLOCK_H

#include "tsc/convert.h"
#include "tsc/files.h"
#include "tsc/freq.h"

#include <stdbool.h>
#include <stdint.h>

enum tk_epoch_reason {
	TK_EPOCH_OPENED,
	TK_EPOCH_SUSPEND,     /* the machine slept: CLOCK_BOOTTIME moved against CLOCK_MONOTONIC */
	TK_EPOCH_CLOCKSOURCE, /* the kernel changed the clock that the rate is measured against */
	TK_EPOCH_CPU_ONLINE,  /* a core came up: its counter was set by firmware or kernel */
	TK_EPOCH_RESIDUAL, /* the counter left the line by more than the bound: one clock stepped */
};

struct tk_epoch {
	uint32_t number; /* 0 for the first */
	enum tk_epoch_reason reason;
	uint64_t last_tsc;   /* last stamp known to belong to the epoch before; 0 in the first */
	uint64_t start_tsc;  /* first stamp known to belong to this one; 0 in the first */
	int64_t residual_ns; /* how far the counter was off when the epoch before ended */
};

/** Everything the clock looks at, read at one time. */
struct tk_clock_reading {
	struct tk_tsc_pair pair;
	int64_t wall_ns;      /* CLOCK_REALTIME */
	uint64_t wall_tsc;    /* the counter when that was read */
	int64_t suspended_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC, to better than 1 ms */
	struct tk_tsc_cpus online;
	char clocksource[32];
};

/** Where readings come from: the machine, or a test. */
struct tk_clock_source {
	int (*fit)(void *arg, struct tk_tsc_freq *out);
	void (*read)(void *arg, struct tk_clock_reading *out);
	void *arg;
};

struct tk_clock {
	struct tk_tsc_conv conv; /* ticks to CLOCK_MONOTONIC_RAW, of this epoch */
	struct tk_epoch epoch;
	double hz, stat_ppm, bound_ppm; /* as in tsc/freq.h */

	/* private */
	struct tk_clock_source source;
	struct tk_clock_reading last;
	struct tk_tsc_pair anchor; /* where the growing window begins */
	struct tk_tsc_pair middle; /* the next anchor */
};

/**
 * @source: NULL for this machine.
 * @return 0, -EAGAIN (too busy to measure a rate), -ENOMEM, -ENOTSUP (no counter runs at such a
 * rate)
 */
int tk_clock_open(struct tk_clock *c, const struct tk_clock_source *source);

/**
 * Look, and refine or begin a new epoch: compare epoch.number before and after. About 30 us, 10 ms
 * when an epoch begins.
 * @return 0, or as open if a new epoch's rate could not be measured: the old epoch then stands,
 *	   and the next call tries again
 */
int tk_clock_refine(struct tk_clock *c);

/** "opened", "suspend", "clocksource change", "cpu online", "counter step". */
const char *tk_epoch_reason_name(enum tk_epoch_reason reason);

/**
 * Does this span reach over the newest change of epoch? Two comparisons. A span that lies wholly
 * in the second or so in which the change happened counts as crossing: nobody knows on which side.
 * After a counter that went backward only the order of the stamps can tell.
 */
static inline bool tk_clock_crossed(const struct tk_clock *c, uint64_t start, uint64_t stop)
{
	if (__builtin_expect(c->epoch.start_tsc < c->epoch.last_tsc, 0))
		return stop < start;
	return start < c->epoch.start_tsc && stop > c->epoch.last_tsc;
}

/**
 * A stamp of this epoch in ns of CLOCK_REALTIME, as that clock stood at the last refinement. Any
 * stamp may be given; the result wraps for one that is centuries away.
 */
static inline int64_t tk_clock_wall_ns(const struct tk_clock *c, uint64_t tsc)
{
	int64_t since = tk_tsc_delta_ns(&c->conv, (int64_t)(tsc - c->last.wall_tsc));

	return (int64_t)((uint64_t)c->last.wall_ns + (uint64_t)since);
}

#endif
