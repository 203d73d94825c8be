/* SPDX-License-Identifier: MIT */
/*
 * Whether every record is in a column, where programs begin and end: drive VARIANT [PROCESSES
 * [SEED]]
 *
 *	running		one collector, there from beginning to end
 *	stopped		it is stopped for two seconds in the middle
 *	init, watch	inotify_init1() or inotify_add_watch() is refused to it
 *	limit		the user may have no inotify instance
 *	three		three collectors; one is killed, and another started in its place
 *	queue		as running; their lanes are queues
 *
 * Processes begin and end in every way (load.h), some at a time; each writes down each push begun
 * and returned. Of each process: returned <= what a collector printed, in all columns <= begun;
 * lost no more than was begun and did not return. The upper bound holds for every collector, the
 * lower for what began after it had looked for the first time and had ended before it was told to
 * stop.
 *
 * Environment: TIMEKEEPER, the program. EDGES_PLAIN: spans only, no forks. EDGES_SETTLE: so many
 * seconds between the last process's end and ^C.
 */
#include "tests/edges/drive.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/place.h"

#define STOPPED_NS INT64_C(2000000000)

const char *const variants[VARIANTS] = { "running", "stopped", "init", "watch",
					 "limit",   "three",   "queue" };

static _Noreturn void give_up(const char *what, const char *why)
{
	fprintf(stderr, "drive: %s: %s\n", what, why);
	if (place[0])
		place_remove();
	exit(1);
}

/* ---- collectors ---- */

static enum deaf deaf_of(enum variant v)
{
	return v == INIT ? DEAF_INIT : v == WATCH ? DEAF_WATCH : v == LIMIT ? DEAF_LIMIT : DEAF_NOT;
}

static void start_collector(struct run *r, uint32_t i)
{
	struct collector *c = &r->collectors[i];

	if (!watch_start(&c->watch, NULL, deaf_of(r->variant), NULL)) {
		if (r->variant != LIMIT)
			give_up("no collector", strerror(errno));
		printf("skipped: no user namespace is to be had here\n");
		place_remove();
		exit(77);
	}
	c->started = true;
}

static bool has_sentinel(const struct watch *w, const void *unused)
{
	(void)unused;
	return watch_sum(w, LOAD_SENTINEL, 0).records > 0;
}

static void await_look(struct run *r, uint32_t i)
{
	struct collector *c = &r->collectors[i];

	if (!watch_until(&c->watch, has_sentinel, NULL))
		give_up("a collector prints nothing", watch_said(&c->watch));
	c->looked_ns = watch_now_ns();
}

static void start_collectors(struct run *r)
{
	uint32_t n = r->variant == THREE ? 3 : 1;

	for (uint32_t i = 0; i < n; i++)
		start_collector(r, i);
	for (uint32_t i = 0; i < n; i++)
		await_look(r, i);
}

/* What happens to collectors when so many processes were started. */
static void disturb(struct run *r)
{
	struct collector *victim = &r->collectors[REPLACED];

	if (r->variant == STOPPED && r->started == r->processes / 2) {
		watch_stop(&r->collectors[0].watch, true);
		r->stopped_ns = watch_now_ns();
	}
	if (r->variant != THREE)
		return;
	if (r->started == r->processes / 3) {
		watch_end(&victim->watch, SIGKILL);
		victim->killed = true;
	}
	if (r->started == r->processes / 2)
		start_collector(r, REPLACED + 1);
	if (r->started == r->processes * 3 / 4)
		await_look(r, REPLACED + 1);
}

static void go_on_if_due(struct run *r, bool now)
{
	if (r->stopped_ns && (now || watch_now_ns() - r->stopped_ns > STOPPED_NS))
		watch_stop(&r->collectors[0].watch, false);
}

/* ---- processes ---- */

static void command_if_none(struct run *r)
{
	if (r->command)
		return;
	r->command = fork();
	if (r->command)
		return;
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(1);
	execl(getenv("TIMEKEEPER"), "timekeeper", r->commands % 2 ? "enable" : "disable",
	      LOAD_DISABLED, NULL);
	_exit(1);
}

/* @return in a process of the load that is to return from main(): true. */
static bool start_one(struct run *r)
{
	uint32_t kill_after_us, i = 0;
	pid_t pid;

	while (r->running[i].pid)
		i++;
	disturb(r);
	pid = load_start(r->load, r->started, &kill_after_us);
	if (pid < 0)
		give_up("fork", strerror(errno));
	if (pid == 0)
		return true;
	r->running[i].pid = pid;
	r->running[i].kill_ns = kill_after_us ? watch_now_ns() + kill_after_us * INT64_C(1000) : 0;
	r->started++;
	r->live++;
	return false;
}

static void kill_due(struct run *r)
{
	int64_t now = watch_now_ns();

	for (uint32_t i = 0; i < AT_ONCE; i++) {
		if (!r->running[i].kill_ns || r->running[i].kill_ns > now)
			continue;
		kill(r->running[i].pid, SIGKILL);
		r->running[i].kill_ns = 0;
	}
}

static void ended(struct run *r, pid_t pid, int status)
{
	if (pid == r->command) {
		r->command = 0;
		r->commands++;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
		printf("WRONG: process %d ended by signal %d\n", (int)pid, WTERMSIG(status));
		r->faults++;
	}
	for (uint32_t i = 0; i < AT_ONCE; i++) {
		if (r->running[i].pid != pid)
			continue;
		r->running[i].pid = 0;
		r->running[i].kill_ns = 0;
		r->live--;
	}
}

/* What they fork becomes ours when they end. @return whether there are any yet. */
static bool reap(struct run *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(0, &status, WNOHANG)) > 0)
		ended(r, pid, status);
	return pid == 0;
}

/* Whatever is left is ours by now, and hangs. */
static void kill_hung(struct run *r)
{
	for (uint32_t i = 0; i < r->load->n; i++) {
		pid_t pid = (pid_t)r->load->ledgers[i].pid;

		if (pid <= 0 || waitpid(pid, NULL, WNOHANG) != 0)
			continue;
		printf("WRONG: process %d hangs (%s)\n", (int)pid,
		       load_ends[r->load->ledgers[i].end]);
		r->faults++;
		kill(pid, SIGKILL);
	}
}

/* @return as start_one(). */
static bool drive(struct run *r)
{
	int64_t hung_ns = 0;
	bool any = true;

	while (r->started < r->processes || any) {
		while (r->started < r->processes && r->live < AT_ONCE)
			if (start_one(r))
				return true;
		if (r->started < r->processes)
			command_if_none(r);
		kill_due(r);
		go_on_if_due(r, false);
		any = reap(r);
		if (r->started < r->processes || !hung_ns)
			hung_ns = watch_now_ns() + WATCH_DEADLINE_S * INT64_C(1000000000);
		else if (any && watch_now_ns() > hung_ns)
			kill_hung(r);
		watch_pause_us(500);
	}
	if (r->stopped_ns)
		while (watch_now_ns() - r->stopped_ns < STOPPED_NS)
			watch_pause_us(10000);
	go_on_if_due(r, true);
	return false;
}

/* ---- */

static void read_arguments(struct run *r, int argc, char **argv)
{
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)time(NULL);

	while (r->variant < VARIANTS && argc > 1 && strcmp(argv[1], variants[r->variant]))
		r->variant++;
	r->processes = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 120;
	if (argc < 2 || argc > 4 || r->variant == VARIANTS || !r->processes ||
	    !getenv("TIMEKEEPER")) {
		fprintf(stderr,
			"usage: TIMEKEEPER=PROGRAM drive "
			"running|stopped|init|watch|limit|three|queue [PROCESSES [SEED]]\n");
		exit(2);
	}
	r->load = load_new(seed, r->processes);
	if (!r->load)
		give_up("no memory for the ledgers", strerror(errno));
	r->load->plain = getenv("EDGES_PLAIN") != NULL;
	r->load->queue = r->variant == QUEUE;
	printf("%s: seed %" PRIu64 "\n", variants[r->variant], seed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct run r;
	const char *settle = getenv("EDGES_SETTLE");

	read_arguments(&r, argc, argv);
	if (!place_make())
		give_up("no directory", strerror(errno));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	r.sentinel = load_start_sentinel();
	start_collectors(&r);
	if (drive(&r))
		return 0; /* as a process of the load */
	if (settle)
		watch_pause_us(strtol(settle, NULL, 10) * 1000000);
	for (uint32_t i = 0; i < COLLECTORS; i++)
		if (r.collectors[i].started)
			watch_end(&r.collectors[i].watch, SIGINT);
	kill(r.sentinel, SIGKILL);
	waitpid(r.sentinel, NULL, 0);
	judge(&r);
	return !place_remove() || r.faults;
}
