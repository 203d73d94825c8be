/* SPDX-License-Identifier: MIT */
/*
 * ring/attached.h - a segment and its lanes as a reader has them attached. ring/segment_read.h says
 * how, and which thread may use what; ring/lane_attach.h attaches the lanes.
 */
#ifndef TK_RING_ATTACHED_H
#define TK_RING_ATTACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring/lane_reader.h"
#include "ring/place.h"
#include "ring/segment.h"

struct tk_segment_lane {
	struct tk_lane_reader reader;
	struct tk_lane_head info;        /* private copy, from attach: slots, pages, nodes */
	const struct tk_lane_head *head; /* NULL: left out */
	void *slots;
	size_t head_size;
	size_t slots_size;
	dev_t slots_dev; /* which file slots.N is, whatever its name */
	ino_t slots_ino;
	enum tk_lane_from from;
	int queue_fd; /* of slots.N of a queue that another reader has, to see its lock; else -1 */
	bool told;    /* that it is corrupt */
};

struct tk_segment {
	char name[TK_SEGMENT_NAME_MAX + 1]; /* its directory's name */
	struct tk_segment_head info; /* private, checked copy; refreshed by tk_segment_refresh */
	struct tk_segment_timer *timers; /* info.n_timers of them; names verified */
	struct tk_segment_lane *lanes;   /* n_lanes of them are attached; never moves */
	uint32_t n_lanes;
	uint32_t n_queues; /* of its lanes */
	uid_t uid; /* who owns its files, as the kernel says it to us: the head's may be of a user
		      namespace */
	enum tk_lane_from from;
	bool was_short; /* there was no memory or descriptor for lane n_lanes */
	bool looks;     /* attached by TK_LANE_LOOK: queues are left to their reader */
	int dirfd;
	int headfd;
	volatile int bad; /* set by ring/guard.h: truncated under our feet */
};

#endif
