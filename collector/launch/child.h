/* SPDX-License-Identifier: MIT */
/*
 * collector/launch/child.h - one program: made, begun when the collector is ready, waited for, and
 * given the signals that are sent to this process.
 *
 * tk_child_prepare() takes the signals; tk_child_make() forks, before this process has threads or
 * has changed its cpus, and the child waits; tk_child_begin() lets it exec. What is inherited is as
 * this process had it: descriptors' limit, signals' mask and dispositions, priority, cpus.
 *
 * Signals. From tk_child_prepare() on SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1 and SIGUSR2 no
 * longer end this process: it must outlive the child. They are blocked, also in threads that are
 * made later, and tk_child_wait() reads them. What another process sends is sent on to the child.
 * What the terminal sends (^C, ^\, a hang-up) the child has got already, because it is in the same
 * process group, unless it has left that. A signal that was ignored stays ignored. SIGTSTP and
 * SIGCONT are left alone: ^Z stops both, and fg continues both. SIGPIPE is ignored, in this process
 * alone: writing tells by EPIPE.
 *
 * The thread that makes it does all the rest, too. No function prints.
 */
#ifndef TK_COLLECTOR_LAUNCH_CHILD_H
#define TK_COLLECTOR_LAUNCH_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct tk_child {
	pid_t pid;     /* 0: there is none */
	int go;        /* written to, it begins; closed, it ends */
	int error;     /* says why it could not begin */
	int signals;   /* signalfd */
	int told;      /* the last of SIGHUP, SIGINT, SIGQUIT and SIGTERM that came; 0: none */
	bool ended;    /* and was waited for: no process of this pid is ours any more */
	int status;    /* as waitpid() has it, then */
	sigset_t mask; /* of this thread, before */
	struct sigaction on_child; /* SIGCHLD's, before */
};

/** A program to be started. */
struct tk_program_to_run {
	char **argv;                      /* argv[0] is looked for in PATH, as the shell does */
	const char *names[2], *values[2]; /* environment variables to be set */
	int output; /* its standard output and error, its input is then empty; -1: all as ours */
};

/** Take the signals. tk_child_end() is its partner. @return 0 or -errno: nothing was changed */
int tk_child_prepare(struct tk_child *c);

/** Fork. @return 0 or -errno */
int tk_child_make(struct tk_child *c, const struct tk_program_to_run *p);

/** Let it begin. @return 0, or -errno of exec: it has ended */
int tk_child_begin(struct tk_child *c);

/**
 * Wait for its end, timeout_ms at most, and send signals on meanwhile.
 * @return whether it has ended
 */
bool tk_child_wait(struct tk_child *c, int timeout_ms);

/** What it exited with, or 128 + the signal that ended it: as the shell has it. */
int tk_child_exit_code(const struct tk_child *c);

/** The exit code of the shell for a command that cannot be run: 127 not found, 126 else. */
int tk_child_refused_code(int error);

/**
 * If it was not begun, it ends now. If it has not ended it goes on. Signals but SIGPIPE are as they
 * were before tk_child_prepare(). Without effect if they are that already.
 */
void tk_child_end(struct tk_child *c);

#endif
