/* SPDX-License-Identifier: MIT */
/*
 * collector/launch/launch.h - `stat|top|record -- COMMAND ARGS`: start a program, collect from it
 * and from all that it starts, and end with it.
 *
 *	tk_launch_make()	a private directory (rundir.h), and a process that waits (child.h)
 *	tk_collector_open()	with the options that this filled in
 *	tk_launch_begin()	the command runs
 *	tk_launch_wait()	until it has ended; sends signals on
 *	tk_collector_finish()	what has ended is read to its end
 *	tk_launch_end()		the directory is gone, and signals are as before
 *	tk_collector_total()	everything; may block in writing it
 *	tk_launch_say()		what people should know of how it ended
 *
 * The command finds the directory in TIMEKEEPER_DIR, and so does what it starts. TIMEKEEPER_KEEP=1
 * has a segment stay until the collector, which owns the directory (tk_collector_options.own_dir),
 * has read it: so nothing is too short to be seen, and memory stays bounded.
 *
 * It ends with the command, as perf stat does. What the command started, and what still runs, goes
 * on; what it records from then on is lost.
 *
 * Sentences go to standard error. The thread that makes it does all the rest.
 */
#ifndef TK_COLLECTOR_LAUNCH_LAUNCH_H
#define TK_COLLECTOR_LAUNCH_LAUNCH_H

#include "collector/cli/options.h"
#include "collector/launch/child.h"
#include "collector/launch/rundir.h"

struct tk_launch {
	const char *name; /* of the command */
	struct tk_rundir dir;
	struct tk_child child;
	char output[PATH_MAX]; /* the file that has its output; "": it goes where ours goes */
	bool begun;
	int error; /* of exec, if it could not begin */
};

/**
 * Prepare the command that a->operands have. Before any thread, and before any file is open that it
 * must not inherit (O_CLOEXEC). @aside: the terminal is taken, so its standard output and error go
 * to a file, and its input is empty. @o: for the collector, filled in as far as this knows; has the
 * path of `l`.
 * @return TK_EXIT_OK, or an exit code, and it is said why: nothing is left to end
 */
int tk_launch_make(struct tk_launch *l, const struct tk_args *a, bool aside,
		   struct tk_collector_options *o);

/** Let it begin. @return 0 or -errno: it cannot be run, which tk_launch_end() says */
int tk_launch_begin(struct tk_launch *l);

/** Wait for its end, timeout_ms at most. @return whether it has ended */
bool tk_launch_wait(struct tk_launch *l, int timeout_ms);

/**
 * Say by which signal it was killed, what still runs, and if nothing was recorded, why. @c: after
 * tk_collector_finish(). @total: of it; NULL: no memory.
 */
void tk_launch_say(const struct tk_launch *l, const struct tk_args *a, struct tk_collector *c,
		   const struct tk_interval *total);

/**
 * Remove the directory, and say which file has the output. What was not begun never is.
 * @return the exit code of the command, or of a shell that cannot run it; TK_EXIT_FAILED if it was
 * not begun, or has not ended
 */
int tk_launch_end(struct tk_launch *l);

#endif
