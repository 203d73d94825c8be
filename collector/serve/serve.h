/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/serve.h - metrics of a collector, for Prometheus: the door of this room.
 *
 * Closed intervals are taken one by one, as `stat` takes them, and added to accumulators
 * (metrics.h). A scrape reads these, and never the collector: the collecting thread does not know
 * of it, and no record is lost by it. All is done in the thread that calls tk_serve_run(), so that
 * nothing here needs a lock; intervals wait meanwhile, within the collector's budget.
 */
#ifndef TK_COLLECTOR_SERVE_SERVE_H
#define TK_COLLECTOR_SERVE_SERVE_H

#include "collector/engine/collector.h"
#include "collector/serve/http/listen.h"
#include "collector/serve/metrics.h"

struct tk_serve;

/**
 * @listener: a socket, which is its own from now on; @sets: likewise, if it succeeds. @return NULL
 * and errno
 */
struct tk_serve *tk_serve_open(struct tk_collector *c, int listener,
			       const struct tk_metrics_options *o,
			       const struct tk_bucket_sets *sets);

/**
 * Answer what comes within timeout_ms, then take the intervals that were closed. What the collector
 * notes is said on standard error.
 */
void tk_serve_run(struct tk_serve *s, int timeout_ms);

/** How many descriptors its connections may take: the collector is to leave them. */
unsigned tk_serve_descriptors(void);

void tk_serve_close(struct tk_serve *s);

#endif
