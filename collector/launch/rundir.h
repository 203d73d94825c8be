/* SPDX-License-Identifier: MIT */
/*
 * collector/launch/rundir.h - a private directory in which one command and its children record.
 *
 * It is `.run.PID.RANDOM`, mode 0700, in the directory of segments, where no other collector looks:
 * names that begin with a dot are not listed. Whoever made it holds an flock on it for as long as
 * it lives; what it leaves behind when it is killed has no lock, and `timekeeper clean` removes it.
 *
 * No function prints. Main thread.
 */
#ifndef TK_COLLECTOR_LAUNCH_RUNDIR_H
#define TK_COLLECTOR_LAUNCH_RUNDIR_H

#include <limits.h>

#include "ring/place.h"

struct tk_rundir {
	char path[PATH_MAX];
	int fd; /* holds the lock; -1: there is none */
};

/**
 * Make one in `base`, or if that is NULL in $TIMEKEEPER_DIR or /dev/shm/timekeeper-UID, which is
 * made if it is missing. tk_rundir_remove() is its partner.
 * @return 0, or -errno and `why`
 */
int tk_rundir_make(struct tk_rundir *d, const char *base, char why[TK_WHY_MAX]);

/**
 * What TIMEKEEPER_DIR is to be for those who record in it: the path with `/.` at its end. So a
 * program that outlives the directory cannot make it anew: mkdir() says that it does not exist.
 */
void tk_rundir_variable(const struct tk_rundir *d, char value[PATH_MAX + 2]);

/**
 * Remove it with all segments in it, also of processes that live: they go on, and record into
 * memory that nobody sees. Without effect if there is none. @return 0 or -errno: something is left
 */
int tk_rundir_remove(struct tk_rundir *d);

/**
 * Call each() with the path of every such directory in `base` that nobody has locked: its maker was
 * killed.
 */
void tk_rundir_each_left(const char *base, void (*each)(void *arg, const char *path), void *arg);

/**
 * Remove one that was left, once there is no segment in it any more.
 * @return 0, or -ENOTEMPTY: there still is one, or another -errno
 */
int tk_rundir_remove_left(const char *path);

#endif
