/* SPDX-License-Identifier: MIT */
/*
 * ring/lane_attach.h - attaches the lanes of a segment: checks, maps and guards their files, and
 * locks queues. Only ring/segment_read.c calls it; the rules in ring/segment_read.h hold here.
 */
#ifndef TK_RING_LANE_ATTACH_H
#define TK_RING_LANE_ATTACH_H

#include "ring/attached.h"
#include "ring/place_read.h"

/** Attach lane `index`, to be read `from` there. @return 0, or a negative errno and `why`: it stays
 * empty, its head NULL. */
int tk_lane_attach(struct tk_segment *s, uint32_t index, enum tk_lane_from from,
		   char why[TK_WHY_MAX]);

/** Attach queues that another reader let go of, and say in `why` which was found corrupt. */
void tk_lane_look_after_queues(struct tk_segment *s, char why[TK_WHY_MAX]);

void tk_lane_detach(struct tk_segment_lane *lane);

#endif
