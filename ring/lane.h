/* SPDX-License-Identifier: MIT */
/*
 * ring/lane.h - a lane in shared memory: what both sides know of it.
 *
 * A lane is two files in its segment's directory:
 *
 *	lane.N		struct tk_lane_head, then u64 counts[max_timers] at TK_LANE_COUNTS. Ordinary
 *			pages.
 *	slots.N		struct tk_slot slots[slots], and nothing else, so that it fills hugepages
 *			exactly; in a lane of the rte discipline an rte_ring around them. Lies on a
 *			hugetlbfs mount instead where there is one (ring/memory.h).
 *
 * The producer writes both. Readers map both PROT_READ, except that the one reader of an rte lane
 * writes to slots.N how far it has read. To a reader all of it is hostile input: ring/lane_attach.c
 * copies and checks it before anything relies on it.
 */
#ifndef TK_RING_LANE_H
#define TK_RING_LANE_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/discipline.h"
#include "ring/record.h"

#define TK_LANE_MAGIC     UINT64_C(0x31656e616c6b7400) /* "\0tklane1" */
#define TK_LANE_SLOTS_MIN UINT64_C(256)
#define TK_LANE_SLOTS_MAX (UINT64_C(1) << 30)
#define TK_LANE_COUNTS    4096u /* offset of counts[] in lane.N */
#define TK_LANE_TURN_MAX  UINT64_C(1024)
#define TK_LANE_OWNERS    48u /* owners remembered; older ones are overwritten */
#define TK_THREAD_NAME    16u /* as the kernel's comm, with its NUL */

/** How many pushes between two publications of the head: a power of two. */
static inline uint64_t tk_lane_turn_every(uint64_t slots)
{
	return slots / 4 < TK_LANE_TURN_MAX ? slots / 4 : TK_LANE_TURN_MAX;
}

/** On which kind of pages the slots really lie. */
enum tk_pages {
	TK_PAGES_SMALL,     /* ordinary pages */
	TK_PAGES_COLLAPSED, /* shared memory collapsed to transparent hugepages */
	TK_PAGES_HUGETLB,   /* hugetlbfs */
};

enum tk_lane_state {
	TK_LANE_OPEN = 1, /* a thread writes it */
	TK_LANE_FREE =
		2, /* its thread ended; another may take the lane and continue the sequence */
	TK_LANE_CLOSED = 3, /* its segment was closed */
};

/** A thread that wrote the lane, from which sequence number on. */
struct tk_lane_owner {
	uint64_t first; /* sequence number of this owner's first record */
	uint32_t tid;
	uint32_t cpu; /* where it ran when it joined */
	char name[TK_THREAD_NAME];
};

struct tk_lane_head {
	/* Written once, before the lane is counted in the segment's head. */
	uint64_t magic;
	uint32_t version; /* TK_SEGMENT_VERSION */
	uint32_t index;
	uint64_t slots;               /* a power of two */
	uint32_t max_timers;          /* entries of counts[] */
	uint32_t pages;               /* enum tk_pages */
	int32_t node_asked;           /* NUMA node, -1: none in particular */
	int32_t node_had;             /* where the slots lie, -1: unknown */
	uint32_t discipline;          /* enum tk_discipline_id */
	struct tk_queue_layout queue; /* where it lies in slots.N; zero in a broadcast lane */
	uint8_t reserved0[64];

	/*
	* All sequence numbers below this have been claimed. The writer release-stores it at each
	 * turn, after the records below it; tk_lane_reader_sync() acquire-loads it. It never steps
	 * back, except when another thread closes the segment: readers keep the maximum. In a queue
	 * it only serves to tell the laps of the 32-bit indices apart; there it steps back by the
	 * number of records that a handler pushed in the middle of an enqueue.
	 */
	alignas(128) uint64_t published;

	/* Rarely written. Owner i is owners[i % TK_LANE_OWNERS]. n_owners is release-stored after
	 * its entry, and acquire-loaded by tk_part_owners() and others that list owners. */
	alignas(128) uint32_t state; /* enum tk_lane_state */
	uint32_t n_owners;
	struct tk_lane_owner owners[TK_LANE_OWNERS];

	/* Of a queue: records that found it full, or that a handler made while it interrupted an
	 * enqueue. Only the writer increments it. Relaxed: no other memory depends on it. */
	alignas(128) uint64_t dropped;
};

_Static_assert(offsetof(struct tk_lane_head, published) == 128, "layout of lane.N");
_Static_assert(offsetof(struct tk_lane_head, state) == 256, "layout of lane.N");
_Static_assert(offsetof(struct tk_lane_head, dropped) == 1920, "layout of lane.N");
_Static_assert(sizeof(struct tk_lane_head) <= TK_LANE_COUNTS, "counts come after the head");

#endif
