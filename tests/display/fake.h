/* SPDX-License-Identifier: MIT */
/*
 * tests/display/fake.h - a collector that invents its data, the same every time.
 *
 * tk_fake_snapshot() returns the snapshot of a collector that has watched invented timers for ten
 * minutes. fake.c also defines the functions of collector/engine/collector.h, on the real clock, so
 * that `top` runs on it.
 */
#ifndef TK_TESTS_DISPLAY_FAKE_H
#define TK_TESTS_DISPLAY_FAKE_H

#include "collector/engine/views/snapshot.h"

#define TK_FAKE_NOW INT64_C(1700000000000000000) /* 2023-11-14 22:13:20 UTC */

struct tk_fake {
	int64_t now_ns;
	uint64_t interval_ns; /* 0: 100 ms */
	size_t n_timers;      /* they have the names in fake.c, and then numbered names */
	size_t n_segments;
	const char *first_name; /* replaces the name of the first timer; or NULL */
	size_t n_drainers; /* the first is pinned to a cpu, the others run anywhere on their node */
	double span_ns;    /* what recording a span costs; 0: it is not known */
	uint64_t lost;
	bool dead;           /* the last timer's process has died, */
	int64_t died_ago_ns; /* so long ago; 0: nobody knows when */
	bool no_marks;
	size_t workers;   /* so many processes have each timer; 0: one has all */
	bool stranger;    /* the last of them is another user's */
	size_t quiet;     /* timers from this one on have no samples of late; 0: none */
	size_t worst;     /* the p99 of this one, from 1 on, is a second; 0: of none */
	const char *note; /* or NULL */
};

/** The default: a gateway with 20 timers and no loss. */
struct tk_fake tk_fake(void);

struct tk_snapshot *tk_fake_snapshot(const struct tk_fake *f, const struct tk_view *view);

/** What tk_collector_snapshot() invents from; top_fake.c sets it from its arguments. */
extern struct tk_fake tk_fake_live;

#endif
