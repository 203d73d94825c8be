/* SPDX-License-Identifier: MIT */
/*
 * ring/prune.h - what crashes leave behind must not fill the memory of the machine.
 *
 * A killed process's segment stays, so that its last records can be read. Of a program that crashes
 * again and again the newest few are enough. Opening a segment therefore removes older ones of the
 * same app, in the same directory, whose process is dead for certain: not one that closed its
 * segment and kept it, not one that may live, not one that cannot be read.
 */
#ifndef TK_RING_PRUNE_H
#define TK_RING_PRUNE_H

#define TK_DEAD_KEPT 4u /* of an app */

/**
 * @place: the segments' directory, ours alone. @own: the name that `app` has chosen for its segment;
 * others whose names begin so are looked at, 1,024 at most, some microseconds each. Fails silently:
 * there is then as much as there was. No heap. Not for signal handlers.
 */
void tk_prune(int place, const char *app, const char *own);

#endif
