/* SPDX-License-Identifier: MIT */
/*
 * `timekeeper top`: the live display, or a recording that is played in it, until q, Ctrl-C, SIGTERM
 * or SIGHUP.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/walk.h"
#include "collector/commands/rows/asked.h"
#include "collector/commands/viewer/viewer.h"
#include "collector/report/report.h"
#include "ring/place.h"

/* --- what runs ------------------------------------------------------------------------------- */

/* Open the collector so that its threads leave the terminal's signals to this one. */
static struct tk_collector *open_collector(const struct tk_collector_options *o, char why[256])
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH, SIGQUIT };
	sigset_t block, before;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&block, ours[i]);
	pthread_sigmask(SIG_BLOCK, &block, &before);
	struct tk_collector *c = tk_collector_open(o, why);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return c;
}

/* The directory that is searched, for the message that no segment is there. */
static void where_text(const struct tk_collector_options *o, char *out, size_t size)
{
	char dir[384];

	if (o->dir)
		snprintf(out, size, "%s", o->dir);
	else if (tk_segments_dir(dir, sizeof(dir)) < 0)
		snprintf(out, size,
			 "the directory that TIMEKEEPER_DIR names: its name is too long");
	else if (geteuid() == 0 && !getenv("TIMEKEEPER_DIR"))
		snprintf(out, size, "%s, nor in another user's directory beside it", dir);
	else
		snprintf(out, size, "%s", dir);
}

/* Who asks for one app, or process, is told what else there is. */
static void add_running(const struct tk_args *a, char *out, size_t size)
{
	char running[TK_RUNNING_MAX];
	size_t used = strlen(out);

	snprintf(out + used, size - used,
		 " that --app and --pid let through; what ran when this began: %s",
		 tk_running(running, a));
}

/* The command may not have ended yet. @return the exit code */
static int end_command(struct tk_viewer *t, const struct tk_args *a, FILE *out)
{
	struct tk_launch *l = t->launch;
	int code;

	if (!l->begun)
		return tk_launch_end(l);
	if (!tk_launch_wait(l, 0))
		tk_say("%s still runs, and its totals come when it ends; Ctrl-C ends it", l->name);
	while (!tk_launch_wait(l, -1))
		;
	(void)tk_collector_finish(t->collector, TK_FINISH_MS);
	code = tk_launch_end(l);
	struct tk_interval *total = tk_collector_total(t->collector);
	tk_launch_say(l, a, t->collector, total);
	if (total && !total->n_timers)
		tk_interval_free(total);
	else if (!total || tk_rows_print_once(out, a, total) < 0)
		code = tk_failed("out of memory for the totals");
	return code;
}

/* Show, with a collector that runs, until the end. @return the exit code */
static int watch(struct tk_viewer *t, const struct tk_args *a, FILE *out)
{
	int error = tk_viewer_update(t) ? tk_viewer_show(t, a) : -ENOMEM;
	int code = t->launch ? end_command(t, a, out) : TK_EXIT_OK;

	return error ? tk_viewer_failed(error) : code;
}

/* --- a recording ----------------------------------------------------------------------------- */

/* @return an option that is not for what is shown; NULL: there is none */
static const char *misplaced(const struct tk_args *a)
{
	const struct tk_collector_options *o = &a->collector;
	const struct {
		const char *name;
		bool is_said;
	} live[] = { { "--dir", o->dir },
		     { "--pid", o->pid },
		     { "--interval", o->interval_ns },
		     { "--oldest", o->oldest },
		     { "--raw", o->raw },
		     { "--poll", o->poll_ns },
		     { "--cpu", !tk_tsc_cpus_empty(&o->cpus) },
		     { "a COMMAND", a->n_operands } };

	if (!a->replay.n)
		return a->speed > 0 ? "--speed" : a->from ? "--from" : a->unit_ns ? "--unit" : NULL;
	for (size_t i = 0; i < sizeof(live) / sizeof(*live); i++)
		if (live[i].is_said)
			return live[i].name;
	return NULL;
}

/* @return 0 or TK_EXIT_USAGE */
static int check_options(const struct tk_args *a)
{
	const char *wrong = misplaced(a);
	struct tk_report_when from;

	if (wrong && a->replay.n)
		return tk_usage(a->command,
				"%s is for programs that run, and --replay plays a "
				"recording",
				wrong);
	if (wrong)
		return tk_usage(a->command, "%s is for --replay FILE", wrong);
	if (tk_report_when_parse(&from, a->from))
		return tk_usage(a->command, "--from takes " TK_REPORT_WHEN_TAKES ", not %.80s",
				a->from);
	for (size_t i = 0; i < a->replay.n; i++)
		if (!strcmp(a->replay.text[i], "-"))
			return tk_usage(a->command,
					"--replay takes a file: standard input has the keys");
	return 0;
}

/* A screen has some tens of intervals, however long they are. */
static void widen_window(struct tk_viewer *t)
{
	while (t->view.span_ns < 30 * (int64_t)t->snapshot->interval_ns &&
	       t->view.span_ns < 86400 * INT64_C(1000000000))
		tk_view_zoom(&t->view, t->snapshot, 1);
}

/* Show a recording until q. @return the exit code */
static int play_to_end(struct tk_viewer *t, const struct tk_args *a)
{
	struct tk_report_when from = { 0 };
	struct tk_replay_wanted wanted = { .files = a->replay.text,
					   .n_files = a->replay.n,
					   .app = a->collector.app,
					   .unit_ns = (double)a->unit_ns,
					   .speed = a->speed > 0 ? a->speed : 1,
					   .history_bytes = a->collector.history_bytes };
	char text[512] = "";
	int error;

	(void)tk_report_when_parse(&from, a->from);
	wanted.from_ns = from.ns;
	wanted.from_is_relative = !from.is_absolute;
	t->replay = tk_replay_open(&wanted, text);
	if (!t->replay && errno == ENODATA) {
		tk_say("%s: there are no samples in it%s", a->replay.text[0],
		       a->collector.app || a->from ? " that --app and --from let through" : "");
		return TK_EXIT_NOTHING;
	}
	if (!t->replay)
		return tk_failed("%s", text);
	tk_view_init(&t->view, a->replay.text[0]);
	t->view.recent = &t->recent;
	error = tk_viewer_update(t) ? 0 : -ENOMEM;
	if (!error) {
		widen_window(t);
		error = tk_viewer_show(t, a);
	}
	if (error)
		return tk_viewer_failed(error);
	return tk_replay_damage(t->replay, text, sizeof(text)) ? tk_failed("%s", text) : TK_EXIT_OK;
}

/* --- the command ----------------------------------------------------------------------------- */

/* Show what runs, and start it if it is a command. @return the exit code */
static int watch_live(struct tk_viewer *t, const struct tk_args *a, FILE *out)
{
	struct tk_collector_options options = a->collector;
	char why[256] = "", where[512 + TK_RUNNING_MAX];
	int code = t->launch ? tk_launch_make(t->launch, a, true, &options) : TK_EXIT_OK;

	if (code)
		return code;
	where_text(&options, where, sizeof(where));
	if (!t->launch && (a->collector.app || a->collector.pid))
		add_running(a, where, sizeof(where));
	tk_view_init(&t->view, where);
	t->view.recent = &t->recent;
	options.place_backlog = true;
	t->collector = open_collector(&options, why);
	if (!t->collector) {
		if (t->launch)
			tk_launch_end(t->launch);
		return tk_failed("%s", why[0] ? why : strerror(errno));
	}
	code = watch(t, a, out);
	tk_collector_close(t->collector);
	return code;
}

tk_command_run tk_cmd_top;

int tk_cmd_top(const struct tk_args *a, FILE *out)
{
	struct tk_launch launch = { 0 };
	struct tk_viewer t = { .launch = a->n_operands ? &launch : NULL };
	const char *missing = tk_viewer_missing();
	int code = check_options(a);

	if (code)
		return code;
	tk_viewer_set_locale((enum tk_charset)a->charset);
	if (missing)
		return tk_failed("standard %s is no terminal: use `timekeeper %s`", missing,
				 a->replay.n ? "report" : "stat");
	code = a->replay.n ? play_to_end(&t, a) : watch_live(&t, a, out);
	tk_replay_close(t.replay);
	tk_viewer_free(&t);
	tk_viewer_die_if_told();
	return code;
}
