/* SPDX-License-Identifier: MIT */
/* The collector and its commands from outside, on programs that really run. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/engine/collector.h"
#include "collector/engine/core.h"
#include "collector/machine/now.h"
#include "tests/place.h"

#define DEADLINE_S 20

/* The programs are found through the environment (meson.build). */
static const char *program(const char *variable)
{
	const char *path = getenv(variable);

	cr_assert(path, "%s is not set: run under meson test", variable);
	return path;
}

static void begin(void)
{
	cr_assert(place_make());
}

static void end(void)
{
	cr_assert(place_remove());
}

TestSuite(whole, .init = begin, .fini = end, .timeout = 60);

/* Start it and wait for its line. */
static pid_t watched(const char *app, const char *timers, const char *records, const char *ending)
{
	int out[2];
	char c;
	pid_t pid;

	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		execl(program("WATCHED"), "watched", app, timers, records, ending, NULL);
		_exit(127);
	}
	close(out[1]);
	cr_assert_eq(read(out[0], &c, 1), 1, "it says when it is done");
	close(out[0]);
	return pid;
}

static void kill_it(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Run `timekeeper` with these arguments; its standard output and exit code. */
static int run(const char *arguments, char *out, size_t size)
{
	char command[512];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "%s %s 2>/dev/null", program("TIMEKEEPER"), arguments);
	f = popen(command, "r");
	cr_assert(f);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	return WEXITSTATUS(pclose(f));
}

static uint64_t seconds(void)
{
	return tk_now_ns(CLOCK_MONOTONIC) / TK_SECOND_NS;
}

/* Snapshots until `good` likes one. */
static struct tk_snapshot *await(struct tk_collector *c, bool (*good)(const struct tk_snapshot *))
{
	uint64_t until = seconds() + DEADLINE_S, intervals = 0;

	while (seconds() < until) {
		const struct tk_view all = { .totals = true };
		struct tk_snapshot *s = tk_collector_snapshot(c, &all);

		cr_assert(s);
		if (good(s))
			return s;
		intervals = s->intervals;
		tk_snapshot_free(s);
		tk_collector_wait(c, intervals, 1000);
	}
	cr_assert(false, "it did not come to pass");
	return NULL;
}

static struct tk_collector *collector(bool oldest)
{
	struct tk_collector_options o = { .dir = place, .interval_ns = 20000000, .oldest = oldest };
	char why[256];
	struct tk_collector *c = tk_collector_open(&o, why);

	cr_assert(c, "%s", why);
	return c;
}

static bool idle(const struct tk_snapshot *s)
{
	return s->intervals > 2;
}

/* All timers' records that were settled. */
static uint64_t accounted(const struct tk_snapshot *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_timers; i++)
		sum += s->timers[i].total[0].records;
	return sum;
}

static bool has_100000(const struct tk_snapshot *s)
{
	return accounted(s) == 100000;
}

Test(whole, produced_is_delivered_plus_lost_timer_by_timer)
{
	struct tk_collector *c = collector(false);
	struct tk_snapshot *s = await(c, idle);
	pid_t pid;

	tk_snapshot_free(s);
	pid = watched("exact", "5", "100000", "die");
	s = await(c, has_100000);
	cr_assert_eq(s->delivered + s->lost, 100000);
	cr_assert_eq(s->unknown, 0);
	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		if (strncmp(t->name, "timer-", 6))
			continue;
		for (int m = 0; m < TK_MEASURES; m++) {
			const struct tk_datapoint *d = &t->total[m];

			cr_assert_eq(d->records, 20000);
			cr_assert_eq(d->count + d->aside + d->lost, 20000);
			cr_assert_eq(d->without, 0, "each has an origin and a stop");
			cr_assert_leq(t->total[m].min_ns, t->total[m].p_ns[TK_P50]);
			cr_assert_leq(t->total[m].p_ns[TK_P9999], t->total[m].max_ns);
		}
	}
	tk_snapshot_free(s);
	tk_collector_close(c);
	kill_it(pid);
}

static pid_t first_pid;
static uint64_t first_key;

static const struct tk_snap_timer *timer_00(const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (!strcmp(s->timers[i].name, "timer-00"))
			return &s->timers[i];
	return NULL;
}

static bool has_timer_00(const struct tk_snapshot *s)
{
	return timer_00(s) != NULL;
}

static bool ran(const struct tk_snapshot *s)
{
	return timer_00(s) && timer_00(s)->total[0].count == 500;
}

static bool died(const struct tk_snapshot *s)
{
	return timer_00(s) && !timer_00(s)->alive;
}

static size_t timers_00(const struct tk_snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_timers; i++)
		n += !strcmp(s->timers[i].name, "timer-00");
	return n;
}

static bool came_back(const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (!strcmp(s->timers[i].name, "timer-00") && s->timers[i].alive &&
		    s->timers[i].pid != (uint32_t)first_pid && s->timers[i].total[0].count >= 500)
			return timers_00(s) == 2;
	return false;
}

/* The dead one's series is as it was, and the living one's has its own records only. */
static void each_has_its_own(const struct tk_snapshot *s, pid_t second)
{
	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];
		bool first = t->pid == (uint32_t)first_pid;

		cr_assert(first || t->pid == (uint32_t)second);
		cr_assert_eq(t->alive, !first);
		cr_assert_eq(t->key == first_key, first);
		for (int m = 0; m < TK_MEASURES; m++) {
			cr_assert_eq(t->total[m].count, 500);
			cr_assert_eq(t->total[m].records, 500);
		}
	}
}

Test(whole, a_restarted_process_has_series_of_its_own)
{
	struct tk_collector *c = collector(false);
	struct tk_snapshot *s;
	pid_t pid;

	/* What is there at the first scan is read from now on, what comes later from its
	 * beginning. */
	tk_snapshot_free(await(c, idle));
	first_pid = watched("phoenix", "1", "500", "die");
	s = await(c, ran);
	first_key = timer_00(s)->key;
	tk_snapshot_free(s);
	kill_it(first_pid);
	tk_snapshot_free(await(c, died));
	pid = watched("phoenix", "1", "500", "die");
	s = await(c, came_back);
	each_has_its_own(s, pid);
	tk_snapshot_free(s);
	tk_collector_close(c);
	kill_it(pid);
}

/* However soon: within one interval, too. */
Test(whole, a_quick_restart_has_series_of_its_own)
{
	struct tk_collector *c = collector(false);
	struct tk_snapshot *s;
	pid_t pid;

	tk_snapshot_free(await(c, idle));
	first_pid = watched("phoenix", "1", "500", "die");
	s = await(c, ran);
	first_key = timer_00(s)->key;
	tk_collector_set_interval(c, 3 * TK_SECOND_NS);
	tk_collector_wait(c, s->intervals + 1, 10000);
	tk_snapshot_free(s);
	kill_it(first_pid);
	pid = watched("phoenix", "1", "500", "die");
	s = await(c, came_back);
	each_has_its_own(s, pid);
	tk_snapshot_free(s);
	tk_collector_close(c);
	kill_it(pid);
}

static bool two_series(const struct tk_snapshot *s)
{
	return timers_00(s) == 2;
}

Test(whole, two_living_processes_of_an_app_are_two_series)
{
	struct tk_collector *c = collector(false);
	pid_t a, b;

	/* What it finds when it first looks is read from then on; what comes later, from its
	 * start. */
	tk_snapshot_free(await(c, idle));
	a = watched("twins", "1", "10", "die");
	b = watched("twins", "1", "10", "die");
	tk_snapshot_free(await(c, two_series));
	tk_collector_close(c);
	kill_it(a);
	kill_it(b);
}

/* In whatever state a scan finds it, and however long it stays so: its maker may be stopped. */
Test(whole, what_is_being_made_is_looked_at_until_it_is_made)
{
	static struct tk_collector c;
	pid_t pid = watched("slow-maker", "1", "1", "die");
	char head[PATH_MAX], kept[PATH_MAX];
	glob_t found;

	snprintf(head, sizeof(head), "%s/slow-maker.*", place);
	cr_assert_eq(glob(head, 0, NULL, &found), 0);
	snprintf(head, sizeof(head), "%s/head", found.gl_pathv[0]);
	snprintf(kept, sizeof(kept), "%s/kept", found.gl_pathv[0]);
	globfree(&found);
	cr_assert_eq(rename(head, kept), 0);
	c.options.dir = place;
	for (int size = -1; size <= 4096; size += size < 0 ? 1 : 4096) {
		if (size >= 0) {
			close(open(head, O_CREAT | O_WRONLY, 0600));
			cr_assert_eq(truncate(head, size), 0);
		}
		for (unsigned i = 0; i < 3; i++) {
			tk_scan(&c);
			cr_assert_eq(c.own.n_sources, 0);
			c.own.now_ns += 20 * TK_SECOND_NS;
		}
		cr_assert_eq(c.own.notes.ever, 1, "it is said once");
	}
	cr_assert_eq(rename(kept, head), 0);
	tk_scan(&c);
	cr_assert_eq(c.own.n_sources, 1);
	kill_it(pid);
}

static bool noted(const struct tk_snapshot *s)
{
	return s->n_notes > 0 && ran(s);
}

Test(whole, what_is_no_segment_is_one_note_and_the_rest_is_shown)
{
	char path[128];
	struct tk_collector *c;
	struct tk_snapshot *s;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/junk\nname", place);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "%s/app.1.dead", place);
	mkdir(path, 0700);
	pid = watched("good", "1", "500", "die");
	c = collector(true);
	s = await(c, noted);
	for (size_t i = 0; i < s->n_notes; i++)
		cr_assert_null(strchr(s->notes[i], '\n'));
	cr_assert_leq(s->n_notes, 2);
	tk_snapshot_free(s);
	tk_collector_close(c);
	kill_it(pid);
}

Test(whole, timers_without_a_sample_are_left_out_unless_asked_for)
{
	struct tk_collector *c = collector(false);
	struct tk_snapshot *s;
	pid_t pid;

	tk_snapshot_free(await(c, idle));
	pid = watched("few", "3", "1", "die"); /* one of three timers records */
	s = await(c, has_timer_00);

	cr_assert_eq(s->n_timers, 1);
	tk_snapshot_free(s);
	s = tk_collector_snapshot(c, &(struct tk_view){ .silent = true });
	cr_assert_eq(s->n_timers, 3, "and the two others, but not (undefined)");
	tk_snapshot_free(s);
	tk_collector_close(c);
	kill_it(pid);
}

static uint64_t number(const json_t *row, const char *field)
{
	const json_t *n = json_object_get(row, field);

	cr_assert(json_is_integer(n), "%s", field);
	return (uint64_t)json_integer_value(n);
}

static void has_fields(const json_t *row, const char *const *fields)
{
	for (; *fields; fields++)
		cr_assert(json_object_get(row, *fields), "%s", *fields);
}

/* What every row has, and what the columns of its type promise. */
static void check_row(const json_t *o)
{
	static const char *const every[] = { "interval",   "t_ns", "interval_ns", "app",
					     "segment",    "pid",  "lost",        "unsettled",
					     "rate_per_s", NULL };
	static const char *const timer[] = { "timer",  "kind",   "set_aside", "without",
					     "sum_ns", "min_ns", "avg_ns",    "p50_ns",
					     "p90_ns", "p99_ns", "p999_ns",   "p9999_ns",
					     "max_ns", NULL };
	static const char *const process[] = { "processes", "alive", "attributed", "unknown",
					       "refused",   "lag",   NULL };
	double rate = json_number_value(json_object_get(o, "rate_per_s"));
	uint64_t records = number(o, "records"), lost = number(o, "lost");

	cr_assert_eq(number(o, "schema"), 2);
	has_fields(o, every);
	cr_assert_float_eq(rate, (double)records * 1e9 / (double)number(o, "interval_ns"),
			   rate * 1e-9);
	if (!strcmp(json_string_value(json_object_get(o, "type")), "process")) {
		has_fields(o, process);
		cr_assert_eq(records, number(o, "delivered") + lost);
		return;
	}
	cr_assert_str_eq(json_string_value(json_object_get(o, "type")), "timer");
	has_fields(o, timer);
	cr_assert_gt(records, 0, "an idle timer has no row");
	cr_assert_eq(records,
		     number(o, "count") + number(o, "set_aside") + number(o, "without") + lost);
	if (number(o, "count") == 0)
		cr_assert(json_is_null(json_object_get(o, "p50_ns")));
}

/* Every line of JSON Lines is an object, and one that keeps its promise. @return what the rows of a
 * kind count */
static uint64_t count_in_jsonl(char *text, const char *kind)
{
	uint64_t count = 0, delivered = 0, counted = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		json_error_t error;
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		const char *of;

		cr_assert(o, "%s: %s", error.text, line);
		check_row(o);
		of = json_string_value(json_object_get(o, "kind"));
		if (!of)
			delivered += number(o, "delivered") - number(o, "unknown");
		else if (!strcmp(of, "processing"))
			counted += number(o, "records") - number(o, "lost");
		if (of && !strcmp(of, kind))
			count += number(o, "count");
		json_decref(o);
	}
	cr_assert_eq(delivered, counted, "processes and their timers");
	return count;
}

Test(whole, stat_shows_the_last_data_of_the_killed_when_asked)
{
	static char out[1 << 20];

	kill_it(watched("post-mortem", "3", "3000", "die"));
	cr_assert_eq(run("stat --once", out, sizeof(out)), TK_EXIT_NOTHING);
	cr_assert_eq(run("stat --once --oldest --format jsonl", out, sizeof(out)), TK_EXIT_OK);
	cr_assert_eq(count_in_jsonl(out, "latency"), 3000);
	cr_assert_eq(run("stat --once --oldest --format jsonl", out, sizeof(out)), TK_EXIT_OK);
	cr_assert_eq(count_in_jsonl(out, "processing"), 3000);
	cr_assert_eq(run("stat --once --oldest --format csv", out, sizeof(out)), TK_EXIT_OK);
	cr_assert_eq(strncmp(out, "schema,type,", 12), 0);
	cr_assert_eq(run("stat --once --oldest --timer nothing-such", out, sizeof(out)),
		     TK_EXIT_USAGE);
	cr_assert_eq(run("clean", out, sizeof(out)), TK_EXIT_OK);
	cr_assert(strstr(out, "would remove"));
	cr_assert_eq(run("clean --force", out, sizeof(out)), TK_EXIT_OK);
	cr_assert_eq(run("ls", out, sizeof(out)), TK_EXIT_NOTHING);
}

Test(whole, ls_tells_of_lanes_and_owners)
{
	static char out[1 << 16];
	pid_t pid = watched("listed", "1", "700", "die");
	json_t *all, *segment, *lane;
	json_error_t error;

	cr_assert_eq(run("ls --json", out, sizeof(out)), TK_EXIT_OK);
	all = json_loads(out, 0, &error);
	cr_assert(all, "%s", error.text);
	segment = json_array_get(json_object_get(all, "segments"), 0);
	lane = json_array_get(json_object_get(segment, "lanes"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(segment, "owner")), "alive");
	cr_assert_str_eq(json_string_value(json_object_get(lane, "thread")), "watched");
	cr_assert_eq(json_integer_value(json_object_get(lane, "produced")), 700);
	cr_assert_eq(json_integer_value(json_object_get(segment, "pid")), pid);
	json_decref(all);
	kill_it(pid);
}

static bool is_disabled(const struct tk_snapshot *s)
{
	return timer_00(s) && timer_00(s)->disabled && timer_00(s)->last[0].count == 0;
}

static bool is_enabled(const struct tk_snapshot *s)
{
	return timer_00(s) && !timer_00(s)->disabled && timer_00(s)->last[0].count > 0;
}

Test(whole, disable_and_enable_reach_the_running_program)
{
	static char out[4096];
	pid_t pid = watched("switched", "2", "10", "linger");
	struct tk_collector *c = collector(false);

	tk_snapshot_free(await(c, is_enabled));
	cr_assert_eq(run("disable 'timer-0*'", out, sizeof(out)), TK_EXIT_OK);
	tk_snapshot_free(await(c, is_disabled));
	cr_assert_eq(run("enable timer-00", out, sizeof(out)), TK_EXIT_OK);
	tk_snapshot_free(await(c, is_enabled));
	cr_assert_eq(run("enable nothing-such", out, sizeof(out)), TK_EXIT_USAGE);
	tk_collector_close(c);
	kill_it(pid);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Who has finished it may take its time to close it. Another's load only takes cpu time from us. */
Test(whole, a_collector_that_has_finished_rests)
{
	struct tk_collector *c = collector(false);
	uint64_t before;

	cr_assert_eq(tk_collector_finish(c, DEADLINE_S * 1000), 0);
	before = cpu_ns();
	nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
	cr_assert_lt(cpu_ns() - before, 250000000);
	tk_collector_close(c);
}

Test(whole, exit_codes)
{
	static char out[1 << 16];

	cr_assert_eq(run("stat", out, sizeof(out)), TK_EXIT_NOTHING);
	cr_assert_eq(run("ls", out, sizeof(out)), TK_EXIT_NOTHING);
	cr_assert_eq(run("clean", out, sizeof(out)), TK_EXIT_OK);
	cr_assert_eq(run("disable x", out, sizeof(out)), TK_EXIT_NOTHING);
	cr_assert_eq(run("stat --nonsense", out, sizeof(out)), TK_EXIT_USAGE);
	cr_assert_eq(run("nonsense", out, sizeof(out)), TK_EXIT_USAGE);
	cr_assert_eq(run("--help", out, sizeof(out)), TK_EXIT_OK);
	cr_assert_eq(run("help --man", out, sizeof(out)), TK_EXIT_OK);
}
