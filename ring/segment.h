/* SPDX-License-Identifier: MIT */
/*
 * ring/segment.h - a segment: one watched process's shared memory, as it lies there.
 *
 * A segment is a directory `<app>.<pid>.<random>` in the segments' directory, which is
 * $TIMEKEEPER_DIR, else /dev/shm/timekeeper-<uid>:
 *
 *	head		struct tk_segment_head, then struct tk_segment_timer[max_timers]
 *	control		u8 disabled[max_timers]: written by `timekeeper enable|disable`, read by the
 *			producer. Besides a queue's slots.N (ring/queue_read.h) it is the only
 *			file that anybody but the producer writes
 *	lane.N, slots.N	the lanes (ring/lane.h)
 *
 * When a process dies its files stay, so that its last records can be read, until `timekeeper clean
 * --force`, or until its app has died four times more (ring/prune.h). A process that closes its
 * segment unlinks it, unless a collector is present (ring/presence.h): then the last collector that
 * needs it does. Nobody ever truncates a file.
 *
 * Locks on bytes of `head`, all by ring/lock.h:
 *
 *	TK_SEGMENT_OWNER		write lock of the owner, from before OPEN until it closes
 *					the segment or ends (ring/owner.h)
 *	TK_SEGMENT_ATTACHED + slot	read lock of a collector that has attached it
 *	TK_SEGMENT_DONE + slot		read lock of a collector that needs it no more
 *
 * Format version: TK_SEGMENT_VERSION changes with any change of layout or meaning that a reader
 * must know of. A reader reads every version from TK_SEGMENT_OLDEST on up to its own, since a
 * package that is upgraded meets programs that run; it refuses any other. What it does not have to
 * know of takes reserved bytes, which are 0 in segments of older libraries. Numbers are
 * little-endian. The counts imply all offsets: the files hold no pointer and no offset that would
 * have to be checked.
 */
#ifndef TK_RING_SEGMENT_H
#define TK_RING_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#define TK_SEGMENT_MAGIC   UINT64_C(0x316765736b740000) /* "\0\0tkseg1" */
#define TK_SEGMENT_VERSION 3u
#define TK_SEGMENT_OLDEST  3u /* of the first release: it never rises */
#define TK_SEGMENT_POSIX   2u /* the last version whose owner's lock belonged to a process */

#define TK_SEGMENT_OWNER    0
#define TK_SEGMENT_ATTACHED 256
#define TK_SEGMENT_DONE     512

#define TK_NAME_MAX   63u /* bytes of a timer's or an app's name: printable UTF-8 */
#define TK_UNIT_MAX   15u /* bytes of a value's unit: a to z and _ */
#define TK_TIMERS_MAX 65536u
#define TK_LANES_MAX  4096u
#define TK_STAMPS     4u /* enum tk_stamp */

#define TK_TIMERS_DEFAULT 1024u
#define TK_LANES_DEFAULT  256u
#define TK_SLOTS_DEFAULT  65536u

enum tk_segment_state {
	TK_SEGMENT_MAKING = 0, /* readers wait for TK_SEGMENT_OPEN, or find it abandoned */
	TK_SEGMENT_OPEN = 1,
	TK_SEGMENT_CLOSED = 2, /* by tk_close() or at exit: complete, its last data readable */
};

enum tk_clock_kind {
	TK_CLOCK_TSC = 0,
	TK_CLOCK_MONOTONIC = 1, /* stamps are CLOCK_MONOTONIC ns: asked for, no invariant TSC */
};

/* What a timer's records are of. A record of the other sort is set aside by who reads it. */
enum tk_timer_sort {
	TK_TIMER_SPANS =
		0, /* of time: all kinds but TK_KIND_VALUE; also what older libraries wrote */
	TK_TIMER_VALUES = 1, /* of numbers: TK_KIND_VALUE, and marks */
};

struct tk_segment_timer {
	char name[TK_NAME_MAX + 1];
	uint32_t stamp;             /* enum tk_stamp */
	uint32_t sort;              /* enum tk_timer_sort */
	char unit[TK_UNIT_MAX + 1]; /* of values; "": they have none */
	uint32_t reserved[10];      /* 0 */
};

struct tk_segment_head {
	/* Written once, before `state` is release-stored as TK_SEGMENT_OPEN; readers
	 * acquire-load it (by pread, which orders at least as much). */
	uint64_t magic;
	uint32_t version;
	uint32_t clock;      /* enum tk_clock_kind */
	uint32_t max_timers; /* 1..TK_TIMERS_MAX */
	uint32_t max_lanes;  /* 1..TK_LANES_MAX */
	/* To be shown, and no proof of anything: another namespace counts otherwise. */
	uint32_t pid;
	uint32_t uid;
	uint64_t start_time;  /* field 22 of /proc/pid/stat */
	int64_t created_ns;   /* CLOCK_REALTIME */
	uint64_t created_tsc; /* the same moment, in ticks */
	char boot_id[40];     /* /proc/sys/kernel/random/boot_id, without its newline */
	char app[TK_NAME_MAX + 1];
	uint32_t floor[TK_STAMPS]; /* ticks to subtract from each span, by stamp mode */

	/* Grow only; each release-stored after the entry it counts. */
	uint32_t n_timers;
	uint32_t n_lanes;
	uint32_t state; /* enum tk_segment_state */
	uint32_t keep;  /* 1: closed, it stays until somebody cleans up; written before OPEN */

	/* What was refused and is only counted. */
	uint64_t refused_records; /* of threads that have no lane */
	uint32_t refused_lanes;   /* threads that got none */
	uint32_t refused_timers;  /* definitions that got no id of their own */

	uint64_t left_bytes;   /* what its files occupy; grows with each lane */
	uint64_t left_records; /* how many all lanes were given; written before CLOSED, else 0 */

	uint8_t reserved[4096 - 224];
};

#define TK_SEGMENT_TIMERS 4096u /* offset of the timers in `head` */

_Static_assert(sizeof(struct tk_segment_timer) == 128, "layout of head");
_Static_assert(offsetof(struct tk_segment_timer, stamp) == 64, "layout of head");
_Static_assert(offsetof(struct tk_segment_timer, sort) == 68, "layout of head");
_Static_assert(offsetof(struct tk_segment_timer, unit) == 72, "layout of head");
_Static_assert(offsetof(struct tk_segment_timer, reserved) == 88, "layout of head");
_Static_assert(sizeof(struct tk_segment_head) == 4096, "layout of head");
_Static_assert(offsetof(struct tk_segment_head, n_timers) == 176, "layout of head");
_Static_assert(offsetof(struct tk_segment_head, left_bytes) == 208, "layout of head");

#endif
