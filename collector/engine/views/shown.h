/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/shown.h - what viewers are shown: the half of the collector that is under
 * its lock.
 *
 * The collecting thread writes it at the end of a round; a viewer copies what it asks for into a
 * snapshot of its own. Nothing here locks: the caller holds the lock.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_SHOWN_H
#define TK_COLLECTOR_ENGINE_VIEWS_SHOWN_H

#include <stddef.h>
#include <stdint.h>

#include "collector/discover/figures.h"
#include "collector/drain/figures.h"
#include "collector/engine/views/intervals.h"
#include "collector/engine/views/notes.h"
#include "collector/engine/views/snapshot.h"
#include "collector/stats/registry.h"

#define TK_MARKS_KEPT 1024u

struct tk_shown {
	struct tk_registry registry;
	struct tk_source_figures *segments;
	size_t n_segments;
	struct tk_drainer_figures *drainers;
	size_t n_drainers;
	struct tk_notes notes; /* as of the last round */
	struct tk_snap_mark marks[TK_MARKS_KEPT];
	uint64_t marks_ever;           /* the newest is at (marks_ever - 1) % TK_MARKS_KEPT */
	struct tk_intervals intervals; /* that somebody wants, and has not taken yet */
	int64_t line_ns;               /* the time line less CLOCK_MONOTONIC */
	struct tk_snapshot state;      /* the plain fields only: what a snapshot begins as */
};

/** Copy what a view asks for. @return a snapshot, to be freed; NULL and errno ENOMEM */
struct tk_snapshot *tk_shown_copy(const struct tk_shown *shown, const struct tk_view *view);

void tk_shown_free(struct tk_shown *shown);

#endif
