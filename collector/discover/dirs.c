/* SPDX-License-Identifier: MIT */
#include "collector/discover/dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/machine/list.h"
#include "ring/segment_read.h"

#define NAMES_MAX 65536u /* read in a directory: more names are there to obstruct */

static int append(struct tk_dirs *d, const char *path)
{
	char **list;

	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->path[i], path))
			return 0;
	list = tk_list_grow(d->path, d->n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	d->path = list;
	list[d->n] = strdup(path);
	return list[d->n++] ? 0 : -ENOMEM;
}

/* A name that goes on with anything but digits is no user's. */
static int append_everybody(struct tk_dirs *d)
{
	static const char prefix[] = TK_SHARED_PLACE "/" TK_PLACE_PREFIX;
	glob_t found;
	int err = 0;

	if (glob(TK_SHARED_PLACE "/" TK_PLACE_PREFIX "[0-9]*", 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc && !err; i++) {
		const char *path = found.gl_pathv[i], *uid = path + sizeof(prefix) - 1;

		if (!uid[strspn(uid, "0123456789")])
			err = append(d, path);
	}
	globfree(&found);
	return err;
}

int tk_dirs_list(struct tk_dirs *d, const char *asked)
{
	char own[PATH_MAX];
	int err;

	memset(d, 0, sizeof(*d));
	if (asked) {
		err = append(d, asked);
	} else {
		err = tk_segments_dir(own, sizeof(own));
		if (!err)
			err = append(d, own);
		if (!err && geteuid() == 0 && !secure_getenv("TIMEKEEPER_DIR"))
			err = append_everybody(d);
	}
	if (err)
		tk_dirs_free(d);
	return err;
}

void tk_dirs_free(struct tk_dirs *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->path[i]);
	free(d->path);
	memset(d, 0, sizeof(*d));
}

void tk_dirs_text(const struct tk_dirs *d, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < d->n && used < size; i++) {
		const char *between = i == 0 ? "" : i + 1 == d->n ? " and " : ", ";

		used += (size_t)snprintf(text + used, size - used, "%s%s", between, d->path[i]);
	}
}

/* Leave out hidden files, and what `timekeeper tsc --offsets` keeps. */
static bool is_of_programs(const char *name)
{
	return name[0] != '.' && strcmp(name, "tsc-offsets") != 0;
}

struct names {
	char **name;
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_add(struct names *l, const char *name)
{
	char **list;

	if (l->n == NAMES_MAX)
		return -E2BIG;
	list = tk_list_grow(l->name, l->n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	l->name = list;
	list[l->n] = strdup(name);
	if (!list[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

static int names_read(struct names *l, int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (errno = 0, e = readdir(dir)))
		if (is_of_programs(e->d_name))
			err = names_add(l, e->d_name);
	err = err ? err : -errno;
	closedir(dir);
	return err;
}

static int explain(const char *dir, int err, char why[TK_WHY_MAX])
{
	if (err == -E2BIG)
		return tk_fail(why, E2BIG, "%.150s: only the first %u names in it are looked at",
			       dir, NAMES_MAX);
	return tk_fail(why, -err, "%.150s: %s", dir, strerror(-err));
}

int tk_dirs_each(const char *dir, char why[TK_WHY_MAX],
		 void (*each)(void *arg, int dirfd, const char *dir, const char *name), void *arg)
{
	int fd = tk_segments_open(dir, why);
	struct names l = { 0 };
	int err;

	if (fd < 0)
		return fd;
	err = names_read(&l, fd);
	if (err)
		err = explain(dir, err, why);
	if (l.n)
		qsort(l.name, l.n, sizeof(*l.name), by_name);
	for (size_t i = 0; i < l.n; i++) {
		each(arg, fd, dir, l.name[i]);
		free(l.name[i]);
	}
	free(l.name);
	close(fd);
	return err;
}
