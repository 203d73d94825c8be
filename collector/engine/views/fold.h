/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/fold.h - timers of several processes as one row.
 *
 * Timers fold if they have the same name, app, owner and directory. Counts add up, and histograms
 * are merged: a folded percentile is that of all samples together. Histograms of two clocks stay
 * two, and are read as a union in ns.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_FOLD_H
#define TK_COLLECTOR_ENGINE_VIEWS_FOLD_H

#include "collector/engine/views/snapshot.h"
#include "collector/stats/past/window.h"

/** Order by name, then by what folds, then by pid: what folds lies together. */
int tk_fold_order(const struct tk_snap_timer *x, const struct tk_snap_timer *y);

/** Whether two timers fold. */
bool tk_fold_same(const struct tk_snap_timer *x, const struct tk_snap_timer *y);

/** Begin a folded row with the names of one timer, and nothing counted. */
void tk_fold_begin(struct tk_snap_timer *row, const struct tk_snap_timer *of);

/** Count one timer in, and tell it the key of its row. The windows are not looked at. */
void tk_fold_timer(struct tk_snap_timer *row, struct tk_snap_timer *t);

/** Empty a window that others are added to. */
void tk_fold_clear(struct tk_window *w);

/** Add the samples of one window to another; without memory it is bare. */
void tk_fold_window(struct tk_window *to, const struct tk_window *from);

#endif
