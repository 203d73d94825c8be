/* SPDX-License-Identifier: MIT */
/*
 * tests/display/job.h - a program as a job of a small shell, on a pseudo-terminal of 100 x 30.
 *
 * A stopped process group must have a parent that can continue it, and so there is a shell. Nothing
 * sleeps: what waits, waits for output or for a change of state, for 20 s at most.
 */
#ifndef TK_TESTS_DISPLAY_JOB_H
#define TK_TESTS_DISPLAY_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#define ENTER_SCREEN "\033[?1049h"
#define LEAVE_SCREEN "\033[?1049l"

struct job {
	int master, slave;
	int report; /* the shell writes the job's pid, then each status of it */
	pid_t shell, pid;
	struct termios before;
	char *seen; /* all that was drawn since the last job_forget() */
	size_t n_seen;
};

/** argv[0] is the program. */
bool job_start(struct job *j, char **argv);

/** Kill it, and forget all. */
void job_finish(struct job *j);

void job_take_output(struct job *j);
void job_forget(struct job *j);

/** Read until `text` was drawn. */
bool job_see(struct job *j, const char *text);

/** The job's next change of state, as from waitpid(). */
bool job_next_status(struct job *j, int *status);

void job_type(struct job *j, const char *keys);
void job_resize(struct job *j, unsigned short w, unsigned short h);

/** Give the terminal's foreground to the job, or to the shell. */
bool job_foreground(struct job *j, bool job);

/** The settings are as before, the alternate screen was left, the cursor is visible. */
bool job_restored(struct job *j);

/** Whether the settings differ while the job runs: if not, comparing them later proves nothing. */
bool job_taken(struct job *j);

#endif
