/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/live.h - measure running programs: how bursty their lanes are, and how long a
 * reader on this machine is away between polls.
 *
 * It attaches readers of its own to every lane of the chosen segments and polls them at the
 * collector's pace (collector/drain/pace.h), on the calling thread. It looks at every record, and
 * no program notices. It leaves out segments that begin meanwhile, but takes in new lanes. It
 * leaves out queues (ring/discipline.h): reading one would take its records from its reader.
 *
 * One thread: the caller's. Its timer slack is set to 1 ns and stays so; with --cpu it is pinned
 * while it measures.
 */
#ifndef TK_COLLECTOR_TUNE_LIVE_H
#define TK_COLLECTOR_TUNE_LIVE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/cli/options.h"
#include "collector/stats/histogram.h"
#include "collector/tune/bursts.h"
#include "ring/segment_read.h"

/** Bursts are measured over windows of up to this, so no longer gap is known to be survived. */
#define TK_SURVIVES_MAX_NS UINT64_C(1000000000)

struct tk_live_lane {
	char segment[TK_SEGMENT_NAME_MAX + 1];
	char thread[TK_THREAD_NAME];
	uint32_t index;
	uint64_t slots;
	double hz; /* ticks a second of its stamps */
	struct tk_bursts bursts;
	uint64_t lost;
	uint64_t waiting;      /* the most records taken at one drain */
	uint64_t worst_gap_ns; /* between two drains of this lane */
	uint64_t survives_ns[TK_SIZES];

	/* private */
	struct tk_segment_lane *lane;
	bool tsc;
	uint64_t drained_ns; /* when the last drain ended; 0: there was none */
	double peak;         /* records per ns */
};

struct tk_live {
	struct tk_live_lane *lanes;
	uint32_t n_lanes;
	uint64_t measured_ns;
	uint64_t records, lost;
	uint64_t draining_ns;           /* how long records were being taken */
	struct tk_hist gaps;            /* of all lanes, in ns */
	uint64_t survives_ns[TK_SIZES]; /* the shortest of all lanes */
	/* What lanes of each size would have lost, polled at the times at which these were. */
	uint64_t would_lose[TK_SIZES];
	uint64_t peak[TK_WINDOWS]; /* the most of any lane */

	/* private */
	uint64_t began_ns;
	struct tk_segment **segments;
	uint32_t n_segments, n_queues;
	uint32_t n_running; /* the first so many segments: their processes run */
	double hz;
	bool no_memory;
};

/**
 * Measure what --dir, --app and --pid let through for a->seconds, or until *stop.
 * @return TK_EXIT_OK; what tk_walk() returns if there is nothing; TK_EXIT_FAILED. The reason was
 * printed on standard error.
 */
int tk_live_measure(struct tk_live *l, const struct tk_args *a, const volatile sig_atomic_t *stop);

void tk_live_free(struct tk_live *l);

#endif
