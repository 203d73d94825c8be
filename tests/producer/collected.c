/* SPDX-License-Identifier: MIT */
/*
 * Queues and the collector: a program that does as it is told through a pipe, and collectors that
 * come, wait for each other, and are killed. Every record is delivered or counted, timer by timer.
 */
#include <criterion/criterion.h>

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/engine/collector.h"
#include "producer/timekeeper.h"
#include "ring/segment_read.h"
#include "ring/timekeeper-rte.h"
#include "tests/producer/scratch.h"

#define SLOTS      256u
#define TIMERS     3u
#define DEADLINE_S 20

static pid_t program;
static int orders[2], answers[2];
static uint64_t told; /* records it was told to make */

/* The watched program: so many records as each order says, of timers in turn. */
static void obey(void)
{
	struct tk_options o = { .slots = SLOTS, .discipline = &tk_rte };
	tk_timer_t timers[TIMERS];
	char name[] = "timer-0";
	uint32_t n;

	if (tk_open("obeys", &o))
		_exit(1);
	for (unsigned i = 0; i < TIMERS; i++, name[6]++)
		timers[i] = tk_timer(name);
	while (read(orders[0], &n, sizeof(n)) == sizeof(n)) {
		for (uint32_t i = 0; i < n; i++)
			tk_record_span(timers[i % TIMERS], 1, 2, (struct tk_origin){ 0, 0 });
		if (write(answers[1], &n, sizeof(n)) != sizeof(n))
			break;
	}
	kill(getpid(), SIGKILL);
}

static void tell(uint32_t n)
{
	uint32_t answer;

	cr_assert_eq(write(orders[1], &n, sizeof(n)), (ssize_t)sizeof(n));
	cr_assert_eq(read(answers[0], &answer, sizeof(answer)), (ssize_t)sizeof(answer));
	told += n;
}

static void begin(void)
{
	set_up();
	cr_assert_eq(pipe(orders) | pipe(answers), 0);
	program = fork();
	if (program == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives a test that fails */
		close(orders[1]);
		obey();
	}
	tell(TIMERS); /* so that there is a lane, whose first reader is to come */
}

static void kill_it(pid_t *pid)
{
	if (*pid) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

static void end(void)
{
	kill_it(&program);
	tear_down();
}

TestSuite(collected, .init = begin, .fini = end, .timeout = 60);

static struct tk_collector *collector(void)
{
	struct tk_collector_options o = { .dir = place, .interval_ns = 20000000 };
	char why[256] = "";
	struct tk_collector *c = tk_collector_open(&o, why);

	cr_assert(c, "%s", why);
	return c;
}

static uint64_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

/* Snapshots until one accounts for `records`. */
static struct tk_snapshot *await(struct tk_collector *c, uint64_t records)
{
	uint64_t until = seconds() + DEADLINE_S, delivered = 0, lost = 0;

	while (seconds() < until) {
		struct tk_snapshot *s = tk_collector_snapshot(c, &(struct tk_view){ 0 });
		uint64_t settled = 0, intervals;

		cr_assert(s);
		for (size_t i = 0; i < s->n_timers; i++)
			settled += s->timers[i].total[TK_PROCESSING].lost;
		delivered = s->delivered;
		lost = s->lost;
		if (delivered + lost == records && settled == lost)
			return s;
		intervals = s->intervals;
		tk_snapshot_free(s);
		tk_collector_wait(c, intervals, 1000);
	}
	cr_assert(false, "%lu delivered, %lu lost, of %lu", delivered, lost, records);
	return NULL;
}

Test(collected, every_timers_loss_is_exact)
{
	struct tk_collector *c = collector();
	uint64_t pushed[TIMERS] = { 1, 1, 1 };
	struct tk_snapshot *s;
	unsigned seed = 5;

	tk_snapshot_free(await(c, told)); /* it is there */
	for (unsigned round = 0; round < 100; round++) {
		uint32_t n = (uint32_t)rand_r(&seed) % 5000;

		tell(n);
		for (uint32_t i = 0; i < TIMERS; i++)
			pushed[i] += (n + TIMERS - 1 - i) / TIMERS;
	}
	s = await(c, told);
	cr_assert_gt(s->lost, 0, "it was never full");
	cr_assert_eq(s->n_timers, TIMERS);
	for (size_t i = 0; i < TIMERS; i++) {
		const struct tk_datapoint *d = &s->timers[i].total[TK_PROCESSING];

		cr_assert_eq(d->records, pushed[i], "%s: %lu", s->timers[i].name, d->records);
		cr_assert_eq(d->count + d->aside + d->without + d->lost, d->records, "%s",
			     s->timers[i].name);
	}
	tk_snapshot_free(s);
	tk_collector_close(c);
}

static bool noted(struct tk_collector *c, const char *what)
{
	struct tk_snapshot *s = tk_collector_snapshot(c, &(struct tk_view){ 0 });
	bool found = false;

	for (size_t i = 0; i < s->n_notes; i++)
		found = found || strstr(s->notes[i], what);
	tk_snapshot_free(s);
	return found;
}

/* A collector in a process of its own, which has taken everything so far. */
static pid_t collector_elsewhere(void)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tk_snapshot_free(await(collector(), told));
		(void)!write(ready[1], &byte, 1);
		pause();
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	return pid;
}

static void await_note(struct tk_collector *c, const char *what)
{
	uint64_t until = seconds() + DEADLINE_S;

	while (!noted(c, what)) {
		cr_assert_lt(seconds(), until, "it did not say \"%s\"", what);
		tk_collector_wait(c, 0, 50);
	}
}

Test(collected, a_second_collector_says_that_it_waits_and_takes_over)
{
	struct tk_collector *first = collector(), *second;

	tell(100);
	tk_snapshot_free(await(first, told));
	second = collector();
	await_note(second, "another collector");
	tell(100);
	tk_snapshot_free(await(first, told));
	tk_collector_close(first);
	told = 0;
	tell(150);
	tk_snapshot_free(await(second, told));
	tk_collector_close(second);
}

/* The killed one takes what it took with it; of the rest nothing is lost but what was dropped. */
Test(collected, a_killed_collector_is_followed_by_another)
{
	pid_t pid = collector_elsewhere();
	struct tk_collector *c;

	kill_it(&pid);
	tell(200);
	tell(200); /* 145 too many */
	c = collector();
	tk_snapshot_free(await(c, SLOTS - 1));
	told = SLOTS - 1;
	tell(1000);
	tk_snapshot_free(await(c, told));
	tk_collector_close(c);
}

static bool owner_is_dead(struct tk_collector *c)
{
	struct tk_snapshot *s = tk_collector_snapshot(c, &(struct tk_view){ 0 });
	bool dead = s->n_segments == 1 && s->segments[0].owner == TK_OWNER_DEAD;

	tk_snapshot_free(s);
	return dead;
}

/* First the program dies, then its collector, which stood still; the second waited all along. */
Test(collected, the_last_records_go_to_whoever_is_left)
{
	pid_t pid = collector_elsewhere();
	struct tk_collector *c;
	uint64_t until = seconds() + DEADLINE_S;

	kill(pid, SIGSTOP);
	c = collector();
	await_note(c, "another collector");
	told = 0;
	tell(100);
	kill_it(&program);
	while (!owner_is_dead(c))
		cr_assert_lt(seconds(), until, "its death went unnoticed");
	tk_collector_wait(c, 0, 100);
	kill_it(&pid);
	tk_snapshot_free(await(c, told));
	tk_collector_close(c);
}

Test(collected, of_a_killed_program_everything_is_delivered)
{
	struct tk_collector *c;
	struct tk_snapshot *s;

	tell(100);
	kill_it(&program);
	c = collector();
	s = await(c, told);
	cr_assert_eq(s->lost, 0);
	tk_snapshot_free(s);
	tk_collector_close(c);
}

/* ---- ls, which looks without taking ---- */

static size_t ls(const char *arguments, char *out, size_t size)
{
	char command[512];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "%s ls %s 2>&1", getenv("TIMEKEEPER"), arguments);
	f = popen(command, "r");
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	cr_assert_eq(pclose(f), 0, "%s", out);
	return n;
}

Test(collected, ls_marks_the_discipline)
{
	struct tk_collector *c = collector();
	json_t *all, *lane;
	char out[4096];

	tk_snapshot_free(await(c, told));
	tell(1000);
	tk_snapshot_free(await(c, told));
	ls("", out, sizeof(out));
	cr_assert_not_null(strstr(out, "rte, drop-newest"), "%s", out);
	cr_assert_null(strstr(out, "another collector"), "it wants to take: %s", out);
	ls("--json", out, sizeof(out));
	all = json_loads(out, 0, NULL);
	lane = json_array_get(
		json_object_get(json_array_get(json_object_get(all, "segments"), 0), "lanes"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(lane, "discipline")), "rte");
	cr_assert_eq(json_integer_value(json_object_get(lane, "produced")), (json_int_t)told);
	json_decref(all);
	tell(100);
	tk_snapshot_free(await(c, told));
	tk_collector_close(c);
}
