/* SPDX-License-Identifier: MIT */
/*
 * collector/source.h - one attached segment: its lanes being drained into its timers' tallies.
 *
 * Draining, refreshing and watching touch nothing but what is the collecting thread's own, so they
 * need no lock. What viewers see is handed over when an interval closes (collector/interval.c).
 *
 * A source lives on when its process is dead: it is drained to the end, the segment is let go of,
 * and its name and figures stay until its directory is gone.
 *
 * The collecting thread only.
 */
#ifndef TK_COLLECTOR_SOURCE_H
#define TK_COLLECTOR_SOURCE_H

#include "collector/account.h"
#include "collector/aggregate.h"
#include "collector/series.h"
#include "collector/snapshot.h"
#include "ring/segment_read.h"

#define TK_SPIN_REST_NS \
	5000u /* how long a spinning collector leaves a lane alone: the chunk rule */

struct tk_source_lane {
	struct tk_account account;
	uint64_t passed; /* delivered + lost as of the last poll */
	double peak;     /* records per ns */
	uint64_t due_ns; /* spinning: not to be read before */
	uint64_t closed; /* `passed` as of the last closed interval */
};

struct tk_source {
	struct tk_aggregator agg; /* first: its `more` finds the source by it */
	struct tk_segment *seg;   /* NULL: read to the end, and let go */
	struct tk_snap_segment info;
	char *dir;                    /* where it was found */
	struct tk_series **series;    /* by timer id; NULL until the collector gave it one */
	struct tk_source_lane *lanes; /* never moves: a drain finds new ones while it drains one */
	uint32_t n_lanes;
	struct tk_tally_pool *pool;
	enum tk_lane_from from;   /* where to begin in lanes that have lost their beginning */
	uint64_t *counts;         /* room for a lane's */
	uint8_t *disabled;        /* by timer id: by `timekeeper disable` */
	int64_t clock_to_wall_ns; /* where ticks are CLOCK_MONOTONIC; else 0 */
	bool ended;               /* its writer is dead, or its segment closed */
	bool found_dead;          /* and was when it was found */
	bool broken;              /* cannot be read any more: to be let go of */
	bool cut;                 /* not all of its lanes are read */
	bool listed;              /* still in its directory, as of the last scan */
	char why[TK_WHY_MAX];     /* what went wrong since it was last looked at; "" nothing */
};

/**
 * Take over an attached segment. @raw: subtract nothing. @from: where to begin in lanes whose first
 * records are gone; what was attached from its first record is read from there.
 * @return NULL and errno ENOMEM (the segment is detached then)
 */
struct tk_source *tk_source_new(struct tk_segment *seg, const char *dir, enum tk_lane_from from,
				struct tk_tally_pool *pool, const struct tk_clock *clock, bool raw);

/** Pick up new timers and lanes. @return 0 or -EBADMSG: it cannot be read any more. */
int tk_source_refresh(struct tk_source *s);

/** Ask whether its owner lives, and fix the lanes' ends if not; and which timers are disabled. */
void tk_source_watch(struct tk_source *s);

/** What a drain found. */
struct tk_drained {
	uint64_t records;
	uint64_t lost;
	double fill_ns; /* the fastest lane at its peak fills in this time */
};

/**
 * Drain every lane; elapsed_ns since the last time. @now_ns: if not 0, the collector spins, and
 * lanes that are resting are left alone.
 */
void tk_source_drain(struct tk_source *s, uint64_t now_ns, uint64_t elapsed_ns,
		     struct tk_drained *sum);

/** Whether its writer has ended and everything it wrote was delivered or counted. */
bool tk_source_finished(const struct tk_source *s);

/** Hand what was pushed and lost since the last call to the series, and bring `info` up to date. */
void tk_source_count(struct tk_source *s);

/** Let go of the segment; what is known stays. */
void tk_source_let_go(struct tk_source *s);

void tk_source_free(struct tk_source *s);

#endif
