/* SPDX-License-Identifier: MIT */
/*
 * ring/place.h - where segments are and what things are called: what both sides must agree on.
 */
#ifndef TK_RING_PLACE_H
#define TK_RING_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TK_WHY_MAX          256u /* a sentence that says why something failed */
#define TK_SEGMENT_NAME_MAX 127u /* bytes of a segment directory's name */
#define TK_PLACE_NAME_MAX   160u /* bytes of any file's name in or about a segment, with its NUL */

/**
 * Whether a name may be used and shown: 1..TK_NAME_MAX bytes of UTF-8 without control, format or
 * line-breaking characters, so that it can go to a terminal as it is.
 */
bool tk_name_valid(const char *name);

/**
 * The directory where this user's segments are: $TIMEKEEPER_DIR, else /dev/shm/timekeeper-<uid>.
 * The environment is ignored in setuid programs.
 * @return 0, or -ENAMETOOLONG.
 */
int tk_segments_dir(char *path, size_t size);

/** Put a sentence into `why`. @return -error. */
int tk_fail(char why[TK_WHY_MAX], int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Names of the files of lane `index`; of its slots on hugetlbfs, which carry the segment's too. */
void tk_place_lane(char name[TK_PLACE_NAME_MAX], unsigned index);
void tk_place_slots(char name[TK_PLACE_NAME_MAX], unsigned index);
void tk_place_huge(char name[TK_PLACE_NAME_MAX], const char *segment, unsigned index);

/** How large those files are: whole pages. */
size_t tk_place_head_size(uint32_t max_timers);
size_t tk_place_lane_size(uint32_t max_timers);

/** Unlink what belongs to the segment `name` in `dirfd`, and nothing else. @return 0 or -errno. */
int tk_place_remove(int dirfd, const char *name);

/** /proc/sys/kernel/random/boot_id, "" if it cannot be read. */
void tk_boot_id(char id[40]);

/** When a process began, in clock ticks since boot (field 22 of its stat); 0: no such process. */
uint64_t tk_process_start(pid_t pid);

#endif
