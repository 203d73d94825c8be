/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/fold.h - timers of several processes as one row.
 *
 * Timers fold if they have the same name but for labels (collector/labels/labels.h), the same unit,
 * app, owner and directory. Counts add up, and histograms
 * are merged: a folded percentile is that of all samples together. Histograms of two clocks stay
 * two, and are read as a union in ns.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_FOLD_H
#define TK_COLLECTOR_ENGINE_VIEWS_FOLD_H

#include "collector/engine/views/snapshot.h"
#include "collector/stats/past/window.h"
#include "collector/stats/registry.h"

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

/* --- one window of all timers that fold ---------------------------------------------------- */

#define TK_FOLD_PASTS_MAX 32 /* timers that are merged, at most: 30 s of one take some 0.3 ms */

/** The pasts of a timer and of those that fold with it. */
struct tk_fold_pasts {
	struct tk_past *past;
	size_t n; /* 0: there is one only, or there are too many */
};

/**
 * Under the lock: note where the pasts of all timers are that fold with this one.
 * @s: has all timers already, in any order. @return 0 or -ENOMEM: none are noted
 */
int tk_fold_note(struct tk_fold_pasts *f, const struct tk_registry *registry,
		 const struct tk_snapshot *s, uint64_t key, const struct tk_hold *hold);

/** Without it: the samples of all of them from..to, merged. @return 0 or -ENOMEM: it is bare */
int tk_fold_gather(const struct tk_fold_pasts *f, enum tk_measure m, int64_t from, int64_t to,
		   struct tk_datapoint *out);

void tk_fold_free(struct tk_fold_pasts *f);

#endif
