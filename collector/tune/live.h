/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/live.h - running programs, measured: how bursty their lanes are, and how long a
 * reader on this machine is away.
 *
 * Attaches readers of its own to every lane of the chosen segments and polls them at the
 * collector's pace (collector/drain/pace.h), on the calling thread. Every record is looked at; nobody
 * notices. Segments that begin meanwhile are left out; lanes that do are not. Queues are
 * (ring/discipline.h): to read them would be to take their records from their reader.
 *
 * One thread: the caller's, whose timer slack is set, and whose affinity, if asked, meanwhile.
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

/** No gap is known to be survived for longer than bursts are looked at. */
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
	/* What lanes of each size would have lost, had they been polled as these were. */
	uint64_t would_lose[TK_SIZES];
	uint64_t peak[TK_WINDOWS]; /* the most of any lane */

	/* private */
	uint64_t began_ns;
	struct tk_segment **segments;
	uint32_t n_segments, n_queues;
	uint32_t n_running; /* of the segments, the first */
	double hz;
	bool no_memory;
};

/**
 * Measure what --dir, --app and --pid let through for a->seconds, or until *stop.
 * @return TK_EXIT_OK; what tk_walk() has if there is nothing; TK_EXIT_FAILED. What failed was said.
 */
enum tk_exit tk_live_measure(struct tk_live *l, const struct tk_args *a,
			     const volatile sig_atomic_t *stop);

void tk_live_free(struct tk_live *l);

#endif
