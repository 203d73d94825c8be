/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/watched.h - directories that this collector watches, and its presence in each.
 *
 * A program that closes its segment while a collector is present leaves the files for it
 * (ring/presence.h). So a collector enters a directory before it lists what is in it: what is not
 * in its first listing, and ends later, is there to be read.
 *
 * The collecting thread only.
 */
#ifndef TK_COLLECTOR_DISCOVER_WATCHED_H
#define TK_COLLECTOR_DISCOVER_WATCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "collector/discover/wake.h"
#include "ring/place.h"

struct tk_watched {
	char *path;
	int presence;  /* tk_presence_enter()'s descriptor; -1: not present */
	unsigned slot; /* in it */
	int wake;      /* the watch of it; 0: none */
	bool told;     /* people were told why it is not present */
	bool listed;   /* at least once, or it was not there: what appears from now on is new */
	dev_t dev;     /* the file that `presence` is of */
	ino_t ino;
};

/** All zero: none. Grows only: there is one a user. */
struct tk_watched_dirs {
	struct tk_watched *list;
	size_t n;
	bool all; /* those that there were were listed: what appears from now on is new */
};

/** Make the directory where this user's segments will be, if it is missing. Fails silently. */
void tk_watched_make(void);

/**
 * Enter a directory, if this collector is not present in it yet, or the directory is another one by
 * now; and have it wake the collecting thread.
 * @why: to be told to people; "" if there is nothing to tell. @return NULL: no memory
 */
struct tk_watched *tk_watched_enter(struct tk_watched_dirs *w, struct tk_wake *wake,
				    const char *path, char why[TK_WHY_MAX]);

/** The watch of a directory; 0: none. */
int tk_watched_wake(const struct tk_watched_dirs *w, const char *path);

void tk_watched_free(struct tk_watched_dirs *w);

#endif
