/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/collector.h - the collector: the thread that finds segments and keeps their
 * statistics.
 *
 * tk_collector_open() starts one collecting thread, which finds segments and closes an interval
 * every 100 ms or as asked. Drainers (collector/drain/drainer.h) drain every lane at a paced
 * interval, and aggregate every record in ticks. Viewers take snapshots
 * (collector/engine/views/snapshot.h). A watched program notices nothing of it: its memory is
 * mapped read-only, except for lanes that are queues (ring/queue_read.h).
 *
 * The functions may be called from any thread.
 */
#ifndef TK_COLLECTOR_ENGINE_COLLECTOR_H
#define TK_COLLECTOR_ENGINE_COLLECTOR_H

#include <stdint.h>

#include "collector/engine/options.h"
#include "collector/engine/views/intervals.h"
#include "collector/engine/views/snapshot.h"

struct tk_collector;

/** @return the collector, running; NULL and errno with a sentence in `why`. */
struct tk_collector *tk_collector_open(const struct tk_collector_options *o, char why[256]);

/**
 * Wait until more than `intervals` intervals have been closed, or timeout_ms passed.
 * @return 0, or -ETIMEDOUT.
 */
int tk_collector_wait(struct tk_collector *c, uint64_t intervals, int timeout_ms);

/**
 * Copy what a view asks for, under a lock that the collecting thread only ever tries: a viewer
 * makes an interval end later, and never makes the collector miss a record.
 * @return a snapshot, to be freed by tk_snapshot_free(); NULL and errno ENOMEM
 */
struct tk_snapshot *tk_collector_snapshot(struct tk_collector *c, const struct tk_view *view);

/**
 * The next closed interval, oldest first, for who asked for them by intervals_bytes; and what was
 * dropped so far because nobody took it. @return to be freed by tk_interval_free(); NULL: none was
 * closed since
 */
struct tk_interval *tk_collector_next_interval(struct tk_collector *c,
					       struct tk_intervals_dropped *dropped);

#define TK_FINISH_MS 15000 /* what tk_collector_finish() may take, whatever is left to read */

/**
 * Read what has ended by now to its end, close the open interval, and none any more. Waits for
 * that.
 * @return 0, or -ETIMEDOUT
 */
int tk_collector_finish(struct tk_collector *c, int timeout_ms);

/**
 * Everything from the beginning until the last closed interval, as the rows of one interval, number
 * 0 (collector/engine/views/total.h). After tk_collector_finish() that is all there was.
 * @return to be freed by tk_interval_free(); NULL and errno ENOMEM
 */
struct tk_interval *tk_collector_total(struct tk_collector *c);

/** Now, on the collector's time line (collector/engine/views/snapshot.h). */
int64_t tk_collector_now_ns(const struct tk_collector *c);

/** Change the interval per datapoint from the next interval on; out of range: clamped. */
void tk_collector_set_interval(struct tk_collector *c, uint64_t interval_ns);

/** Stop the thread, detach from everything, free. No other call may run. */
void tk_collector_close(struct tk_collector *c);

#endif
