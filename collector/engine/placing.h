/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/placing.h - which drainer drains a lane, and where drainers run.
 *
 * Where no cpu is named, each NUMA node that has lanes gets one, when its first lane appears, and it
 * may run on all cpus of its node: which of them is free at a moment, the scheduler knows best. A node
 * without a cpu that this process may use is drained from the nearest one that has some. Where cpus are
 * named, each gets one, pinned, and the lanes of a node are dealt to those of the nearest cpus; then
 * everything else of this process keeps away from them.
 *
 * The collecting thread, but for tk_placing_begin() and tk_placing_end(), which come before and after it.
 */
#ifndef TK_COLLECTOR_ENGINE_PLACING_H
#define TK_COLLECTOR_ENGINE_PLACING_H

#include "collector/drain/drainer.h"

struct tk_collector;

/** Settle memory, and start the drainers of cpus that were named. @return 0, or -errno and a sentence in `why`. */
int tk_placing_begin(struct tk_collector *c, char why[256]);

/** The calling thread may run again where it might before. */
void tk_placing_end(struct tk_collector *c);

/** Who is to drain a lane that lies on this node, -1: unknown. @return NULL: nobody, for now. */
struct tk_drainer *tk_placing_choose(struct tk_collector *c, int node);

#endif
