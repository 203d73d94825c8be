/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/parts.h - the parts that one drainer drains: those in which something moves, and
 * those that are quiet.
 *
 * A quiet part was handed over, nothing had come since the time before, and nothing was missing: so
 * there is nothing to drain, and nothing to hand over, until one of its lanes stirs. Of each lane
 * of such parts the two slots that come next are looked at, one after the other in a list that is
 * made for it: one cache miss a lane instead of seven (500 idle lanes, a look each 5 ms: 35 -> 6 ms
 * of cpu a second). The first record is seen as soon as if the part were drained. Only where a
 * writer abandoned its last two pushes (siglongjmp out of a handler, twice in a row), the next is
 * seen at the next hand-over, by tk_parts_check().
 *
 * The drainer's thread.
 */
#ifndef TK_COLLECTOR_DRAIN_PARTS_H
#define TK_COLLECTOR_DRAIN_PARTS_H

#include "collector/drain/part.h"

struct tk_quiet_lane {
	const struct tk_slot *slots;
	uint64_t size, next;
	struct tk_part *part;
};

/** All zero: none. */
struct tk_parts {
	struct tk_part *moving, *quiet; /* lists */
	struct tk_quiet_lane *lanes;    /* of the quiet ones */
	size_t n_lanes, room;
	size_t all_lanes; /* of all parts: there is room for so many, if there was memory */
	bool stirred;     /* some of `quiet` are not still any more */
	double fill_ns; /* of the quiet ones' lanes, the fastest at its peak: it may burst again */
};

void tk_parts_free(struct tk_parts *l);

/** A new one: it moves. */
void tk_parts_add(struct tk_parts *l, struct tk_part *p);

/** A part got one more lane: have memory for when it is quiet. The only function here that
 * allocates. */
void tk_parts_reserve(struct tk_parts *l);

/** Something happens to one of them: it moves, from the next tk_parts_look() on. */
void tk_parts_move(struct tk_parts *l, struct tk_part *p);

/** Forget a part. */
void tk_parts_remove(struct tk_parts *l, struct tk_part *p);

/** Look at the quiet ones' lanes: parts of which one stirs are moving from now on. */
void tk_parts_look(struct tk_parts *l);

/** Look at all of the quiet ones, as tk_part_drain() would. */
void tk_parts_check(struct tk_parts *l);

/**
 * All were handed over: those that are `still` and have nothing missing are quiet from now on.
 * Without memory for their lanes they are drained as before.
 */
void tk_parts_settle(struct tk_parts *l);

#endif
