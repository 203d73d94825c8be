/* SPDX-License-Identifier: MIT */
/* `timekeeper stat`: print every interval of every timer. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/stop.h"
#include "collector/cli/text.h"
#include "collector/cli/walk.h"
#include "collector/commands/rows.h"
#include "collector/discover/dirs.h"

/* Wait this long for a process that was just started to appear. */
#define PATIENCE_NS INT64_C(1000000000)

struct stat_run {
	const struct tk_args *args;
	FILE *out;
	struct tk_collector *collector;
	uint64_t intervals; /* closed as of the last snapshot */
	uint64_t printed;   /* intervals */
	int64_t since_ns;
	int64_t began_ns;
	uint64_t notes, lost;
	bool shown;      /* there was a timer to show */
	int write_error; /* errno; 0: none */
	bool rows;       /* rows were printed */
	bool refused;    /* a sentence said that records are refused */
	bool aside;      /* a sentence said that samples are set aside */
};

/* Timers of processes that were dead before this collector came are shown with --oldest only. */
static bool wanted(const struct stat_run *r, const struct tk_snap_timer *t)
{
	return (!t->found_dead || r->args->collector.oldest) &&
	       (!r->args->timer || !fnmatch(r->args->timer, t->name, 0));
}

/* The k-th new datapoint of a timer, of any kind, and its kind; NULL: there are no more. */
static const struct tk_datapoint *fresh(const struct tk_snap_timer *t, size_t k, int *kind)
{
	for (*kind = 0; *kind < TK_MEASURES; ++*kind) {
		if (k < t->n_fresh[*kind])
			return &t->fresh[*kind][k];
		k -= t->n_fresh[*kind];
	}
	return NULL;
}

/* The end of the earliest interval after `after` that has something to print; 0: there is none. */
static int64_t next_end(const struct stat_run *r, const struct tk_snapshot *s, int64_t after)
{
	const struct tk_datapoint *d;
	int64_t next = 0;
	int kind;

	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		if (!wanted(r, t))
			continue;
		for (size_t k = 0; (d = fresh(t, k, &kind)); k++)
			if (d->t_ns > after && (!next || d->t_ns < next))
				next = d->t_ns;
	}
	return next;
}

static void print_interval(struct stat_run *r, const struct tk_snapshot *s, int64_t end)
{
	enum tk_format format = (enum tk_format)r->args->format;
	const struct tk_datapoint *d;
	int kind;

	tk_rows_heading(r->out, format, end, !r->rows);
	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		if (!wanted(r, t))
			continue;
		for (size_t k = 0; (d = fresh(t, k, &kind)); k++)
			if (d->t_ns == end)
				tk_rows_print(r->out, format, t, (enum tk_measure)kind, d);
	}
	r->printed++;
	r->rows = true;
}

static bool enough(const struct stat_run *r)
{
	return r->args->count && r->printed >= r->args->count;
}

/* Intervals without anything to print count, too, so that --count ends in bounded time. */
static void print_new(struct stat_run *r, const struct tk_snapshot *s)
{
	uint64_t goal = r->printed + (s->intervals - r->intervals);
	int64_t end;

	while (!enough(r) && (end = next_end(r, s, r->since_ns))) {
		print_interval(r, s, end);
		r->since_ns = end;
	}
	if (r->printed < goal && r->shown)
		r->printed = goal;
	r->intervals = s->intervals;
	r->since_ns = s->closed_ns;
	if (fflush(r->out) || ferror(r->out))
		r->write_error = errno;
}

static void say_notes(struct stat_run *r, const struct tk_snapshot *s)
{
	uint64_t unsaid = s->notes_ever - r->notes;
	char gap[TK_UNITS_MAX];

	if (unsaid > s->n_notes)
		tk_say("%" PRIu64 " notes are left out before these", unsaid - s->n_notes);
	for (size_t i = unsaid < s->n_notes ? s->n_notes - unsaid : 0; i < s->n_notes; i++)
		tk_say("%s", s->notes[i]);
	r->notes = s->notes_ever;
	if (s->lost > r->lost)
		tk_say("%" PRIu64 " records lost, overwritten before they were read; the "
		       "collector's longest gap was %s: it needs a cpu to itself, or the "
		       "lanes more slots",
		       s->lost - r->lost, tk_text_ns(gap, (double)s->longest_gap_ns));
	r->lost = s->lost;
}

/* Say this once: a process may refuse records for as long as it lives. */
static void say_refused(struct stat_run *r, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_segments && !r->refused; i++) {
		const struct tk_source_figures *segment = &s->segments[i];

		if (segment->owner != TK_OWNER_ALIVE || !segment->refused)
			continue;
		tk_say("%s: %" PRIu64 " records refused so far: there was no lane for their "
		       "threads, because memory was short or all lanes were taken; make room in "
		       "its directory, or raise tk_options.lanes, and start it again",
		       segment->name, segment->refused);
		r->refused = true;
	}
}

/* Say this once, too: the rows of jsonl and csv say how many samples were set aside when. */
static void say_aside(struct stat_run *r, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_timers && !r->aside; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		if (!wanted(r, t) || !(t->negative + t->across))
			continue;
		tk_say("%s: %" PRIu64 " set aside so far, in no statistic: samples that ended "
		       "before they began, or under which the clock changed; set_aside in --format "
		       "jsonl and csv counts them, for every timer",
		       t->name, t->negative + t->across);
		r->aside = true;
	}
}

static bool anything(const struct stat_run *r, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (wanted(r, &s->timers[i]))
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
	if (r->args->timer && (living || (dead && r->args->collector.oldest)))
		return tk_usage(r->args->command,
				"no timer matches --timer %.128s, and `timekeeper ls` names them",
				r->args->timer);
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

/* @return whether to go on; *code is set if not. */
static bool step(struct stat_run *r, int *code)
{
	/* Ask for silent timers, too: a pattern may match timers that have no records yet. */
	struct tk_view view = { .since_ns = r->since_ns, .silent = true };
	bool closed = tk_collector_wait(r->collector, r->intervals, 100) == 0;
	struct tk_snapshot *s;
	bool go_on = true;

	if (!closed && r->shown)
		return true;
	s = tk_collector_snapshot(r->collector, &view);
	if (!s) {
		*code = tk_failed("out of memory for a snapshot");
		return false;
	}
	if (r->began_ns == 0)
		r->began_ns = s->t_ns;
	r->shown = r->shown || anything(r, s);
	say_notes(r, s);
	say_refused(r, s);
	say_aside(r, s);
	if (closed)
		print_new(r, s);
	/* On a busy machine the collector may not have looked for segments yet. */
	if (!r->shown && s->looked && s->t_ns - r->began_ns > PATIENCE_NS) {
		*code = nothing(r, s);
		go_on = false;
	}
	tk_snapshot_free(s);
	return go_on && !enough(r) && !r->write_error;
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

/* main() must not report again what is reported here, so that the stream forgets its error. */
static int end_output(struct stat_run *r)
{
	__fpurge(r->out);
	clearerr(r->out);
	if (r->write_error == EPIPE) /* nobody reads any more: that is an end, not a failure */
		return TK_EXIT_OK;
	return tk_failed("cannot write: %s", strerror(r->write_error));
}

tk_command_run tk_cmd_stat;

int tk_cmd_stat(const struct tk_args *a, FILE *out)
{
	struct stat_run r = { .args = a, .out = out, .since_ns = 1 };
	int code = TK_EXIT_OK;
	char why[256];

	tk_stop_on_signals();
	r.collector = tk_collector_open(&a->collector, why);
	if (!r.collector)
		return tk_failed("%s", why);
	while (!tk_stop_requested && step(&r, &code))
		;
	if (r.write_error)
		code = end_output(&r);
	else if (code == TK_EXIT_OK && !r.rows)
		tk_say("no records came meanwhile");
	if (r.rows && !tk_tsc_cpus_empty(&a->collector.cpus))
		say_drainers(&r);
	tk_collector_close(r.collector);
	return code;
}
