/* SPDX-License-Identifier: MIT */
/* `timekeeper stat`: print every interval of every timer. */
#include <errno.h>
#include <poll.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/stop.h"
#include "collector/cli/text.h"
#include "collector/cli/walk.h"
#include "collector/commands/alerts/alerts.h"
#include "collector/commands/notices/notices.h"
#include "collector/commands/rows/asked.h"
#include "collector/commands/rows/overhead.h"
#include "collector/discover/dirs.h"
#include "collector/launch/launch.h"

/* Wait this long for a process that was just started to appear. */
#define PATIENCE_NS INT64_C(1000000000)
#define ANEW_MAX    10 /* and so often from the beginning: each look may be slow, in a flood */

/* Lines for people come at a pace that can be read. Where nobody sees intervals, they only bound
 * how late the end of a process is seen. */
#define INTERVAL_NS UINT64_C(1000000000)
#define UNSEEN_NS   UINT64_C(100000000)

struct stat_run {
	const struct tk_args *args;
	FILE *out;
	struct tk_collector *collector;
	struct tk_rows_asked asked;
	struct tk_gather *gather; /* of intervals */
	struct tk_alerts alerts;
	struct tk_launch *launch; /* the command that was started, or NULL */
	bool totals;              /* are wanted at the end, */
	bool unseen;              /* and intervals are not printed */
	bool lived;               /* --until-exit: there was a process that lived, */
	bool ended;               /* and there is none; or the command has ended */
	uint64_t intervals;       /* closed as of the last snapshot */
	uint64_t printed;         /* intervals */
	int64_t began_ns;         /* waiting for a process to appear */
	int64_t stepped_ns;       /* when it looked last */
	unsigned anew;            /* how often it began to wait anew */
	struct tk_notices notices;
	bool shown; /* there was a timer to show, */
	bool rows;  /* and something was printed of one */
	int write_error;
};

/* Keep the rows that are wanted. */
static void choose(const struct stat_run *r, struct tk_interval *i)
{
	size_t n = 0;

	for (size_t k = 0; k < i->n_timers; k++) {
		if (tk_rows_wanted(r->args, i->timers[k].name, i->timers[k].found_dead))
			i->timers[n++] = i->timers[k];
		else
			free(i->timers[k].bytes);
	}
	i->n_timers = n;
	n = 0;
	for (size_t k = 0; k < i->n_processes; k++)
		if (tk_rows_wanted(r->args, NULL, i->processes[k].found_dead))
			i->processes[n++] = i->processes[k];
	i->n_processes = n;
}

/* Alerts are also about timers without a record. Rows are so only if asked. */
static void leave_out_idle(const struct stat_run *r, struct tk_interval *i)
{
	size_t n = 0;

	for (size_t k = 0; k < i->n_timers; k++) {
		const struct tk_interval_timer *t = &i->timers[k];

		if (r->args->idle || t->of[0].records || (r->args->total && t->since_start))
			i->timers[n++] = *t;
		else
			free(t->bytes);
	}
	i->n_timers = n;
}

/* Put an interval, which is gone then, among those that rows are about, and print these. */
static void print_interval(struct stat_run *r, struct tk_gather *g,
			   const struct tk_rows_style *style, struct tk_interval *i)
{
	const struct tk_rows *rows = tk_gather_rows(g);

	if (tk_gather_add(g, i) < 0)
		tk_say("out of memory: some records are in no row of this interval");
	tk_notices_dead(&r->notices, tk_gather_forgotten(r->gather));
	if (!rows->n && !rows->n_processes)
		return;
	tk_rows_print(r->out, style, rows, !r->rows);
	r->rows = true;
}

static bool is_enough(const struct stat_run *r)
{
	return r->args->count && r->printed >= r->args->count;
}

/* How it was measured belongs to the figures: say it once. */
static void print_overhead(struct stat_run *r, struct tk_interval *i, const struct tk_snapshot *s)
{
	char how[TK_OVERHEAD_HOW_MAX];

	if (!r->rows)
		tk_say("%s", tk_overhead_how(how, &s->span_cost));
	tk_overhead_print(r->out, (enum tk_format)r->args->format, i, !r->rows);
	r->rows = true;
	tk_interval_free(i);
}

/* Alerts are about all intervals, seen or not. */
static void take_interval(struct stat_run *r, struct tk_interval *i)
{
	choose(r, i);
	tk_alerts_take(&r->alerts, i);
	if (r->unseen) {
		tk_interval_free(i);
		return;
	}
	leave_out_idle(r, i);
	print_interval(r, r->gather, &r->asked.style, i);
	if (tk_alerts_print(&r->alerts, r->out, &r->asked.style, !r->rows))
		r->rows = true;
}

/* Intervals in which there was nothing to print count, too: --count ends in bounded time. */
static void print_closed(struct stat_run *r, const struct tk_snapshot *s)
{
	struct tk_intervals_dropped dropped = { 0 };
	struct tk_interval *i;

	while (!is_enough(r) && !r->write_error &&
	       (i = tk_collector_next_interval(r->collector, &dropped))) {
		if (r->args->overhead)
			print_overhead(r, i, s);
		else
			take_interval(r, i);
		r->printed += r->shown;
		if (fflush(r->out) || ferror(r->out))
			r->write_error = errno;
	}
	tk_notices_dropped(&r->notices, &dropped);
}

static bool anything(const struct stat_run *r, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (tk_rows_wanted(r->args, s->timers[i].name, s->timers[i].found_dead))
			return true;
	return false;
}

static int nothing(const struct stat_run *r, const struct tk_snapshot *s)
{
	struct tk_dirs dirs = { 0 };
	char where[1024];
	bool dead = false, living = false;

	for (size_t i = 0; i < s->n_timers; i++) {
		if (s->timers[i].found_dead)
			dead = true;
		else
			living = true;
	}
	if (r->args->timers.n && (living || (dead && r->args->collector.oldest)))
		return tk_usage(r->args->command,
				"no timer matches --timer %.128s%s, and `timekeeper ls` names them",
				r->args->timers.text[0],
				r->args->timers.n > 1 ? " or the others" : "");
	if (tk_dirs_list(&dirs, r->args->collector.dir) < 0)
		return tk_failed("out of memory for a list of directories");
	tk_dirs_text(&dirs, where, sizeof(where));
	tk_dirs_free(&dirs);
	if (dead)
		tk_say("only dead processes in %s: --oldest shows their last data", where);
	else
		tk_say_nothing(where, s->notes_ever > 0, r->args);
	return s->other_versions && !s->n_segments ? TK_EXIT_VERSION : TK_EXIT_NOTHING;
}

/* Whether the reader of a pipe is gone. No write may tell for long: idle timers have no rows. */
static bool is_abandoned(FILE *out)
{
	struct pollfd p = { .fd = fileno(out) };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

/* Whether an interval was closed. Waits 100 ms at most. */
static bool wait_for_interval(struct stat_run *r)
{
	if (!r->launch)
		return tk_collector_wait(r->collector, r->intervals, 100) == 0;
	r->ended = tk_launch_wait(r->launch, 100);
	return tk_collector_wait(r->collector, r->intervals, 0) == 0;
}

/* --until-exit. Of those that were dead before, --oldest shows all there is at once. */
static bool have_all_ended(struct stat_run *r, const struct tk_snapshot *s)
{
	bool alive = false;

	for (size_t i = 0; i < s->n_segments; i++)
		alive = alive || s->segments[i].owner == TK_OWNER_ALIVE;
	r->lived = r->lived || alive;
	return s->looked && s->n_segments && !alive && (r->lived || r->shown);
}

/* @return whether to go on; *code is set if not. */
static bool step(struct stat_run *r, int *code)
{
	/* Ask for silent timers, too: a pattern may match timers that have no records yet. */
	struct tk_view view = { .silent = true };
	bool closed = wait_for_interval(r);
	struct tk_snapshot *s;
	bool go_on = true;

	tk_alerts_poll(&r->alerts);
	if (!r->launch && is_abandoned(r->out)) {
		r->write_error = EPIPE;
		return false;
	}
	if (!closed && r->shown)
		return true;
	s = tk_collector_snapshot(r->collector, &view);
	if (!s) {
		*code = tk_failed("out of memory for a snapshot");
		return false;
	}
	/* Stopped, or without a cpu for long: the collector was, too, and may not have looked. */
	if (s->t_ns - r->stepped_ns > PATIENCE_NS / 2 && r->anew++ < ANEW_MAX)
		r->began_ns = s->t_ns;
	r->stepped_ns = s->t_ns;
	r->shown = r->shown || anything(r, s);
	tk_notices_new(&r->notices, s);
	tk_notices_once(&r->notices, r->args, s);
	r->intervals = s->intervals;
	if (closed)
		print_closed(r, s);
	/* On a busy machine the collector may not have looked for segments yet. */
	if (!r->shown && !r->launch && s->looked && s->t_ns - r->began_ns > PATIENCE_NS) {
		*code = nothing(r, s);
		go_on = false;
	}
	if (r->args->until_exit)
		r->ended = have_all_ended(r, s);
	tk_snapshot_free(s);
	if (r->args->alert_exit && r->alerts.fired)
		return false;
	return go_on && !is_enough(r) && !r->write_error;
}

/* With --cpu, report what disturbed each drainer: that tells whether its cpu was left alone. */
static void say_drainers(const struct stat_run *r)
{
	struct tk_snapshot *s = tk_collector_snapshot(r->collector, &(struct tk_view){ 0 });
	char text[TK_TEXT_DRAINER_MAX];

	for (size_t i = 0; s && i < s->n_drainers; i++) {
		tk_text_drainer(text, &s->drainers[i]);
		tk_say("drainer on %s (page faults and involuntary context switches, since it was "
		       "warm)",
		       text);
	}
	tk_snapshot_free(s);
}

/* What the open interval holds when we are told to stop is not lost. */
static void print_the_last(struct stat_run *r)
{
	struct tk_snapshot *s;

	if (tk_collector_finish(r->collector, TK_FINISH_MS))
		tk_say("the last interval was not closed within %d s: its records are not in any "
		       "row",
		       TK_FINISH_MS / 1000);
	s = tk_collector_snapshot(r->collector, &(struct tk_view){ .silent = true });
	if (s) {
		r->shown = r->shown || anything(r, s);
		tk_notices_new(&r->notices, s);
		print_closed(r, s);
	}
	tk_snapshot_free(s);
}

/* main() must not report again what is reported here, so that the stream forgets its error. */
static int end_output(struct stat_run *r, int code)
{
	__fpurge(r->out);
	clearerr(r->out);
	if (r->write_error == EPIPE) /* nobody reads any more: that is an end, not a failure */
		return r->launch ? code : TK_EXIT_OK;
	return tk_failed("cannot write: %s", strerror(r->write_error));
}

/* With a command, standard output is the command's. @return an exit code */
static int open_output(struct stat_run *r)
{
	const char *path = r->args->output;

	if (path)
		r->out = fopen(path, "we");
	else if (r->launch)
		r->out = stderr;
	if (r->out)
		return TK_EXIT_OK;
	return tk_failed("%s cannot be written: %s", path ? path : "", strerror(errno));
}

static int close_output(struct stat_run *r, int code)
{
	if (r->args->output && fclose(r->out))
		return tk_failed("cannot write to %s: %s", r->args->output, strerror(errno));
	return code;
}

static uint64_t interval_of(const struct stat_run *r)
{
	if (r->args->collector.interval_ns)
		return r->args->collector.interval_ns;
	return r->unseen && !r->args->alerts.n ? UNSEEN_NS : INTERVAL_NS;
}

static int open_collector(struct stat_run *r, struct tk_collector_options *o)
{
	char why[256];
	int code;

	o->totals = r->totals;
	o->no_past = true;
	if (!r->unseen || r->alerts.n)
		o->intervals_bytes = (uint64_t)TK_NOTICES_KEPT_MIB << 20;
	o->interval_ns = interval_of(r);
	code = tk_rows_ask(&r->asked, r->args, o->interval_ns, o);
	if (code)
		return code;
	tk_alerts_ask(&r->alerts, o);
	r->gather = tk_gather_new(&r->asked.how);
	if (!r->gather)
		return tk_failed("out of memory for rows");
	r->collector = tk_collector_open(o, why);
	return r->collector ? TK_EXIT_OK : tk_failed("%s", why);
}

/* Everything that was seen, after the last interval. It is one interval, whatever the window. */
static int print_totals(struct stat_run *r)
{
	struct tk_gather_how how = r->asked.how;
	struct tk_rows_style style = r->asked.style;
	struct tk_interval *total = tk_collector_total(r->collector), all;
	struct tk_gather *g;

	how.window_ns = style.window_ns = 0;
	g = total ? tk_gather_new(&how) : NULL;
	if (!g) {
		tk_interval_free(total);
		return tk_failed("out of memory for the totals");
	}
	all = *total; /* before what is not wanted is left out */
	choose(r, total);
	print_interval(r, g, &style, total);
	if (fflush(r->out) || ferror(r->out))
		r->write_error = errno;
	if (r->launch)
		tk_launch_say(r->launch, r->args, r->collector, &all);
	tk_gather_free(g);
	return TK_EXIT_OK;
}

/* @return an exit code: that of the command, once it has begun */
static int run(struct stat_run *r)
{
	int code = TK_EXIT_OK;

	if (r->launch && tk_launch_begin(r->launch))
		return tk_launch_end(r->launch);
	while (!tk_stop_requested && !r->ended && step(r, &code))
		;
	while (r->launch && !tk_launch_wait(r->launch, 100))
		tk_alerts_poll(&r->alerts);
	if (r->totals || (tk_stop_requested && !is_enough(r)))
		print_the_last(r);
	if (r->launch)
		code = tk_launch_end(r->launch);
	if (r->totals && print_totals(r))
		code = TK_EXIT_FAILED;
	tk_alerts_end(&r->alerts);
	if (r->write_error)
		code = end_output(r, code);
	else if (code == TK_EXIT_OK && !r->rows && !r->launch)
		tk_say("no records came meanwhile");
	if (r->rows && !tk_tsc_cpus_empty(&r->args->collector.cpus))
		say_drainers(r);
	return code == TK_EXIT_OK && r->alerts.fired ? TK_EXIT_ALERT : code;
}

/* @return an exit code */
static int collect(struct stat_run *r, struct tk_collector_options *o)
{
	int code = TK_EXIT_OK;

	if (r->launch)
		code = tk_launch_make(r->launch, r->args, false, o);
	else
		tk_stop_on_signals();
	if (code)
		return code;
	code = open_collector(r, o);
	if (!code)
		code = run(r);
	else if (r->launch)
		tk_launch_end(r->launch);
	tk_gather_free(r->gather);
	if (r->collector)
		tk_collector_close(r->collector);
	return code;
}

tk_command_run tk_cmd_stat;

int tk_cmd_stat(const struct tk_args *a, FILE *out)
{
	struct tk_launch launch = { 0 };
	struct stat_run r = { .args = a, .out = out, .totals = a->until_exit || a->n_operands };
	struct tk_collector_options options = a->collector;
	int code;

	r.launch = a->n_operands ? &launch : NULL;
	r.unseen = r.totals && !a->collector.interval_ns;
	code = tk_alerts_open(&r.alerts, a, interval_of(&r));
	if (!code)
		code = open_output(&r);
	if (!code)
		code = close_output(&r, collect(&r, &options));
	tk_alerts_close(&r.alerts);
	return code;
}
