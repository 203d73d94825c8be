/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/file.h - the file that a log is written to: one writer, whole lines, rotation.
 *
 * A lock keeps a second recorder out (ring/lock.h); it is gone with its process. Each write is one
 * system call. If the disk takes only a part of it, that part is cut off again: the file ends with
 * a whole line at any time, also when the process is killed.
 *
 * What is rotated away is called PATH.1, PATH.2 and so on, in the order of time: the next number
 * that is free. PATH itself is always the one that is written to.
 *
 * One thread per file.
 */
#ifndef TK_COLLECTOR_HLOG_FILE_H
#define TK_COLLECTOR_HLOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_hlog_file {
	const char *path; /* the caller's */
	int fd;
	bool regular; /* else a pipe or a device, which has neither lock nor size */
	bool sync;    /* wait until each write is on the disk */
	uint64_t size;
};

/**
 * Make it, or take an empty one; `replace` empties one that is not.
 * @path: stays the caller's, and must stay there
 * @return 0; or a negative errno and a sentence that says what to do: -EBUSY: somebody else writes
 * it, -EEXIST: it has something in it
 */
int tk_hlog_file_open(struct tk_hlog_file *f, const char *path, bool replace, char why[256]);

/** Append whole lines. @return 0, or a negative errno: nothing was appended */
int tk_hlog_file_write(struct tk_hlog_file *f, const char *lines, size_t size);

/**
 * Whether there seems to be room for so much more: on the disk, and within this process's limit.
 */
bool tk_hlog_file_has_room(const struct tk_hlog_file *f, uint64_t bytes);

/** Put what there is aside, and begin an empty file. @return as tk_hlog_file_open() */
int tk_hlog_file_rotate(struct tk_hlog_file *f, char why[256]);

/** @return 0, or a negative errno: the disk did not take all of it */
int tk_hlog_file_close(struct tk_hlog_file *f);

#endif
