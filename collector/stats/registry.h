/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/registry.h - all series there are: those of the living, and those of the dead.
 *
 * A series belongs to one timer of one process: when a process is started again, its timers get new
 * ones. Both numbers are bounded, so that processes may come and go for years:
 * TK_REGISTRY_LIVING_MAX timers of the living, TK_REGISTRY_DEAD_MAX of the dead, of which the
 * oldest are forgotten first, and counted.
 *
 * One thread, or callers under one lock. Times are ns on the collector's time line.
 */
#ifndef TK_COLLECTOR_STATS_REGISTRY_H
#define TK_COLLECTOR_STATS_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/past/history.h"
#include "collector/stats/series.h"

#define TK_REGISTRY_LIVING_MAX 131072u /* what two segments can have at most */
#define TK_REGISTRY_SILENT_MAX 32768u  /* beyond it, only who records gets one */
#define TK_REGISTRY_DEAD_MAX   4096u

struct tk_registry {
	struct tk_series **series; /* oldest first */
	size_t n;
	size_t n_dead;      /* those of them whose process is dead */
	size_t dead_max;    /* and how many of those are kept: TK_REGISTRY_DEAD_MAX, or as set */
	uint64_t forgotten; /* of the dead, so far */
	uint64_t next_key;
	bool no_past, keeps_closed; /* as new series are to be; false, or as set */
	struct tk_history history;  /* of all of them */
};

/** @history_bytes: what history may take. */
void tk_registry_init(struct tk_registry *r, size_t history_bytes);
void tk_registry_free(struct tk_registry *r);

/**
 * A new series, for a timer of a process that has none for it yet. @now: when its open datapoint
 * begins.
 * @return NULL and errno: ENOBUFS (TK_REGISTRY_LIVING_MAX live), ENOMEM
 */
struct tk_series *tk_registry_add(struct tk_registry *r, const char *app, const char *name,
				  const char *segment, int64_t now);

/**
 * Whether a timer without a record should have a series yet: of the living while fewer than
 * TK_REGISTRY_SILENT_MAX live, so that there is room for those that record; of a process that has
 * ended while fewer than dead_max are dead, since it would only have others forgotten.
 */
bool tk_registry_takes_silent(const struct tk_registry *r, bool ended);

/** Its process is dead, and everything it wrote is in it. */
void tk_registry_leave(struct tk_registry *r, struct tk_series *s);

/**
 * Forget the oldest of the dead beyond dead_max, unless they end with this interval.
 */
void tk_registry_forget_dead(struct tk_registry *r);

/** The interval ends: series into datapoints. */
void tk_registry_close(struct tk_registry *r, int64_t now, uint64_t interval_ns);

/** @return NULL: there is none with this key. */
const struct tk_series *tk_registry_find(const struct tk_registry *r, uint64_t key);

#endif
