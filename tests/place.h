/* SPDX-License-Identifier: MIT */
/* A directory of its own for the segments of a test, in memory. */
#ifndef TK_TESTS_PLACE_H
#define TK_TESTS_PLACE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[64];

/** Make it, and send the library and `timekeeper` there. @return false: it cannot be made. */
static inline bool place_make(void)
{
	strcpy(place, "/dev/shm/tk-test-XXXXXX");
	return mkdtemp(place) && setenv("TIMEKEEPER_DIR", place, 1) == 0;
}

/** Make it, and open it. @return its descriptor, or -1 */
static inline int place_make_open(void)
{
	return place_make() ? open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/** Remove a directory of segments in which nothing is left but the empty file `collectors`, if
 * that. */
static inline bool place_remove_empty(const char *dir)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/collectors", dir);
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
		unlink(path);
	return rmdir(dir) == 0;
}

/** Remove it, with all that is in it. @return false: something is left. */
static inline bool place_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command) == 0;
}

#endif
