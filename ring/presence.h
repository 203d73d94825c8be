/* SPDX-License-Identifier: MIT */
/*
 * ring/presence.h - which collectors watch a directory of segments.
 *
 * The directory holds an empty file, `collectors`. A collector that watches the directory holds a
 * write lock on one byte of that file, from 0 to 255: its slot. It is present as long as it holds
 * the lock, which the kernel drops however the collector ends. A program that closes its segment
 * while somebody is present leaves the files, and the collectors agree on who removes them, by
 * locks in the segment's `head` (ring/segment.h):
 *
 *	collector k				lock
 *	has attached the segment		byte TK_SEGMENT_ATTACHED + k
 *	needs it no more			byte TK_SEGMENT_DONE + k
 *
 * Each collector first locks its own `done` byte and then looks at the others', so that of those
 * that are present the last one removes a closed segment, and one that dies is not waited for.
 *
 * The file is its owner's alone (0600), also where the group may read segments: who may only read
 * cannot hold a slot, and what closes is removed without waiting for him.
 *
 * Any thread. No heap.
 */
#ifndef TK_RING_PRESENCE_H
#define TK_RING_PRESENCE_H

#include "ring/lock.h"
#include "ring/place.h"

#define TK_PRESENCE_SLOTS TK_LOCK_SET

/** Make the file if it is missing, in a directory of our own. Fails silently. */
void tk_presence_make(int place);

/**
 * List the slots that are held, for a program. @return whether there are any. A file that is not a
 * regular file of the directory's owner has none.
 */
bool tk_presence_list(int place, struct tk_lock_set *present);

/** Whether a collector in `present` may still need the segment whose `head` is open. */
bool tk_presence_needs(const struct tk_lock_set *present, int headfd);

/** Whether a collector in `present` has not attached it, and may still need it. */
bool tk_presence_missed(const struct tk_lock_set *present, int headfd);

/**
 * For a collector: take the first free slot of the directory `place`. Makes the file where the
 * directory is this user's; elsewhere (root) opens it only if it is a regular file of the
 * directory's owner.
 * @return a descriptor, and its slot; present until it is closed. Or -ENOENT (no such file, and not
 * ours to make), -EUSERS (all are taken), -EACCES, -EBADMSG (not such a file), ..., and `why`: the
 * collector can still watch, but what closes is removed without waiting for it.
 */
int tk_presence_enter(int place, unsigned *slot, char why[TK_WHY_MAX]);

#endif
