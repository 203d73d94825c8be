/* SPDX-License-Identifier: MIT */
#include "collector/dirs.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring/segment_read.h"

static int append(struct tk_dirs *d, const char *path)
{
	char **list;

	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->path[i], path))
			return 0;
	list = realloc(d->path, (d->n + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	d->path = list;
	list[d->n] = strdup(path);
	return list[d->n++] ? 0 : -ENOMEM;
}

static int append_everybody(struct tk_dirs *d)
{
	glob_t found;
	int err = 0;

	if (glob("/dev/shm/timekeeper-*", 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc && !err; i++)
		err = append(d, found.gl_pathv[i]);
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

/* Hidden files, and what `timekeeper tsc --offsets` keeps, are not meant for us. */
static int may_be_segment(const struct dirent *e)
{
	return e->d_name[0] != '.' && strcmp(e->d_name, "tsc-offsets");
}

int tk_dirs_each(const char *dir, char why[TK_WHY_MAX],
		 void (*each)(void *arg, int dirfd, const char *dir, const char *name), void *arg)
{
	int fd = tk_segments_open(dir, why);
	struct dirent **names;
	int n, err;

	if (fd < 0)
		return fd;
	n = scandirat(fd, ".", &names, may_be_segment, alphasort);
	err = n < 0 ? -errno : 0;
	if (err)
		snprintf(why, TK_WHY_MAX, "%.150s: %s", dir, strerror(-err));
	for (int i = 0; i < n; i++) {
		each(arg, fd, dir, names[i]->d_name);
		free(names[i]);
	}
	if (!err)
		free(names);
	close(fd);
	return err;
}
