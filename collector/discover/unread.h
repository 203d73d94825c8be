/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/unread.h - records that programs removed before a present collector had
 * attached them, an app at a time (ring/unread.h): how much that has grown since this collector's
 * first listing.
 *
 * The collecting thread only.
 */
#ifndef TK_COLLECTOR_DISCOVER_UNREAD_H
#define TK_COLLECTOR_DISCOVER_UNREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/unread.h"

#define TK_UNREAD_APPS_MAX 4096u

struct tk_unread_app {
	char *path;                            /* of the file */
	char name[TK_PLACE_NAME_MAX];          /* in its directory */
	char app[TK_NAME_MAX + 1];             /* as the file says */
	uint64_t file_processes, file_records; /* the file's figures, as last read */
	uint64_t processes, records;           /* what they grew by since the first listing */
	uint64_t reported_processes, reported_records; /* of these, in closed intervals */
};

/** All zero: none. Grows only. */
struct tk_unread_apps {
	struct tk_unread_app *list;
	size_t n;
	uint64_t processes, records; /* of all of them */
};

/** Whether a name in a directory of segments is such a file's. */
bool tk_unread_is(const char *name);

/**
 * Read the file `path`, which is `name` in the directory `place`. @first: what it says by now was
 * there before this collector. @app: the only one that is wanted; NULL: all are.
 * @return 0, or a negative errno and `why`: -ENOSPC: there are too many
 */
int tk_unread_look(struct tk_unread_apps *l, int place, const char *path, const char *name,
		   bool first, const char *app, char why[TK_WHY_MAX]);

void tk_unread_free(struct tk_unread_apps *l);

#endif
