/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/buckets.h - the limits (`le`) of a histogram's buckets, and which ticks they
 * hold.
 *
 * Limits are the same on every machine, so that histograms of several add up: powers of two from 1
 * on for timers of values, from
 * 128 ns on, or those that --buckets names for timers of a pattern.
 *
 * Samples are counted in buckets of ticks (collector/stats/histogram.h), and what a tick is worth
 * is measured ever more exactly. So which tick buckets a limit includes is decided once for each
 * clock, by the rate of the first interval of it that is seen, and stays: a bucket of ticks never
 * moves from one limit to another. A tick bucket belongs to the limits that its least value does
 * not exceed, as in tk_series_cumulative(); it is 0.78 % wide at most.
 *
 * One thread per object.
 */
#ifndef TK_COLLECTOR_SERVE_BUCKETS_H
#define TK_COLLECTOR_SERVE_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "collector/cli/options.h"
#include "collector/stats/bins.h"

#define TK_BUCKETS_MAX    64u /* limits of a set, without +Inf */
#define TK_BUCKETS_USUAL  29u /* 128 ns to 34.4 s */
#define TK_BUCKETS_VALUES 33u /* 1 to 2^32 */
#define TK_BUCKETS_CLOCKS 4u  /* CLOCK_MONOTONIC, and the newest epochs of the counter */
#define TK_BUCKETS_LE_MAX 24u /* bytes of a limit as text, with its NUL */

/** Where the limits lie in a histogram of one clock's ticks. */
struct tk_buckets_cut {
	bool known;
	uint32_t clock;
	uint32_t beyond[TK_BUCKETS_MAX]; /* the first tick bucket above each limit */
};

/** The limits of some timers, ascending. */
struct tk_buckets {
	char *pattern; /* of their names; NULL: of all others */
	size_t n;
	bool values; /* limits are numbers, else ns: for timers of values, or of times */
	uint64_t limit[TK_BUCKETS_MAX];
	char le[TK_BUCKETS_MAX][TK_BUCKETS_LE_MAX]; /* as text; times in seconds */
	struct tk_buckets_cut cut[TK_BUCKETS_CLOCKS];
	unsigned next_cut;
};

/** The sets of all timers: the first whose pattern matches is a timer's. */
struct tk_bucket_sets {
	struct tk_buckets *set; /* the last two are those of all others */
	size_t n;
};

/**
 * @rules: "PATTERN:1us,5us,..." each, or "PATTERN:10,100,..." for timers of values
 * @return 0; -EINVAL, with what is wrong in `why`; -ENOMEM. Without success there is nothing to
 * free
 */
int tk_bucket_sets_open(struct tk_bucket_sets *sets, const struct tk_texts *rules, char why[256]);

/** @return the set of a timer; valid until tk_bucket_sets_free() */
struct tk_buckets *tk_bucket_sets_find(struct tk_bucket_sets *sets, const char *timer, bool values);

void tk_bucket_sets_free(struct tk_bucket_sets *sets);

/**
 * Add a histogram to cells: cell[i] has the samples above limit i - 1 up to limit i, and cell[n]
 * those above all, and those that are in no bucket.
 * @clock, @ns_per_tick: as in struct tk_bins_rated
 */
void tk_buckets_add(struct tk_buckets *set, const struct tk_bins *b, uint32_t clock,
		    double ns_per_tick, uint64_t *cell);

#endif
