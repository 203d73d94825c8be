/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/registry.h - all series there are: who gets a new one, who goes on with a dead
 * process's, and which are forgotten.
 *
 * A timer is known here by app and name: when a process is started again, its timers go on with the
 * series that the dead one left. Both numbers are bounded, so that processes may come and go for
 * years: TK_REGISTRY_LIVING_MAX timers of the living, TK_REGISTRY_DEAD_MAX of the dead, of which
 * the oldest are forgotten first.
 *
 * One thread, or callers under one lock. Times are ns of CLOCK_REALTIME.
 */
#ifndef TK_COLLECTOR_STATS_REGISTRY_H
#define TK_COLLECTOR_STATS_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "collector/stats/dead.h"
#include "collector/stats/history.h"
#include "collector/stats/series.h"

#define TK_REGISTRY_LIVING_MAX 131072u /* what two segments can have at most */
#define TK_REGISTRY_DEAD_MAX   4096u

struct tk_registry {
	struct tk_series **series; /* oldest first */
	size_t n;
	struct tk_dead dead; /* those of them whose process is dead */
	uint64_t next_key;
	struct tk_history history; /* of all of them */
};

/** @history_bytes: what history may take. */
void tk_registry_init(struct tk_registry *r, size_t history_bytes);
void tk_registry_free(struct tk_registry *r);

/**
 * A series for a timer of a living process that has none yet: the newest of this app and name that
 * is dead, revived, else a new one. @now: when its open datapoint begins.
 * @return NULL and errno: ENOBUFS (TK_REGISTRY_LIVING_MAX live), ENOMEM
 */
struct tk_series *tk_registry_adopt(struct tk_registry *r, const char *app, const char *name,
				    const char *segment, int64_t now);

/** Its process is dead, and everything it wrote is in it. */
void tk_registry_leave(struct tk_registry *r, struct tk_series *s);

/**
 * Forget the oldest of the dead beyond TK_REGISTRY_DEAD_MAX, unless they end with this interval.
 */
void tk_registry_forget_dead(struct tk_registry *r);

/** The interval ends: series into datapoints. */
void tk_registry_close(struct tk_registry *r, int64_t now, uint64_t interval_ns);

/** @return NULL: there is none with this key. */
const struct tk_series *tk_registry_find(const struct tk_registry *r, uint64_t key);

#endif
