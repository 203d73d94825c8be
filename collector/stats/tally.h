/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/tally.h - what the hot loop counts a timer's samples in, and the memory for it.
 *
 * A tally holds both measures of one timer, for an interval of at most a minute: one cache line a
 * measure, and counters (u32) for a window of octaves, the powers of two that its samples fall
 * into. Timers whose samples lie within a factor of 64 need 3 KiB a measure where all octaves would
 * take 21. A sample outside the window widens it: one move of at most 16 KiB.
 *
 * Every record that a timer was given is accounted for, for each measure, in exactly one place:
 *
 *	records = count + negative + across + without
 *
 * where count is what the counters add up to, plus `bare`: samples for which no counters could be
 * had. Sum, min and max know these, too; percentiles of such an interval are not known.
 *
 * A drainer's hot loop (collector/drain/aggregate.c) fills tallies out of its own pool. The
 * collecting thread moves them into histograms, which empties them, and gives them back to that
 * drainer.
 *
 * One thread per object at a time. Nothing here fails but allocation.
 */
#ifndef TK_COLLECTOR_STATS_TALLY_H
#define TK_COLLECTOR_STATS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/histogram.h"
#include "collector/stats/measure.h"

/** One measure. Empty: min > max. */
struct tk_tally_measure {
	uint64_t sum; /* less 2^64 for each of carries */
	uint64_t min, max;
	uint32_t *counters; /* of the window; NULL: it has none */
	uint32_t first;     /* the bucket (tk_hist_index()) of counters[0] */
	uint32_t width;     /* how many there are */
	uint32_t carries;   /* spans that began at 0 overflow a sum: 15 hours each */
	uint32_t bare;      /* samples without a counter */
	uint32_t negative;  /* samples below zero: in nothing above */
	uint32_t across; /* spans across a clock epoch, or too long to be told: in nothing above */
	/* Records that have no such measure. Of TK_PROCESSING only: the other's follows from the
	 * identity above. */
	uint32_t without;
};

struct tk_tally {
	struct tk_tally_measure of[TK_MEASURES];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct tk_tally) == 128, "a cache line a measure");

/** Whether it has no sample of this measure. */
static inline bool tk_tally_empty(const struct tk_tally *t, enum tk_measure m)
{
	return t->of[m].min > t->of[m].max;
}

/**
 * Where a timer's samples were in its last two intervals, in octaves; where its next window begins.
 */
struct tk_tally_hint {
	struct {
		uint8_t low, high; /* high 0: not known */
		uint8_t low_before, high_before;
	} of[TK_MEASURES];
};

/** What a tally has of one measure besides its histogram. */
struct tk_tally_facts {
	uint64_t records;          /* of the timer: the same for both measures */
	uint64_t count, bare;      /* samples; those of them that have no counter */
	uint64_t negative, across; /* samples that are set aside */
	uint64_t without;          /* records without this measure */
};

/** Reads the counters: call it before tk_tally_move(). */
void tk_tally_facts(const struct tk_tally *t, enum tk_measure m, struct tk_tally_facts *f);

/**
 * The samples of one measure, as tk_tally_move() would move them. The counters are the tally's.
 * @return false: there is none
 */
bool tk_tally_counted(const struct tk_tally *t, enum tk_measure m, struct tk_hist_counted *out);

/**
 * Move what a tally holds of both measures into histograms. Where one is NULL, what it would get is
 * dropped. The tally is empty then, and keeps its windows.
 */
void tk_tally_move(struct tk_tally *t, struct tk_hist *into[TK_MEASURES]);

/** Note where its samples are, before they are moved. */
void tk_tally_remember(const struct tk_tally *t, struct tk_tally_hint *hint);

#define TK_TALLY_CLASSES 7 /* windows of 1, 2, 4, 8, 16, 32 and all octaves */

/**
 * Memory for tallies and their windows, in chunks that are cut into pieces. All zero to begin. One
 * thread. A piece that was given back serves for another of its size; chunks are kept until the
 * end.
 */
struct tk_tally_pool {
	void *free[TK_TALLY_CLASSES + 1]; /* pieces, each linked to the next; the last: tallies */
	char *chunk;                      /* what is left of the newest */
	size_t chunk_left;
	void **chunks;
	size_t n_chunks;
	size_t n_faulted;              /* chunks that are faulted in */
	size_t max;                    /* bytes of chunks; 0: no limit */
	size_t max_tallies, n_tallies; /* in use at a time; 0: no limit */
	size_t out;                    /* bytes of pieces in use */
	bool full;                     /* a piece could not be had since one was given back */
};

/**
 * @return an empty tally without windows, or NULL and errno ENOMEM: no memory, or the pool is full.
 */
struct tk_tally *tk_tally_get(struct tk_tally_pool *p);

/**
 * Make the window of a measure include `bucket`, by the hint if it has none yet. At most 16 KiB are
 * moved. @return false: there is no memory, or the pool is full; the tally is as it was
 */
bool tk_tally_widen(struct tk_tally_pool *p, struct tk_tally *t, enum tk_measure m, uint32_t bucket,
		    const struct tk_tally_hint *hint);

/**
 * Take one step towards `spare` free bytes and no page left to fault in. A step may take 1 to 3 ms;
 * a loop that must not fault calls this until it returns false.
 * @return whether there was a step to take
 */
bool tk_tally_prefault(struct tk_tally_pool *p, size_t spare);

/** Give a tally and its windows back, whatever it holds. */
void tk_tally_put(struct tk_tally_pool *p, struct tk_tally *t);

void tk_tally_pool_free(struct tk_tally_pool *p);

#endif
