/* SPDX-License-Identifier: MIT */
/* What a process has that the library must leave as it was: signals, threads, descriptors. */
#ifndef TK_TESTS_UNCHANGED_H
#define TK_TESTS_UNCHANGED_H

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>

#define DESCRIPTORS 256

struct unchanged {
	DIR *threads; /* of /proc/self/task, which may be out of reach later */
	unsigned n_threads;
	void (*handlers[65])(int);
	int flags[65];
	sigset_t mask;
	bool open[DESCRIPTORS];
};

void unchanged_note(struct unchanged *u);

/** Fail unless all is as it was noted. Threads that have been joined get the time to end. */
void unchanged_check(const struct unchanged *u);

/** Fail if a descriptor that is open would survive exec(), except the first three. */
void unchanged_check_exec(void);

#endif
