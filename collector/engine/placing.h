/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/placing.h - which drainer drains a lane, and where drainers run.
 *
 * Where no cpu is named, each NUMA node that has lanes gets a drainer when its first lane appears.
 * It may run on all cpus of its node: the scheduler knows best which of them is free. A node
 * without a cpu that this process may use is drained from the nearest node that has one.
 *
 * Where cpus are named, each gets a drainer that is pinned to it, and the lanes of a node are
 * divided among the drainers of the nearest cpus. Every other thread of this process then leaves
 * these cpus.
 *
 * For the collecting thread, except for tk_placing_begin() and tk_placing_end(), which the opening
 * thread calls before and after it runs.
 */
#ifndef TK_COLLECTOR_ENGINE_PLACING_H
#define TK_COLLECTOR_ENGINE_PLACING_H

#include "collector/drain/drainer.h"

struct tk_collector;

/**
 * Start the drainers of cpus that were named, and keep memory from moving or being fetched again.
 * @return 0, or -errno and a sentence in `why`
 */
int tk_placing_begin(struct tk_collector *c, char why[256]);

/** Let the calling thread run again where it might before. */
void tk_placing_end(struct tk_collector *c);

/** The drainer for a lane that lies on this node, -1: unknown. @return NULL: none can be had now */
struct tk_drainer *tk_placing_choose(struct tk_collector *c, int node);

#endif
