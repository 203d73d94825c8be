/* SPDX-License-Identifier: MIT */
/* A real `timekeeper stat --format jsonl` as a child, and the sums of all it printed. */
#ifndef TK_TESTS_WATCH_H
#define TK_TESTS_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/edges/rows.h"

#define WATCH_DEADLINE_S \
	60 /* for what takes a fraction of a second on a machine that is left alone */

/* Why the collector cannot be woken by inotify, and must look instead. */
enum deaf {
	DEAF_NOT,
	DEAF_INIT,  /* inotify_init1(): EMFILE */
	DEAF_WATCH, /* inotify_add_watch(): ENOSPC */
	DEAF_LIMIT, /* user.max_inotify_instances is 0, in a user namespace of its own */
};

struct watch_timer {
	char name[64];
	uint64_t records, count, set_aside, without, lost;
	uint64_t interval; /* the last that it was printed in; its measures share records */
	double sum_ns, min_ns, max_ns;
};

/* One segment. */
struct watch_segment {
	struct watch_segment *next;
	char name[256], app[64];
	uint32_t pid;
	uint64_t delivered, lost, unknown, refused; /* its process rows */
	bool unsettled;                             /* the last of them */
	struct {                                    /* of one interval */
		uint64_t number, delivered, lost;   /* in its timers' rows */
		uint64_t of_process, attributed;    /* in the process's */
	} now;
	uint32_t n_timers, expected; /* the timer whose row is likely to come next */
	struct watch_timer *timers;
};

struct watch {
	pid_t pid;
	int out, err, status;
	int pipe[2];  /* blocked: what it prints to; else -1 */
	pid_t copier; /* from there to `out` */
	bool stopped;
	uint64_t taken; /* bytes of what was printed */
	uint64_t rows, wrong;
	char first_wrong[600];
	uint64_t unread_processes, unread_records;
	struct watch_segment *segments; /* newest first */
	uint32_t n_segments;
	void *index; /* of segments, by name: tsearch() */
	struct {
		void *arg;
		void (*row)(void *arg, const struct row *row);
	} hook; /* called for every row */
};

/**
 * Start it, with these further arguments (NULL-terminated; may be NULL).
 * @param preload: a library to be loaded into it; may be NULL.
 * @return false: it cannot be started, or inotify cannot be taken from it here (errno).
 */
bool watch_start(struct watch *w, const char *const *arguments, enum deaf deaf,
		 const char *preload);

/** The same, but nobody reads its standard output, a pipe, until watch_unblock(). */
bool watch_start_blocked(struct watch *w, const char *const *arguments);
void watch_unblock(struct watch *w);

/** Take what it has printed since. */
void watch_read(struct watch *w);

/** Read until `true_of(w, arg)`; false: it was not within the deadline. */
bool watch_until(struct watch *w, bool (*true_of)(const struct watch *w, const void *arg),
		 const void *arg);

/** Stop it and let it go on (SIGSTOP, SIGCONT). */
void watch_stop(struct watch *w, bool stop);

/** End it by SIGKILL, or ^C; or wait for its own end (0). Takes all that it printed. */
void watch_end(struct watch *w, int signal);

/** It prints no more: judge the last interval of each segment. */
void watch_close_intervals(struct watch *w);

/** Forget what it printed. */
void watch_free(struct watch *w);

/** What it wrote to standard error; valid until the next call. */
const char *watch_said(const struct watch *w);

struct watch_sum {
	uint64_t segments, records, count, set_aside, without, lost, unknown, refused;
	uint64_t in_timers, lost_in_timers; /* what timers' rows say of records and lost */
	bool unsettled;                     /* the last row of one says that they do not have all */
};

/** Of all segments of an app and pid (NULL: any app; 0: any pid). */
struct watch_sum watch_sum(const struct watch *w, const char *app, uint32_t pid);

/** A timer of that app and pid; its zeros if it was not printed. */
struct watch_timer watch_timer(const struct watch *w, const char *app, uint32_t pid,
			       const char *timer);

int64_t watch_now_ns(void);
void watch_pause_us(long us);

#endif
