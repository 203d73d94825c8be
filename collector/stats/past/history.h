/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/past/history.h - closed intervals of all timers, in three tiers, within a budget.
 *
 *	tier 0	every interval	for 10 minutes or more	half of the budget
 *	tier 1	1 s		for an hour		a quarter
 *	tier 2	10 s		for a day		a quarter
 *
 * A tier is a log: what all timers closed, one after the other, in chunks. Each entry says where
 * the timer's entry before it is. So a timer costs what it recorded, and nothing for room of its
 * own; all timers reach back equally far; and what is oldest lies together. When a tier's share is
 * used up, its oldest chunk goes. The budget is a bound: no chunk is exempt. A share of its own
 * keeps a tier from starving the others.
 *
 * A viewer takes references to the chunks under the collector's lock (struct tk_hold), which takes
 * microseconds, and reads them outside: entries do not change once they are written. A chunk that
 * is dropped meanwhile is freed by the viewer that lets go of it last.
 *
 * Writing: one thread, or callers under one lock. An entry of 20 samples of both measures takes
 * some 70 bytes.
 */
#ifndef TK_COLLECTOR_STATS_PAST_HISTORY_H
#define TK_COLLECTOR_STATS_PAST_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/bins.h"
#include "collector/stats/measure.h"
#include "collector/stats/past/pack.h"

#define TK_TIERS 3

/** Nominal width of an interval in tier 1 and 2; in tier 0 it is the collector's. */
#define TK_TIER1_NS UINT64_C(1000000000)
#define TK_TIER2_NS UINT64_C(10000000000)

/** Where the newest entry of one timer in one tier is, and when it ended. All zero: none. */
struct tk_trail {
	uint64_t at;
	int64_t t_ns;
};

#define TK_CHUNK_RATES 8

struct tk_chunk {
	struct tk_chunk *newer;
	uint64_t number; /* the first of a log is 1; each is one more than the older one's */
	/* The log's own, and one a viewer. Atomic: released (release) by viewers, without the lock;
	 * whoever finds it 0 (acquire) frees the chunk. */
	uint32_t refs;
	uint32_t used; /* bytes */
	int64_t t_ns;  /* when its newest entry was added */
	/* What ticks are worth in this chunk. A clock's rate is that of its first entry here:
	 * refining it changes less than a clock may be wrong. */
	uint32_t n_rates;
	struct {
		uint32_t clock;
		double ns_per_tick;
	} rate[TK_CHUNK_RATES];
	uint8_t bytes[];
};

struct tk_log {
	struct tk_chunk *oldest, *newest;
	size_t n;      /* chunks */
	size_t share;  /* bytes of the budget */
	size_t room;   /* for entries in a chunk; 0: the share is too small for any */
	uint64_t next; /* number of the next chunk */
};

struct tk_history {
	struct tk_log tier[TK_TIERS];
	uint8_t *scratch; /* an entry that is being written */
	/* The present: the newest end of any entry, or what its owner sets. An entry that is added
	 * late, of what was recorded before, ages from then on. */
	int64_t now_ns;
};

/** What a timer closes: an interval in ticks. */
struct tk_closed {
	int64_t t_ns; /* its end */
	uint64_t interval_ns;
	double ns_per_tick;
	uint32_t clock; /* as in struct tk_bins_rated */
	const struct tk_counts *counts;
	bool kept[TK_MEASURES]; /* whether the measure has a past yet; none: a gap */
	const struct tk_bins *bins[TK_MEASURES];
};

/** @budget: bytes of memory. Allocates nothing yet. */
void tk_history_init(struct tk_history *h, size_t budget);

void tk_history_free(struct tk_history *h);

/** @return bytes of memory that chunks take now; never more than the budget */
size_t tk_history_used(const struct tk_history *h);

/**
 * Append an entry; drop what is beyond the tier's share and span. @return 0, or -ENOMEM: the entry
 * was not kept, and the timer's past in this tier begins anew with its next one
 */
int tk_history_add(struct tk_history *h, unsigned tier, struct tk_trail *t,
		   const struct tk_closed *c);

/** References to all chunks that there are, so that they can be read without the lock. */
struct tk_hold {
	struct tk_hold_tier {
		struct tk_chunk **chunk; /* oldest first */
		size_t n, room;
		uint64_t first; /* number of chunk[0] */
	} tier[TK_TIERS];
};

/** Under the lock. @return 0, or -ENOMEM: nothing is held */
int tk_hold_take(struct tk_hold *out, const struct tk_history *h);

/** Without the lock. */
void tk_hold_release(struct tk_hold *hold);

/** An entry as it is read. Its bytes belong to the hold. */
struct tk_entry {
	int64_t t_ns;
	uint64_t interval_ns;
	double ns_per_tick;
	uint32_t clock;
	bool kept[TK_MEASURES];
	bool bare[TK_MEASURES]; /* its histogram is not known; of[].bytes is NULL */
	struct tk_counts counts;
	struct tk_packed of[TK_MEASURES];
};

/**
 * Whether an entry is a gap: it keeps no measure, for nobody knows what was recorded meanwhile. A
 * timer's entries follow one another without a break, so that only their lengths are written.
 */
static inline bool tk_entry_is_gap(const struct tk_entry *e)
{
	return !e->kept[TK_PROCESSING] && !e->kept[TK_LATENCY];
}

/** When an entry began. */
static inline int64_t tk_entry_began(const struct tk_entry *e)
{
	return e->t_ns - (int64_t)e->interval_ns;
}

/**
 * Read the entry that `t` is at, and move `t` to the one before it.
 * @out: only t_ns, interval_ns and kept are filled in unless `whole`
 * @return false: there is none, or it is not held any more
 */
bool tk_hold_read(const struct tk_hold *hold, unsigned tier, struct tk_trail *t, bool whole,
		  struct tk_entry *out);

#endif
