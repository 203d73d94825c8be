/* SPDX-License-Identifier: MIT */
/*
 * A collecting thread and its drainers, both cranked by hand: nothing here depends on who comes to
 * run when. Every interval that is taken adds up by itself.
 */
#ifndef TK_TESTS_COLLECTOR_CRANKED_H
#define TK_TESTS_COLLECTOR_CRANKED_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/drain/pace.h"
#include "collector/engine/collector.h"
#include "collector/engine/core.h"
#include "producer/timekeeper.h"
#include "ring/timekeeper-rte.h"
#include "tests/place.h"
#include "tests/random.h"
#include "tsc/check.h"

#define RECORDS 20000u

static struct tk_collector c;
static pthread_barrier_t all_joined;

static inline void *record(void *timer)
{
	tk_timer_t t = tk_timer(timer);

	if (tk_join(NULL))
		_exit(1);
	pthread_barrier_wait(&all_joined); /* or one would take over another's lane */
	for (unsigned i = 0; i < RECORDS; i++)
		tk_stop(t, tk_start(t));
	tk_leave();
	return NULL;
}

/* A process with so many threads, at the same time, that dies and leaves its segment. */
static inline void leave_dead(const char *app, unsigned threads,
			      const struct tk_discipline *discipline)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct tk_options o = { .slots = 32768, .discipline = discipline };
		pthread_t thread[8];
		static char name[8][8];

		if (tk_open(app, &o))
			_exit(1);
		pthread_barrier_init(&all_joined, NULL, threads);
		for (unsigned i = 0; i < threads; i++) {
			snprintf(name[i], sizeof(name[i]), "t%u", i);
			pthread_create(&thread[i], NULL, record, name[i]);
		}
		for (unsigned i = 0; i < threads; i++)
			pthread_join(thread[i], NULL);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	cr_assert_eq(status, 0);
}

/* As tk_collector_open() leaves it, but for the threads. */
static inline void begin(unsigned drainers)
{
	cr_assert(place_make());
	cr_assert_eq(tk_clock_open(&c.own.clock, NULL), 0);
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.closed, NULL);
	c.options.dir = place;
	c.options.oldest = true;
	c.shown.state.interval_ns = 10000000;
	c.wanted_interval_ns = c.shown.state.interval_ns;
	tk_registry_init(&c.shown.registry, 1u << 20);
	c.shown.intervals.budget = SIZE_MAX;
	c.shown.intervals.histograms = true;
	c.shown.registry.keeps_closed = true;
	c.own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	c.own.began_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	c.own.line_ns = c.shown.line_ns = c.own.began_ns - (int64_t)c.own.now_ns;
	c.own.drainers = calloc(drainers, sizeof(struct tk_drainer *));
	while (c.own.n_drainers < drainers) {
		struct tk_drainer *d = tk_drainer_new(&c.own.clock, drainers);

		d->cpu = (int)c.own.n_drainers; /* as if named: lanes are dealt to all */
		d->node = 0;
		d->poll_ns = TK_POLL_SPIN; /* drains whenever it may */
		c.own.drainers[c.own.n_drainers++] = d;
	}
}

static inline void turn_all(void)
{
	c.own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	for (size_t i = 0; i < c.own.n_drainers; i++)
		tk_drainer_turn(c.own.drainers[i], c.own.now_ns);
}

static inline void go_round(void)
{
	tk_round_ask(&c, true);
	turn_all();
	tk_round_receive(&c);
	cr_assert(!c.own.rounding);
}

/* What all intervals came to that were closed until now. */
static struct {
	uint64_t intervals, delivered, lost, unknown, attributed;
	size_t timers, processes; /* rows */
	bool unsettled;           /* as of the last row of a process */
} came;

/* The packed histogram says what the row says, to the last bit. */
static inline void check_histogram(const struct tk_interval_timer *t, enum tk_measure m)
{
	struct tk_bins_rated r = { .ns_per_tick = t->ns_per_tick };
	const struct tk_datapoint *d = &t->of[m];
	double p_ns[TK_PERCENTILES];

	cr_assert_eq(t->packed[m].count, d->count);
	if (!d->count)
		return;
	cr_assert_eq(tk_unpack(&t->packed[m], &r.bins), 0);
	tk_bins_quantiles(&r, 1, tk_quantiles, TK_PERCENTILES, p_ns);
	cr_assert_eq(memcmp(p_ns, d->p_ns, sizeof(p_ns)), 0);
	cr_assert_eq((double)r.bins.sum * r.ns_per_tick, d->sum_ns);
	cr_assert_eq((double)r.bins.min * r.ns_per_tick, d->min_ns);
	cr_assert_eq((double)r.bins.max * r.ns_per_tick, d->max_ns);
	tk_bins_free(&r.bins);
}

static inline void check_timer(const struct tk_interval_timer *t, uint64_t *delivered,
			       uint64_t *lost)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		const struct tk_datapoint *d = &t->of[m];

		cr_assert_eq(d->records, d->count + d->aside + d->without + d->lost);
		cr_assert_eq(d->records, t->of[0].records);
		cr_assert_eq(d->lost, t->of[0].lost);
		check_histogram(t, (enum tk_measure)m);
	}
	cr_assert_gt(t->of[0].records, 0);
	*delivered += t->of[0].records - t->of[0].lost;
	*lost += t->of[0].lost;
}

/* A process and its timers' rows of the same interval. */
static inline void check_process(const struct tk_interval *i, const struct tk_interval_process *p)
{
	uint64_t delivered = 0, attributed = 0;

	for (size_t k = 0; k < i->n_timers; k++)
		if (!strcmp(i->timers[k].segment, p->segment))
			check_timer(&i->timers[k], &delivered, &attributed);
	cr_assert_eq(p->records, p->delivered + p->lost);
	cr_assert_eq(p->delivered, delivered + p->unknown, "%s: %lu, and its timers' rows %lu",
		     p->segment, p->delivered, delivered);
	cr_assert_eq(p->attributed, attributed);
	came.delivered += p->delivered;
	came.lost += p->lost;
	came.unknown += p->unknown;
	came.attributed += p->attributed;
	came.unsettled = p->unsettled;
}

static inline void has_a_process(const struct tk_interval *i, const struct tk_interval_timer *t)
{
	size_t n = 0;

	for (size_t k = 0; k < i->n_processes; k++)
		n += !strcmp(i->processes[k].segment, t->segment);
	cr_assert_eq(n, 1, "%s", t->segment);
	for (size_t k = 0; k < i->n_timers; k++)
		cr_assert(&i->timers[k] == t || i->timers[k].key != t->key, "two rows of one");
}

/* Every interval adds up by itself. */
static inline void take_intervals(void)
{
	struct tk_intervals_dropped dropped;
	struct tk_interval *i;

	while ((i = tk_collector_next_interval(&c, &dropped))) {
		cr_assert_eq(i->number, ++came.intervals);
		cr_assert_eq(dropped.rows, 0);
		for (size_t k = 0; k < i->n_timers; k++)
			has_a_process(i, &i->timers[k]);
		for (size_t k = 0; k < i->n_processes; k++)
			check_process(i, &i->processes[k]);
		came.timers += i->n_timers;
		came.processes += i->n_processes;
		tk_interval_free(i);
	}
}

static inline uint64_t samples(size_t *timers)
{
	struct tk_snapshot *s = tk_collector_snapshot(&c, &(struct tk_view){ 0 });
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_timers; i++)
		sum += s->timers[i].total[TK_PROCESSING].count;
	*timers = s->n_timers;
	cr_assert_eq(s->unknown, 0);
	cr_assert_eq(s->delivered, sum);
	take_intervals();
	cr_assert_eq(came.delivered, s->delivered);
	cr_assert_eq(came.lost, s->lost);
	tk_snapshot_free(s);
	return sum;
}

/* However often: everything is read, and let go of. */
static inline void to_the_end(uint64_t records, size_t n_timers)
{
	size_t timers;

	for (unsigned i = 0; i < 8; i++)
		go_round();
	cr_assert_eq(samples(&timers), records);
	cr_assert_eq(timers, n_timers);
	for (size_t i = 0; i < c.own.n_sources; i++)
		cr_assert_null(c.own.sources[i]->seg, "it is not let go of");
	for (size_t i = 0; i < c.own.n_drainers; i++)
		cr_assert(!c.own.drainers[i]->own.parts.moving &&
			  !c.own.drainers[i]->own.parts.quiet && !c.own.drainers[i]->kept.lanes);
	cr_assert(place_remove());
}

#define SLOTS  1024u
#define TIMERS 5u

/* A process that records as it is told, until the pipe is closed. @return its pid */
static inline pid_t start_recorder(int *tell, int *done)
{
	int to[2], from[2];
	pid_t pid;

	cr_assert(pipe(to) == 0 && pipe(from) == 0);
	pid = fork();
	if (pid == 0) {
		struct tk_options o = { .slots = SLOTS };
		tk_timer_t t[TIMERS];
		uint32_t n = 0;

		close(to[1]);
		if (tk_open("told", &o) || tk_join(NULL))
			_exit(1);
		for (uint32_t i = 0; i < TIMERS; i++)
			t[i] = tk_timer((const char *[]){ "a", "b", "c", "d", "e" }[i]);
		do {
			for (uint32_t i = 0; i < n; i++)
				tk_stop(t[i % TIMERS], tk_start(t[i % TIMERS]));
			tk_flush();
			(void)!write(from[1], &n, sizeof(n));
		} while (read(to[0], &n, sizeof(n)) == sizeof(n));
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	*tell = to[1];
	*done = from[0];
	return pid;
}

static inline void await_told(int done)
{
	uint32_t n;

	cr_assert_eq(read(done, &n, sizeof(n)), sizeof(n));
}

#endif
