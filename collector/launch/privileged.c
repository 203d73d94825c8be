/* SPDX-License-Identifier: MIT */
#include "collector/launch/privileged.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The first in PATH that may be executed. @return path, or NULL */
static const char *find(const char *command, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH");
	struct stat st;

	if (strchr(command, '/'))
		return command;
	while (dirs && *dirs) {
		int n = (int)strcspn(dirs, ":");

		snprintf(path, PATH_MAX, "%.*s/%s", n ? n : 1, n ? dirs : ".", command);
		if (access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return path;
		dirs += n + (dirs[n] == ':');
	}
	return NULL;
}

/* Nothing is gained on such a file system, nor by who gave up to gain anything. */
static bool may_gain(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && !(fs.f_flag & ST_NOSUID) &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

const char *tk_privileged(const char *command)
{
	char room[PATH_MAX], value[64];
	const char *path = find(command, room);
	struct stat st;

	if (!path || stat(path, &st) || !may_gain(path))
		return NULL;
	if (st.st_mode & S_ISUID && st.st_uid != getuid())
		return "is setuid";
	/* Without the group's x the bit means something else. */
	if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getgid())
		return "is setgid";
	/* Root has every capability already. */
	if (getuid() && getxattr(path, "security.capability", value, sizeof(value)) > 0)
		return "has file capabilities";
	return NULL;
}
