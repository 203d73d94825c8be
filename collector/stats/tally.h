/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/tally.h - what the hot loop counts a timer's samples in, and the memory for it.
 *
 * A tally holds both measures of one timer, for an interval of at most a minute: one cache line for
 * sums and extremes, and for each measure counters (u32) for a window of octaves, the powers of two
 * that its samples fall into. Timers whose samples lie within a factor of 64 need 3 KiB a measure
 * where all octaves would take 21. A sample outside the window widens it: one move of at most 16
 * KiB.
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
#include "collector/stats/spill.h"

struct tk_tally {
	/*
	 * What a sample touches besides its counter, in one cache line for both measures. min and
	 * max are of the samples that have a counter, so that whatever lies between them has one,
	 * too. Empty: both are UINT64_MAX.
	 */
	uint64_t sum[TK_MEASURES]; /* less 2^64 for each of carries */
	uint64_t min[TK_MEASURES], max[TK_MEASURES];
	/* The address that the counter of bucket 0 would have: that of bucket b lies at [b] from
	 * it. */
	uintptr_t bucket0[TK_MEASURES];

	uint32_t *counters; /* of both windows, processing first; NULL: there are none */
	/* Each measure's window: its first bucket (tk_hist_index()), and how many there are. */
	uint16_t first[TK_MEASURES], width[TK_MEASURES];
	uint32_t class;   /* of the memory that counters lie in */
	uint32_t without; /* records without processing; for latency it follows from the identity */
	uint32_t carries[TK_MEASURES];  /* spans that began at 0 overflow a sum: 15 hours each */
	uint32_t negative[TK_MEASURES]; /* samples below zero: in nothing above */
	/* Spans across a clock epoch, or too long to be told: in nothing above. */
	uint32_t across[TK_MEASURES];
	uint32_t bare[TK_MEASURES]; /* samples without a counter, but in the sum; and which */
	uint64_t bare_min[TK_MEASURES], bare_max[TK_MEASURES];
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct tk_tally, counters) == 64, "a cache line for samples");

/** The counters of a measure's window. */
static inline uint32_t *tk_tally_window(const struct tk_tally *t, enum tk_measure m)
{
	return t->counters + (m == TK_PROCESSING ? 0 : t->width[TK_PROCESSING]);
}

/** Whether no sample of this measure has a counter. */
static inline bool tk_tally_empty(const struct tk_tally *t, enum tk_measure m)
{
	return t->min[m] == UINT64_MAX;
}

/**
 * Add a sample between those that have a counter. @bucket: tk_hist_index(ticks), which a caller may
 * have found out beforehand. @return false: it is not between those, and was not added.
 */
static inline __attribute__((always_inline)) bool
tk_tally_add(struct tk_tally *t, enum tk_measure m, uint64_t ticks, uint32_t bucket)
{
	uint64_t low = t->min[m];

	if (__builtin_expect(ticks - low > t->max[m] - low, 0))
		return false;
	((uint32_t *)t->bucket0[m])[bucket]++;
	if (__builtin_expect(__builtin_add_overflow(t->sum[m], ticks, &t->sum[m]), 0))
		t->carries[m]++;
	return true;
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

/** Of both measures. Reads the counters: call it before tk_tally_move(). */
void tk_tally_facts(const struct tk_tally *t, struct tk_tally_facts f[TK_MEASURES]);

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

#define TK_TALLY_CLASSES 12 /* memory for 1 octave to all of both measures */

/**
 * Memory for tallies and their windows: address space that is reserved once, and cut into pieces
 * from its beginning on. All zero to begin. One thread, but for what is said of `used` and
 * `stocked`. A piece that was given back serves for another of its size; the rest is kept until the
 * end.
 *
 * With a stock (collector/drain/stock.h) another thread populates what comes next. A window is then
 * cut out of what is populated only: a sample whose window would need more waits in the spill,
 * until tk_tally_settle() finds the memory there. Tallies themselves are cut all the same: a page
 * that has to be faulted in serves for 21 of them. No system call is made, but for waking the
 * thread of a stock that is half empty.
 */
struct tk_tally_pool {
	void *free[TK_TALLY_CLASSES + 1]; /* pieces, each linked to the next; the last: tallies */
	char *arena;
	size_t size; /* bytes of address space: as many as were asked for, or could be had */
	size_t used; /* atomic, relaxed: its thread writes it, and any thread may read it */
	size_t max_tallies, n_tallies; /* in use at a time; 0: no limit */
	size_t out;                    /* bytes of pieces in use */
	bool full;                     /* a piece could not be had since one was given back */
	/* Of a pool with a stock. */
	struct tk_spill spill;
	size_t stocked; /* bytes from the beginning that are populated; atomic, relaxed: its stock's
			   thread writes it */
	/* While its stock makes a hugepage of the 2 MiB before: do not touch these. Atomic,
	 * relaxed: its stock's thread writes it. 0: it makes none. */
	size_t reserved;
	void (*low)(void *stock); /* called when less than half of TK_STOCK_BYTES is left; NULL:
				     no stock */
	void *stock;
	bool forced; /* take what is not populated, too */
};

/** What is kept populated ahead of a pool. */
#define TK_STOCK_BYTES ((size_t)8 << 20)

#define TK_TALLY_POOL_BYTES ((size_t)512 << 20)

/**
 * Reserve address space, up to `size` bytes, in whole hugepages; less where a limit of the process
 * says so. No memory is used yet. A pool without any reserves TK_TALLY_POOL_BYTES at its first use.
 * @return 0 or -ENOMEM: not even 2 MiB
 */
int tk_tally_pool_init(struct tk_tally_pool *p, size_t size);

/**
 * @return an empty tally without windows, or NULL and errno ENOMEM: no memory, or the pool is full.
 */
struct tk_tally *tk_tally_get(struct tk_tally_pool *p);

/**
 * Add a sample outside those that have a counter: it is the new min or max. Its window is made to
 * include it, by the hint if there is none yet; at most 16 KiB are moved. While the stock has no
 * memory for that it waits in the spill. Without memory, or if the pool is full, it is bare.
 * @hint: lives for as long as the tally
 */
void tk_tally_add_outside(struct tk_tally_pool *p, struct tk_tally *t, enum tk_measure m,
			  uint64_t ticks, const struct tk_tally_hint *hint);

/**
 * Add samples that wait to their tallies: the oldest, as far as the stock has memory. @now: whether
 * it has or not. At most TK_TALLY_BITE samples and, beyond the stock, 64 KiB: so that its thread
 * can drain in between.
 * @until: only samples that were put into the spill before it had so many (pool->spill.put)
 * @return whether there may be more to do at once
 */
bool tk_tally_settle(struct tk_tally_pool *p, uint64_t until, bool now);

#define TK_TALLY_BITE 128u

/** @return bytes that its stock has populated, and that are not used yet; 0: it has no stock */
size_t tk_tally_stocked(const struct tk_tally_pool *p);

/** Give a tally and its windows back, whatever it holds. No sample of it waits. */
void tk_tally_put(struct tk_tally_pool *p, struct tk_tally *t);

void tk_tally_pool_free(struct tk_tally_pool *p);

#endif
