/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/shown.h - what viewers are shown: the half of the collector that is under
 * its lock.
 *
 * The collecting thread writes it at the end of a round; a viewer copies what it asks for into a
 * snapshot of its own, and takes references to the history it wants, under the lock; it reads that
 * history without the lock. Nothing here locks.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_SHOWN_H
#define TK_COLLECTOR_ENGINE_VIEWS_SHOWN_H

#include <stddef.h>
#include <stdint.h>

#include "collector/discover/figures.h"
#include "collector/drain/figures.h"
#include "collector/engine/views/fold.h"
#include "collector/engine/views/intervals.h"
#include "collector/engine/views/notes.h"
#include "collector/engine/views/snapshot.h"
#include "collector/stats/past/window.h"
#include "collector/stats/registry.h"

#define TK_MARKS_KEPT 1024u

/* Marks of all processes are kept together. */
struct tk_shown_mark {
	struct tk_snap_mark mark;
	char segment[128];
	uint64_t dropped; /* so many more came after it, too fast to be kept */
};

struct tk_shown {
	struct tk_registry registry;
	struct tk_source_figures *segments;
	size_t n_segments;
	/* For tk_total(): those that are not among `segments` any more, if that was asked for; and
	 * how many of them had no room. */
	struct tk_source_figures *ended;
	size_t n_ended;
	uint64_t forgotten_processes;
	int64_t began_ns; /* the collector, on the time line */
	struct tk_drainer_figures *drainers;
	size_t n_drainers;
	struct tk_notes notes; /* as of the last round */
	struct tk_shown_mark marks[TK_MARKS_KEPT];
	uint64_t marks_ever;           /* the newest is at (marks_ever - 1) % TK_MARKS_KEPT */
	struct tk_intervals intervals; /* that somebody wants, and has not taken yet */
	int64_t line_ns;               /* the time line less CLOCK_MONOTONIC */
	struct tk_snapshot state;      /* the plain fields only: what a snapshot begins as */
};

/** What a snapshot has yet to read out of history. */
struct tk_shown_past {
	struct tk_hold hold;
	struct tk_past past;         /* of the timer that is shown in detail; hold NULL: none is */
	struct tk_fold_pasts folded; /* with those that fold with it */
	struct tk_recent *recent;    /* or NULL */
	const uint64_t *trend;       /* the view's */
	size_t n_trend;
	int64_t from_ns, to_ns;
	size_t max_points;
};

/**
 * Under the lock: copy what a view asks for, but its points and its window.
 * @return a snapshot, to be completed and freed; NULL and errno ENOMEM
 */
struct tk_snapshot *tk_shown_copy(const struct tk_shown *shown, const struct tk_view *view,
				  struct tk_shown_past *past);

/**
 * Without the lock: read the rest, and let go of it.
 * @return s; NULL and errno ENOMEM: s is freed
 */
struct tk_snapshot *tk_shown_complete(struct tk_snapshot *s, struct tk_shown_past *past);

void tk_shown_free(struct tk_shown *shown);

#endif
