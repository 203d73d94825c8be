/* SPDX-License-Identifier: MIT */
/*
 * ring/place.h - where segments are, and what their files are called. Both sides use it.
 *
 * Any thread. No heap.
 */
#ifndef TK_RING_PLACE_H
#define TK_RING_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TK_WHY_MAX          256u /* a sentence that says why something failed */
#define TK_SEGMENT_NAME_MAX 127u /* bytes of a segment directory's name */
#define TK_SHARED_PLACE     "/dev/shm"
#define TK_PLACE_PREFIX     "timekeeper-" /* then the user's number */
#define TK_PLACE_COLLECTORS "collectors"  /* ring/presence.h */
#define TK_PLACE_UNREAD     ".unread"     /* after an app's name: ring/unread.h */
#define TK_PLACE_NAME_MAX   160u /* bytes of any file's name in or about a segment, with its NUL */

/**
 * Whether a name may be used and shown: 1..TK_NAME_MAX bytes of UTF-8 without control, format or
 * line-breaking characters, so that it can go to a terminal as it is.
 */
bool tk_name_valid(const char *name);

/** Whether it may be the unit of values: at most TK_UNIT_MAX of the letters a to z and "_". */
bool tk_unit_valid(const char *unit);

/**
 * The directory where this user's segments are: $TIMEKEEPER_DIR, else /dev/shm/timekeeper-<uid>.
 * The environment is ignored in setuid programs.
 * @return 0, or -ENAMETOOLONG.
 */
int tk_segments_dir(char *path, size_t size);

/** Put a formatted sentence into `why`. @return -error. */
int tk_fail(char why[TK_WHY_MAX], int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Names of the files of lane `index`. The last is that of its slots on hugetlbfs, and has the
 * segment's name in it. */
void tk_place_lane(char name[TK_PLACE_NAME_MAX], unsigned index);
void tk_place_slots(char name[TK_PLACE_NAME_MAX], unsigned index);
void tk_place_huge(char name[TK_PLACE_NAME_MAX], const char *segment, unsigned index);

/** `<app><end>`, in which '_' replaces what a file's name may not hold. */
void tk_place_safe(char name[TK_PLACE_NAME_MAX], const char *app, const char *end);

/** Whether a name in a directory of segments is one of the two files that are no segments. */
bool tk_place_is_shared(const char *name);

/** The <pid> in `<app>.<pid>.<random>`; 0: this is not a segment's name. */
pid_t tk_place_pid(const char *name);

/**
 * Open `name` in a directory of segments, or in a segment: never through a symbolic link, and never
 * through a mount point, behind which a user may have put a file system of his own that never
 * answers. Before Linux 5.6, or where a filter forbids openat2(), mount points are followed.
 * @return a descriptor, or -1 and errno.
 */
int tk_place_open(int dirfd, const char *name, int flags);

/**
 * Call each() for every name in a directory, in no particular order, until it returns false. It may
 * unlink that name. @return 0 or -errno: the directory cannot be read.
 */
int tk_place_each(int dirfd, bool (*each)(void *arg, int dirfd, const char *name), void *arg);

/** The sizes of `head` and lane.N: whole pages. */
size_t tk_place_head_size(uint32_t max_timers);
size_t tk_place_lane_size(uint32_t max_timers);

/**
 * Unlink what belongs to the segment `name` in `place`, of which `dirfd` is open, and nothing else.
 * @return 0 or -errno.
 */
int tk_place_remove_open(int place, int dirfd, const char *name);

/** The same for a directory that is opened by its name. */
int tk_place_remove(int place, const char *name);

/** /proc/sys/kernel/random/boot_id, "" if it cannot be read. */
void tk_boot_id(char id[40]);

/** When a process began, in clock ticks since boot (field 22 of /proc/<pid>/stat); 0: there is no
 * such process. Proves nothing about a process of another pid or time namespace. */
uint64_t tk_process_start(pid_t pid);

#endif
