/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/collector.h - the collecting thread, and its drainers: discover, attach, drain, aggregate.
 *
 * tk_collector_open() starts one thread that finds segments and closes an interval every 100 ms or as
 * asked. Drainers (collector/drain/drainer.h) drain every lane, at a paced interval under the chunk rule, and
 * aggregate every record in ticks. Viewers take snapshots (collector/engine/snapshot.h). Nothing it does can be noticed by a
 * watched program: it maps their memory read-only, but for lanes that are queues
 * (ring/queue_read.h).
 */
#ifndef TK_COLLECTOR_ENGINE_COLLECTOR_H
#define TK_COLLECTOR_ENGINE_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/engine/snapshot.h"
#include "tsc/files.h"

struct tk_collector_options {
	const char *dir; /* segments' directory; NULL: the user's own, and every user's for root */
	const char *app; /* only segments of this app; NULL: all */
	uint32_t pid;    /* only this process's; 0: all */
	uint64_t interval_ns;   /* per datapoint; 0: 100 ms */
	uint64_t poll_ns;       /* between drains; 0: adaptive, 50 us to 5 ms; or TK_POLL_SPIN */
	uint64_t history_bytes; /* 0: 256 MiB */
	bool oldest;            /* begin at the oldest records that are still there */
	bool raw;               /* do not subtract the cost of an empty span */
	bool isolated;          /* refuse if one of them is not */
	struct tk_tsc_cpus
		cpus; /* drain on these, a thread each; none: see collector/engine/placing.h */
};

/** @return the collector, running; NULL and errno with a sentence in `why`. */
struct tk_collector *tk_collector_open(const struct tk_collector_options *o, char why[256]);

/**
 * Wait until more than `intervals` intervals have been closed, or timeout_ms passed.
 * @return 0, or -ETIMEDOUT.
 */
int tk_collector_wait(struct tk_collector *c, uint64_t intervals, int timeout_ms);

/** Stop the thread, detach from everything, free. */
void tk_collector_close(struct tk_collector *c);

#endif
