/* SPDX-License-Identifier: MIT */
/*
 * Rounds between the collecting thread and its drainers, both cranked by hand: nothing here depends
 * on who comes to run when. A child process records and dies; what it left is read to its end.
 */
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

/* CLOCK_MONOTONIC and CLOCK_MONOTONIC_RAW lag by this much: a machine that slept, or was
	 * paused, with the counter running on. This program's clock_gettime() stands in for the
	 * kernel's. */
static int64_t stood_still_ns, boottime_too_ns;

int clock_gettime(clockid_t id, struct timespec *t)
{
	int ret = (int)syscall(SYS_clock_gettime, id, t);
	int64_t ns = t->tv_sec * INT64_C(1000000000) + t->tv_nsec;

	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW)
		ns -= stood_still_ns;
	if (id == CLOCK_BOOTTIME)
		ns -= boottime_too_ns;
	*t = (struct timespec){ ns / 1000000000, ns % 1000000000 };
	return ret;
}

static struct tk_collector c;
static pthread_barrier_t all_joined;

static void *record(void *timer)
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
static void leave_dead(const char *app, unsigned threads, const struct tk_discipline *discipline)
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
static void begin(unsigned drainers)
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

static void turn_all(void)
{
	c.own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	for (size_t i = 0; i < c.own.n_drainers; i++)
		tk_drainer_turn(c.own.drainers[i], c.own.now_ns);
}

static void go_round(void)
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
static void check_histogram(const struct tk_interval_timer *t, enum tk_measure m)
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

static void check_timer(const struct tk_interval_timer *t, uint64_t *delivered, uint64_t *lost)
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
static void check_process(const struct tk_interval *i, const struct tk_interval_process *p)
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

static void has_a_process(const struct tk_interval *i, const struct tk_interval_timer *t)
{
	size_t n = 0;

	for (size_t k = 0; k < i->n_processes; k++)
		n += !strcmp(i->processes[k].segment, t->segment);
	cr_assert_eq(n, 1, "%s", t->segment);
	for (size_t k = 0; k < i->n_timers; k++)
		cr_assert(&i->timers[k] == t || i->timers[k].key != t->key, "two rows of one");
}

/* Every interval adds up by itself. */
static void take_intervals(void)
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

static uint64_t samples(size_t *timers)
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
static void to_the_end(uint64_t records, size_t n_timers)
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

/* Ordered to begin, to end and to hand over at once: a drainer reads on while it hands over, and
 * may come to the end then. */
Test(round, what_is_read_while_it_is_handed_over_is_not_forgotten)
{
	begin(1);
	for (unsigned i = 0; i < 4; i++)
		leave_dead("one", 3, NULL);
	tk_scan(&c);
	to_the_end(12 * RECORDS, 12);
}

Test(round, a_segment_is_shared_by_two_drainers)
{
	begin(2);
	leave_dead("shared", 4, NULL);
	tk_scan(&c);
	cr_assert_eq(c.own.sources[0]->n_parts, 2);
	to_the_end(4 * RECORDS, 4);
}

/* No memory is there when it is needed: samples wait, until there are too many; and each round has
 * all of them, in counts and histograms. */
Test(round, samples_that_wait_for_memory_are_in_the_rows_of_their_interval)
{
	begin(2);
	for (size_t i = 0; i < c.own.n_drainers; i++) {
		struct tk_drainer *d = c.own.drainers[i];

		cr_assert_eq(tk_stock_init(&d->stock, &d->own.pool, -1), 0);
		d->own.pool.stocked = 0;
	}
	for (unsigned i = 0; i < 3; i++)
		leave_dead("waiting", 8, NULL);
	tk_scan(&c);
	to_the_end(24 * RECORDS, 24);
	cr_assert_gt(c.own.drainers[0]->kept.shown.waited, TK_SPILL_SAMPLES / 2);
}

/* Processes of an app, one after the other in an interval, or at once: each has its own series. */
Test(round, each_process_has_series_of_its_own)
{
	begin(2);
	for (unsigned i = 0; i < 5; i++)
		leave_dead("again", 2, NULL);
	tk_scan(&c);
	to_the_end(10 * RECORDS, 10);
	cr_assert_geq(came.timers, 10);
	cr_assert_geq(came.processes, 5);
}

/* Of each of its two segments the interval has a row a timer, with what that one recorded. */
Test(round, a_restart_within_an_interval_is_two_series)
{
	struct tk_intervals_dropped dropped;
	struct tk_interval *i;
	uint64_t records = 0;

	begin(1);
	leave_dead("phoenix", 1, NULL);
	tk_scan(&c);
	tk_round_ask(&c, false); /* read, and handed over, within the interval */
	turn_all();
	tk_round_receive(&c);
	leave_dead("phoenix", 1, NULL);
	tk_scan(&c);
	go_round();
	i = tk_collector_next_interval(&c, &dropped);
	cr_assert_eq(i->n_processes, 2);
	cr_assert_eq(i->n_timers, 2);
	cr_assert_neq(i->timers[0].pid, i->timers[1].pid);
	cr_assert_neq(i->timers[0].key, i->timers[1].key);
	for (size_t k = 0; k < 2; k++) {
		cr_assert_str_eq(i->timers[k].name, "t0");
		check_process(i, &i->processes[k]);
		records += i->timers[k].of[0].records;
	}
	came.intervals = 1;
	cr_assert_leq(records, 2 * RECORDS);
	tk_interval_free(i);
	to_the_end(2 * RECORDS, 2);
}

static void turn_one(size_t drainer)
{
	c.own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	tk_drainer_turn(c.own.drainers[drainer], c.own.now_ns);
}

/* Close an interval though a drainer has not answered: a second and more have passed. */
static void close_without_the_late(void)
{
	tk_round_receive(&c);
	cr_assert(c.own.rounding);
	c.own.now_ns += 2 * TK_SECOND_NS;
	tk_round_receive(&c);
	cr_assert(!c.own.rounding);
	take_intervals();
}

/* What a drainer says late comes with a later interval, whole. */
Test(round, intervals_add_up_though_a_drainer_is_late)
{
	begin(2);
	leave_dead("late", 4, NULL);
	tk_scan(&c);
	cr_assert_eq(c.own.sources[0]->n_parts, 2);
	tk_round_ask(&c, true);
	turn_one(0);
	close_without_the_late();
	cr_assert_eq(c.own.drainers[0]->kept.n_held, 0);
	tk_round_ask(&c, true);
	turn_one(0);
	turn_one(1);
	tk_round_receive(&c);
	cr_assert(!c.own.rounding);
	take_intervals();
	to_the_end(4 * RECORDS, 4);
}

/* It answers between two rounds, and is late again: the answer that has come is taken, and what it
 * says next waits for the next answer. */
Test(round, intervals_add_up_though_a_drainer_is_late_again)
{
	begin(2);
	leave_dead("late", 4, NULL);
	tk_scan(&c);
	tk_round_ask(&c, true);
	turn_one(0);
	close_without_the_late();
	turn_one(1);
	tk_round_receive(&c); /* no round is open */
	tk_round_ask(&c, true);
	turn_one(0);
	close_without_the_late();
	cr_assert_gt(came.delivered, 0);
	to_the_end(4 * RECORDS, 4);
}

/* There is no room for series: what was delivered is unknown, in the same interval. */
Test(round, intervals_add_up_though_timers_have_no_series)
{
	begin(1);
	leave_dead("many", 3, NULL);
	tk_scan(&c);
	c.shown.registry.n_dead -= TK_REGISTRY_LIVING_MAX; /* as if so many lived */
	for (unsigned i = 0; i < 6; i++)
		go_round();
	take_intervals();
	cr_assert_eq(came.delivered, 3 * RECORDS);
	cr_assert_eq(came.unknown, 3 * RECORDS);
	cr_assert_eq(came.timers, 0);
	cr_assert(place_remove());
}

#define SLOTS  1024u
#define TIMERS 5u

/* A process that records as it is told, until the pipe is closed. @return its pid */
static pid_t start_recorder(int *tell, int *done)
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

static void await_told(int done)
{
	uint32_t n;

	cr_assert_eq(read(done, &n, sizeof(n)), sizeof(n));
}

/* Lapped between rounds, again and again: what was lost is in the process's row of the interval in
 * which it was found, and in its timers' rows once it is settled: all of it in the end. */
Test(round, what_is_lost_is_in_rows)
{
	uint64_t state = 7, pushed = 0;
	int tell, done, status;
	size_t timers;
	pid_t pid;

	begin(2);
	pid = start_recorder(&tell, &done);
	await_told(done);
	tk_scan(&c);
	go_round();
	for (unsigned i = 0; i < 200; i++) {
		uint32_t n = (uint32_t)random_below(&state, 2 * SLOTS);

		cr_assert_eq(write(tell, &n, sizeof(n)), sizeof(n));
		await_told(done);
		pushed += n;
		(void)tk_look(&c);
		go_round();
		take_intervals();
		cr_assert_eq(came.delivered + came.lost, pushed);
		cr_assert_leq(came.attributed, came.lost);
		cr_assert(came.unsettled || came.attributed == came.lost,
			  "it says so while it is not settled");
	}
	close(tell);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	tk_scan(&c);
	for (unsigned i = 0; i < 8; i++)
		go_round();
	samples(&timers);
	cr_assert_gt(came.lost, 0);
	cr_assert_eq(came.delivered + came.lost, pushed);
	cr_assert_eq(came.attributed, came.lost, "%lu, %lu", came.attributed, came.lost);
	cr_assert_eq(came.unknown, 0);
	cr_assert_eq(timers, TIMERS);
	close(done);
	cr_assert(place_remove());
}

/* A living process that does what it is told: '<' begins a span, '>' ends it; 't' has another
 * thread record one. */
struct told {
	pid_t pid;
	int orders[2], done[2];
};

static void *record_one(void *unused)
{
	tk_timer_t span = tk_timer("span");

	tk_stop(span, tk_start(span));
	tk_flush();
	pause(); /* and keep its lane */
	return unused;
}

static void do_as_told(const struct told *told)
{
	tk_timer_t span = tk_timer("span");
	uint64_t start = 0;
	pthread_t thread;
	char order;

	while (read(told->orders[0], &order, 1) == 1) {
		if (order == '<')
			start = tk_start(span);
		else if (order == '>')
			tk_stop(span, start);
		else if (pthread_create(&thread, NULL, record_one, NULL))
			_exit(1);
		tk_flush();
		if (write(told->done[1], &order, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void tell(const struct told *told, const char *orders)
{
	char done;

	for (; *orders; orders++) {
		cr_assert_eq(write(told->orders[1], orders, 1), 1);
		cr_assert_eq(read(told->done[0], &done, 1), 1);
	}
}

static void start_told(struct told *told)
{
	char ready;

	cr_assert_eq(pipe(told->orders), 0);
	cr_assert_eq(pipe(told->done), 0);
	told->pid = fork();
	if (told->pid == 0) {
		close(told->orders[1]);
		if (tk_open("told", NULL) || tk_join(NULL) || write(told->done[1], "r", 1) != 1)
			_exit(1);
		do_as_told(told);
	}
	close(told->orders[0]);
	cr_assert_eq(read(told->done[0], &ready, 1), 1);
}

static void stop_told(struct told *told)
{
	int status;

	close(told->orders[1]);
	waitpid(told->pid, &status, 0);
	cr_assert_eq(status, 0);
}

/* With pauses of so many rounds that the drainer comes to leave the lane alone: each record is seen
 * by the turn after it, and in the rows of its interval. */
Test(round, what_is_quiet_is_seen_when_it_stirs)
{
	uint64_t state = 3, pushed = 0, quiet = 0, rows;
	int tell, done;
	size_t timers;
	pid_t pid;

	begin(1);
	c.own.drainers[0]->poll_ns = 0;
	pid = start_recorder(&tell, &done);
	await_told(done);
	tk_scan(&c);
	for (unsigned i = 0; i < 200; i++) {
		uint32_t n = random_below(&state, 4) ? (uint32_t)random_below(&state, 3)
						     : (uint32_t)random_below(&state, 2 * SLOTS);

		for (uint64_t k = random_below(&state, 5); k; k--)
			go_round();
		quiet += c.own.drainers[0]->own.parts.quiet != NULL;
		cr_assert_eq(write(tell, &n, sizeof(n)), sizeof(n));
		await_told(done);
		pushed += n;
		(void)tk_look(&c);
		go_round();
		take_intervals();
		cr_assert_eq(came.delivered + came.lost, pushed);
	}
	cr_assert_gt(quiet, 50);
	rows = came.processes;
	for (unsigned i = 0; i < 4; i++)
		go_round();
	take_intervals();
	cr_assert_eq(came.processes, rows, "nothing came, and there are rows");
	cr_assert_not_null(c.own.drainers[0]->own.parts.quiet);
	close(tell);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	tk_scan(&c);
	for (unsigned i = 0; i < 8; i++)
		go_round();
	samples(&timers);
	cr_assert_eq(came.delivered + came.lost, pushed);
	cr_assert_eq(came.attributed, came.lost);
	cr_assert_null(c.own.sources[0]->seg, "it is not let go of");
	close(done);
	cr_assert(place_remove());
}

/* A thread joins a program that is quiet, and records. */
Test(round, a_lane_that_comes_to_a_quiet_part_is_read)
{
	struct told told;

	begin(1);
	c.own.drainers[0]->poll_ns = 0;
	start_told(&told);
	tk_scan(&c);
	for (unsigned i = 0; i < 4; i++)
		go_round();
	cr_assert_not_null(c.own.drainers[0]->own.parts.quiet);
	tell(&told, "tttt");
	for (unsigned i = 0; i < 2000 && came.delivered < 4; i++) {
		(void)tk_look(&c);
		go_round();
		take_intervals();
		usleep(10000);
	}
	cr_assert_eq(came.delivered, 4);
	stop_told(&told);
	cr_assert(place_remove());
}

static void push(int tell, int done, uint32_t n)
{
	cr_assert_eq(write(tell, &n, sizeof(n)), sizeof(n));
	await_told(done);
}

static bool was_said(const char *what)
{
	for (uint64_t i = 0; i < c.own.notes.ever; i++)
		if (strstr(c.own.notes.text[i % TK_NOTES_KEPT], what))
			return true;
	return false;
}

static void limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Left out at the first listing for want of descriptors, it is read from its attach on; left out
 * later, from its first record. */
Test(round, what_was_left_out_is_read_from_where_it_is_owed)
{
	int tell[2], done[2];
	struct rlimit had;
	pid_t pid[2];

	begin(1);
	c.options.oldest = false;
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &had), 0);
	pid[0] = start_recorder(&tell[0], &done[0]);
	await_told(done[0]);
	push(tell[0], done[0], 100);
	limit_descriptors(60);
	tk_scan(&c);
	cr_assert_eq(c.own.n_sources, 0);
	pid[1] = start_recorder(&tell[1], &done[1]);
	await_told(done[1]);
	push(tell[0], done[0], 10);
	push(tell[1], done[1], 2 * SLOTS);
	tk_scan(&c);
	cr_assert_eq(c.own.n_sources, 0);
	cr_assert(was_said("there are no more; raise `ulimit -Hn`"));
	cr_assert(was_said("2 segments are left out"));
	limit_descriptors(had.rlim_cur);
	tk_scan(&c);
	cr_assert_eq(c.own.n_sources, 2);
	cr_assert(was_said("no segment is left out any more"));
	go_round(); /* a drainer takes its place at the newest record */
	push(tell[0], done[0], 3);
	push(tell[1], done[1], 4);
	for (unsigned i = 0; i < 4; i++)
		go_round();
	take_intervals();
	cr_assert_eq(came.delivered + came.lost, 3 + 2 * SLOTS + 4, "%lu + %lu", came.delivered,
		     came.lost);
	cr_assert_geq(came.lost, SLOTS);
	for (int i = 0; i < 2; i++)
		kill(pid[i], SIGKILL); /* the second has the first one's pipe, too */
	for (int i = 0; i < 2; i++) {
		close(tell[i]);
		close(done[i]);
		waitpid(pid[i], NULL, 0);
	}
	cr_assert(place_remove());
}

/* It was not there at the first listing, so that all in it is new. */
Test(round, a_directory_that_is_made_later_is_read_from_the_first_record)
{
	char dir[128];
	int tell, done;
	pid_t pid;

	begin(1);
	snprintf(dir, sizeof(dir), "%s/later", place);
	c.options.dir = dir;
	c.options.oldest = false;
	tk_scan(&c);
	cr_assert_eq(c.own.notes.ever, 0);
	cr_assert_eq(setenv("TIMEKEEPER_DIR", dir, 1), 0);
	pid = start_recorder(&tell, &done);
	await_told(done);
	push(tell, done, 2 * SLOTS);
	cr_assert(tk_look(&c), "it is not seen");
	tk_scan(&c);
	for (unsigned i = 0; i < 4; i++)
		go_round();
	take_intervals();
	cr_assert_eq(came.delivered + came.lost, 2 * SLOTS);
	cr_assert_geq(came.lost, SLOTS);
	close(tell);
	close(done);
	waitpid(pid, NULL, 0);
	cr_assert(place_remove());
}

/* A queue that another reader held comes to a drainer that has nothing of its process, which is
 * dead. */
Test(round, a_lane_that_is_dealt_after_the_end_ends)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX];
	size_t timers;
	glob_t found;
	int fd;

	begin(2);
	leave_dead("queues", 2, &tk_rte);
	snprintf(path, sizeof(path), "%s/queues.*/slots.1", place);
	cr_assert_eq(glob(path, 0, NULL, &found), 0);
	fd = open(found.gl_pathv[0], O_RDWR);
	cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	globfree(&found);
	tk_scan(&c);
	for (unsigned i = 0; i < 4; i++)
		go_round();
	cr_assert_eq(samples(&timers), RECORDS);
	cr_assert_not_null(c.own.sources[0]->seg, "it waits for the other queue");
	close(fd);
	tk_scan(&c);
	to_the_end(2 * RECORDS, 2);
}

/* It is the drainer that finds out, and the collecting thread that says it. */
Test(round, a_corrupt_queue_is_told_of)
{
	char path[PATH_MAX];
	uint32_t nonsense = UINT32_MAX / 2;
	bool told = false;
	glob_t found;
	int fd;

	begin(1);
	leave_dead("queue", 1, &tk_rte);
	snprintf(path, sizeof(path), "%s/queue.*/slots.0", place);
	cr_assert_eq(glob(path, 0, NULL, &found), 0);
	tk_scan(&c);
	fd = open(found.gl_pathv[0], O_RDWR);
	cr_assert_eq(pwrite(fd, &nonsense, sizeof(nonsense),
			    c.own.sources[0]->seg->lanes[0].info.queue.prod_tail),
		     sizeof(nonsense));
	close(fd);
	globfree(&found);
	go_round();
	tk_scan(&c);
	for (uint64_t i = 0; i < c.own.notes.ever; i++)
		told = told || strstr(c.own.notes.text[i], "lane 0 is corrupt");
	cr_assert(told);
	cr_assert(place_remove());
}

/* Several rounds in an interval: the longest gap of all of them is shown. */
Test(round, a_gap_is_shown_whenever_it_was)
{
	const uint64_t gap_ns = UINT64_C(5000000000);
	struct tk_snapshot *s;

	begin(1);
	turn_all();
	c.own.drainers[0]->own.polled_ns -= gap_ns;
	for (unsigned i = 0; i < 3; i++) {
		tk_round_ask(&c, i == 2);
		turn_all();
		tk_round_receive(&c);
	}
	s = tk_collector_snapshot(&c, &(struct tk_view){ 0 });
	cr_assert_geq(s->longest_gap_ns, gap_ns);
	cr_assert_lt(s->longest_gap_ns, 2 * gap_ns);
	tk_snapshot_free(s);
	cr_assert(place_remove());
}

/* Tallies are swapped before the end is read: what comes after goes into the next round's, and so
 * do the figures, which are those of what was swapped. */
Test(round, a_part_is_finished_when_all_of_it_was_handed_over)
{
	struct tk_drained sum = { .fill_ns = 1 };
	struct tk_part *p;

	begin(1);
	leave_dead("part", 1, NULL);
	tk_scan(&c);
	p = tk_part_new(c.own.sources[0]->seg, TK_LANE_OLDEST, false);
	p->pool = p->agg.pool = &c.own.drainers[0]->own.pool;
	tk_part_add(p, 0);
	p->ended = true;
	tk_part_end_lane(p, 0);
	tk_part_swap_tallies(p);
	tk_part_drain(p, 0, 1, &sum);
	tk_part_look_at_lanes(p);
	cr_assert_eq(p->figures.delivered, 0, "what the full tallies hold");
	cr_assert(!p->figures.finished);
	cr_assert_eq(p->figures.behind, 1);
	for (uint32_t id = 0; id < p->max_timers; id++)
		cr_assert_null(p->full[id]);
	tk_part_settle_lane(p, 0);
	tk_part_swap_tallies(p);
	tk_part_look_at_lanes(p);
	cr_assert_eq(p->figures.delivered, RECORDS);
	cr_assert_eq(p->figures.unsettled, 0);
	cr_assert_eq(p->figures.behind, 0);
	cr_assert_eq(p->figures.lag, 0);
	cr_assert(p->figures.finished);
	tk_part_free(p);
	cr_assert(place_remove());
}

/* ---- a machine that sleeps while it is watched
 * ------------------------------------------------ */

static void the_span_that_slept_is_set_aside(bool boottime_too)
{
	struct tk_snapshot *s;
	struct told told;

	begin(1);
	start_told(&told);
	tk_scan(&c);
	tell(&told, "<><><");
	turn_all();
	usleep(20000);
	stood_still_ns += 20000000;
	boottime_too_ns += boottime_too ? 20000000 : 0;
	tell(&told, "><>");
	turn_all(); /* before the collecting thread has looked at its clock */
	tell(&told, "<><>");
	go_round();
	s = tk_collector_snapshot(&c, &(struct tk_view){ .totals = true });
	cr_assert_eq(s->n_timers, 1);
	cr_expect_eq(s->delivered, 6);
	cr_expect_geq(s->timers[0].across, 1, "the span that slept is counted");
	cr_expect_eq(s->timers[0].total[TK_PROCESSING].count + s->timers[0].across, 6);
	cr_expect_geq(s->timers[0].total[TK_PROCESSING].count, 4, "and spans on both sides are");
	cr_expect_lt(s->timers[0].total[TK_PROCESSING].max_ns, 20000000);
	tk_snapshot_free(s);
	stop_told(&told);
	cr_assert(place_remove());
}

Test(round, the_span_in_which_the_machine_slept)
{
	if (tk_tsc_quick(NULL, 0))
		cr_skip_test("the counter is not invariant here");
	the_span_that_slept_is_set_aside(false);
}

Test(round, the_span_in_which_the_guest_was_paused)
{
	if (tk_tsc_quick(NULL, 0))
		cr_skip_test("the counter is not invariant here");
	the_span_that_slept_is_set_aside(true);
}
