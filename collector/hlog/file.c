/* SPDX-License-Identifier: MIT */
#include "collector/hlog/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ring/lock.h"

#define ROTATED_MAX 1000000u

static int refuse(char why[256], int err, const char *path, const char *what)
{
	snprintf(why, 256, "%.160s: %s", path, what);
	return err;
}

/* The lock is taken before the size is looked at, so that two that begin at once do not both find
 * an empty file. */
static int take(struct tk_hlog_file *f, bool replace, char why[256])
{
	struct stat st;

	if (fstat(f->fd, &st))
		return refuse(why, -errno, f->path, strerror(errno));
	f->regular = S_ISREG(st.st_mode);
	f->size = 0;
	if (!f->regular)
		return 0;
	if (tk_lock_take(f->fd, F_WRLCK, 0, 0) == -EAGAIN)
		return refuse(why, -EBUSY, f->path,
			      "another recorder writes it; stop that one, or name another file");
	if (fstat(f->fd, &st))
		return refuse(why, -errno, f->path, strerror(errno));
	if (st.st_size && !replace)
		return refuse(why, -EEXIST, f->path,
			      "it holds something already; name another file, or replace it with "
			      "--force");
	if (st.st_size && ftruncate(f->fd, 0))
		return refuse(why, -errno, f->path, strerror(errno));
	return 0;
}

static int open_with(struct tk_hlog_file *f, const char *path, int flags, bool replace,
		     char why[256])
{
	int err;

	f->path = path;
	f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | flags, 0666);
	if (f->fd < 0)
		return refuse(why, -errno, path, strerror(errno));
	err = take(f, replace, why);
	if (err) {
		close(f->fd);
		f->fd = -1;
	}
	return err;
}

int tk_hlog_file_open(struct tk_hlog_file *f, const char *path, bool replace, char why[256])
{
	return open_with(f, path, 0, replace, why);
}

/* A pipe may take a part at a time, and has nothing that could be cut off. */
static int write_all(struct tk_hlog_file *f, const char *lines, size_t size)
{
	while (size) {
		ssize_t done = write(f->fd, lines, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		lines += done;
		size -= (size_t)done;
	}
	return 0;
}

int tk_hlog_file_write(struct tk_hlog_file *f, const char *lines, size_t size)
{
	int err = write_all(f, lines, size);

	if (!err && f->sync && f->regular && fdatasync(f->fd))
		err = -errno;
	if (!f->regular)
		return err;
	if (!err)
		f->size += size;
	else if (ftruncate(f->fd, (off_t)f->size))
		return err; /* the next write begins with the rest of a line: readers say so */
	return err;
}

bool tk_hlog_file_has_room(const struct tk_hlog_file *f, uint64_t bytes)
{
	struct statvfs disk;
	struct rlimit limit;

	if (!f->regular)
		return true;
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur < f->size + bytes)
		return false;
	return fstatvfs(f->fd, &disk) || disk.f_bavail >= bytes / disk.f_frsize;
}

/* Without success the old file is back in its place, so that it can be tried again. */
static int open_next(struct tk_hlog_file *next, const char *path, const char *aside, char why[256])
{
	int err = open_with(next, path, O_EXCL, false, why);

	if (err && link(aside, path) == 0)
		unlink(aside);
	return err;
}

int tk_hlog_file_rotate(struct tk_hlog_file *f, char why[256])
{
	struct tk_hlog_file next = { .sync = f->sync };
	size_t size = strlen(f->path) + 16;
	char *aside = malloc(size);
	int err = aside ? -EEXIST : -ENOMEM;

	for (unsigned i = 1; err == -EEXIST && i < ROTATED_MAX; i++) {
		snprintf(aside, size, "%s.%u", f->path, i);
		err = link(f->path, aside) ? -errno : 0;
	}
	if (!err && unlink(f->path))
		err = -errno;
	if (err)
		refuse(why, err, f->path, strerror(-err));
	else
		err = open_next(&next, f->path, aside, why);
	free(aside);
	if (err)
		return err;
	close(f->fd);
	*f = next;
	return 0;
}

int tk_hlog_file_close(struct tk_hlog_file *f)
{
	int err = f->fd >= 0 && close(f->fd) ? -errno : 0;

	f->fd = -1;
	return err;
}
