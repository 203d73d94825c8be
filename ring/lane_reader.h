/* SPDX-License-Identifier: MIT */
/*
 * ring/lane_reader.h - the state of one reader of one lane. ring/lane_read.h says what it does, and
 * how a reader is used; ring/queue_read.h reads those lanes that are queues.
 *
 * Private memory of the reader's thread. Only `slots`, `head` and the indices in `queue` point into
 * shared memory.
 */
#ifndef TK_RING_LANE_READER_H
#define TK_RING_LANE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/lane.h"

#define TK_LANE_CHUNK   64u /* records at a time */
#define TK_LANE_PENDING 64u /* holes waited for at a time */

/** The consumer's end of a lane that is a queue (ring/queue_read.h); all NULL in a ring. */
struct tk_queue_reader {
	const uint32_t *prod_tail; /* in slots.N */
	uint32_t *cons_head, *cons_tail;
	uint32_t next;    /* index of the record to take next */
	bool looks;       /* begun by TK_LANE_LOOK: takes nothing */
	bool corrupt;     /* the queue says it holds more than it can: takes nothing any more */
	uint64_t dropped; /* records that the writer had dropped before this reader began */
	uint64_t missed; /* by TK_LANE_FIRST: records dropped before, none taken: all lost */
};

struct tk_lane_reader {
	const struct tk_slot *slots; /* mapped read-only, but for a queue's one reader */
	const struct tk_lane_head
		*head; /* mapped read-only; only `published`, `dropped` and owners are read */
	uint64_t size; /* private copies: never re-read from shared memory */
	uint32_t n_pending;

	uint64_t first;     /* sequence number at which this reader began */
	uint64_t next;      /* sequence number that it looks at next */
	uint64_t published; /* the greatest head that is known: published, or implied by a tag */
	uint64_t end;       /* if ended: everything below is delivered or lost in the end */
	uint64_t delivered;
	uint64_t lost;
	uint64_t uneven_next; /* where the counts last did not add up, and their sum */
	uint64_t uneven_sum;
	uint64_t look_at; /* the number at which to check whether it is far behind */
	bool moved;       /* the last read passed at least one number */
	bool ended;
	struct tk_queue_reader queue;
	uint64_t pending[TK_LANE_PENDING];
};

enum tk_lane_from {
	TK_LANE_NEWEST, /* what is written from now on */
	TK_LANE_OLDEST, /* everything that is still there */
	TK_LANE_FIRST,  /* everything there ever was: what is not there any more is lost */
	TK_LANE_LOOK,   /* nothing: only to see how things are, and leave a queue to its reader */
};

#endif
