/* SPDX-License-Identifier: MIT */
/* A run of the driver (drive.c), and the judgement on it (judge.c). */
#ifndef TK_TESTS_DRIVE_H
#define TK_TESTS_DRIVE_H

#include "tests/edges/load.h"
#include "tests/edges/watch.h"

#define AT_ONCE    16u
#define COLLECTORS 4u /* three, and one in the place of that which is killed */
#define REPLACED   2u

enum variant { RUNNING, STOPPED, INIT, WATCH, LIMIT, THREE, QUEUE, VARIANTS };

struct collector {
	struct watch watch;
	bool started, killed;
	int64_t looked_ns; /* it had looked by then; 0: not yet */
};

struct run {
	enum variant variant;
	uint32_t processes, started, live;
	struct load *load;
	struct collector collectors[COLLECTORS];
	struct {
		pid_t pid;
		int64_t kill_ns; /* 0: no more */
	} running[AT_ONCE];
	pid_t sentinel, command;
	unsigned commands;
	int64_t stopped_ns;
	unsigned faults;
};

extern const char *const variants[VARIANTS];

/** All collectors have ended: hold what they printed to what was written down, and say it. */
void judge(struct run *r);

#endif
