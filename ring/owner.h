/* SPDX-License-Identifier: MIT */
/*
 * ring/owner.h - whether the process that made a segment lives. Readers ask to know whether more
 * will come; the library asks to know which of its app's old segments it may remove.
 *
 * The owner holds a write lock on byte TK_SEGMENT_OWNER of `head`, through one page of that file,
 * which it maps and of which it has no descriptor (ring/segment_write.c). So the lock
 *	survives	closing every descriptor, setuid(), chroot(), namespaces of any kind
 *	ends with	exit, SIGKILL, exec: whenever the process's memory goes
 *	is not had by	a forked child
 *	is seen by	whoever can open `head`, in any namespace
 * A process that does not hold it is dead, for certain: pids and start times prove nothing across
 * namespaces, and are for people to read.
 *
 * Any thread. One system call.
 */
#ifndef TK_RING_OWNER_H
#define TK_RING_OWNER_H

#include <stdbool.h>

#include "ring/segment.h"

enum tk_owner {
	TK_OWNER_ALIVE,
	TK_OWNER_CLOSED, /* closed its segment properly; the process may live on */
	TK_OWNER_DEAD,
	TK_OWNER_UNKNOWN, /* of version 2 or before, of this boot, and not locked: such a lock could
			     get lost */
};

/** @headfd: of its `head`, open for reading. @head: what was read of it. */
enum tk_owner tk_owner_of(int headfd, const struct tk_segment_head *head);

/**
 * Of a segment `name` that has no head yet, or no more, or one that is still being made (`headfd`
 * is -1, or that head's): whether its process died over that. Said only if it is certain: no
 * process here has its pid, nobody anywhere holds the lock, and for ten seconds nothing happened in
 * the directory `dirfd`: a process in another pid namespace would have finished in that time.
 */
bool tk_owner_abandoned(int dirfd, int headfd, const char *name);

#endif
