/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/slices/slices.h - records of all lanes of a source, sliced into intervals by the
 * stamps of their stops. What is done with the intervals is collector/engine/backlog.c's.
 *
 * Of every lane it reads on until a stamp lies beyond the open interval; then the caller takes what
 * fell into the interval before, or into both, and opens another. So records may be out of order by
 * one interval; what is later yet goes into the older of the two. Of a mark, a value, a bare
 * latency or a sum the only stamp that they have counts. What has no place between the segment's
 * making and now is of the present.
 *
 * It reads with the readers, counts and aggregator that drainers go on with, and takes no lock.
 *
 * The collecting thread.
 */
#ifndef TK_COLLECTOR_ENGINE_SLICES_SLICES_H
#define TK_COLLECTOR_ENGINE_SLICES_SLICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/discover/source.h"

/** Where a record belongs. */
enum tk_slices_place {
	TK_SLICES_BEFORE, /* the interval before the open one */
	TK_SLICES_OPEN,
	TK_SLICES_NOW, /* the present */
	TK_SLICES_PLACES,
	TK_SLICES_LATER = TK_SLICES_PLACES, /* beyond the open interval: it is not read yet */
};

/** A lane, and what was read of it and is not placed yet. */
struct tk_slices_lane {
	struct tk_part *part;
	uint32_t number; /* in the part */
	bool done;
	size_t at, n; /* slot[at] is the next of n */
	struct tk_slot slot[TK_LANE_CHUNK];
};

struct tk_slices {
	/* The caller's, set before it begins. */
	struct tk_source *source;
	struct tk_part *first; /* of its parts, begun: it aggregates the records of all lanes */
	/* Stamps in ticks, and the same in ns on the time line. */
	double ticks_per_ns;
	uint64_t made, now, from, to; /* from..to: the open interval; none at first */
	int64_t now_ns, from_ns, width_ns;

	/* To be taken: tk_slices_tally(). Those of the present are the part's own. */
	struct tk_tally **tallies[TK_SLICES_PLACES];
	uint64_t *lost;  /* by timer: known to be lost, and in no interval yet */
	uint64_t newest; /* stamp that was placed; 0: none */
	uint64_t astray; /* records whose stamps lie before the making or in the future */

	/* private */
	uint32_t looked, n_looked; /* so many of so many of the source's lanes were looked at */
	struct tk_slices_lane *lanes;
	size_t n_lanes;
	struct tk_batch batch;
	size_t turn; /* this lane is read next, within the open interval */
};

/** @return now, as a segment's programs stamp it */
uint64_t tk_slices_stamp_now(const struct tk_segment *seg);

/** @return 0 or -ENOMEM: lanes are added to their parts, and nothing is read */
int tk_slices_begin(struct tk_slices *b);

/** Read up to a chunk, or add a lane. @return whether there may be more of the open interval */
bool tk_slices_read(struct tk_slices *b);

/** The oldest record that is at hand, and not read yet. @return false: there is none */
bool tk_slices_oldest(const struct tk_slices *b, uint64_t *stamp);

/** Whether that lies beyond the interval after the open one: then that one is complete, too. */
bool tk_slices_is_far(const struct tk_slices *b);

/** The interval that a stamp lies in is open from now on. All that came before was taken. */
void tk_slices_open(struct tk_slices *b, uint64_t stamp);

/** The next interval is open from now on. All of that before the open one was taken. */
void tk_slices_open_next(struct tk_slices *b);

/** Where a timer's tally of an interval is, or NULL is. */
struct tk_tally **tk_slices_tally(const struct tk_slices *b, enum tk_slices_place place,
				  uint32_t timer);

/** Read no more: what was read already is of the present, and the rest is left. */
void tk_slices_cut(struct tk_slices *b);

/** Give back what was borrowed. Whatever was not taken is forgotten. */
void tk_slices_end(struct tk_slices *b);

/** When a stamp was, on the time line. */
int64_t tk_slices_time_of(const struct tk_slices *b, uint64_t stamp);

#endif
