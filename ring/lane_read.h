/* SPDX-License-Identifier: MIT */
/*
 * ring/lane_read.h - reading a lane, exactly.
 *
 * A reader is private memory with read-only pointers into a lane. Any number of readers in any
 * number of processes can read one lane; they do not disturb each other or the writer. One thread
 * uses a reader at a time.
 *
 * The promise, for every reader, at every moment:
 *
 *	next - first = delivered + lost + pending
 *
 * `next` is the sequence number it will look at next, `pending` the few numbers passed over
 * because their push was not finished (a hole), which are settled later, each exactly once.
 *
 * Expecting number r, the reader looks at slot r's two tags:
 *	both the tag of r	delivered
 *	either newer		lapped: go to newest - N + N/8, count the difference as lost
 *	otherwise		empty, or a hole if something after it is there
 *
 * A hole is a push interrupted between its claim and its last store, for a moment (by a handler) or
 * for ever (siglongjmp, a kill). A prototype waited for holes in order, and lost 72 % under a storm
 * of signals. So the reader notes a hole, passes it, probes it again at each read, and counts it as
 * lost only when it can no longer be filled.
 *
 * The chunk rule. A reader that keeps up with the newest slot makes each store of the writer a
 * cache miss. So: while a whole chunk is there, take it; then at most one partial chunk, and then
 * leave the lane alone for a while (1-20 us if spinning). Then the writer hardly notices: a span
 * takes 1.108 of its bare clock pair with nobody reading and 1.119 with a spinning reader
 * (bench/overhead). tk_lane_read()'s return value carries the rule: go on while it is true.
 *
 * In a lane that is a queue nothing is overwritten and there are no holes: records are taken out in
 * order, and those that the writer dropped are lost. See ring/queue_read.h.
 *
 * Progress: lock-free for the reader, wait-free for the writer. Cost: part of what bench/collector
 * reports for a record.
 */
#ifndef TK_RING_LANE_READ_H
#define TK_RING_LANE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/lane_reader.h"

/**
 * Begin to read a ring; tk_queue_reader_init() begins a queue, which is read from the oldest
 * whatever is asked for: by TK_LANE_FIRST, what was dropped before is lost, unless another reader
 * took records before, which then accounts for it. `slots` a power of two within
 * TK_LANE_SLOTS_MIN..MAX, both pointers valid until the reader is forgotten (there is nothing to
 * close).
 */
void tk_lane_reader_init(struct tk_lane_reader *r, const struct tk_slot *slots,
			 const struct tk_lane_head *head, uint64_t size, enum tk_lane_from from);

/**
 * Take up to a chunk of records into out[TK_LANE_CHUNK]; *n says how many.
 * @return true: there may be more, read on; false: leave the lane alone for a while.
 *
 * Records come in order, but for the late ones of holes.
 */
bool tk_lane_read(struct tk_lane_reader *r, struct tk_slot *out, size_t *n);

/**
 * Load the published head: a cache miss. tk_lane_read() does it before it settles a loss, when the
 * lane does not move, and once in 8,192 records where it does. Call it to know the lag, and after a
 * pause of minutes (a stopped process), when tags alone could be taken for those of 2^40 records
 * before.
 */
void tk_lane_reader_sync(struct tk_lane_reader *r);

/**
 * The writer is dead, or its segment closed: nothing more will be written. Fixes the end of the
 * sequence (from the published head and the newest tag in any slot); reads until false then
 * deliver what is readable and settle everything else as lost. Idempotent. Scans the lane once.
 */
void tk_lane_reader_end(struct tk_lane_reader *r);

/**
 * Whether tk_lane_read() may find anything: cheaper where lanes stand still. False: the reader is
 * level with the writer, nothing is pending, and nothing has come. Of a queue, and of a lane that
 * has ended, always true.
 */
bool tk_lane_stirs(const struct tk_lane_reader *r);

/**
 * Whether number n, or a newer one, has reached its slot, to see a lane stir that stood still at n:
 * one cache miss, of which the writer has one, too, if it writes there.
 */
bool tk_lane_has(const struct tk_slot *slots, uint64_t size, uint64_t n);

/** The writer was alive after all (a lane taken over, a lock lost and found): read on. */
void tk_lane_reader_resume(struct tk_lane_reader *r);

/** Records written by the writer that this reader has not come to yet, as of the last sync. */
static inline uint64_t tk_lane_lag(const struct tk_lane_reader *r)
{
	return r->published > r->next ? r->published - r->next : 0;
}

/**
 * Copy counts[0..n) of the lane, and say whether they are level with this reader: nothing is
 * written that it has not passed, so that counts = delivered + lost, timer by timer. Reading the
 * counts costs the writer a cache miss a line: call it a few times a second at most, and only when
 * something was lost.
 */
bool tk_lane_counts(struct tk_lane_reader *r, uint64_t *counts, size_t n);

#endif
