/* SPDX-License-Identifier: MIT */
/*
 * ring/segment_write.h - making a segment and its lanes: the producer's side.
 *
 * Calls on one struct tk_segment_writer must not overlap; the library holds a lock around them. No
 * heap is used. Nothing here prints, exits or raises a signal, and nothing may be called from a
 * signal handler.
 *
 * No descriptor stays open. The owner's lock (ring/owner.h) is held by one page of `head`, which
 * was mapped through the descriptor that took the lock. To make a lane, and to remove the files,
 * the directory is opened again by its path, and recognised by device and inode.
 */
#ifndef TK_RING_SEGMENT_WRITE_H
#define TK_RING_SEGMENT_WRITE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring/lane.h"
#include "ring/place.h"
#include "ring/segment.h"

struct tk_segment_options {
	const char *app; /* tk_name_valid() */
	uint32_t max_timers;
	uint32_t max_lanes;
	enum tk_clock_kind clock;
	uint32_t floor[TK_STAMPS];
	uint64_t now_tsc;
	bool group; /* readable by the group */
	bool keep;  /* leave the files when retired */
};

struct tk_segment_writer {
	struct tk_segment_head *head;    /* NULL: none */
	struct tk_segment_timer *timers; /* behind it */
	const uint8_t *disabled;         /* the control file, read-only */
	void *lock;                      /* holds the owner's lock; no child has it */
	bool group, keep;
	dev_t dev; /* of the directory */
	ino_t ino;
	char name[TK_SEGMENT_NAME_MAX + 1];
	char dir[PATH_MAX]; /* where it is */
};

/** The memory of a lane, mapped for writing. */
struct tk_lane_memory {
	struct tk_lane_head *head;
	uint64_t *counts;
	void *slots; /* struct tk_slot[], or a queue */
	size_t slots_size;
};

/**
 * Make a segment, after removing what the app's earlier programs left (ring/prune.h). Milliseconds.
 * @return 0 or a negative errno, with a sentence in `why`; then no files are left.
 */
int tk_segment_create(struct tk_segment_writer *s, const struct tk_segment_options *o,
		      char why[TK_WHY_MAX]);

/** Append a timer; its id is its place. @return 0, or -ENOSPC: the table is full. */
int tk_segment_put_timer(struct tk_segment_writer *s, const char *name, uint32_t stamp);

/** The same, of values. @unit: tk_unit_valid() */
int tk_segment_put_values(struct tk_segment_writer *s, const char *name, uint32_t stamp,
			  const char *unit);

/**
 * Make a lane of `slots` (a power of two) on NUMA node `node` (-1: any). About 1 ms for 2 MiB.
 * @return 0, or -ENOSPC (all lanes are made), -EINVAL, -ENOMEM, -ESTALE (the directory is gone),
 * -EACCES, -EMFILE, ..., and `why`.
 *
 * A queue takes more memory than its slots: whole pages, and whole hugepages if the slots fill
 * those. Only the owner may open its slots.N, whatever s->group says, because its reader writes to
 * it.
 */
int tk_segment_put_lane(struct tk_segment_writer *s, uint64_t slots,
			const struct tk_discipline *discipline, int node,
			struct tk_lane_memory *lane, char why[TK_WHY_MAX]);

/**
 * Close the segment: mark it closed, with the number of records that its lanes were given, and let
 * go of the owner's lock. Unlink the files, unless they are to be kept, or a collector is present
 * that will unlink them (within the bounds of ring/prune.h). The memory stays mapped: threads may
 * still write. Microseconds; some 10 us for each segment in the directory if a collector is
 * present.
 */
void tk_segment_retire(struct tk_segment_writer *s, uint64_t records);

/**
 * Unmap the head, after tk_segment_retire() or in a child after fork. The control file stays
 * mapped: a signal handler that interrupted a look at it may have made the fork. The page that
 * holds the lock is not mapped in a child, where something else may lie at its address by now: it
 * is left alone.
 */
void tk_segment_forget(struct tk_segment_writer *s);

#endif
