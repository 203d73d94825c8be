/* SPDX-License-Identifier: MIT */
/*
 * ring/timekeeper-rte.h - lanes that keep the first records rather than the last. Installed as
 * <timekeeper/timekeeper-rte.h>. Include it besides <timekeeper.h>; link with `pkg-config --libs
 * timekeeper-rte`.
 *
 *	tk_open("hello", &(struct tk_options){ .discipline = &tk_rte });
 *
 * or, for one thread, tk_join(&(struct tk_thread){ .discipline = &tk_rte }). Everything else stays
 * as it is: the same calls, the same records, the same `timekeeper`.
 *
 * A lane is an rte_ring, single producer, single consumer. What differs from the default:
 *
 *	full		the newest record is dropped, and counted: `timekeeper` shows it as lost.
 *			One slot of an rte_ring is never used, so a lane of n slots holds n - 1.
 *	readers		one at a time, which takes the records out; another waits for its end. It
 *			always begins at the oldest that nobody has taken.
 *	trust		the reader writes into the ring, and the enqueue believes what is there: a
 *			reader gone mad can crash the program. So only the same user may read it
 *			(slots.N has mode 0600, whatever tk_options.group says).
 *	cost		each push is two calls, and loads a line that the reader writes: bench/rings
 *			shows what that is worth beside the default.
 *	signals		an enqueue cannot be interrupted by another: a record that a handler makes
 *			while it interrupts one is dropped, and counted. If such a handler leaves by
 *			siglongjmp() the thread cannot know that the enqueue is over: the next
 *			65,535 records are dropped, and counted, unless it calls tk_leave() first.
 *			A handler that makes so many within one enqueue corrupts the lane.
 *	memory		slots rounded up to hugepages take one more: 4 MiB by default, not 2.
 *
 * Wait-free. A program killed in an enqueue leaves everything readable that was enqueued; a
 * collector killed leaves what it had not taken to the next.
 */
#ifndef TIMEKEEPER_RTE_H
#define TIMEKEEPER_RTE_H

#include "ring/discipline.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef TK_COMPILE_OUT
static const struct tk_discipline tk_rte
	__attribute__((unused)) = { TK_DISCIPLINE_RTE, NULL, NULL, NULL, NULL };
#else
extern const struct tk_discipline tk_rte __attribute__((visibility("default")));
#endif

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
