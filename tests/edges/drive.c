/* SPDX-License-Identifier: MIT */
/*
 * Whether every record is in a column, where programs begin and end: drive VARIANT [PROCESSES [SEED]]
 *
 *	running		one collector, there from beginning to end
 *	stopped		it is stopped for two seconds in the middle
 *	init, watch	inotify_init1() or inotify_add_watch() is refused to it
 *	limit		the user may have no inotify instance
 *	three		three collectors; one is killed, and another started in its place
 *
 * Processes begin and end in every way (load.h), some at a time; each writes down each push begun and
 * returned. Of each process: returned <= what a collector printed, in all columns <= begun; lost no
 * more than was begun and did not return. The upper bound holds for every collector, the lower for
 * what began after it had looked for the first time and had ended before it was told to stop.
 *
 * Environment: TIMEKEEPER, the program. EDGES_PLAIN: spans only, no forks. EDGES_SETTLE: so many
 * seconds between the last process's end and ^C.
 */
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

#include "tests/edges/load.h"
#include "tests/edges/watch.h"
#include "tests/place.h"

#define AT_ONCE    16u
#define COLLECTORS 4u /* three, and one in the place of that which is killed */
#define REPLACED   2u
#define STOPPED_NS INT64_C(2000000000)

enum variant { RUNNING, STOPPED, INIT, WATCH, LIMIT, THREE, VARIANTS };

static const char *const variants[VARIANTS] = { "running", "stopped", "init",
						"watch",   "limit",   "three" };

struct collector {
	struct watch watch;
	bool started, killed;
	int64_t looked_ns; /* it had looked by then; 0: not yet */
};

struct run {
	enum variant variant;
	uint32_t processes, started, live;
	struct load *load;
	struct collector collectors[COLLECTORS];
	struct {
		pid_t pid;
		int64_t kill_ns; /* 0: no more */
	} running[AT_ONCE];
	pid_t sentinel, command;
	unsigned commands;
	int64_t stopped_ns;
	unsigned faults;
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "drive: %s: %s\n", what, strerror(errno));
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
			give_up("no collector");
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

	if (!watch_until(&c->watch, has_sentinel, NULL)) {
		fprintf(stderr, "drive: collector %u prints nothing: %s\n", i,
			watch_said(&c->watch));
		exit(1);
	}
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
		give_up("fork");
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

/* @return as start_one(). */
static bool drive(struct run *r)
{
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
		watch_pause_us(500);
	}
	if (r->stopped_ns)
		while (watch_now_ns() - r->stopped_ns < STOPPED_NS)
			watch_pause_us(10000);
	go_on_if_due(r, true);
	return false;
}

/* ---- the judgement ---- */

static void say(struct run *r, const struct ledger *l, uint32_t collector, const char *what,
		const struct watch_sum *s, struct pushes p)
{
	char app[16];

	if (r->faults++ >= 10)
		return;
	load_app(app, l->app);
	printf("WRONG: collector %u: %s.%u (%s%s, %u us): %s: returned %" PRIu64 ", begun %" PRIu64
	       "; printed %" PRIu64 " in %" PRIu64 " segments: count %" PRIu64
	       ", set aside %" PRIu64 ", without %" PRIu64 ", lost %" PRIu64 ", unknown %" PRIu64
	       ", refused %" PRIu64 "\n",
	       collector, app, l->pid, load_ends[l->end], l->forked ? ", forked" : "", l->life_us,
	       what, p.returned, p.begun, s->records, s->segments, s->count, s->set_aside,
	       s->without, s->lost, s->unknown, s->refused);
}

/* The same bounds timer by timer; the lower one only where no loss is to be shared out among them. */
static void judge_timers(struct run *r, uint32_t collector, const struct ledger *l, bool whole)
{
	const struct watch *w = &r->collectors[collector].watch;
	char app[16], name[16];

	load_app(app, l->app);
	for (uint32_t t = 0; t < LOAD_TIMERS; t++) {
		struct pushes p = load_pushes_of(l, t);
		struct watch_timer seen;

		snprintf(name, sizeof(name), "t%u", t);
		seen = watch_timer(w, app, l->pid, name);
		if (seen.records <= p.begun && (!whole || seen.records >= p.returned))
			continue;
		if (r->faults++ < 10)
			printf("WRONG: collector %u: %s.%u: %s: returned %" PRIu64
			       ", begun %" PRIu64 ", printed %" PRIu64 "\n",
			       collector, app, l->pid, name, p.returned, p.begun, seen.records);
	}
}

struct totals {
	uint64_t owed, pushed, printed, lost, incomplete;
};

static void judge_process(struct run *r, uint32_t collector, const struct ledger *l,
			  struct totals *total)
{
	const struct collector *c = &r->collectors[collector];
	struct pushes p = load_pushes(l);
	struct watch_sum s;
	char app[16];
	bool owed = !c->killed && l->began_ns > c->looked_ns;

	load_app(app, l->app);
	s = watch_sum(&c->watch, app, l->pid);
	if (s.records > p.begun)
		say(r, l, collector, "more than was begun", &s, p);
	if (s.in_timers + s.unknown + s.refused != s.records)
		say(r, l, collector, "timers' rows and the process's differ", &s, p);
	judge_timers(r, collector, l, owed && s.records >= p.returned && !s.lost);
	if (!owed)
		return;
	total->owed++;
	total->pushed += p.returned;
	total->printed += s.records;
	total->lost += s.lost;
	if (s.records < p.returned) {
		total->incomplete++;
		say(r, l, collector, "not all that returned", &s, p);
	} else if (s.lost > p.begun - p.returned) {
		say(r, l, collector, "lost though there was room", &s, p);
	}
}

static void judge_collector(struct run *r, uint32_t i)
{
	struct watch *w = &r->collectors[i].watch;
	struct totals total = { 0 };

	for (uint32_t k = 0; k < r->load->n; k++)
		if (r->load->ledgers[k].began_ns)
			judge_process(r, i, &r->load->ledgers[k], &total);
	printf("collector %u%s: %" PRIu64 " processes owed, %" PRIu64 " incomplete; %" PRIu64
	       " records returned, %" PRIu64 " printed (%.1f %%), %" PRIu64 " lost; %" PRIu64
	       " rows\n",
	       i, r->collectors[i].killed ? " (killed)" : "", total.owed, total.incomplete,
	       total.pushed, total.printed,
	       total.pushed ? 100.0 * (double)total.printed / (double)total.pushed : 0, total.lost,
	       w->rows);
	if (w->wrong) {
		printf("WRONG: collector %u: %" PRIu64 " rows, the first: %s\n", i, w->wrong,
		       w->first_wrong);
		r->faults++;
	}
	if (w->unread_processes) {
		printf("WRONG: collector %u: %" PRIu64 " processes, %" PRIu64 " records unread\n",
		       i, w->unread_processes, w->unread_records);
		r->faults++;
	}
	if (!r->collectors[i].killed && (!WIFEXITED(w->status) || WEXITSTATUS(w->status))) {
		printf("WRONG: collector %u ended with status %#x\n", i, (unsigned)w->status);
		r->faults++;
	}
	if (r->faults)
		printf("--- collector %u said:\n%s---\n", i, watch_said(w));
}

static void judge(struct run *r)
{
	uint32_t forked = 0;

	for (uint32_t k = 0; k < r->load->n; k++) {
		const struct ledger *l = &r->load->ledgers[k];

		forked += l->forked;
		if (l->why[0]) {
			printf("WRONG: process %u could not record: %s\n", l->pid, l->why);
			r->faults++;
		}
	}
	for (uint32_t i = 0; i < COLLECTORS; i++)
		if (r->collectors[i].started)
			judge_collector(r, i);
	printf("%s: seed %" PRIu64 ", %u processes and %u that they forked, %u times disable or "
	       "enable: %s\n",
	       variants[r->variant], r->load->seed, r->processes, forked, r->commands,
	       r->faults ? "WRONG" : "good");
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
		fprintf(stderr, "usage: TIMEKEEPER=PROGRAM drive "
				"running|stopped|init|watch|limit|three [PROCESSES [SEED]]\n");
		exit(2);
	}
	r->load = load_new(seed, r->processes, getenv("EDGES_PLAIN") != NULL);
	if (!r->load)
		give_up("no memory for the ledgers");
	printf("%s: seed %" PRIu64 "\n", variants[r->variant], seed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct run r;
	const char *settle = getenv("EDGES_SETTLE");

	read_arguments(&r, argc, argv);
	if (!place_make())
		give_up("no directory");
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
