/* SPDX-License-Identifier: MIT */
/*
 * ring/owner.h - whether the process that made a segment lives. Both sides ask: readers to know what
 * is still to come, the library to know which of its app's leftovers nobody can need to have again.
 *
 * Any thread. A system call where it lives, some four where it does not.
 */
#ifndef TK_RING_OWNER_H
#define TK_RING_OWNER_H

#include <stdbool.h>

#include "ring/segment.h"

enum tk_owner {
	TK_OWNER_ALIVE,
	TK_OWNER_CLOSED, /* closed its segment properly; it may live on */
	TK_OWNER_DEAD,
	TK_OWNER_UNKNOWN, /* does not hold the lock, but a process of that pid and start time lives
			   */
};

/**
 * @headfd: of its `head`, open for reading; never of this process's own segment, whose lock would be
 * gone once it is closed. @head: what was read of it.
 */
enum tk_owner tk_owner_of(int headfd, const struct tk_segment_head *head);

/**
 * Of a segment `name` that has no head yet, or no more, or one that is still being made (headfd -1, or
 * it): whether its process died over that. Only if that is certain: no process here has its pid, none
 * anywhere holds the lock, and for ten seconds nothing happened in the directory `dirfd`, in which a
 * process of another pid namespace would have been done.
 */
bool tk_owner_abandoned(int dirfd, int headfd, const char *name);

#endif
