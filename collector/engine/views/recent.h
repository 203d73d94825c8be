/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/recent.h - the last 10 s of all timers, for an overview of them.
 *
 * A viewer keeps one from one snapshot to the next, and names it in its view (struct tk_view). Each
 * snapshot then slides all windows forward: a timer costs what is new and what leaves, some
 * microseconds, and not its whole window. Percentiles come from all samples in the window.
 *
 * Processes of one app fold: timers of one name, app, user and directory are one more row behind
 * the snapshot's timers, with the samples of all of them. Another user's app of the same name does
 * not enter it.
 *
 * tk_recent_note() runs under the collector's lock, all others without it. One thread per object.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_RECENT_H
#define TK_COLLECTOR_ENGINE_VIEWS_RECENT_H

#include "collector/engine/views/snapshot.h"
#include "collector/stats/past/window.h"
#include "collector/stats/registry.h"

#define TK_RECENT_NS INT64_C(10000000000)

struct tk_recent_timer {
	uint64_t key;
	struct tk_trail trail[TK_TIERS]; /* as of the last note */
	struct tk_sliding of[TK_MEASURES];
};

/** Where the past of a timer is. */
struct tk_recent_note {
	uint64_t key;
	struct tk_trail trail[TK_TIERS];
};

/** All zero to begin. */
struct tk_recent {
	struct tk_recent_timer **timer; /* by key */
	size_t n, room;
	struct tk_snap_trend *trend; /* trend.c: of the rows that were asked for last */
	size_t n_trend;
	struct tk_recent_note *noted; /* of all timers, by key */
	size_t n_noted, noted_room;
};

/**
 * Note where the past of each timer is now: 60 bytes a timer are copied. @return 0 or -ENOMEM: the
 * rows have no figures this time
 */
int tk_recent_note(struct tk_recent *r, const struct tk_registry *registry);

/**
 * Forget timers that the registry has forgotten, and take up new ones. Slide all windows to the
 * last TK_RECENT_NS, write them into the snapshot's timers, which are sorted, and append the folded
 * rows. @hold: taken together with the note
 */
void tk_recent_fill(struct tk_recent *r, const struct tk_hold *hold, struct tk_snapshot *s);

/**
 * How the p99 of rows has moved, a value a second, for sparklines: write the trends of rows with
 * these keys into a snapshot that tk_recent_fill() has filled. Each value comes from all samples of
 * its second, of all timers that fold into the row. What is known is kept for the next snapshot: a
 * row costs its newest second, once a second; one that is asked for the first time is filled in
 * over some snapshots. Keys of no row have no values. Without memory there are no trends. (trend.c)
 */
void tk_recent_trends(struct tk_recent *r, const struct tk_hold *hold, struct tk_snapshot *s,
		      const uint64_t *keys, size_t n);

/** @return NULL: there is none with this key */
const struct tk_recent_timer *tk_recent_find(const struct tk_recent *r, uint64_t key);

void tk_recent_free(struct tk_recent *r);

#endif
