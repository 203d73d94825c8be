/* SPDX-License-Identifier: MIT */
/*
 * ring/place_write.h - the directory of segments, as a program chooses and makes it. What a reader
 * asks of it is in ring/place_read.h.
 *
 * No heap. Not for signal handlers. Errors come as a negative errno and a sentence in `why`.
 */
#ifndef TK_RING_PLACE_WRITE_H
#define TK_RING_PLACE_WRITE_H

#include <limits.h>
#include <stdbool.h>

#include "ring/place.h"

#define TK_PLACE_MODE       0700 /* of a directory */
#define TK_PLACE_MODE_GROUP 0750 /* of one that the group may read */

/**
 * The path of the directory (tk_segments_dir()), made absolute, so that it stays the same when the
 * program changes its working directory. @return 0, -ENAMETOOLONG, or what getcwd() says.
 */
int tk_place_choose(char dir[PATH_MAX]);

/**
 * Open the directory, and make it if it is missing. With `group` the process's group is let in.
 * @return a descriptor, or -EPERM: it is another user's or others may write into it; -EACCES,
 * -ENOENT, -EMFILE, ...
 */
int tk_place_make(const char *dir, bool group, char why[TK_WHY_MAX]);

/** What a user can do about an error: "; raise `ulimit -n`" and the like, or "". */
const char *tk_place_remedy(int error);

#endif
