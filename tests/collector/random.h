/* SPDX-License-Identifier: MIT */
/* Random numbers that are the same in every run: a failure can be looked at again. */
#ifndef TESTS_COLLECTOR_RANDOM_H
#define TESTS_COLLECTOR_RANDOM_H

#include <stdint.h>

static inline uint64_t random64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return random64(state) % limit;
}

/* Every order of magnitude equally likely, up to 2^bits. */
static inline uint64_t random_log(uint64_t *state, unsigned bits)
{
	return random64(state) >> (64 - 1 - random_below(state, bits));
}

#endif
