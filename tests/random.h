/* SPDX-License-Identifier: MIT */
/* Random numbers that are the same in every run: a failure can be looked at again. */
#ifndef TK_TESTS_RANDOM_H
#define TK_TESTS_RANDOM_H

#include <stdint.h>

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Any state is a good one, also the next
 * number. */
static inline uint64_t random64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0 to limit - 1 */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return random64(state) % limit;
}

/* Every order of magnitude equally likely, up to 2^bits. */
static inline uint64_t random_log(uint64_t *state, unsigned bits)
{
	uint64_t n = random64(state); /* first, whatever the compiler */

	return n >> (64 - 1 - random_below(state, bits));
}

#endif
