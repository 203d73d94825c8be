/* SPDX-License-Identifier: MIT */
/*
 * producer/library.h - the library's own state. Not installed.
 *
 * One lock covers all of it. A thread takes it with every signal blocked, so that a signal handler
 * never runs on a thread that holds it: joining inside a handler is slow but cannot deadlock. It
 * takes it with cancellation disabled, so that no thread ends while it holds the lock. Recording
 * takes no lock; only turns (writer.c) look at this state.
 */
#ifndef TK_PRODUCER_LIBRARY_H
#define TK_PRODUCER_LIBRARY_H

#include "producer/timekeeper.h"
#include "ring/segment_write.h"

/** A lane of this process, taken by a thread or free for the next. */
struct tk_lane_entry {
	struct tk_lane_memory memory;
	const struct tk_discipline *discipline;
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
	bool no_clock;                          /* it was refused: stamps are 0 */
	bool counter_forbidden;                 /* by prctl(PR_SET_TSC): rdtsc kills */
	uint32_t slots;                         /* a lane's, unless a thread asks for others */
	const struct tk_discipline *discipline; /* likewise */
	struct tk_segment_writer segment;
	struct tk_lane_entry *lanes; /* segment.head->n_lanes of them are made */

	char why_shut[TK_WHY_MAX]; /* while it is */

	/* What the first tk_open() asked for. A forked child opens by it again. */
	char app[TK_NAME_MAX + 1];
	struct tk_options options; /* whole */
	/* How many tk_open() returned 0 and were not closed yet. A forked child inherits it: also
	 * where its own segment cannot be opened, so that those who opened may still close. */
	uint32_t opens;
};

extern struct tk_library tk_library;

void tk_library_lock(void);
void tk_library_unlock(void);

/** Set what tk_why() returns. @return -error. */
int tk_library_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Change the state. Locked; turns and stamps read it without the lock. */
void tk_library_become(enum tk_library_state state);

/** There is no segment any more. Locked. `why` is what tk_join() then says. */
void tk_library_shut(const char *why);

/** Open, locked, by what is in tk_library.app and .options. */
int tk_library_open_locked(void);

/* options.c: all locked */
/** @return 0, or -EINVAL and tk_why() */
int tk_options_check(const char *app, const struct tk_options *options);
/** With its defaults filled in. NULL: all of them. */
struct tk_options tk_options_whole(const struct tk_options *options);
/** Set what tk_why() returns, if this is not what the first tk_open() asked for. Both are whole. */
void tk_options_say_differences(const char *app, const struct tk_options *asked);

/* threads.c: all locked */
int tk_threads_init(void);
/** Give a thread that never called tk_join() its lane, unless that was refused just before. */
void tk_threads_join_by_default(struct tk_lane_writer *w);
/** @records: how many its lanes were given. @return whether a thread may still be recording into
 * what is closed now. */
bool tk_threads_close(uint64_t *records);
void tk_threads_forked(void);

enum tk_writer_state {
	TK_WRITER_OUT,     /* has no lane: each push takes a turn, which tries to join */
	TK_WRITER_IN,      /* has a lane */
	TK_WRITER_REFUSED, /* could get none: counts, and tries again now and then */
	TK_WRITER_ENDED,   /* its thread is ending: counts */
};

/* writer.c: all locked, and by the writer's own thread unless it says otherwise */
void tk_writer_put_in(struct tk_lane_writer *w, struct tk_lane_entry *lane);
void tk_writer_put_out(struct tk_lane_writer *w, enum tk_writer_state state);

/** From now on the writer counts in private memory, sees no timer disabled, and takes a turn at its
 * next push. Any thread. */
void tk_writer_detach(struct tk_lane_writer *w);

/** Add what a thread without a lane could not record to the segment's count, if there is a
 * segment. */
void tk_writer_count_refused(struct tk_lane_writer *w);

/** Publish all that was pushed. By the writer's own thread, without the lock. @return whether it
 * has a lane. */
bool tk_writer_flush(struct tk_lane_writer *w);

/** Publish the pushes below `head`. Any thread; takes no lock. */
void tk_writer_publish(struct tk_lane_writer *w, uint64_t head);

/**
 * Whether every push below `head` has ended. The signal handler that asks may have interrupted one
 * that has not: it may hold some of the writer's fields in registers, so they must not change.
 * Takes no lock.
 */
bool tk_writer_all_finished(struct tk_lane_writer *w, uint64_t head);

/** Whether timers are disabled for threads that have no lane. Any thread. */
void tk_writer_disable(bool disable);

/* timers.c: all locked */
int tk_timers_choose_clock(enum tk_timebase clock);
uint32_t tk_timers_defined(void);
void tk_timers_publish(struct tk_segment_writer *s);

/* stamps.c */
void tk_stamps_measure_floor(uint32_t floor[TK_STAMPS]);
void tk_stamps_begin(void);
void tk_stamps_end(void);

#endif
