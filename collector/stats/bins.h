/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/bins.h - histograms that cost what they hold: for every timer, at all times.
 *
 * The same buckets as collector/stats/histogram.h, but counters only for a window of them, from the
 * first that is filled to the last, and each as wide as the largest count needs: 1, 2, 4 or 8
 * bytes. 20 samples that lie within a factor of 8 take 400 bytes where a dense histogram takes 43
 * KB. The window and the counters grow as samples ask for it.
 *
 * Count, sum, min and max are always exact. A sample for which there is no memory is `bare`: it
 * counts in all of them and is in no counter, and percentiles are not known then.
 *
 * One thread per object. Nothing here fails but allocation.
 */
#ifndef TK_COLLECTOR_STATS_BINS_H
#define TK_COLLECTOR_STATS_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "collector/stats/histogram.h"

/** Windows begin and end at multiples of it, so that they are whole words and vectors. */
#define TK_BINS_STEP 16u

/** One measure over any time. All zero: empty. */
struct tk_bins {
	unsigned __int128 sum;
	uint64_t count;    /* samples: what the counters add up to, and `bare` */
	uint64_t bare;     /* samples in no counter */
	uint64_t min, max; /* mean nothing if count is 0 */
	void *counters;    /* NULL: no window */
	uint64_t most;     /* no counter is larger */
	uint16_t first, n; /* the window: the bucket of counters[0], and how many there are */
	uint8_t size;      /* bytes a counter */
};

/** n samples of the same value, below 2^48; a larger one counts as the largest. */
void tk_bins_add(struct tk_bins *b, uint64_t ticks, uint64_t n);

/** Add samples that were counted elsewhere. */
void tk_bins_add_counted(struct tk_bins *b, const struct tk_hist_counted *c);

/** Add `from` to `b`. */
void tk_bins_merge(struct tk_bins *b, const struct tk_bins *from);

/** Empty it. A large window, or one that nothing fell into, is freed. */
void tk_bins_clear(struct tk_bins *b);

/** Empty it and keep its window. Touches only what is filled. */
void tk_bins_wipe(struct tk_bins *b);

/** Empty it and free its window. */
void tk_bins_free(struct tk_bins *b);

/**
 * Make the window include the buckets first..last, with counters of 8 bytes, so that they may be
 * written directly. @return the counter of `first`; NULL: there is no memory, and nothing changed
 */
uint64_t *tk_bins_reserve(struct tk_bins *b, uint32_t first, uint32_t last);

/** @return what is in a bucket of the window, `i` from its first */
static inline uint64_t tk_bins_counter(const struct tk_bins *b, uint32_t i)
{
	switch (b->size) {
	case 1:
		return ((const uint8_t *)b->counters)[i];
	case 2:
		return ((const uint16_t *)b->counters)[i];
	case 4:
		return ((const uint32_t *)b->counters)[i];
	default:
		return ((const uint64_t *)b->counters)[i];
	}
}

/** @return what is in a bucket */
static inline uint64_t tk_bins_at(const struct tk_bins *b, uint32_t bucket)
{
	return bucket - b->first < b->n ? tk_bins_counter(b, bucket - b->first) : 0;
}

/**
 * @return the first filled bucket from `bucket` on; TK_HIST_BUCKETS: there is none. Looks at eight
 * bytes at a time: windows are whole words.
 */
static inline uint32_t tk_bins_next(const struct tk_bins *b, uint32_t bucket)
{
	uint32_t i = bucket > b->first ? bucket - b->first : 0;
	const unsigned shift = b->n ? (unsigned)__builtin_ctz(b->size) : 0;
	const uint32_t in_word = (8u >> shift) - 1;

	while (i < b->n) {
		uint64_t word;

		memcpy(&word, (const char *)b->counters + ((size_t)(i & ~in_word) << shift), 8);
		word >>= ((i & in_word) << shift) * 8;
		if (word)
			return b->first + i + ((uint32_t)__builtin_ctzll(word) >> (3 + shift));
		i = (i | in_word) + 1;
	}
	return TK_HIST_BUCKETS;
}

/**
 * @return the middle of a bucket in ticks, never outside min..max: what a sample of it counts as
 */
double tk_bins_middle(const struct tk_bins *b, uint32_t bucket);

/**
 * What a transform makes of `n` samples of about `ticks`: it adds to `out` what stands for them.
 */
typedef void tk_bins_transform_fn(void *arg, double ticks, uint64_t n, struct tk_bins *out);

/**
 * Make one histogram of another, bucket by bucket, e.g. to correct for what waited unseen
 * (coordinated omission). Bare samples stay bare.
 */
void tk_bins_transform(const struct tk_bins *from, struct tk_bins *out, tk_bins_transform_fn *f,
		       void *arg);

#endif
