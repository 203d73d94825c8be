/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/core.h - the inside of a collector: what its files share, and who may touch what.
 *
 *	collector.c	open, close, wait; the thread and what is due in it
 *	scan.c		directories to sources, lanes to drainers
 *	placing.c	which drainer
 *	round.c		asking the drainers, and what they hand over into series
 *	interval.c	the end of an interval: series into datapoints
 *	snapshot.c	series into snapshots
 *
 * Two halves. The first belongs to the collecting thread alone. The second is what viewers see,
 * under `lock`, which the collecting thread only ever tries: a viewer that holds it makes an
 * interval end a poll later, and never makes the collector miss a record.
 */
#ifndef TK_COLLECTOR_ENGINE_CORE_H
#define TK_COLLECTOR_ENGINE_CORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/discover/dirs.h"
#include "collector/discover/refused.h"
#include "collector/discover/source.h"
#include "collector/drain/drainer.h"
#include "collector/engine/notes.h"
#include "collector/engine/options.h"
#include "collector/engine/shown.h"
#include "collector/machine/now.h"
#include "tsc/clock.h"

struct tk_collector {
	struct tk_collector_options options; /* its strings are copies */
	pthread_t thread;
	/* Written by whoever opened it, read by the collecting thread: atomic, relaxed. */
	bool stop;
	uint64_t wanted_interval_ns;

	/* The collecting thread's own. */
	struct tk_clock clock; /* drainers copy it when they are asked */
	struct tk_drainer **drainers;
	size_t n_drainers;
	uint64_t nodes_told; /* bit: it was said that it has no cpu */
	bool no_drainer;     /* it was said that none can be had */
	bool moved;          /* who opened it keeps away from named cpus, */
	cpu_set_t opener;    /* and might run here */
	struct tk_source **sources;
	size_t n_sources;
	struct tk_refused refused;
	struct tk_notes notes;
	uint64_t other_versions;
	uint64_t unknown_gone;               /* unknown records of sources let go of */
	void *by_place;                      /* a tree of the sources, by name and directory */
	uint64_t held_segments, held_timers; /* attached, as far as this scan has come */
	struct tk_dirs dirs;                 /* as of the last scan */
	uint64_t dirs_changed;               /* and when they last changed */
	bool scanned;    /* once at least: what appears now began under our eyes */
	uint64_t now_ns; /* CLOCK_MONOTONIC, as of this turn */
	/* When the others are due. */
	uint64_t peek_ns, scan_ns, refine_ns, take_ns, close_ns;
	struct tk_parcel *parcels; /* what drainers handed over in this round */
	size_t n_parcels;
	bool rounding;         /* drainers were asked for what they have */
	bool closing;          /* an interval ends with it */
	int64_t began_wall_ns; /* the open interval, CLOCK_REALTIME */
	bool full;             /* there were too many timers once, and that was said */
	uint64_t gap_shown_ns; /* since when the one shown is shown */

	/* What viewers see, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t closed; /* an interval was closed */
	struct tk_shown shown;
};

/** Look for segments that came and went, and for owners that died. Takes no lock. */
void tk_scan(struct tk_collector *c);

/** Free all sources, and what was known of directories. No drainer runs any more. */
void tk_scan_free(struct tk_collector *c);

/** Pick up a source's new timers and lanes, and say what is wrong with it. @return 0 or -EBADMSG */
int tk_scan_refresh(struct tk_collector *c, struct tk_source *s);

/** Pick up new lanes, and say whether the directories changed: a microsecond. Takes no lock. */
bool tk_scan_peek(struct tk_collector *c);

/** A drainer is told something; while it has no room for that, what it has to say is taken. */
void tk_round_order(struct tk_collector *c, struct tk_drainer *d, enum tk_order_kind kind,
		    struct tk_part *part, uint32_t lane);

/** The same, to all that drain a part of a source. */
void tk_round_order_all(struct tk_collector *c, const struct tk_source *s, enum tk_order_kind kind);

/** Ask every drainer for what it has: see round.c. */
void tk_round_ask(struct tk_collector *c, bool interval);

/** Take what drainers have handed over, and end the round if all have and nobody holds the lock. */
void tk_round_receive(struct tk_collector *c);

/** None is late either: they copy the clock when they are asked. */
bool tk_round_all_answered(const struct tk_collector *c);

/** Under the lock: series into datapoints, and what viewers are shown of segments and drainers. */
void tk_interval_close(struct tk_collector *c);

#endif
