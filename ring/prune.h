/* SPDX-License-Identifier: MIT */
/*
 * ring/prune.h - what programs leave behind must not fill the memory of the machine. For programs.
 *
 * What is left, and by whom it is removed:
 *
 *	killed		The newest TK_DEAD_KEPT of an app stay, for their last records. Opening a
 *			segment removes older ones of its app.
 *	closed		Removed by who closes it; if a collector is present (ring/presence.h), by
 *			the last collector that needs it; if that died over it, by the app's next
 *			program.
 *	closed, kept	Stays: the program asked for that.
 *
 * What a present collector may still need is spared, but not without limit: a directory holds at
 * most TK_UNREAD_SEGMENTS such segments and TK_UNREAD_BYTES of their files. Beyond that they are
 * removed all the same, and counted in the app's figure (ring/unread.h) where a present collector
 * has not even attached them; one that has them attached sees by left_records in `head` what it did
 * not get.
 *
 * All fail silently: there is then as much as there was. No heap. Not for signal handlers. `place`
 * is the directory of segments, ours alone. Some 10 us a segment that is looked at.
 */
#ifndef TK_RING_PRUNE_H
#define TK_RING_PRUNE_H

#include <stdbool.h>

#define TK_DEAD_KEPT       4u /* of an app */
#define TK_UNREAD_SEGMENTS 4096u
#define TK_UNREAD_BYTES    (UINT64_C(256) << 20)

/**
 * Remove what the app's programs left. @own: the name that `app` has chosen for its segment; others
 * whose names begin so are looked at, at most 256 of them: which ones is left to chance if there
 * are more.
 */
void tk_prune(int place, const char *app, const char *own, bool group);

/**
 * Whether the files of our own segment, just closed, are to be left for collectors. `dirfd`: its
 * directory. Looks at all segments, if a collector is present. False: remove it. It is counted
 * then.
 */
bool tk_prune_leaves(int place, int dirfd, bool group);

#endif
