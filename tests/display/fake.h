/* SPDX-License-Identifier: MIT */
/*
 * tests/display/fake.h - a collector that makes everything up, the same every time.
 *
 * tk_fake_snapshot() gives what a collector would give that has watched invented timers for ten
 * minutes. fake.c also has the functions of collector/engine/collector.h, on the real clock, so
 * that `top` runs on it.
 */
#ifndef TK_TESTS_DISPLAY_FAKE_H
#define TK_TESTS_DISPLAY_FAKE_H

#include "collector/engine/snapshot.h"

#define TK_FAKE_NOW INT64_C(1700000000000000000) /* 2023-11-14 22:13:20 UTC */

struct tk_fake {
	int64_t now_ns;
	uint64_t interval_ns; /* 0: 100 ms */
	size_t n_timers;      /* the first so many of its names, then numbered ones */
	size_t n_segments;
	const char *first_name; /* instead of the first timer's own; or NULL */
	size_t n_drainers; /* the first on a cpu of its own, the others anywhere on their node */
	uint64_t lost;
	bool dead; /* the last timer's process has died */
	bool no_marks;
	const char *note; /* or NULL */
};

/** The usual one: a gateway with 20 timers, nothing lost. */
struct tk_fake tk_fake(void);

struct tk_snapshot *tk_fake_snapshot(const struct tk_fake *f, const struct tk_view *view);

/** What tk_collector_snapshot() is made from; top_fake.c sets it from its arguments. */
extern struct tk_fake tk_fake_live;

#endif
