/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/core.h - the inside of the engine. Only its own .c files and tests include this.
 *
 *	collector.c	open, close, wait; the thread and what is due in it
 *	scan.c		finds segments, and attaches them
 *	look.c		looks after those that are attached, and gives their lanes to drainers
 *	placing.c	chooses the drainer of a lane, and where drainers run
 *	round.c		asks the drainers, and moves what they hand over into series
 *	backlog.c	places what was recorded before by its stamps
 *	interval.c	closes an interval: series into datapoints
 *	shown.c		copies what viewers see into snapshots
 *
 * A collector has two halves. `own` belongs to the collecting thread alone. The other one,
 * `shown`, is what viewers see, under `lock`. The collecting thread only ever tries that lock: a
 * viewer that holds it makes an interval end later, and never makes the collector miss a record.
 */
#ifndef TK_COLLECTOR_ENGINE_CORE_H
#define TK_COLLECTOR_ENGINE_CORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/discover/dirs.h"
#include "collector/discover/refused.h"
#include "collector/discover/source.h"
#include "collector/discover/unread.h"
#include "collector/discover/watched.h"
#include "collector/drain/drainer.h"
#include "collector/engine/options.h"
#include "collector/engine/views/notes.h"
#include "collector/engine/views/shown.h"
#include "collector/machine/now.h"
#include "tsc/clock.h"

/** What the collecting thread alone may touch, once it runs. */
struct tk_collecting {
	struct tk_clock clock; /* drainers copy it at each TAKE */
	struct tk_drainer **drainers;
	size_t n_drainers;
	uint64_t nodes_told;       /* bit n: people were told that node n has no cpu for us */
	bool no_drainer;           /* people were told that no drainer can be started */
	bool moved;                /* the opening thread left the cpus that were named, */
	struct tk_tsc_cpus opener; /* and might run on these before */
	struct tk_source **sources;
	size_t n_sources;
	struct tk_refused refused;
	struct tk_notes notes;
	uint64_t other_versions;
	struct {
		uint64_t delivered, lost, unknown;
		/* Those that were forgotten since the last interval, for tk_collector_total(). */
		struct tk_source_figures *ended;
		size_t n_ended;
		uint64_t forgotten; /* those that there was no room for */
	} gone;                     /* records of sources that are forgotten */
	void *by_place;             /* a tree of the sources, by name and directory */
	/* Attached so far in this scan. */
	uint64_t held_segments, held_timers, held_descriptors;
	size_t left_out;     /* segments, when people were told last */
	struct tk_dirs dirs; /* as of the last scan */
	struct tk_watched_dirs watched;
	struct tk_unread_apps unread;
	bool reads_unread; /* this scan does */
	struct tk_wake wake;
	size_t unwatched; /* directories and segments that cannot wake us, as of the last scan */
	uint64_t dirs_changed; /* the times of change of such directories, summed up */
	/* Until when to look often, and to list the directories often: something happened. */
	uint64_t hot_ns, listing_ns;
	bool scanned;    /* at least once: what appears from now on is new */
	uint64_t now_ns; /* CLOCK_MONOTONIC, read at the beginning of this turn */
	/* When each is due, CLOCK_MONOTONIC. */
	uint64_t look_ns, scan_ns, all_ns, unread_ns, refine_ns, take_ns, close_ns, place_ns;
	bool rounding;              /* a round is open: drainers were asked for what they have */
	bool closing;               /* an interval ends with this round */
	bool finishing;             /* and it is the last one */
	uint64_t finish_ns;         /* when finishing began; 0: not yet */
	struct tk_backlog *backlog; /* that is being placed; NULL: none was yet */
	bool answered;              /* every drainer has answered once since the first scan */
	bool backlog_read;          /* what was there before the collector, if that was asked for */
	uint64_t backlog_ns;        /* when to say next that it is being read; 0: not yet */
	int64_t line_ns; /* the time line less CLOCK_MONOTONIC: collector/engine/views/snapshot.h */
	int64_t began_ns;      /* the open interval, on the time line */
	bool full;             /* people were told that there are too many timers */
	uint64_t gap_shown_ns; /* when the gap that is shown was first shown */
};

struct tk_collector {
	struct tk_collector_options options; /* the strings are copies */
	pthread_t thread;
	/* an eventfd: the collecting thread is to look at what follows; -1: none yet */
	int call_fd;
	/* Atomic, relaxed: written by any thread, read by the collecting thread. */
	bool stop;
	bool finish; /* read what has ended, close the open interval, and then no more */
	uint64_t wanted_interval_ns;

	struct tk_collecting own; /* its thread's */

	/* What viewers see, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t closed; /* an interval was closed */
	struct tk_shown shown;
};

/** Find segments that came and went, and owners that died. Takes no lock. */
void tk_scan(struct tk_collector *c);

/** Free all sources and what is known of directories. No drainer may run any more. */
void tk_scan_free(struct tk_collector *c);

/**
 * Pick up a source's new timers and lanes, and note what is wrong with it. @return 0 or -EBADMSG
 */
int tk_look_refresh(struct tk_collector *c, struct tk_source *s);

/** A source was just attached: have it wake us, and look at all of it. */
void tk_look_first(struct tk_collector *c, struct tk_source *s);

/** Give those lanes of a source to drainers that none has. */
void tk_look_deal(struct tk_collector *c, struct tk_source *s);

/** Look after all sources that are not watched, and each TK_LOOK_AT_ALL_NS after the others. */
void tk_look_at_all(struct tk_collector *c);

#define TK_LOOK_AT_ALL_NS (2 * TK_SECOND_NS)

/** Remember when those directories changed that are not watched: before they are listed. */
void tk_look_note_dirs(struct tk_collector *c);

/**
 * Look at those sources that something happened to, and at those that are not watched: some us
 * each. Takes no lock. @return whether a scan is due: a directory changed, or a segment is being
 * made
 */
bool tk_look(struct tk_collector *c);

/** Whether nothing needs to be looked at before `wake` says so, or the next scan. */
bool tk_look_may_wait(const struct tk_collector *c);

/** Send an order to a drainer. While its channel is full, receive from it. */
void tk_round_order(struct tk_collector *c, struct tk_drainer *d, enum tk_order_kind kind,
		    struct tk_part *part, uint32_t lane);

/** The same, to all drainers of a source. */
void tk_round_order_all(struct tk_collector *c, const struct tk_source *s, enum tk_order_kind kind);

/** Begin a round: ask every drainer for what it has. @interval: an interval ends with it. */
void tk_round_ask(struct tk_collector *c, bool interval);

/**
 * Receive what drainers have handed over; end the round if all have answered and the lock is free.
 */
void tk_round_receive(struct tk_collector *c);

/** The series of a timer of a source. @return NULL: there is no such timer, or no room for it */
struct tk_series *tk_round_series(struct tk_collector *c, struct tk_source *src, uint32_t id);

/** Move what a tally holds into a series; NULL: count it as unknown. Under the lock. */
void tk_round_take(struct tk_source *src, struct tk_series *s, struct tk_tally *t);

/** Show the marks that a part has aggregated, if no drainer has it. Under the lock. */
void tk_round_take_marks(struct tk_collector *c, struct tk_part *p);

/** Whether no TAKE is open: then no drainer reads the clock, and it may change. */
bool tk_round_all_answered(const struct tk_collector *c);

/** Close the interval: series into datapoints, and the figures that viewers see. Under the lock. */
void tk_interval_close(struct tk_collector *c);

#endif
