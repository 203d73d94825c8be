/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/dead.h - timers of dead processes, by app and name, so that a process that is started
 * again goes on with its own.
 *
 * Several of one name (a prefork server's children): the one that died last is found first.
 *
 * One thread, or callers under one lock. O(log n), whatever they are called.
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

/** It died. Without memory to remember that, nobody will find it: it is counted all the same. */
void tk_dead_add(struct tk_dead *d, struct tk_series *s);

/** The newest of that name, which is dead no longer; NULL: none. */
struct tk_series *tk_dead_take(struct tk_dead *d, const char *app, const char *name);

/** It is forgotten. */
void tk_dead_remove(struct tk_dead *d, struct tk_series *s);

/** Empty it, and leave its series alone. */
void tk_dead_clear(struct tk_dead *d);

#endif
