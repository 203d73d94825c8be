/* SPDX-License-Identifier: MIT */
/*
 * load_histogram.h - how the load generator counts its latencies: 64 buckets to each power of two,
 * so a percentile is within 1.6 %. It does not use the collector's: a user's program has no access
 * to that. One thread.
 */
#ifndef GW_LOAD_HISTOGRAM_H
#define GW_LOAD_HISTOGRAM_H

#include <stdint.h>

#define LOAD_STEPS 64

struct load_histogram {
	uint64_t count;
	int64_t max;
	uint64_t bucket[59 * LOAD_STEPS];
};

/* Below 64, the value itself; above, the power of two and the six bits that follow it. */
static inline unsigned int load_histogram_bucket(uint64_t value)
{
	unsigned int power;

	if (value < LOAD_STEPS)
		return (unsigned int)value;
	power = 63u - (unsigned int)__builtin_clzll(value) - 6u;
	return (power + 1) * LOAD_STEPS + (unsigned int)(value >> power) - LOAD_STEPS;
}

static inline void load_histogram_add(struct load_histogram *h, int64_t value)
{
	if (value < 0)
		value = 0;
	if (value > h->max)
		h->max = value;
	h->count++;
	h->bucket[load_histogram_bucket((uint64_t)value)]++;
}

/** The value below which `percent` of all lie. */
static inline uint64_t load_histogram_at(const struct load_histogram *h, double percent)
{
	uint64_t rank = (uint64_t)((double)h->count * percent / 100);
	uint64_t seen = 0;

	for (unsigned int i = 0; i < 59 * LOAD_STEPS; i++) {
		seen += h->bucket[i];
		if (seen > rank)
			return i < LOAD_STEPS ? i
					      : (uint64_t)(i % LOAD_STEPS + LOAD_STEPS)
							<< (i / LOAD_STEPS - 1);
	}
	return (uint64_t)h->max;
}

#endif
