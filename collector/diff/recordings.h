/* SPDX-License-Identifier: MIT */
/*
 * collector/diff/recordings.h - the percentiles of all timers in the recordings of two sides.
 *
 * Each file is read once. If there is one a side, each is read again, for the percentiles of its
 * consecutive parts. Memory is that of one file's timers. One thread; what is wrong with a file is
 * said on standard error.
 */
#ifndef TK_COLLECTOR_DIFF_RECORDINGS_H
#define TK_COLLECTOR_DIFF_RECORDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/cli/options.h"
#include "collector/diff/facts.h"
#include "collector/diff/timers.h"

/** So many samples beyond a percentile, on either side, are wanted of a run, */
#define TK_DIFF_BEYOND 10.0
/** and so many of each part of a recording. */
#define TK_DIFF_BEYOND_PART 2.0

struct tk_diff_files {
	char **path;
	size_t n;
};

/** What of recordings is wanted. */
struct tk_diff_wanted {
	const struct tk_texts *timers;     /* patterns; n 0: all */
	const struct tk_stats_list *stats; /* percentiles, and nothing else */
};

struct tk_diff_recordings {
	const struct tk_diff_wanted *wanted;
	bool parts; /* there is one recording a side, and values are of its parts */
	struct tk_diff_timers timers, losses;
	struct tk_facts facts;
	bool damaged; /* a file could not be read whole; it was said */
};

/**
 * Read all. What cannot be read whole is said, noted in `damaged`, and used as far as it goes.
 * @return 0; a negative errno if a file cannot be opened or has no histogram, or memory is short;
 * then it was said, too. In either case tk_diff_recordings_free() frees what there is.
 */
int tk_diff_recordings_read(struct tk_diff_recordings *r, const struct tk_diff_wanted *wanted,
			    const struct tk_diff_files files[TK_DIFF_SIDES]);

/** Whether `count` samples have so many beyond a quantile (in billionths), on either side of it. */
bool tk_diff_has_beyond(uint64_t count, uint32_t quantile, double beyond);

void tk_diff_recordings_free(struct tk_diff_recordings *r);

#endif
