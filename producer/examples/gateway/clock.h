/* SPDX-License-Identifier: MIT */
/*
 * clock.h - CLOCK_MONOTONIC in ns, for deadlines and pacing. What is timed is timed by timekeeper.
 */
#ifndef GW_CLOCK_H
#define GW_CLOCK_H

#include <stdint.h>
#include <time.h>

#define GW_SECOND INT64_C(1000000000)

static inline int64_t gw_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * GW_SECOND + t.tv_nsec;
}

static inline struct timespec gw_timespec(int64_t ns)
{
	struct timespec t = { ns / GW_SECOND, ns % GW_SECOND };

	return t;
}

#endif
