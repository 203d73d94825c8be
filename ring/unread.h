/* SPDX-License-Identifier: MIT */
/*
 * ring/unread.h - how much of an app was removed that a collector should have read.
 *
 * Memory is bounded, so programs do not leave segments without limit for collectors that are slow
 * or stopped (ring/prune.h). What they remove before it was read is counted, in one file an app:
 * `<app>.unread`, a page, in the directory of segments. Only programs make it and add to it; it
 * only grows, and nobody removes it. Collectors read it, and report what it grew by as lost.
 *
 * Any thread. No heap.
 */
#ifndef TK_RING_UNREAD_H
#define TK_RING_UNREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/place.h"
#include "ring/segment.h"

#define TK_UNREAD_MAGIC   UINT64_C(0x31647275656b7400) /* "\0tkeurd1" */
#define TK_UNREAD_VERSION 1u
#define TK_UNREAD_SIZE    4096u

struct tk_unread {
	uint64_t magic;
	uint32_t version;
	uint32_t reserved;
	/* Added to by any process of the app; pair with nothing. */
	uint64_t processes; /* segments */
	uint64_t records;   /* that their lanes were given */
	char app[TK_NAME_MAX + 1];
};

_Static_assert(offsetof(struct tk_unread, processes) == 16, "layout of <app>.unread");
_Static_assert(offsetof(struct tk_unread, app) == 32, "layout of <app>.unread");

/**
 * Add a segment of `records` to the figure of `app`, for the group to read if `group`. For
 * programs. Two apps whose names differ only in what a file's name may not hold share a file, and
 * the name in it.
 * @return 0 or -errno: it was not added.
 */
int tk_unread_add(int place, const char *app, uint64_t records, bool group);

/**
 * Read the figure in the file `name` of the directory `place`. For collectors: hostile input,
 * opened only if it is a regular file of the directory's owner. Some 10 us.
 * @return 0, or -ENOENT, -EAGAIN (it is being made), -EBADMSG, ... and `why`.
 */
int tk_unread_read(int place, const char *name, struct tk_unread *unread, char why[TK_WHY_MAX]);

#endif
