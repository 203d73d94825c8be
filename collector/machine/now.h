/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/now.h - the time in ns, from one of the kernel's clocks.
 *
 * For everything that is not measured by the counter (tsc/read.h): when something is due, how long
 * to wait, the wall-clock time of an interval. Any thread; some 20 ns.
 */
#ifndef TK_COLLECTOR_MACHINE_NOW_H
#define TK_COLLECTOR_MACHINE_NOW_H

#include <stdint.h>
#include <time.h>

#define TK_SECOND_NS UINT64_C(1000000000)

/** @clock: CLOCK_MONOTONIC for durations, CLOCK_REALTIME for the time of day. */
static inline uint64_t tk_now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * TK_SECOND_NS + (uint64_t)t.tv_nsec;
}

#endif
