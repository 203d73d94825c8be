/* SPDX-License-Identifier: MIT */
/*
 * collector/alert/command.h - a program that is run when an alert changes: one at a time, never for
 * longer than a timeout, and never waited for.
 *
 * It is called by its path, with arguments that were fixed when this began: no shell, and nothing
 * that a watched program chose is among them. What it is about is in its environment, which has
 * nothing of ours but PATH, HOME, USER, LOGNAME, LANG, LC_ALL, TZ and TMPDIR. Names that watched
 * programs chose, perhaps another user's, are percent-encoded there: what comes out has letters,
 * digits and -._~% only, and begins with neither '-' nor '.'; so it is no option, no path, and no
 * syntax of a shell.
 *
 * It is in a session of its own, with signals at their defaults and none blocked, empty input, its
 * output and errors in our standard error, and no other descriptor of ours. When the time is over,
 * its process group is killed.
 *
 * Failures are said on standard error: the first at once, and at the end how many there were. The
 * thread that opens it does all the rest; posix_spawn() keeps it for well under a millisecond.
 */
#ifndef TK_COLLECTOR_ALERT_COMMAND_H
#define TK_COLLECTOR_ALERT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TK_ALERT_ENV_MAX 32u

/** Variables for it. All zero: none. Where memory is short, one is left out, and `cut` says so. */
struct tk_alert_env {
	char *list[TK_ALERT_ENV_MAX + 1];
	size_t n;
	bool cut;
};

/** Begin with what it has of ours. tk_alert_env_free() is the partner. */
void tk_alert_env_begin(struct tk_alert_env *e);
void tk_alert_env_add(struct tk_alert_env *e, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** The same, of a name that somebody else chose. */
void tk_alert_env_add_name(struct tk_alert_env *e, const char *name, const char *text);
void tk_alert_env_free(struct tk_alert_env *e);

struct tk_alert_command {
	char *const *argv; /* argv[0] is its path; the caller's */
	uint64_t timeout_ns;
	pid_t pid;         /* 0: it does not run */
	uint64_t until_ns; /* CLOCK_MONOTONIC */
	bool killed;
	uint64_t runs, failures;
};

/** @return what is wrong with a path, a constant; NULL: it is a program that may be run */
const char *tk_alert_command_check(const char *path);

void tk_alert_command_open(struct tk_alert_command *c, char *const *argv, uint64_t timeout_ns);

/** Run it; it must not run already. */
void tk_alert_command_start(struct tk_alert_command *c, const struct tk_alert_env *e);

/** Reap it if it has ended, kill it if its time is over. @return whether it still runs */
bool tk_alert_command_runs(struct tk_alert_command *c);

/** It does not run any more: say how often it failed. */
void tk_alert_command_close(const struct tk_alert_command *c);

#endif
