/* SPDX-License-Identifier: MIT */
/* A tree of files, for a machine's /sys, /proc and /dev: tests make, spoil and remove it. */
#ifndef TK_TESTS_TREE_H
#define TK_TESTS_TREE_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[64];

static inline void tree_make(void)
{
	strcpy(tree_root, "/dev/shm/tk-test-XXXXXX");
	cr_assert_not_null(mkdtemp(tree_root));
}

/* The name of root + path, with the folders on the way to it. */
static inline void tree_way(const char *path, char name[512])
{
	snprintf(name, 512, "%s%s", tree_root, path);
	for (char *p = strchr(name + strlen(tree_root) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(name, 0700);
		*p = '/';
	}
}

/* Make root + path with these bytes at this offset. */
static inline void tree_put(const char *path, const void *bytes, size_t len, off_t at)
{
	char name[512];
	int fd;

	tree_way(path, name);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert(fd >= 0 && pwrite(fd, bytes, len, at) == (ssize_t)len);
	close(fd);
}

static inline void tree_text(const char *path, const char *s)
{
	tree_put(path, s, strlen(s), 0);
}

static inline void tree_link(const char *path, const char *to)
{
	char name[512];

	tree_way(path, name);
	cr_assert_eq(symlink(to, name), 0, "%s", path);
}

static inline void tree_gone(const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s%s", tree_root, path);
	cr_assert_eq(unlink(name), 0, "%s", path);
}

static inline int tree_drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tree_remove(void)
{
	nftw(tree_root, tree_drop, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
