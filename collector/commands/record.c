/* SPDX-License-Identifier: MIT */
/* `timekeeper record`: write every interval of every timer to a log; or of a command, to a log for
 * each of its runs. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/stop.h"
#include "collector/commands/recording/recording.h"
#include "collector/launch/launch.h"
#include "collector/machine/now.h"
#include "tsc/affinity.h"

#define INTERVAL_NS   UINT64_C(1000000000)
#define INTERVALS_MIB 256u /* closed, and not written yet: the disk is slow */

struct record_run {
	const struct tk_args *args;
	struct tk_launch *launch; /* the command that was started, or NULL */
	bool ended;               /* and it has ended */
	struct tk_collector *collector;
	struct tk_recording recording;
	uint64_t intervals; /* closed as of the last snapshot */
	uint64_t notes;     /* said so far */
	struct tk_intervals_dropped dropped;
	int64_t until_ns; /* CLOCK_MONOTONIC; 0: until told to stop */
	int err;
};

static int64_t monotonic_ns(void)
{
	return (int64_t)tk_now_ns(CLOCK_MONOTONIC);
}

static void write_closed(struct record_run *r)
{
	struct tk_intervals_dropped dropped = { 0 };
	struct tk_interval *i;

	while (!r->err && (i = tk_collector_next_interval(r->collector, &dropped))) {
		r->err = tk_recording_put(&r->recording, i);
		tk_interval_free(i);
	}
	if (dropped.intervals > r->dropped.intervals)
		tk_say("%" PRIu64 " intervals with %" PRIu64 " records are missing so far: they "
		       "came faster than they could be written; record fewer timers (--timer), or "
		       "to a faster disk",
		       dropped.intervals, dropped.records);
	r->dropped = dropped;
}

static void say_notes(struct record_run *r)
{
	struct tk_snapshot *s =
		tk_collector_snapshot(r->collector, &(struct tk_view){ .brief = true });
	uint64_t unsaid = s ? s->notes_ever - r->notes : 0;

	for (size_t i = s && unsaid < s->n_notes ? s->n_notes - unsaid : 0; s && i < s->n_notes;
	     i++)
		tk_say("%s", s->notes[i]);
	if (s) {
		r->notes = s->notes_ever;
		r->intervals = s->intervals;
	}
	tk_snapshot_free(s);
}

static bool is_over(const struct record_run *r)
{
	return tk_stop_requested || r->ended || (r->err && !r->launch) ||
	       (r->until_ns && monotonic_ns() >= r->until_ns);
}

/* @return whether an interval was closed */
static bool wait_for_interval(struct record_run *r)
{
	int64_t left = r->until_ns ? (r->until_ns - monotonic_ns()) / 1000000 + 1 : 100;

	if (r->launch) {
		r->ended = tk_launch_wait(r->launch, 100);
		left = 0;
	}
	return tk_collector_wait(r->collector, r->intervals,
				 left < 0     ? 0
				 : left > 100 ? 100
					      : (int)left) == 0;
}

static void record(struct record_run *r)
{
	while (!is_over(r)) {
		if (!wait_for_interval(r))
			continue;
		say_notes(r);
		write_closed(r);
	}
	if (tk_collector_finish(r->collector, TK_FINISH_MS))
		tk_say("the last interval was not closed within %d s, and is not recorded",
		       TK_FINISH_MS / 1000);
	say_notes(r);
	write_closed(r);
}

/* @return the exit code of the command */
static int end_command(struct record_run *r)
{
	struct tk_interval *total = tk_collector_total(r->collector);
	int code = tk_launch_end(r->launch);

	tk_launch_say(r->launch, r->args, r->collector, total);
	tk_interval_free(total);
	return code;
}

/* @return whether all that there was is in the log */
static bool end_recording(struct record_run *r)
{
	const struct tk_recording *done = &r->recording;
	int err = tk_recording_close(&r->recording);

	if (done->without_histogram)
		tk_say("%s: %" PRIu64 " samples are missing: there was no memory for their "
		       "histograms",
		       r->args->output, done->without_histogram);
	tk_say("%s: %" PRIu64 " lines with %" PRIu64 " samples; %" PRIu64 " records were lost",
	       r->args->output, done->lines, done->samples, done->lost);
	return !err && !r->err && !done->without_histogram && !r->dropped.intervals && !done->gaps;
}

static int open_collector(struct record_run *r, struct tk_collector_options *o)
{
	char why[256];

	o->intervals_bytes = (uint64_t)INTERVALS_MIB << 20;
	o->intervals_histograms = true;
	o->no_past = true;
	r->collector = tk_collector_open(o, why);
	if (!r->collector)
		return tk_failed("%s", why);
	if (r->args->duration_ns)
		r->until_ns = monotonic_ns() + (int64_t)r->args->duration_ns;
	return TK_EXIT_OK;
}

/* One recording. @o: of its collector @return the exit code: of the command, if there is one */
static int run(struct record_run *r, struct tk_collector_options *o)
{
	int code = open_collector(r, o);
	bool begins = !code && (!r->launch || tk_launch_begin(r->launch) == 0);
	bool whole;

	if (begins)
		record(r);
	if (begins && r->launch)
		code = end_command(r);
	else if (r->launch && !code)
		code = tk_launch_end(r->launch);
	else if (r->launch)
		tk_launch_end(r->launch);
	if (r->collector)
		tk_collector_close(r->collector);
	whole = end_recording(r);
	if (!whole)
		return TK_EXIT_FAILED;
	if (r->recording.lines || r->launch || code)
		return code;
	tk_say("no samples came meanwhile; `timekeeper ls` lists the programs that are watched");
	return TK_EXIT_NOTHING;
}

/* @return the exit code */
static int record_once(const struct tk_args *a)
{
	struct record_run r = { .args = a };
	struct tk_collector_options options = a->collector;
	struct tk_launch launch = { 0 };
	char why[256];
	int code = TK_EXIT_OK;

	r.launch = a->n_operands ? &launch : NULL;
	if (tk_recording_open(&r.recording, a, a->output, (int64_t)tk_now_ns(CLOCK_REALTIME), why))
		return tk_failed("%s", why);
	if (r.launch)
		code = tk_launch_make(r.launch, a, false, &options);
	if (code) {
		tk_recording_close(&r.recording);
		return code;
	}
	return run(&r, &options);
}

/* "dir/run.hlog" of run 3: "dir/run-3.hlog". */
static void name_run(char name[PATH_MAX], const char *path, uint64_t run)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	int stem = dot && (!slash || dot > slash + 1) ? (int)(dot - path) : (int)strlen(path);

	snprintf(name, PATH_MAX, "%.*s-%" PRIu64 "%s", stem, path, run, path + stem);
}

/* Each run begins as the first did, on the cpus that this process was given. */
static int record_runs(struct tk_args *a)
{
	const char *path = a->output;
	struct tk_tsc_cpus cpus;
	char name[PATH_MAX];
	bool pinned = tk_tsc_affinity(0, &cpus) == 0;
	int code = TK_EXIT_OK;

	for (uint64_t i = 1; i <= a->runs && !code; i++) {
		name_run(name, path, i);
		a->output = name;
		code = record_once(a);
		if (pinned)
			tk_tsc_affinity_set(0, &cpus);
		if (code && i < a->runs)
			tk_say("run %" PRIu64 " of %" PRIu64 " ended with exit code %d: no further "
			       "run is made",
			       i, a->runs, code);
	}
	a->output = path;
	return code;
}

static int check(const struct tk_args *a)
{
	for (size_t i = 0; i < a->labels.n; i++)
		if (!strchr(a->labels.text[i] + 1, '='))
			return tk_usage(a->command, "--label takes NAME=VALUE, not %.80s",
					a->labels.text[i]);
	if (!a->output)
		return tk_usage(a->command, "--output FILE says where to");
	if (a->duration_ns && a->n_operands)
		return tk_usage(a->command, "--duration is for programs that run already: a "
					    "COMMAND is recorded until it ends");
	if (a->runs && !a->n_operands)
		return tk_usage(a->command, "--runs needs to know of what: -- COMMAND");
	return 0;
}

tk_command_run tk_cmd_record;

int tk_cmd_record(const struct tk_args *a, FILE *out)
{
	struct tk_args args = *a;
	int code = check(a);

	(void)out;
	if (code)
		return code;
	if (!args.collector.interval_ns)
		args.collector.interval_ns = INTERVAL_NS;
	if (!args.n_operands)
		tk_stop_on_signals();
	signal(SIGXFSZ, SIG_IGN); /* a limit of the file's size is an errno, as a full disk is */
	return args.runs ? record_runs(&args) : record_once(&args);
}
