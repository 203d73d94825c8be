/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/dead.h - series of timers of dead processes, by app and name, so that a process
 * that is started again continues them.
 *
 * Where several have one name (a prefork server's children), the one that died last is found first.
 *
 * One thread, or callers under one lock. O(log n), whatever the names are.
 */
#ifndef TK_COLLECTOR_STATS_DEAD_H
#define TK_COLLECTOR_STATS_DEAD_H

#include <stddef.h>

#include "collector/stats/series.h"

/** All zero: empty. */
struct tk_dead {
	void *tree;
	size_t n;
};

/**
 * Its process died. Without memory to remember it nobody will find it; it is counted in `n` all the
 * same.
 */
void tk_dead_add(struct tk_dead *d, struct tk_series *s);

/** Take out the newest of that app and name. @return NULL: there is none */
struct tk_series *tk_dead_take(struct tk_dead *d, const char *app, const char *name);

/** Take this one out. */
void tk_dead_remove(struct tk_dead *d, struct tk_series *s);

/** Empty it. The series stay as they are. */
void tk_dead_clear(struct tk_dead *d);

#endif
