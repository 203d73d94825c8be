/* SPDX-License-Identifier: MIT */
/*
 * `timekeeper top`: the live display, or a recording that is played in it, until q, Ctrl-C, SIGTERM
 * or SIGHUP.
 */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/walk.h"
#include "collector/commands/rows/asked.h"
#include "collector/display/canvas/terminal.h"
#include "collector/display/draw.h"
#include "collector/display/keys.h"
#include "collector/engine/views/recent.h"
#include "collector/launch/launch.h"
#include "collector/machine/now.h"
#include "collector/replay/replay.h"
#include "ring/place.h"

#define FINISH_MS   15000 /* what a command that has ended left may take to be read */
#define PLAY_MAX_NS UINT64_C(1000000000) /* what passes in a turn: more, and we were stopped */

struct top {
	struct tk_launch *launch; /* the command that was started, or NULL */
	struct tk_collector *collector;
	struct tk_replay *replay; /* in the place of a collector, or NULL */
	uint64_t played_ns;       /* CLOCK_MONOTONIC, when it was last played on */
	struct tk_snapshot *snapshot;
	struct tk_view_state view;
	struct tk_recent recent;
	struct tk_grid grid;
	uint64_t interval_ns; /* last asked for */
	bool drawn;           /* the screen shows the snapshot and the view as they are */
};

/* --- signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t stopped_by;

static void on_stop(int sig)
{
	stopped_by = sig;
}

static void catch_stops(void)
{
	struct sigaction sa = { .sa_handler = on_stop }; /* no SA_RESTART: a signal ends poll() */

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

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

/* --- what is shown: a collector, or a replay ------------------------------------------------- */

static int64_t present(const struct top *t)
{
	return t->replay ? tk_replay_now_ns(t->replay) : (int64_t)tk_now_ns(CLOCK_REALTIME);
}

static struct tk_snapshot *snapshot_of(struct top *t, const struct tk_view *want)
{
	return t->replay ? tk_replay_snapshot(t->replay, want)
			 : tk_collector_snapshot(t->collector, want);
}

/* A recording has its intervals. */
static void change_interval(struct top *t)
{
	if (t->replay)
		t->view.interval_ns = 0;
	if (t->view.interval_ns == t->interval_ns)
		return;
	t->interval_ns = t->view.interval_ns;
	tk_collector_set_interval(t->collector, t->interval_ns);
}

/* Play on what has passed, unless it is paused. @return whether there is something new to show */
static bool play(struct top *t)
{
	uint64_t now = tk_now_ns(CLOCK_MONOTONIC), passed = now - t->played_ns;

	t->played_ns = now;
	return !t->view.paused &&
	       tk_replay_play(t->replay, passed < PLAY_MAX_NS ? passed : PLAY_MAX_NS);
}

static bool has_news(struct top *t)
{
	if (t->replay)
		return play(t);
	return !t->view.paused && tk_collector_wait(t->collector, t->snapshot->intervals, 0) == 0;
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Take a new snapshot. If memory is short, the one before is still shown. */
static bool fetch(struct top *t)
{
	struct tk_view want = tk_view_request(&t->view, present(t));
	struct tk_snapshot *s = snapshot_of(t, &want);

	if (!s)
		return false;
	tk_snapshot_free(t->snapshot);
	t->snapshot = s;
	tk_view_sync(&t->view, s);
	t->drawn = false;
	return true;
}

/* Whether a snapshot has what is wanted now. */
static bool is_of(const struct tk_snapshot *s, const struct tk_view *want)
{
	return s->detail_key == want->key && (s->recent_ns != 0) == (want->recent != NULL);
}

/* Take a second snapshot if the selection moved to a timer that the first one has no history of. */
static bool update(struct top *t)
{
	if (!fetch(t))
		return false;
	struct tk_view want = tk_view_request(&t->view, 0);
	return is_of(t->snapshot, &want) || fetch(t);
}

static void read_keys(struct top *t)
{
	uint32_t code;

	while ((code = tk_terminal_key()) != TK_KEY_NONE && !t->view.quit) {
		struct tk_view before = tk_view_request(&t->view, 0);
		tk_keys_press(&t->view, t->snapshot, code);
		struct tk_view after = tk_view_request(&t->view, 0);
		if (before.key != after.key || before.silent != after.silent ||
		    before.recent != after.recent || before.from_ns != after.from_ns ||
		    before.to_ns != after.to_ns)
			update(t);
		t->drawn = false;
	}
	change_interval(t);
}

static int draw(struct top *t)
{
	int w, h;

	tk_terminal_size(&w, &h);
	if (tk_grid_resize(&t->grid, w, h) < 0)
		return -ENOMEM;
	tk_draw(&t->view, t->snapshot, &t->grid);
	tk_terminal_draw(&t->grid);
	t->drawn = true;
	return 0;
}

/* How long to wait for keys before looking for new data, in ms: half an interval, 33 to 300. */
static int patience(const struct top *t)
{
	uint64_t ms = t->snapshot->interval_ns / 2000000;

	return ms < 33 ? 33 : ms > 300 ? 300 : (int)ms;
}

/* With a command, signals are read where it is waited for. It is still shown when it has ended. */
static bool is_told_to_stop(const struct top *t)
{
	if (!t->launch)
		return stopped_by != 0;
	(void)tk_launch_wait(t->launch, 0);
	return t->launch->child.told != 0;
}

static int run(struct top *t)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!t->view.quit && !is_told_to_stop(t)) {
		if (!t->drawn && draw(t) < 0)
			return -ENOMEM;
		int ready = poll(&in, 1, patience(t));
		if (ready > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL))
			return 0; /* the terminal is gone */
		read_keys(t);     /* also when poll was interrupted: a resize comes as a key */
		if (has_news(t))
			update(t);
	}
	return 0;
}

/* --- begin and end --------------------------------------------------------------------------- */

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

/* Take the terminal and show, until the end. There is a first snapshot. */
static int show(struct top *t, const struct tk_args *a)
{
	int error = tk_terminal_open();

	if (error)
		return error;
	catch_stops();
	const char *no_color = getenv("NO_COLOR");
	t->grid.charset = tk_charset_choose((enum tk_charset)a->charset);
	t->grid.no_color = a->no_color || (no_color && no_color[0]) || !tk_terminal_has_colors();
	if (!t->launch || tk_launch_begin(t->launch) == 0)
		error = run(t);
	tk_terminal_close();
	return error;
}

static int complain(int error)
{
	const char *term = getenv("TERM");

	if (error == -EINVAL)
		return tk_failed("the terminal '%s' (TERM) is not known here: set TERM, for "
				 "example to xterm-256color, or use `timekeeper stat`",
				 term ? term : "");
	if (error == -ENOTSUP)
		return tk_failed(
			"the terminal '%s' (TERM) cannot move its cursor: set TERM to what "
			"the terminal is, or use `timekeeper stat`",
			term ? term : "");
	return tk_failed("the display ended: %s", strerror(-error));
}

/* @return which standard stream is no terminal; NULL: both are */
static const char *missing_terminal(void)
{
	if (!isatty(STDOUT_FILENO))
		return "output";
	return isatty(STDIN_FILENO) ? NULL : "input";
}

/* Braille and blocks need a UTF-8 locale; otherwise the user's locale decides. */
static void set_locale(enum tk_charset asked)
{
	bool utf8 = asked == TK_CHARSET_BRAILLE || asked == TK_CHARSET_BLOCK;

	setlocale(LC_CTYPE, utf8 ? "C.UTF-8" : "");
}

/* SIGTERM and SIGHUP end the process as they would have, once the terminal is restored. */
static void die_if_told(void)
{
	if (stopped_by && stopped_by != SIGINT) {
		signal(stopped_by, SIG_DFL);
		raise(stopped_by);
	}
}

/* The command may not have ended yet. @return the exit code */
static int end_command(struct top *t, const struct tk_args *a, FILE *out)
{
	struct tk_launch *l = t->launch;
	int code;

	if (!l->begun)
		return tk_launch_end(l);
	if (!tk_launch_wait(l, 0))
		tk_say("%s still runs, and its totals come when it ends; Ctrl-C ends it", l->name);
	while (!tk_launch_wait(l, -1))
		;
	(void)tk_collector_finish(t->collector, FINISH_MS);
	code = tk_launch_end(l);
	struct tk_interval *total = tk_collector_total(t->collector);
	struct tk_snapshot *s = tk_collector_snapshot(t->collector, &(struct tk_view){ 0 });
	tk_launch_say(l, a, s, total);
	tk_snapshot_free(s);
	if (total && !total->n_timers)
		tk_interval_free(total);
	else if (!total || tk_rows_print_once(out, a, total) < 0)
		code = tk_failed("out of memory for the totals");
	return code;
}

/* Show, with a collector that runs, until the end. @return the exit code */
static int watch(struct top *t, const struct tk_args *a, FILE *out)
{
	int error = update(t) ? show(t, a) : -ENOMEM;
	int code = t->launch ? end_command(t, a, out) : TK_EXIT_OK;

	return error ? complain(error) : code;
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
		return a->speed > 0 ? "--speed" : a->unit_ns ? "--unit" : NULL;
	for (size_t i = 0; i < sizeof(live) / sizeof(*live); i++)
		if (live[i].is_said)
			return live[i].name;
	return NULL;
}

/* @return 0 or TK_EXIT_USAGE */
static int check_options(const struct tk_args *a)
{
	const char *wrong = misplaced(a);

	if (wrong && a->replay.n)
		return tk_usage(a->command,
				"%s is for programs that run, and --replay plays a "
				"recording",
				wrong);
	if (wrong)
		return tk_usage(a->command, "%s is for --replay FILE", wrong);
	for (size_t i = 0; i < a->replay.n; i++)
		if (!strcmp(a->replay.text[i], "-"))
			return tk_usage(a->command,
					"--replay takes a file: standard input has the keys");
	return 0;
}

/* A screen has some tens of intervals, however long they are. */
static void widen_window(struct top *t)
{
	while (t->view.span_ns < 30 * (int64_t)t->snapshot->interval_ns &&
	       t->view.span_ns < 86400 * INT64_C(1000000000))
		tk_view_zoom(&t->view, t->snapshot, 1);
}

/* Show a recording until q. @return the exit code */
static int play_to_end(struct top *t, const struct tk_args *a)
{
	const struct tk_replay_wanted wanted = { .files = a->replay.text,
						 .n_files = a->replay.n,
						 .app = a->collector.app,
						 .unit_ns = (double)a->unit_ns,
						 .speed = a->speed > 0 ? a->speed : 1,
						 .history_bytes = a->collector.history_bytes };
	char text[512] = "";
	int error;

	t->replay = tk_replay_open(&wanted, text);
	if (!t->replay && errno == ENODATA) {
		tk_say("%s: there are no samples in it%s", a->replay.text[0],
		       a->collector.app ? " that --app lets through" : "");
		return TK_EXIT_NOTHING;
	}
	if (!t->replay)
		return tk_failed("%s", text);
	tk_view_init(&t->view, a->replay.text[0]);
	t->view.recent = &t->recent;
	t->played_ns = tk_now_ns(CLOCK_MONOTONIC);
	error = update(t) ? 0 : -ENOMEM;
	if (!error) {
		widen_window(t);
		error = show(t, a);
	}
	if (error)
		return complain(error);
	return tk_replay_damage(t->replay, text, sizeof(text)) ? tk_failed("%s", text) : TK_EXIT_OK;
}

/* --- the command ----------------------------------------------------------------------------- */

/* Show what runs, and start it if it is a command. @return the exit code */
static int watch_live(struct top *t, const struct tk_args *a, FILE *out)
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
	struct top t = { .launch = a->n_operands ? &launch : NULL };
	const char *missing = missing_terminal();
	int code = check_options(a);

	if (code)
		return code;
	set_locale((enum tk_charset)a->charset);
	if (missing)
		return tk_failed("standard %s is no terminal: use `timekeeper %s`", missing,
				 a->replay.n ? "report" : "stat");
	code = a->replay.n ? play_to_end(&t, a) : watch_live(&t, a, out);
	tk_replay_close(t.replay);
	tk_snapshot_free(t.snapshot);
	tk_view_fini(&t.view);
	tk_recent_free(&t.recent);
	tk_grid_free(&t.grid);
	die_if_told();
	return code;
}
