/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/model/gaps.h - a distribution: how long a reader is away between two polls.
 *
 * A gap is the time from the end of one drain to the beginning of the next: the poll interval plus
 * whatever delayed the poll. `timekeeper tune` measures gaps, writes them into its JSON ("gaps"),
 * and reads them from such a file, so that the stalls of one machine can be tried on another load.
 *
 * One thread per object.
 */
#ifndef TK_COLLECTOR_TUNE_MODEL_GAPS_H
#define TK_COLLECTOR_TUNE_MODEL_GAPS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/histogram.h"

#define TK_GAP_MIN_NS UINT64_C(1000)          /* shorter ones count as this long */
#define TK_GAP_MAX_NS UINT64_C(3600000000000) /* an hour; longer ones cannot be read */

struct tk_gap {
	uint64_t ns;
	uint64_t polls; /* how many were this long */
};

/** Gaps in ascending order. All zero: there are none. */
struct tk_gaps {
	struct tk_gap *gap;
	size_t n;
	uint64_t polls; /* of all */
};

/** Add a length that is greater than all lengths so far. @return 0 or -ENOMEM. */
int tk_gaps_add(struct tk_gaps *g, uint64_t ns, uint64_t polls);

/**
 * From a histogram of ns: a gap counts as the longest of its bucket; the worst gap is exact.
 * @return 0 or -ENOMEM
 */
int tk_gaps_from_hist(struct tk_gaps *g, const struct tk_hist *h);

/** The longest; 0 if there are none. */
uint64_t tk_gaps_worst(const struct tk_gaps *g);

/**
 * Draw a gap at random, weighted by its polls. @state: not 0; the same state draws the same gap.
 */
uint64_t tk_gaps_draw(const struct tk_gaps *g, uint64_t *state);

/** [{"gap_ns":50000,"polls":1234}, ...] */
json_t *tk_gaps_json(const struct tk_gaps *g);

/**
 * Read "gaps" from a file that `timekeeper tune --json` wrote, or that somebody wrote by hand.
 * @return 0, or a negative errno and a sentence in why.
 */
int tk_gaps_read(struct tk_gaps *g, const char *path, char why[256]);

void tk_gaps_free(struct tk_gaps *g);

#endif
