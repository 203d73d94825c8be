/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/trend.h - how a row's p99 has moved: one value a second, for a sparkline.
 *
 * Each value comes from all samples of its second, of all timers that fold into the row. A viewer
 * keeps what it has, in its struct tk_recent, from one snapshot to the next: a row costs its newest
 * second, once a second. One that is asked for the first time is filled in over some snapshots.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_TREND_H
#define TK_COLLECTOR_ENGINE_VIEWS_TREND_H

#include "collector/engine/views/recent.h"

/**
 * Write the trends of rows with these keys into a snapshot, whose folds tk_recent_fill() has
 * appended. Keys of no row are left out; so are all, without memory. Without the collector's lock.
 */
void tk_trend_fill(struct tk_recent *r, const struct tk_hold *hold, struct tk_snapshot *s,
		   const uint64_t *keys, size_t n);

#endif
