/* SPDX-License-Identifier: MIT */
/*
 * collector/core.h - the inside of a collector: what its files share, and who may touch what.
 *
 *	collector.c	open, close, wait; the thread and its pace
 *	scan.c		directories to sources
 *	interval.c	the end of an interval: tallies and accounts into series
 *	snapshot.c	series into snapshots
 *
 * Two halves. The first belongs to the collecting thread alone. The second is what viewers see,
 * under `lock`, which the collecting thread only ever tries: a viewer that holds it makes an
 * interval end a poll later, and never makes the collector miss a record.
 */
#ifndef TK_COLLECTOR_CORE_H
#define TK_COLLECTOR_CORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/collector.h"
#include "collector/dead.h"
#include "collector/dirs.h"
#include "collector/history.h"
#include "collector/series.h"
#include "collector/source.h"
#include "tsc/clock.h"

#define TK_SECOND_NS   UINT64_C(1000000000)
#define TK_NOTES_KEPT  32u
#define TK_MARKS_KEPT  1024u
#define TK_NOTE_LENGTH 256u

/** The last sentences; number `ever` - 1 is the newest, at (ever - 1) % TK_NOTES_KEPT. */
struct tk_notes {
	uint64_t ever;
	char text[TK_NOTES_KEPT][TK_NOTE_LENGTH];
};

/** A name in a directory that could not be attached, so that it is said once. */
struct tk_refused {
	char *path;
	bool listed;
	bool told;
	bool given_up; /* neither too early nor too many */
	uint64_t since_ns;
};

struct tk_collector {
	struct tk_collector_options options; /* its strings are copies */
	pthread_t thread;
	atomic_bool stop;
	atomic_uint_fast64_t wanted_interval_ns;

	/* The collecting thread's own. */
	struct tk_clock clock;
	struct tk_tally_pool pool;
	struct tk_source **sources;
	size_t n_sources;
	struct tk_refused *refused;
	size_t n_refused;
	struct tk_notes notes;
	uint64_t other_versions;
	uint64_t unknown_gone; /* unknown records of sources let go of */
	size_t found;          /* the source that was last looked for */
	uint64_t visited;      /* names */
	struct tk_dirs dirs;   /* as of the last scan */
	uint64_t dirs_changed; /* and when they last changed */
	bool making;           /* a segment was not ready yet */
	bool scanned;          /* once at least: what appears now began under our eyes */
	/* CLOCK_MONOTONIC: when the last poll was, and when the others are due. */
	uint64_t polled_ns, peek_ns, scan_ns, refine_ns, take_ns, close_ns;
	uint64_t moved_ns;     /* when a record last came */
	uint64_t gap_ns;       /* the longest between two polls in this interval */
	bool gap_lost;         /* and whether records were lost in it */
	uint64_t gap_shown_ns; /* since when the one shown is shown */

	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t closed;
	struct tk_series **series;
	size_t n_series;
	struct tk_dead dead; /* those whose process is dead */
	uint64_t next_key;
	bool full; /* there were too many timers once */
	struct tk_history history;
	struct tk_snap_segment *segments;
	size_t n_segments;
	struct tk_notes shown_notes;
	struct tk_snap_mark marks[TK_MARKS_KEPT];
	uint64_t marks_ever;
	struct tk_snapshot state; /* the plain fields only: what a snapshot begins as */
	int64_t began_wall_ns;    /* the open interval */
	uint64_t began_ns;        /* the same, CLOCK_MONOTONIC */
};

uint64_t tk_now_ns(clockid_t clock);

/** A note for people; format without a newline. Of the collecting thread. */
void tk_collector_note(struct tk_collector *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Look for segments that came and went, and for owners that died. Takes no lock. */
void tk_collector_scan(struct tk_collector *c);

/** Pick up new lanes, and say whether the directories changed: a microsecond. Takes no lock. */
bool tk_collector_peek(struct tk_collector *c);

/** Drain every lane once. @return the shortest time in which a lane would fill, ns. Collecting
 * thread only; also called within long work, so that no lane waits for the end of it. */
double tk_collector_drain(struct tk_collector *c, uint64_t now_ns);

/**
 * End the interval if nobody holds the lock. Without `interval`, only empty the tallies, whose u32
 * counters are good for a second, and show new timers and notes: nobody waits a minute for those.
 */
bool tk_collector_close_interval(struct tk_collector *c, uint64_t now_ns, bool interval);

#endif
