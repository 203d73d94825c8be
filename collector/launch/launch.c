/* SPDX-License-Identifier: MIT */
#include "collector/launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/engine/views/total.h"
#include "collector/launch/privileged.h"
#include "ring/owner.h"

#define NAMED_MAX 8u /* processes that still run; the rest is counted */

static int check(const struct tk_args *a)
{
	if (a->collector.pid)
		return tk_usage(a->command, "--pid is of a process that runs already, and COMMAND "
					    "is started");
	if (a->count)
		return tk_usage(a->command,
				"--count and --once end it after so many intervals, and "
				"COMMAND ends by itself");
	return TK_EXIT_OK;
}

static void say_privileged(const char *command)
{
	const char *how = tk_privileged(command);

	if (how)
		tk_say("%s %s: such programs ignore TIMEKEEPER_DIR, and may keep it from what they "
		       "start, so that nothing may be seen of them; start timekeeper with those "
		       "privileges instead",
		       command, how);
}

/* @return a descriptor, or -errno and `why` */
static int open_output(struct tk_launch *l, char why[TK_WHY_MAX])
{
	const char *dir = getenv("TMPDIR");
	int fd;

	snprintf(l->output, sizeof(l->output), "%s/timekeeper-output.XXXXXX",
		 dir && *dir ? dir : "/tmp");
	fd = mkostemp(l->output, O_CLOEXEC | O_APPEND);
	if (fd < 0) {
		fd = tk_fail(why, errno, "no file for the output of %.80s in %.150s: %s", l->name,
			     dir && *dir ? dir : "/tmp", strerror(errno));
		l->output[0] = '\0';
	}
	return fd;
}

static int make(struct tk_launch *l, const struct tk_args *a, bool aside, char why[TK_WHY_MAX])
{
	char value[PATH_MAX + 2];
	struct tk_program_to_run p = {
		.argv = a->operands,
		.names = { "TIMEKEEPER_DIR", "TIMEKEEPER_KEEP" },
		.values = { value, "1" },
		.output = -1,
	};
	int err = tk_rundir_make(&l->dir, a->collector.dir, why);

	if (err)
		return err;
	tk_rundir_variable(&l->dir, value);
	if (aside)
		p.output = open_output(l, why);
	if (aside && p.output < 0)
		return p.output;
	err = tk_child_make(&l->child, &p);
	if (p.output >= 0)
		close(p.output);
	return err ? tk_fail(why, -err, "no process for %.150s: %s", l->name, strerror(-err)) : 0;
}

int tk_launch_make(struct tk_launch *l, const struct tk_args *a, bool aside,
		   struct tk_collector_options *o)
{
	char why[TK_WHY_MAX];
	int err = check(a);

	*l = (struct tk_launch){ .name = a->operands[0], .dir.fd = -1 };
	if (err)
		return err;
	err = tk_child_prepare(&l->child); /* from here on nothing can be left behind */
	if (err)
		return tk_failed("signals cannot be had: %s", strerror(-err));
	if (make(l, a, aside, why)) {
		tk_launch_end(l);
		return tk_failed("%s", why);
	}
	say_privileged(l->name);
	o->dir = l->dir.path;
	o->own_dir = o->totals = true;
	return TK_EXIT_OK;
}

int tk_launch_begin(struct tk_launch *l)
{
	l->error = tk_child_begin(&l->child);
	l->begun = l->error == 0;
	return l->error;
}

bool tk_launch_wait(struct tk_launch *l, int timeout_ms)
{
	return tk_child_wait(&l->child, timeout_ms);
}

/* A shell would say it, but it only sees our exit code. */
static void say_killed(const struct tk_launch *l)
{
	int sig = WTERMSIG(l->child.status);
	const char *name = sigabbrev_np(sig); /* NULL: a real-time signal */

	if (l->child.ended && WIFSIGNALED(l->child.status))
		tk_say("%s was ended by %s%s (%s)%s", l->name, name ? "SIG" : "a signal",
		       name ? name : "", strsignal(sig),
		       WCOREDUMP(l->child.status) ? ", core dumped" : "");
}

static void say_running(const struct tk_launch *l, const struct tk_snapshot *s)
{
	char names[NAMED_MAX * 80] = "";
	size_t used = 0, n = 0;

	for (size_t i = 0; i < s->n_segments; i++) {
		const struct tk_source_figures *f = &s->segments[i];

		if (f->owner != TK_OWNER_ALIVE || f->pid == (uint32_t)l->child.pid)
			continue;
		if (n++ < NAMED_MAX)
			used += (size_t)snprintf(names + used, sizeof(names) - used,
						 "%s%.63s[%" PRIu32 "]", used ? ", " : "", f->app,
						 f->pid);
	}
	if (n > NAMED_MAX)
		snprintf(names + used, sizeof(names) - used, " and %zu more", n - NAMED_MAX);
	if (n)
		tk_say("still running when %s ended: %s; what they recorded until then is in the "
		       "totals",
		       l->name, names);
}

static void say_nothing(const struct tk_launch *l, const struct tk_args *a,
			const struct tk_interval *total)
{
	if (total->n_timers)
		return;
	if (a->collector.app)
		tk_say("%s recorded nothing that --app %s lets through", l->name, a->collector.app);
	else if (total->n_processes)
		tk_say("%s recorded nothing: it opened libtimekeeper, and ended no span", l->name);
	else
		tk_say("%s recorded nothing: is it linked with libtimekeeper? If it is, tk_why() "
		       "in it tells why tk_open() failed",
		       l->name);
}

void tk_launch_say(const struct tk_launch *l, const struct tk_args *a, struct tk_collector *c,
		   const struct tk_interval *total)
{
	struct tk_snapshot *s = tk_collector_snapshot(c, &(struct tk_view){ 0 });

	say_killed(l);
	if (s)
		say_running(l, s);
	tk_snapshot_free(s);
	if (total)
		say_nothing(l, a, total);
	if (total && total->cut)
		tk_say("the totals lack processes or timers that ended early: only %u are kept",
		       TK_ENDED_MAX);
}

/* An empty file would only be in the way. */
static void say_output(struct tk_launch *l)
{
	struct stat st;

	if (l->output[0] && stat(l->output, &st) == 0 && st.st_size == 0)
		unlink(l->output);
	else if (l->output[0])
		tk_say("the output of %s is in %s", l->name, l->output);
	l->output[0] = '\0';
}

int tk_launch_end(struct tk_launch *l)
{
	int err;

	tk_child_end(&l->child);
	err = tk_rundir_remove(&l->dir);
	if (err)
		tk_say("%s cannot be removed: %s; `timekeeper clean` tries again", l->dir.path,
		       strerror(-err));
	say_output(l);
	if (l->error) {
		tk_say("cannot run %s: %s", l->name,
		       l->error == -ENOENT ? "not found" : strerror(-l->error));
		return tk_child_refused_code(-l->error);
	}
	return l->begun && l->child.ended ? tk_child_exit_code(&l->child) : TK_EXIT_FAILED;
}
