/* SPDX-License-Identifier: MIT */
/*
 * ring/queue_read.h - reading a lane that is a queue (ring/discipline.h). Behind ring/lane_read.h,
 * which says what is promised; not for other callers, but for attaching and its locks
 * (ring/segment_read.c).
 *
 * The reader is the queue's only consumer: two would take each other's records, so whoever attaches
 * holds a lock on slots.N. It does what rte_ring's single-consumer dequeue does, on indices whose
 * place the lane's head tells, with a private copy of its own index and of the size. What it
 * believes of the shared memory is how many records there are to take; more than the queue can hold
 * is a lie (or two writers), and the lane is left alone from then on.
 *
 *	first	records taken or dropped before this reader, from `size` on as in a ring; `size` by
 *		TK_LANE_FIRST
 *	lost	dropped since, and by TK_LANE_FIRST taken or dropped before
 *	end	where the queue is empty
 *
 * A record is taken once tk_lane_read() has returned it; those that a killed reader was copying are
 * delivered to the next.
 */
#ifndef TK_RING_QUEUE_READ_H
#define TK_RING_QUEUE_READ_H

#include <stddef.h>

#include "ring/lane_reader.h"

/** Whether the queue that a lane's head describes is one, and lies within `bytes` of slots.N. */
bool tk_queue_valid(const struct tk_lane_head *info, uint64_t bytes);

/**
 * Begin to read. `info` is a checked copy of the lane's head, `memory` slots.N, mapped for writing
 * unless `from` is TK_LANE_LOOK. What a killed reader left half done is repaired.
 */
void tk_queue_reader_init(struct tk_lane_reader *r, void *memory, const struct tk_lane_head *head,
			  const struct tk_lane_head *info, enum tk_lane_from from);

bool tk_queue_read(struct tk_lane_reader *r, struct tk_slot *out, size_t *n);
void tk_queue_sync(struct tk_lane_reader *r);
void tk_queue_end(struct tk_lane_reader *r);

#endif
