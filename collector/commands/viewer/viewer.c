/* SPDX-License-Identifier: MIT */
#include "collector/commands/viewer/viewer.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/display/canvas/terminal.h"
#include "collector/display/draw.h"
#include "collector/display/keys.h"
#include "collector/machine/now.h"

#define PLAY_MAX_NS UINT64_C(1000000000) /* what passes in a turn: more, and we were stopped */

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

/* --- what is shown: a collector, or a replay ------------------------------------------------- */

static int64_t present(const struct tk_viewer *t)
{
	return t->replay ? tk_replay_now_ns(t->replay) : (int64_t)tk_now_ns(CLOCK_REALTIME);
}

static struct tk_snapshot *snapshot_of(struct tk_viewer *t, const struct tk_view *want)
{
	return t->replay ? tk_replay_snapshot(t->replay, want)
			 : tk_collector_snapshot(t->collector, want);
}

/* A recording has its intervals. */
static void change_interval(struct tk_viewer *t)
{
	if (t->replay)
		t->view.interval_ns = 0;
	if (t->view.interval_ns == t->interval_ns)
		return;
	t->interval_ns = t->view.interval_ns;
	tk_collector_set_interval(t->collector, t->interval_ns);
}

/* Play on what has passed, unless it is paused. @return whether there is something new to show */
static bool play(struct tk_viewer *t)
{
	uint64_t now = tk_now_ns(CLOCK_MONOTONIC), passed = now - t->played_ns;

	t->played_ns = now;
	return !t->view.paused &&
	       tk_replay_play(t->replay, passed < PLAY_MAX_NS ? passed : PLAY_MAX_NS);
}

static bool hatnews(struct tk_viewer *t)
{
	if (t->replay)
		return play(t);
	return !t->view.paused && tk_collector_wait(t->collector, t->snapshot->intervals, 0) == 0;
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Take a new snapshot. If memory is short, the one before is still shown. */
static bool fetch(struct tk_viewer *t)
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
static bool itof(const struct tk_snapshot *s, const struct tk_view *want)
{
	return s->detail_key == want->key && (s->recent_ns != 0) == (want->recent != NULL);
}

/* Take a second snapshot if the selection moved to a timer that the first one has no history of. */
bool tk_viewer_update(struct tk_viewer *t)
{
	if (!fetch(t))
		return false;
	struct tk_view want = tk_view_request(&t->view, 0);
	return itof(t->snapshot, &want) || fetch(t);
}

static void read_keys(struct tk_viewer *t)
{
	uint32_t code;

	while ((code = tk_terminal_key()) != TK_KEY_NONE && !t->view.quit) {
		struct tk_view before = tk_view_request(&t->view, 0);
		tk_keys_press(&t->view, t->snapshot, code);
		struct tk_view after = tk_view_request(&t->view, 0);
		if (before.key != after.key || before.silent != after.silent ||
		    before.recent != after.recent || before.from_ns != after.from_ns ||
		    before.to_ns != after.to_ns)
			tk_viewer_update(t);
		t->drawn = false;
	}
	change_interval(t);
}

static int draw(struct tk_viewer *t)
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

/* How long to wait for keys before looking for new data, in ms: half an interval, 33 to 300; while
 * a recording is played, 33, or not at all. */
static int patience(const struct tk_viewer *t)
{
	uint64_t ms = t->snapshot->interval_ns / 2000000;

	if (t->replay && !t->view.paused && !tk_replay_is_over(t->replay))
		return tk_replay_is_behind(t->replay) ? 0 : 33;
	return ms < 33 ? 33 : ms > 300 ? 300 : (int)ms;
}

/* With a command, signals are read where it is waited for. It is still shown when it has ended. */
static bool ittold_to_stop(const struct tk_viewer *t)
{
	if (!t->launch)
		return stopped_by != 0;
	(void)tk_launch_wait(t->launch, 0);
	return t->launch->child.told != 0;
}

static int run(struct tk_viewer *t)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!t->view.quit && !ittold_to_stop(t)) {
		if (!t->drawn && draw(t) < 0)
			return -ENOMEM;
		int ready = poll(&in, 1, patience(t));
		if (ready > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL))
			return 0; /* the terminal is gone */
		read_keys(t);     /* also when poll was interrupted: a resize comes as a key */
		if (hatnews(t))
			tk_viewer_update(t);
	}
	return 0;
}

/* --- begin and end ------------------------------------------------------------------------- */

const char *tk_viewer_missing(void)
{
	if (!isatty(STDOUT_FILENO))
		return "output";
	return isatty(STDIN_FILENO) ? NULL : "input";
}

void tk_viewer_set_locale(enum tk_charset asked)
{
	bool utf8 = asked == TK_CHARSET_BRAILLE || asked == TK_CHARSET_BLOCK;

	setlocale(LC_CTYPE, utf8 ? "C.UTF-8" : "");
}

int tk_viewer_show(struct tk_viewer *t, const struct tk_args *a)
{
	int error = tk_terminal_open();

	if (error)
		return error;
	catch_stops();
	const char *no_color = getenv("NO_COLOR");
	t->grid.charset = tk_charset_choose((enum tk_charset)a->charset);
	t->grid.no_color = a->no_color || (no_color && no_color[0]) || !tk_terminal_has_colors();
	t->played_ns = tk_now_ns(CLOCK_MONOTONIC);
	if (!t->launch || tk_launch_begin(t->launch) == 0)
		error = run(t);
	tk_terminal_close();
	return error;
}

int tk_viewer_failed(int error)
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

void tk_viewer_die_if_told(void)
{
	if (stopped_by && stopped_by != SIGINT) {
		signal(stopped_by, SIG_DFL);
		raise(stopped_by);
	}
}

void tk_viewer_free(struct tk_viewer *t)
{
	tk_snapshot_free(t->snapshot);
	tk_view_fini(&t->view);
	tk_recent_free(&t->recent);
	tk_grid_free(&t->grid);
}
