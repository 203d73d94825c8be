/* SPDX-License-Identifier: MIT */
/*
 * A program that records, put into a bad place: what it does there must be what it would have done
 * without recording.
 *
 * A subject (limits.c, places.c, ...) is a program: a table of scenarios, each run in a process of
 * its own, some at many steps (a limit that is raised step by step). After each, whatever happened
 * in between, the harness (host.c) demands:
 *
 *	- the process ended by itself, successfully, within a minute
 *	- nothing was written to its standard output or error
 *	- no signal has another disposition, none is blocked that was not
 *	- no thread and no descriptor more or less than before; those in between were close-on-exec
 *	- no file is left, unless the scenario says so
 *
 * and of the ordinary program that most scenarios run: that its own results are right, that errno
 * was never changed by recording, that tk_why() says why, and that produced = counted + refused.
 */
#ifndef TK_TESTS_HOST_H
#define TK_TESTS_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "producer/timekeeper.h"

/* What became of a run. */
enum outcome {
	WORKS = 1,
	OPEN_REFUSED = 2,
	JOIN_REFUSED = 4,
};

struct scenario {
	const char *name;
	void (*run)(unsigned step); /* in a process of its own */
	unsigned steps;             /* 0: once; UNTIL_DONE: as long as it asks for more */
	unsigned outcomes; /* every one of these must be seen at some step, and no other; 0: it
			      checks for itself, and works */
};

#define UNTIL_DONE UINT32_MAX

/* The subject's; the last has no name. */
extern const struct scenario scenarios[];

/* ---- what a scenario may call, in its process ---- */

/** Fail: a sentence for the report. */
_Noreturn void host_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define must(condition, ...)                                           \
	do {                                                           \
		if (!(condition))                                      \
			host_fail(__FILE__, __LINE__, "" __VA_ARGS__); \
	} while (0)

/** This machine lacks what it takes. */
_Noreturn void host_skip(const char *why);

/** Of a scenario that runs UNTIL_DONE: another step, please. */
void host_more(void);

/** Files may be left, for a reason that timekeeper.h gives. */
void host_leaves_files(void);

/** What the test itself has opened and started by now is as it was before. */
void host_unchanged_from_here(void);

/** The directory of segments, as the environment gives it; or another one to look at. */
const char *host_place(void);
void host_looks_at(const char *elsewhere);

/** What a reader outside finds of the segment of process `pid`. */
struct account {
	int segments;
	uint64_t counted, refused, readable;
	bool alive;
};
struct account host_account(pid_t pid);

/** `n` spans, each around a little work. The result is checked, and errno. */
void host_record(tk_timer_t timer, unsigned n);

/**
 * The ordinary program. start: two more threads, which wait. open: tk_open(), small unless options
 * are given. run: define a timer, and each thread joins and records. exact: what was recorded is
 * what a reader finds. close: tk_close(), and the threads end. goes_on: all but the start. They
 * note the outcome.
 */
void host_start(void);
void host_open(const struct tk_options *options);
void host_run(void);
void host_exact(void);
void host_close(void);
void host_goes_on(const struct tk_options *options);
void host_note(enum outcome outcome);

/** Called when the ordinary program enters the library, or records, and when it leaves. */
extern void (*host_entering)(bool library);

/** Wait for a child, which must have succeeded. */
void host_wait(pid_t pid);

/** Descriptors that are open. */
unsigned host_descriptors(void);

#endif
