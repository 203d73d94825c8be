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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
#include "tsc/check.h"

#define RECORDS 20000u

/* CLOCK_MONOTONIC and CLOCK_MONOTONIC_RAW lag by this much: a machine that slept, or was paused,
 * with the counter running on. This program's clock_gettime() stands in for the kernel's. */
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
	cr_assert_eq(tk_clock_open(&c.clock, NULL), 0);
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.closed, NULL);
	c.options.dir = place;
	c.options.oldest = true;
	c.shown.state.interval_ns = 10000000;
	c.wanted_interval_ns = c.shown.state.interval_ns;
	tk_registry_init(&c.shown.registry, 1u << 20);
	c.began_wall_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	c.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	c.drainers = calloc(drainers, sizeof(struct tk_drainer *));
	while (c.n_drainers < drainers) {
		struct tk_drainer *d = tk_drainer_new(&c.clock, drainers);

		d->cpu = (int)c.n_drainers; /* as if named: lanes are dealt to all */
		d->node = 0;
		d->poll_ns = TK_POLL_SPIN; /* drains whenever it may */
		c.drainers[c.n_drainers++] = d;
	}
}

static void turn_all(void)
{
	c.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	for (size_t i = 0; i < c.n_drainers; i++)
		tk_drainer_turn(c.drainers[i], c.now_ns);
}

static void go_round(void)
{
	tk_round_ask(&c, true);
	turn_all();
	tk_round_receive(&c);
	cr_assert(!c.rounding);
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
	for (size_t i = 0; i < c.n_sources; i++)
		cr_assert_null(c.sources[i]->seg, "it is not let go of");
	for (size_t i = 0; i < c.n_drainers; i++)
		cr_assert(!c.drainers[i]->parts && !c.drainers[i]->lanes);
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
	to_the_end(12 * RECORDS, 3);
}

Test(round, a_segment_is_shared_by_two_drainers)
{
	begin(2);
	leave_dead("shared", 4, NULL);
	tk_scan(&c);
	cr_assert_eq(c.sources[0]->n_parts, 2);
	to_the_end(4 * RECORDS, 4);
}

/* All of an app's processes that end within a round go on with one another's series. */
Test(round, the_dead_of_an_app_are_one_series_a_timer)
{
	begin(2);
	for (unsigned i = 0; i < 5; i++)
		leave_dead("again", 2, NULL);
	tk_scan(&c);
	to_the_end(10 * RECORDS, 2);
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
	cr_assert_not_null(c.sources[0]->seg, "it waits for the other queue");
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
			    c.sources[0]->seg->lanes[0].info.queue.prod_tail),
		     sizeof(nonsense));
	close(fd);
	globfree(&found);
	go_round();
	tk_scan(&c);
	for (uint64_t i = 0; i < c.notes.ever; i++)
		told = told || strstr(c.notes.text[i], "lane 0 is corrupt");
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
	c.drainers[0]->polled_ns -= gap_ns;
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

/* Tallies are swapped before the end is read: what comes after goes into the next round's. */
Test(round, a_part_is_finished_when_all_of_it_was_handed_over)
{
	struct tk_drained sum = { .fill_ns = 1 };
	struct tk_part *p;

	begin(1);
	leave_dead("part", 1, NULL);
	tk_scan(&c);
	p = tk_part_new(c.sources[0]->seg, TK_LANE_OLDEST, false);
	p->pool = &c.drainers[0]->pool;
	tk_part_add(p, 0);
	p->ended = true;
	tk_part_end_lane(p, 0);
	tk_part_swap_tallies(p);
	tk_part_drain(p, 0, 1, &sum);
	tk_part_sum_up(p);
	cr_assert_eq(p->figures.delivered, RECORDS);
	cr_assert(!p->figures.finished);
	tk_part_swap_tallies(p);
	tk_part_sum_up(p);
	cr_assert(p->figures.finished);
	tk_part_free(p);
	cr_assert(place_remove());
}

/* ---- a machine that sleeps while it is watched
 * ------------------------------------------------ */

/* A living process that does what it is told: '<' begins a span, '>' ends it. */
struct told {
	pid_t pid;
	int orders[2], done[2];
};

static void do_as_told(const struct told *told)
{
	tk_timer_t span = tk_timer("span");
	uint64_t start = 0;
	char order;

	while (read(told->orders[0], &order, 1) == 1) {
		if (order == '<')
			start = tk_start(span);
		else
			tk_stop(span, start);
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
	s = tk_collector_snapshot(&c, &(struct tk_view){ 0 });
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
