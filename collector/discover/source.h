/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/source.h - one attached segment, as the collecting thread has it: whether its owner lives,
 * which lanes there are, and the parts of it that drainers drain (collector/drain/part.h).
 *
 * A source lives on when its process is dead: it is drained to the end, the segment is let go of,
 * and its name and figures stay until its directory is gone.
 *
 * The collecting thread only.
 */
#ifndef TK_COLLECTOR_DISCOVER_SOURCE_H
#define TK_COLLECTOR_DISCOVER_SOURCE_H

#include "collector/discover/figures.h"
#include "collector/drain/part.h"
#include "collector/stats/series.h"
#include "ring/segment_read.h"

struct tk_drainer;

struct tk_source {
	struct tk_segment *seg; /* NULL: read to the end, and let go */
	struct tk_source_figures info;
	char *dir; /* where it was found */
	struct {
		struct tk_drainer *drainer;
		struct tk_part *part;
	} * parts; /* one for each drainer that has lanes of it */
	size_t n_parts;
	struct tk_series **series; /* by timer id; NULL until the collector gave it one */
	struct tk_part **lanes;    /* NULL: left out, or another reader has it */
	uint32_t n_lanes;          /* looked at */
	enum tk_lane_from from;    /* where to begin in lanes that have lost their beginning */
	uint8_t *disabled;         /* by timer id: by `timekeeper disable` */
	uint64_t unknown;          /* records of unknown timers or kinds: dropped */
	int64_t clock_to_wall_ns;  /* where ticks are CLOCK_MONOTONIC; else 0 */
	bool raw;                  /* nothing is subtracted */
	bool ended;                /* its writer is dead, or its segment closed */
	bool finished;             /* and everything it wrote was delivered or counted */
	bool found_dead;           /* and was when it was found */
	bool broken;               /* cannot be read any more: to be let go of */
	bool ending;               /* it leaves with this round */
	bool left;            /* its series are those of a dead process; drainers let go of it */
	bool cut;             /* not all of its lanes are read */
	bool listed;          /* still in its directory, as of the last scan */
	char why[TK_WHY_MAX]; /* what went wrong since it was last looked at; "" nothing */
};

/**
 * Take over an attached segment. @raw: subtract nothing. @from: where to begin in lanes whose first
 * records are gone; what was attached from its first record is read from there.
 * @return NULL and errno ENOMEM (the segment is detached then)
 */
struct tk_source *tk_source_new(struct tk_segment *seg, const char *dir, enum tk_lane_from from,
				bool raw);

/**
 * The part of it that this drainer drains, a new one if there is none.
 * @return NULL and errno ENOMEM
 */
struct tk_part *tk_source_part(struct tk_source *s, struct tk_drainer *d);

/** Pick up new timers and lanes. @return 0 or -EBADMSG: it cannot be read any more. */
int tk_source_refresh(struct tk_source *s);

/** The next of its lanes, from *i on, that is to be given to a drainer. @return false: none */
bool tk_source_next_lane(struct tk_source *s, uint32_t *i);

/** Bring `info` and `finished` up to date from the parts' figures, between two rounds. */
void tk_source_sum_up(struct tk_source *s);

/** Its series are no longer its own. */
void tk_source_forget_series(struct tk_source *s);

/** All parts are gone: detach from the segment. What is known stays. */
void tk_source_detach(struct tk_source *s);

/** Whatever state it is in; no drainer may run any more that has a part of it. */
void tk_source_free(struct tk_source *s);

#endif
