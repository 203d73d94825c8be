/* SPDX-License-Identifier: MIT */
#include "ring/place_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring/test_point.h"

/* The <uid> of TK_SHARED_PLACE/TK_PLACE_PREFIX<uid>; -1: another path. */
static int64_t uid_of_place(const char *path)
{
	static const char prefix[] = TK_SHARED_PLACE "/" TK_PLACE_PREFIX;
	const char *uid = path + sizeof(prefix) - 1;

	if (strncmp(path, prefix, sizeof(prefix) - 1) || !uid[0] || strlen(uid) > 10 ||
	    uid[strspn(uid, "0123456789")])
		return -1;
	return strtoll(uid, NULL, 10);
}

/* Any user can make directories in /dev/shm: verify that this one belongs to the user in its name,
 * and that it is not a mount point. A directory that was asked for by another path may be one. */
static int open_place(const char *path, bool *others)
{
	int64_t uid = uid_of_place(path);
	struct stat st;
	int shared, fd;

	*others = false;
	if (uid < 0)
		return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	shared = open(TK_SHARED_PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (shared < 0)
		return -1;
	fd = tk_place_open(shared, strrchr(path, '/') + 1, O_RDONLY | O_DIRECTORY);
	close(shared);
	*others = fd >= 0 && (fstat(fd, &st) || st.st_uid != uid);
	return fd;
}

int tk_segments_open(const char *path, char why[TK_WHY_MAX])
{
	bool others;
	int fd = open_place(path, &others);
	struct stat st;

	if (fd < 0)
		return tk_fail(why, errno, "%.150s: %s", path, strerror(errno));
	if (others) {
		close(fd);
		return tk_fail(
			why, EPERM,
			"%.150s: it belongs to another user than its name says, so it is not "
			"trusted",
			path);
	}
	if (fstat(fd, &st) || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return tk_fail(why, EPERM, "%.150s: others may write into it, so it is not trusted",
			       path);
	}
	return fd;
}

/* Why a directory cannot be opened. */
static const char *reason(int error)
{
	if (error == EXDEV)
		return "something else is mounted on it";
	return error == ENOTDIR || error == ELOOP ? "it is not a directory" : strerror(error);
}

int tk_place_open_segment(int place, const char *name, struct stat *st, char why[TK_WHY_MAX])
{
	int fd = tk_place_open(place, name, O_RDONLY | O_DIRECTORY);
	struct stat around;

	if (fd < 0)
		return tk_fail(why, errno, "%s", reason(errno));
	TK_TEST_POINT("attach.dir");
	if (fstat(place, &around) || fstat(fd, st) || around.st_uid != st->st_uid) {
		close(fd);
		return tk_fail(why, EPERM, "it belongs to another user than its directory");
	}
	return fd;
}

/* Find it first (O_PATH), and open it only once its type is known: to open a device has effects. */
int tk_place_open_file(int dirfd, const char *name, int access, uid_t uid, struct stat *st,
		       char why[TK_WHY_MAX])
{
	int found = tk_place_open(dirfd, name, O_PATH), fd;
	char path[32];

	*st = (struct stat){ 0 };
	if (found < 0)
		return tk_fail(why, errno, "%s: %s", name, reason(errno));
	if (fstat(found, st) || !S_ISREG(st->st_mode) || st->st_uid != uid) {
		close(found);
		return tk_fail(why, EBADMSG, "%s is not a regular file of the segment's owner",
			       name);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	fd = open(path, access | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = tk_fail(why, ENOTSUP,
			     "%s cannot be opened without /proc, which is not mounted here", name);
	else if (fd < 0)
		fd = tk_fail(why, errno, "%s: %s", name, strerror(errno));
	close(found);
	return fd;
}

int tk_place_read(int fd, void *to, size_t size, off_t at)
{
	ssize_t n = pread(fd, to, size, at);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EBADMSG;
}
