/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/threads.h - what recording costs each watched thread: the records that it
 * pushed, as its lane counts them, times the measured cost of a span of each timer's stamps
 * (ring/span_cost.h).
 *
 * Lost records cost as much as delivered ones, so this asks the lanes and not the drainers. A lane
 * has one thread at a time; a row names the newest. For the collecting thread, which reads one
 * count a timer and lane, some ns each, when it closes an interval that is to have threads.
 */
#ifndef TK_COLLECTOR_ENGINE_THREADS_H
#define TK_COLLECTOR_ENGINE_THREADS_H

#include "collector/discover/source.h"
#include "collector/engine/views/intervals.h"
#include "ring/span_cost.h"

/** Bring a source's threads up to date, while it is attached. Without memory some are left out. */
void tk_threads_note(struct tk_source *s, const struct tk_span_cost *cost);

/** What a source's threads pushed until now is of no interval. */
void tk_threads_begin(struct tk_source *s, const struct tk_span_cost *cost);

/** Add those that pushed something since the last interval to this one. */
void tk_threads_add(struct tk_intervals *l, struct tk_interval *i, struct tk_source *s);

#endif
