/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/below.h - the kernel's long text files, below a root, line by line.
 *
 * tsc/files.h reads the short ones. Any thread.
 */
#ifndef TK_COLLECTOR_MACHINE_BELOW_H
#define TK_COLLECTOR_MACHINE_BELOW_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/**
 * Open root + path for reading. A root may have anything there: a FIFO does not make this wait.
 * @return NULL and errno
 */
static inline FILE *tk_open_below(const char *root, const char *path)
{
	char name[512];
	FILE *f;
	int fd;

	if ((size_t)snprintf(name, sizeof(name), "%s%s", root, path) >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f && fd >= 0) {
		close(fd);
		errno = ENOMEM;
	}
	return f;
}

#endif
