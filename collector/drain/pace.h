/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/pace.h - how often lanes are polled: one rule, for whoever drains them.
 *
 * An eighth of the time in which the fastest lane would fill at its peak so far; so seven eighths
 * are left for what delays a poll. Never below 50 us, where waking up costs more than draining;
 * never above 5 ms, so that a burst after a quiet time is read in time.
 */
#ifndef TK_COLLECTOR_DRAIN_PACE_H
#define TK_COLLECTOR_DRAIN_PACE_H

#include <stdint.h>

#define TK_POLL_MIN_NS UINT64_C(50000)
#define TK_POLL_MAX_NS UINT64_C(5000000)

/** As a poll interval: never sleep. */
#define TK_POLL_SPIN UINT64_C(1)

/** How long a reader that never sleeps leaves a lane alone: the chunk rule. */
#define TK_SPIN_REST_NS 5000u

/** No rate is computed over less than this: a scheduling hiccup would look like a burst. */
#define TK_RATE_WINDOW_NS UINT64_C(200000)

/** @return ns between two polls. @fill_ns: the time in which the fastest lane would fill. */
static inline uint64_t tk_poll_ns(double fill_ns)
{
	double eighth = fill_ns / 8;

	if (eighth > (double)TK_POLL_MAX_NS)
		return TK_POLL_MAX_NS;
	return eighth < (double)TK_POLL_MIN_NS ? TK_POLL_MIN_NS : (uint64_t)eighth;
}

#endif
