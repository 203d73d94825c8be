/* SPDX-License-Identifier: MIT */
/*
 * collector/dirs.h - the directories in which to look for segments, and what is in one.
 *
 * The one that was asked for; else $TIMEKEEPER_DIR; else the user's own, and for root every user's.
 */
#ifndef TK_COLLECTOR_DIRS_H
#define TK_COLLECTOR_DIRS_H

#include <stddef.h>

#include "ring/place.h"

struct tk_dirs {
	char **path;
	size_t n;
};

/** @asked: NULL: the default. They need not exist. @return 0, -ENOMEM or -ENAMETOOLONG. */
int tk_dirs_list(struct tk_dirs *d, const char *asked);
void tk_dirs_free(struct tk_dirs *d);

/** "a, b and c", for messages, cut to size. */
void tk_dirs_text(const struct tk_dirs *d, char *text, size_t size);

/**
 * Call each() for every name in a directory that may be a segment's, in alphabetical order.
 * @return 0; a negative errno with a sentence in why[TK_WHY_MAX]: it cannot be read, or not trusted.
 */
int tk_dirs_each(const char *dir, char why[TK_WHY_MAX],
		 void (*each)(void *arg, int dirfd, const char *dir, const char *name), void *arg);

#endif
