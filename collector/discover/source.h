/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/source.h - one attached segment, as the collecting thread has it: whether its
 * owner lives, which lanes there are, and the parts of it that drainers drain
 * (collector/drain/part.h).
 *
 * A source outlives its process: it is drained to the end, the segment is detached, and its name
 * and figures stay until its directory is gone.
 *
 * For the collecting thread only.
 */
#ifndef TK_COLLECTOR_DISCOVER_SOURCE_H
#define TK_COLLECTOR_DISCOVER_SOURCE_H

#include "collector/discover/figures.h"
#include "collector/drain/part.h"
#include "collector/stats/series.h"
#include "ring/segment_read.h"

struct tk_drainer;

struct tk_source {
	struct tk_segment *seg; /* NULL: drained to the end, and detached */
	struct tk_segment
		*done; /* then: without lanes, so that others know that we are done with it */
	int slot;      /* of this collector in its directory; -1: none */
	struct tk_source_figures info;
	struct tk_thread_figures *threads; /* by lane; NULL: nobody asks for them */
	uint32_t n_threads;
	char *dir; /* the directory in which it was found */
	struct {
		struct tk_drainer *drainer;
		struct tk_part *part;
	} * parts; /* one for each drainer that has lanes of it */
	size_t n_parts;
	struct tk_series **series; /* by timer id; NULL until the collector gave it one */
	struct tk_part **lanes;    /* NULL: left out, or another reader has it */
	uint32_t n_lanes;          /* looked at */
	uint64_t tried_ns;         /* when its removal was last tried */
	int wake;                  /* the watch of it; 0: none */
	uint64_t hot_ns;           /* until then it is looked at often */
	enum tk_lane_from from;    /* where to begin in lanes that have lost their beginning */
	uint8_t *disabled;         /* by timer id: by `timekeeper disable` */
	uint64_t unlisted;         /* delivered records that no series could be had for */
	uint64_t attributed;       /* lost records that were given to series */
	struct tk_source_figures reported; /* `info` as of the last interval, */
	uint64_t reported_attributed;      /* likewise */
	bool raw;                          /* nothing is subtracted */
	bool ended;                        /* its writer is dead, or its segment closed */
	bool finished;                     /* and everything it wrote was delivered or counted */
	bool found_dead;                   /* and was when it was found */
	bool broken;                       /* cannot be read any more: to be let go of */
	bool ignored;    /* --app or --pid does not want it: it is done from the beginning */
	bool replaying;  /* its backlog is placed first; till then drainers have no part of it */
	int64_t died_ns; /* as in struct tk_series */
	bool left;       /* its series are those of a dead process; drainers let go of it */
	bool cut;        /* not all of its lanes are read */
	bool listed;     /* still in its directory, as of the last scan */
	char why[TK_WHY_MAX]; /* what went wrong since it was last looked at; "" nothing */
};

/**
 * Take over an attached segment. @raw: do not subtract the cost of an empty span. @from: where to
 * begin in lanes whose first records are gone; others are read from their first record.
 * @return NULL and errno ENOMEM (the segment is detached then)
 */
struct tk_source *tk_source_new(struct tk_segment *seg, const char *dir, enum tk_lane_from from,
				bool raw);

/**
 * The part that this drainer drains, a new one if there is none.
 * @return NULL and errno ENOMEM
 */
struct tk_part *tk_source_part(struct tk_source *s, struct tk_drainer *d);

/** Pick up new timers and lanes. @return 0 or -EBADMSG: it can no longer be read */
int tk_source_refresh(struct tk_source *s);

/** Find the next of its lanes, from *i on, that no drainer has. @return false: there is none */
bool tk_source_next_lane(struct tk_source *s, uint32_t *i);

/** Bring `info` and `finished` up to date from the parts' figures, between two rounds. */
void tk_source_sum_up(struct tk_source *s);

/** Whether intervals have all that is known of it. */
bool tk_source_is_reported(const struct tk_source *s);

/** Take this slot from now on, and tell others that this collector reads the segment. */
void tk_source_enter(struct tk_source *s, int slot);

/**
 * Detach from the segment, when drainers have released all parts, and tell others that this
 * collector is done with it. What is known stays.
 */
void tk_source_detach(struct tk_source *s);

/**
 * Remove its files if it was closed and every collector that is present is done with it. @presence:
 * of this collector, in its directory. @even_kept: also what was killed, or is to be kept. Four
 * system calls, a second apart.
 */
void tk_source_try_remove(struct tk_source *s, int presence, bool even_kept, uint64_t now_ns);

/** In any state; no drainer that has a part of it may run any more. */
void tk_source_free(struct tk_source *s);

#endif
