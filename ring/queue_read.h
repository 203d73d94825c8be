/* SPDX-License-Identifier: MIT */
/*
 * ring/queue_read.h - reading a lane that is a queue (ring/discipline.h). Only ring/lane_read.c and
 * ring/lane_attach.c call it: ring/lane_read.h is the interface, and says what is promised.
 *
 * The reader is the queue's only consumer. Two would take each other's records, so whoever attaches
 * holds a lock on slots.N. It does what rte_ring's single-consumer dequeue does, on indices whose
 * place the lane's head tells, with a private copy of its own index and of the size. The one thing
 * it believes of the shared memory is how many records there are to take. If that is more than the
 * queue can hold, the memory was spoilt (or there are two writers), and the lane is left alone from
 * then on.
 *
 * The fields of struct tk_lane_reader mean here:
 *	first	`size`, as in a ring, plus the records taken or dropped before this reader; by
 *		TK_LANE_FIRST, if nobody took any before, just `size`
 *	lost	records dropped since; by TK_LANE_FIRST, if nobody took any before, also those
 *		dropped before: what came while another reader was there is in its account
 *	end	the number at which the queue is empty
 *
 * A record is taken once tk_lane_read() has returned it. If a reader is killed while it copies
 * records, the next reader gets them.
 */
#ifndef TK_RING_QUEUE_READ_H
#define TK_RING_QUEUE_READ_H

#include <stddef.h>

#include "ring/lane_reader.h"

/** Whether a lane's head describes a queue of records that lies within `bytes` of slots.N. */
bool tk_queue_valid(const struct tk_lane_head *info, uint64_t bytes);

/**
 * Begin to read. `info` is a checked copy of the lane's head, `memory` slots.N, mapped for writing
 * unless `from` is TK_LANE_LOOK. Repairs what a killed reader left half done.
 */
void tk_queue_reader_init(struct tk_lane_reader *r, void *memory, const struct tk_lane_head *head,
			  const struct tk_lane_head *info, enum tk_lane_from from);

bool tk_queue_read(struct tk_lane_reader *r, struct tk_slot *out, size_t *n);
void tk_queue_sync(struct tk_lane_reader *r);
void tk_queue_end(struct tk_lane_reader *r);

#endif
