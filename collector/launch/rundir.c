/* SPDX-License-Identifier: MIT */
#include "collector/launch/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/place_read.h"

#define PREFIX ".run."
#define TRIES  100 /* children may be making segments in it while it is removed */

static int open_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd < 0 ? -errno : fd;
	error = errno;
	close(fd);
	return -error;
}

/* The directory of segments, as programs would be told of it, whatever directory they are in. */
static int find_base(char base[PATH_MAX], const char *asked, char why[TK_WHY_MAX])
{
	char path[PATH_MAX];
	int fd;

	if (!asked && tk_segments_dir(path, sizeof(path)))
		return tk_fail(why, ENAMETOOLONG, "the path in TIMEKEEPER_DIR is too long");
	if (!asked)
		asked = path;
	if (mkdir(asked, 0700) && errno != EEXIST)
		return tk_fail(why, errno, "cannot make the directory %.150s: %s", asked,
			       strerror(errno));
	fd = tk_segments_open(asked, why);
	if (fd < 0)
		return fd;
	close(fd);
	if (!realpath(asked, base))
		return tk_fail(why, errno, "%.150s: %s", asked, strerror(errno));
	return 0;
}

int tk_rundir_make(struct tk_rundir *d, const char *base, char why[TK_WHY_MAX])
{
	char in[PATH_MAX];
	int err = find_base(in, base, why);

	d->fd = -1;
	if (err)
		return err;
	if (snprintf(d->path, sizeof(d->path), "%s/" PREFIX "%d.XXXXXX", in, getpid()) >=
	    (int)sizeof(d->path) - 2)
		return tk_fail(why, ENAMETOOLONG, "%.150s: the path is too long", in);
	if (!mkdtemp(d->path))
		return tk_fail(why, errno, "cannot make a directory in %.150s: %s", in,
			       strerror(errno));
	(void)chmod(d->path, 0700); /* whatever the umask */
	d->fd = open_locked(d->path);
	if (d->fd >= 0)
		return 0;
	err = d->fd;
	(void)rmdir(d->path);
	return tk_fail(why, -err, "cannot open %.150s: %s", d->path, strerror(-err));
}

void tk_rundir_variable(const struct tk_rundir *d, char value[PATH_MAX + 2])
{
	snprintf(value, PATH_MAX + 2, "%s/.", d->path);
}

static bool remove_entry(void *arg, int dirfd, const char *name)
{
	(void)arg;
	if (strcmp(name, ".") && strcmp(name, "..") && unlinkat(dirfd, name, 0))
		(void)tk_place_remove(dirfd, name); /* a segment */
	return true;
}

int tk_rundir_remove(struct tk_rundir *d)
{
	int err = 0;

	if (d->fd < 0)
		return 0;
	for (int i = 0; i < TRIES; i++) {
		(void)tk_place_each(d->fd, remove_entry, NULL);
		err = rmdir(d->path) && errno != ENOENT ? -errno : 0;
		if (err != -ENOTEMPTY && err != -EEXIST)
			break;
	}
	close(d->fd);
	d->fd = -1;
	return err;
}

/* ---- what was left behind ---- */

struct left {
	const char *base;
	void (*each)(void *arg, const char *path);
	void *arg;
};

static bool visit(void *arg, int dirfd, const char *name)
{
	const struct left *l = arg;
	char path[PATH_MAX];
	int fd;

	(void)dirfd;
	if (strncmp(name, PREFIX, strlen(PREFIX)) ||
	    snprintf(path, sizeof(path), "%s/%s", l->base, name) >= (int)sizeof(path))
		return true;
	fd = open_locked(path);
	if (fd < 0)
		return true;
	l->each(l->arg, path);
	close(fd);
	return true;
}

void tk_rundir_each_left(const char *base, void (*each)(void *arg, const char *path), void *arg)
{
	struct left l = { base, each, arg };
	char why[TK_WHY_MAX];
	int fd = tk_segments_open(base, why);

	if (fd < 0)
		return;
	(void)tk_place_each(fd, visit, &l);
	close(fd);
}

static bool is_shared(void *arg, int dirfd, const char *name)
{
	bool *only = arg;

	(void)dirfd;
	*only = !strcmp(name, ".") || !strcmp(name, "..") || tk_place_is_shared(name);
	return *only;
}

int tk_rundir_remove_left(const char *path)
{
	struct tk_rundir d = { .fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) };
	bool only = true;

	if (d.fd < 0)
		return -errno;
	snprintf(d.path, sizeof(d.path), "%s", path);
	(void)tk_place_each(d.fd, is_shared, &only);
	if (only)
		return tk_rundir_remove(&d);
	close(d.fd);
	return -ENOTEMPTY;
}
