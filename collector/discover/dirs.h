/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/dirs.h - the directories in which to look for segments, and the names in one.
 *
 * The directory that was asked for; else $TIMEKEEPER_DIR; else the user's own, and for root every
 * user's (which must belong to them: see tk_segments_open()).
 */
#ifndef TK_COLLECTOR_DISCOVER_DIRS_H
#define TK_COLLECTOR_DISCOVER_DIRS_H

#include <stddef.h>

#include "ring/place.h"

/* Bound what is read at a time, whatever is there, and so memory: the tables of a timer take some
 * 160 bytes, and another kilobyte once it is defined. */
#define TK_READ_SEGMENTS 4096u
#define TK_READ_TIMERS   (1u << 20) /* that all segments have room for */
#define TK_READ_TOO_MANY                                                                           \
	"one too many: 4,096 segments with room for 1,048,576 timers are read at most; choose by " \
	"--app or --pid"

struct tk_dirs {
	char **path;
	size_t n;
};

/**
 * @asked: a directory; NULL: the defaults. They need not exist. @return 0, -ENOMEM or -ENAMETOOLONG
 */
int tk_dirs_list(struct tk_dirs *d, const char *asked);
void tk_dirs_free(struct tk_dirs *d);

/** "a, b and c", for messages, cut to size. */
void tk_dirs_text(const struct tk_dirs *d, char *text, size_t size);

/**
 * Call each() for every name in a directory that may be a segment's, or is one of the files that
 * programs share (tk_place_is_shared()), in alphabetical order.
 * @return 0; a negative errno with a sentence in why[TK_WHY_MAX]: it cannot be read, or is not
 * trusted; -E2BIG: it holds more than 65,536 names, and the rest was not looked at
 */
int tk_dirs_each(const char *dir, char why[TK_WHY_MAX],
		 void (*each)(void *arg, int dirfd, const char *dir, const char *name), void *arg);

#endif
