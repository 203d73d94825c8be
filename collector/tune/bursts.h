/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/bursts.h - a lane's burstiness, measured exactly from the stamps of its records.
 *
 * Two views of the same sequence of times:
 *
 *	peak[w]		the most records in any window of tk_windows_ns[w], ends included
 *	fill[i]		the shortest time in which a lane of tk_size_slots(i) was overrun: from a
 *			record to the one that would have overwritten it. A reader that was away
 *			for less never lost one, whenever it was away.
 *
 * Both are exact over every record given, without sorting, binning or sliding pointers: a record
 * makes a window's count a new maximum, m + 1, exactly if the record m places before it is still
 * within the window. So one look back for each record and window is enough, and one subtraction for
 * each size. This needs the times of the last second, which are kept in a ring that grows with the
 * bursts.
 *
 * A record's time is the end of its span, which is when it was pushed, give or take some ns. A
 * record whose stamp is out of order (a sum, a stamp by hand, an interrupted push) counts as pushed
 * at the time of the record before it: a lane never appears less bursty than it was.
 *
 * Cost: 17 to 24 ns a record, its reading included (drain_per_s of `timekeeper tune --json` beside
 * `timekeeper-load --rate 20M --slots 1048576`, 2.6 GHz Xeon VM, 2026-11-22). One thread.
 */
#ifndef TK_COLLECTOR_TUNE_BURSTS_H
#define TK_COLLECTOR_TUNE_BURSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/tune/model/sizes.h"

#define TK_WINDOWS 16u

/** 10 us, 20 us, 50 us ... 1 s. */
extern const uint64_t tk_windows_ns[TK_WINDOWS];

struct tk_bursts {
	uint64_t records;
	uint64_t peak[TK_WINDOWS]; /* records */
	uint64_t fill[TK_SIZES];   /* ticks; more than a second's: not overrun within a second */
	bool cut;                  /* memory ran out: the counts of long windows are lower bounds */

	/* private */
	uint64_t window[TK_WINDOWS]; /* ticks */
	uint64_t *times;             /* of record n, at n & mask */
	uint64_t mask;
	uint64_t last;
};

/** @hz: ticks a second of the times to come. @return 0 or -ENOMEM. */
int tk_bursts_init(struct tk_bursts *b, double hz);
void tk_bursts_free(struct tk_bursts *b);

/** The times of the next records, in the order they were pushed; none later than `now`. */
void tk_bursts_add(struct tk_bursts *b, const uint64_t *times, size_t n, uint64_t now);

#endif
