/* SPDX-License-Identifier: MIT */
/*
 * ring/place_read.h - opens files that other users made, without being led elsewhere.
 *
 * Everything is opened relative to a directory's descriptor, through no symbolic link and no mount
 * point. Type and owner are verified before a file is opened, so that only regular files of the
 * owner are. Of a directory of segments, owner and mode are verified.
 *
 * Any thread. Errors come as a negative errno and a sentence in `why`.
 */
#ifndef TK_RING_PLACE_READ_H
#define TK_RING_PLACE_READ_H

#include <sys/stat.h>

#include "ring/place.h"

/**
 * Open a directory of segments for reading.
 * @return a descriptor, or -ENOENT, -EACCES, -ENOTDIR, -ELOOP, ...; or -EPERM: others than its
 * owner may write into it, or it is /dev/shm/timekeeper-<uid> and belongs to another user.
 */
int tk_segments_open(const char *path, char why[TK_WHY_MAX]);

/** Open the directory `name` in `place`, if both have the same owner: st->st_uid. */
int tk_place_open_segment(int place, const char *name, struct stat *st, char why[TK_WHY_MAX]);

/**
 * Open `name` in a segment's directory, if it is a regular file of `uid`: O_RDONLY, O_WRONLY or
 * O_RDWR. Some 10 us. Needs /proc. @return a descriptor or a negative errno.
 */
int tk_place_open_file(int dirfd, const char *name, int access, uid_t uid, struct stat *st,
		       char why[TK_WHY_MAX]);

/** Read `size` bytes. @return 0, or -EBADMSG: there are fewer, or a negative errno. */
int tk_place_read(int fd, void *to, size_t size, off_t at);

#endif
