/* SPDX-License-Identifier: MIT */
/* `timekeeper record`: write every interval of every timer to a log. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/stop.h"
#include "collector/cli/walk.h"
#include "collector/commands/recording/recording.h"
#include "collector/machine/now.h"

#define INTERVAL_NS   UINT64_C(1000000000)
#define INTERVALS_MIB 256u /* closed, and not written yet: the disk is slow */
#define HISTORY_MIB   64u  /* nothing is read back but the interval that was just closed */
#define FINISH_MS     15000

struct record_run {
	const struct tk_args *args;
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
	struct tk_snapshot *s = tk_collector_snapshot(r->collector, &(struct tk_view){ 0 });
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
	return tk_stop_requested || r->err || (r->until_ns && monotonic_ns() >= r->until_ns);
}

static void record(struct record_run *r)
{
	while (!is_over(r)) {
		int64_t left = r->until_ns ? (r->until_ns - monotonic_ns()) / 1000000 : 100;

		if (tk_collector_wait(r->collector, r->intervals,
				      left < 0     ? 0
				      : left > 100 ? 100
						   : (int)left + 1))
			continue;
		say_notes(r);
		write_closed(r);
	}
	if (!r->err && tk_collector_finish(r->collector, FINISH_MS))
		tk_say("the last interval was not closed within %d s, and is not recorded",
		       FINISH_MS / 1000);
	say_notes(r);
	write_closed(r);
}

/* @return the exit code */
static int end(struct record_run *r)
{
	const struct tk_recording *done = &r->recording;
	int err = tk_recording_close(&r->recording);

	if (done->without_histogram)
		tk_say("%s: %" PRIu64 " samples are missing: there was no memory for their "
		       "histograms",
		       r->args->output, done->without_histogram);
	tk_say("%s: %" PRIu64 " lines with %" PRIu64 " samples; %" PRIu64 " records were lost",
	       r->args->output, done->lines, done->samples, done->lost);
	if (err || r->err || done->without_histogram || r->dropped.intervals || done->gaps)
		return TK_EXIT_FAILED;
	if (done->lines)
		return TK_EXIT_OK;
	tk_say("no samples came meanwhile; `timekeeper ls` lists the programs that are watched");
	return TK_EXIT_NOTHING;
}

static int check(const struct tk_args *a)
{
	for (size_t i = 0; i < a->labels.n; i++)
		if (!strchr(a->labels.text[i] + 1, '='))
			return tk_usage(a->command, "--label takes NAME=VALUE, not %.80s",
					a->labels.text[i]);
	return a->output ? 0 : tk_usage(a->command, "--output FILE says where to");
}

tk_command_run tk_cmd_record;

int tk_cmd_record(const struct tk_args *a, FILE *out)
{
	struct tk_args args = *a;
	struct record_run r = { .args = &args };
	int code = check(a);
	char why[256];

	(void)out;
	if (code)
		return code;
	if (!args.collector.interval_ns)
		args.collector.interval_ns = INTERVAL_NS;
	args.collector.intervals_bytes = (uint64_t)INTERVALS_MIB << 20;
	args.collector.intervals_histograms = true;
	args.collector.history_bytes = (uint64_t)HISTORY_MIB << 20;
	tk_stop_on_signals();
	signal(SIGXFSZ, SIG_IGN); /* a limit of the file's size is an errno, as a full disk is */
	if (tk_recording_open(&r.recording, &args, args.output, (int64_t)tk_now_ns(CLOCK_REALTIME),
			      why))
		return tk_failed("%s", why);
	r.collector = tk_collector_open(&args.collector, why);
	if (!r.collector) {
		tk_recording_close(&r.recording);
		return tk_failed("%s", why);
	}
	if (args.duration_ns)
		r.until_ns = monotonic_ns() + (int64_t)args.duration_ns;
	record(&r);
	tk_collector_close(r.collector);
	return end(&r);
}
