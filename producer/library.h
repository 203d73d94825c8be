/* SPDX-License-Identifier: MIT */
/*
 * producer/library.h - the library's own state. Not installed.
 *
 * One lock covers all of it. It is taken with every signal blocked, so that a handler never finds
 * its own thread holding it: joining inside a handler is slow but cannot deadlock. Recording takes
 * no lock; it meets this state in a turn (threads.c) and nowhere else.
 */
#ifndef TK_PRODUCER_LIBRARY_H
#define TK_PRODUCER_LIBRARY_H

#include "producer/timekeeper.h"
#include "ring/segment_write.h"

/** A lane of this process, taken by a thread or free for the next. */
struct tk_lane_entry {
	struct tk_lane_memory memory;
	uint64_t next;                 /* the sequence number to continue with, while free */
	struct tk_lane_writer *writer; /* who has it; NULL: free */
};

enum tk_library_state {
	TK_LIBRARY_NEVER,  /* not opened yet */
	TK_LIBRARY_OPEN,   /* there is a segment */
	TK_LIBRARY_SHUT,   /* closed, or could not be opened */
	TK_LIBRARY_FORKED, /* a child of an open one: opens its own at its first record */
};

struct tk_library {
	enum tk_library_state state;
	uint32_t generation; /* counts changes of state: a writer of another one joins anew */
	enum tk_timebase clock;
	bool no_clock;  /* it was refused: stamps are 0 */
	uint32_t slots; /* a lane's, unless a thread asks for others */
	struct tk_segment_writer segment;
	struct tk_lane_entry *lanes; /* segment.head->n_lanes of them are made */

	/* To open again after a fork. */
	char app[TK_NAME_MAX + 1];
	struct tk_options options;
};

extern struct tk_library tk_library;

void tk_library_lock(void);
void tk_library_unlock(void);

/** Note why something failed. @return -error. */
int tk_library_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Change the state, locked; turns and stamps look at it without. */
void tk_library_become(enum tk_library_state state);

/** Open, locked, by what is in tk_library.app and .options. */
int tk_library_open_locked(void);

/* threads.c: all locked */
int tk_threads_init(void);
void tk_threads_disable(bool disable);
void tk_threads_close(void);
void tk_threads_forked(void);

/* timers.c: all locked */
int tk_timers_choose_clock(enum tk_timebase clock);
uint32_t tk_timers_defined(void);
void tk_timers_publish(struct tk_segment_writer *s);

/* stamps.c */
void tk_stamps_measure_floor(uint32_t floor[TK_STAMPS]);
void tk_stamps_begin(void);
void tk_stamps_end(void);

#endif
