/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/past/pack.h - a histogram as few bytes: what history keeps of each interval.
 *
 * The buckets from that of min to that of max, one after the other, as adaptive Rice codes. Where
 * they are full, each count is written as its difference from the mean of the eight before it;
 * where they are sparse, as the number of empty buckets before a filled one, and its count. The
 * codes follow what they meet, so there is no header and no mode. σ 0.5 around 3,000 ticks takes
 *
 *	10,000 samples	303 bytes	(build/bench/history packed)
 *	   200		 79
 *	    20		 16
 *
 * Count, sum, min and max are not in these bytes: whoever keeps them keeps both.
 *
 * Unpacking trusts nothing: recordings come from files. Its work is bounded by the number of
 * buckets, it reads within `size` only, and what it makes is a valid histogram or nothing.
 */
#ifndef TK_COLLECTOR_STATS_PAST_PACK_H
#define TK_COLLECTOR_STATS_PAST_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "collector/stats/bins.h"

/** A packed histogram: its facts, and bytes that belong to somebody else. */
struct tk_packed {
	unsigned __int128 sum;
	uint64_t count, min, max;
	const uint8_t *bytes;
	uint32_t size;
};

/** No histogram takes more: a count takes 86 bits at most, the run before it 35. */
#define TK_PACK_MAX (TK_HIST_BUCKETS * 16u)

/**
 * Pack a histogram that has no bare samples. @out: TK_PACK_MAX bytes
 * @return how many bytes were written; 0 if it is empty, or all samples are in one bucket
 */
uint32_t tk_pack(const struct tk_bins *b, uint8_t *out);

/**
 * Add what was packed to `into`. @return 0; -EBADMSG: the bytes and the facts are not those of a
 * histogram; -ENOMEM. Without success `into` is as it was, but for its window
 */
int tk_unpack(const struct tk_packed *p, struct tk_bins *into);

/**
 * Take out again what tk_unpack() added. min and max stay: they bound what is left. @return as
 * above
 */
int tk_unpack_remove(const struct tk_packed *p, struct tk_bins *from);

#endif
