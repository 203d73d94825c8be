/* SPDX-License-Identifier: MIT */
#include "tests/edges/load.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "ring/timekeeper-rte.h"
#include "tests/edges/watch.h"
#include "tests/random.h"

#define CHILDREN_MAX 4u

const char *const load_ends[ENDS] = {
	"return", "exit", "_exit", "exec", "SIGKILL itself", "SIGKILL"
};

static struct load *load; /* in a process of it: what is shared, */
static struct ledger *me; /* its own page of it, */
static tk_timer_t timers[LOAD_TIMERS];

struct load *load_new(uint64_t seed, uint32_t processes)
{
	uint32_t room = processes * (1 + 2 * CHILDREN_MAX);
	struct load *l =
		mmap(NULL, sizeof(*l) + room * sizeof(struct ledger), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (l == MAP_FAILED)
		return NULL;
	l->seed = seed;
	l->room = room;
	return l;
}

void load_app(char name[16], uint32_t app)
{
	snprintf(name, 16, "app%u", app);
}

struct pushes load_pushes_of(const struct ledger *l, uint32_t timer)
{
	struct pushes sum = { 0, 0 };

	for (uint32_t i = 0; i < LOAD_THREADS; i++) {
		sum.begun += l->pushes[i][timer].begun;
		sum.returned += l->pushes[i][timer].returned;
	}
	return sum;
}

struct pushes load_pushes(const struct ledger *l)
{
	struct pushes sum = { 0, 0 }, p;

	for (uint32_t t = 0; t < LOAD_TIMERS; t++) {
		p = load_pushes_of(l, t);
		sum.begun += p.begun;
		sum.returned += p.returned;
	}
	return sum;
}

/* ---- a push that is written down ---- */

static void began(struct pushes *p)
{
	__atomic_store_n(&p->begun, p->begun + 1, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void returned(struct pushes *p)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&me->ending, __ATOMIC_ACQUIRE))
		__atomic_store_n(&p->returned, p->returned + 1, __ATOMIC_RELEASE);
}

/* Whether a span's timer is disabled is known before it is begun: tk_start() says so. */
static void push_span(struct pushes *p, tk_timer_t timer, bool latency)
{
	struct tk_origin origin = tk_origin_now();
	uint64_t start = tk_start(timer);

	if (!start)
		return;
	began(p);
	if (latency)
		tk_stop_latency(timer, start, origin);
	else
		tk_stop(timer, start);
	returned(p);
}

/* What is in no statistic of its timer's spans. */
static void push_other(struct pushes *p, tk_timer_t timer, uint64_t how)
{
	const struct tk_origin none = { 0, 0 };
	uint64_t now = tk_now();

	began(p);
	if (how == 0)
		tk_mark(timer);
	else if (how == 1)
		tk_latency_now(timer, tk_origin_now());
	else
		tk_record_span(timer, now, now - 1000, none); /* ended before it began */
	returned(p);
}

static void push(uint64_t *random, uint32_t thread, bool first)
{
	uint32_t t = (uint32_t)random_below(random, first ? LOAD_FIRST_DISABLED : LOAD_TIMERS);
	struct pushes *p = &me->pushes[thread][t];
	uint64_t how = random_below(random, 16);

	if (how < 3 && t < LOAD_FIRST_DISABLED && !load->plain)
		push_other(p, timers[t], how);
	else
		push_span(p, timers[t], how & 1);
}

/* ---- processes ---- */

static struct ledger *new_ledger(void)
{
	uint32_t i = __atomic_fetch_add(&load->n, 1, __ATOMIC_RELAXED);

	if (i >= load->room)
		abort();
	return &load->ledgers[i];
}

static void begin_ledger(struct ledger *l, uint32_t app, bool forked)
{
	me = l;
	l->pid = (uint32_t)getpid();
	l->app = app;
	l->forked = forked;
	__atomic_store_n(&l->began_ns, watch_now_ns(), __ATOMIC_RELEASE);
}

/* @return it does not end by it: the caller returns. */
static void end_now(enum end end)
{
	if (end == END_RETURN || end == END_EXIT)
		__atomic_store_n(&me->ending, true, __ATOMIC_SEQ_CST);
	if (end == END_EXIT)
		exit(0);
	if (end == END_QUICK)
		_exit(0);
	if (end == END_EXEC)
		execl("/bin/true", "true", NULL);
	if (end == END_SUICIDE)
		kill(getpid(), SIGKILL);
	if (end == END_KILLED)
		for (;;)
			pause();
}

/* A child that records and ends at once. */
static void child(uint64_t random, uint32_t app)
{
	/* Forked when its parent was ending already, its library may be closed: nothing is owed. */
	bool late = __atomic_load_n(&me->ending, __ATOMIC_ACQUIRE);
	struct ledger *l = new_ledger();

	__atomic_store_n(&l->ending, late, __ATOMIC_RELEASE);
	l->end = (uint8_t)(END_EXIT + random_below(&random, END_KILLED - END_EXIT));
	if (late && l->end == END_EXIT) /* which holds a lock of the C library for ever */
		l->end = END_QUICK;
	begin_ledger(l, app, true);
	for (uint32_t i = 0; i < LOAD_RECORDS; i++)
		push(&random, 0, i == 0);
	end_now((enum end)l->end);
	_exit(0);
}

static void fork_children(uint64_t *random, bool wait)
{
	pid_t pids[CHILDREN_MAX];
	uint64_t n = 1 + random_below(random, CHILDREN_MAX);

	for (uint64_t i = 0; i < n; i++) {
		uint64_t theirs = random64(random);

		pids[i] = fork();
		if (pids[i] == 0)
			child(theirs, me->app);
	}
	for (uint64_t i = 0; i < n && wait; i++)
		waitpid(pids[i], NULL, 0);
}

struct task {
	pthread_t thread;
	uint32_t number;
	uint64_t random;
};

static void *record(void *arg)
{
	struct task *task = arg;
	uint64_t *random = &task->random;
	/* At once, now and then through life, or shortly before its end. */
	uint64_t style = random_below(random, 3), at = random_below(random, LOAD_RECORDS);
	bool forks = !load->plain && random_below(random, 24) == 0;

	if (random_below(random, 2))
		tk_join(NULL);
	if (style == 2)
		watch_pause_us((long)(me->life_us - random_below(random, 1 + me->life_us / 4)));
	for (uint32_t i = 0; i < LOAD_RECORDS; i++) {
		push(random, task->number, i == 0);
		if (style == 1)
			watch_pause_us((long)(me->life_us / LOAD_RECORDS));
		if (forks && i == at)
			fork_children(random, random_below(random, 2));
	}
	return NULL;
}

static bool open_segment(void)
{
	struct tk_options options = { .timers = 32, .lanes = 8, .slots = LOAD_SLOTS };
	char name[16];

	if (load->queue)
		options.discipline = &tk_rte;
	load_app(name, me->app);
	if (tk_open(name, &options)) {
		snprintf(me->why, sizeof(me->why), "%s", tk_why());
		return false;
	}
	for (uint32_t i = 0; i < LOAD_TIMERS; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		timers[i] = tk_timer(name);
	}
	return true;
}

/* The main() of a process: it returns, or ends otherwise. */
static void live(uint64_t random)
{
	static struct task tasks[LOAD_THREADS]; /* main() may return before they end */
	int64_t until = watch_now_ns() + me->life_us * INT64_C(1000);
	bool joins = random_below(&random, 2);
	int64_t left;

	if (!open_segment())
		return;
	if (!load->plain && random_below(&random, 12) == 0)
		fork_children(&random, random_below(&random, 2));
	for (uint32_t i = 0; i < LOAD_THREADS; i++) {
		tasks[i].number = i;
		tasks[i].random = random64(&random);
		if (pthread_create(&tasks[i].thread, NULL, record, &tasks[i]))
			abort();
	}
	for (uint32_t i = 0; i < LOAD_THREADS && joins; i++)
		pthread_join(tasks[i].thread, NULL);
	while (!joins && (left = until - watch_now_ns()) > 0)
		watch_pause_us((long)(left / 1000 + 1));
	end_now((enum end)me->end);
}

pid_t load_start(struct load *l, uint32_t index, uint32_t *kill_after_us)
{
	uint64_t random = l->seed + index * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t life = (uint32_t)random_below(&random, LOAD_LIFE_US + 1);
	uint32_t app = (uint32_t)random_below(&random, LOAD_APPS);
	enum end end = (enum end)random_below(&random, ENDS);
	struct ledger *ledger;
	pid_t pid;

	if (random_below(&random, 4) == 0)
		life = 0;
	load = l;
	ledger = new_ledger();
	ledger->life_us = life;
	ledger->end = (uint8_t)end;
	*kill_after_us = end == END_KILLED ? life + 1 : 0;
	fflush(stdout); /* or a process that returns would print it again */
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	begin_ledger(ledger, app, false);
	live(random);
	return 0; /* to main(), which returns */
}

pid_t load_start_sentinel(void)
{
	pid_t pid = fork();
	tk_timer_t timer;

	if (pid)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (tk_open(LOAD_SENTINEL, &(struct tk_options){ .timers = 4, .lanes = 1, .slots = 1024 }))
		_exit(1);
	timer = tk_timer("beat");
	for (;;) {
		tk_mark(timer);
		tk_stop(timer, tk_start(timer));
		watch_pause_us(5000);
	}
}
