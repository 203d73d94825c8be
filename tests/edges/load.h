/* SPDX-License-Identifier: MIT */
/*
 * Processes that record for a moment and end in every way, and write down each push in memory that
 * the driver reads when they are dead.
 */
#ifndef TK_TESTS_LOAD_H
#define TK_TESTS_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOAD_THREADS 4u
#define LOAD_RECORDS 25u /* a thread */
#define LOAD_TIMERS  16u
#define LOAD_SLOTS   1024u
#define LOAD_APPS    8u /* names, used again and again */
#define LOAD_LIFE_US 100000u

/* `timekeeper disable` is used on these; a thread's first record is never one of theirs, because a
 * thread learns that a timer is disabled when it joins. */
#define LOAD_DISABLED       "t1[2-5]"
#define LOAD_FIRST_DISABLED 12u

enum end { END_RETURN, END_EXIT, END_QUICK, END_EXEC, END_SUICIDE, END_KILLED, ENDS };

extern const char *const load_ends[ENDS];

/* Pushes of one thread to one timer. */
struct pushes {
	uint64_t begun;    /* these may be in the lane */
	uint64_t returned; /* these are */
};

/* What one process wrote down. */
struct ledger {
	int64_t began_ns; /* CLOCK_MONOTONIC; before it opened; 0: it did not come to that */
	uint32_t pid, app;
	uint32_t life_us;
	uint8_t end;   /* enum end */
	bool forked;   /* by one of the load's processes */
	bool ending;   /* exit() is closing the segment: what returns now is not certain */
	char why[100]; /* it could not record */
	struct pushes pushes[LOAD_THREADS][LOAD_TIMERS];
};

/* Shared by all processes. */
struct load {
	uint64_t seed;
	bool queue;       /* lanes of the rte discipline */
	bool plain;       /* spans only, and no forks */
	uint32_t n, room; /* ledgers */
	struct ledger ledgers[];
};

/** Room for so many processes and what they fork; NULL: no memory. */
struct load *load_new(uint64_t seed, uint32_t processes);

/**
 * Fork process number `index`.
 * @param[out] kill_after_us: when to kill it; 0: it ends by itself
 * @return its pid, or -1.
 */
pid_t load_start(struct load *load, uint32_t index, uint32_t *kill_after_us);

/** A process that records now and then until it is killed, so that there is always a row. */
pid_t load_start_sentinel(void);
#define LOAD_SENTINEL "sentinel"

/** Of all threads, to one timer or to all. */
struct pushes load_pushes_of(const struct ledger *l, uint32_t timer);
struct pushes load_pushes(const struct ledger *l);
void load_app(char name[16], uint32_t app);

#endif
