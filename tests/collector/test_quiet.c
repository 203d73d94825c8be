/* SPDX-License-Identifier: MIT */
/*
 * Rounds, cranked by hand, with a living process that does what it is told: lanes that are quiet,
 * and a machine that sleeps while it is watched.
 */
#include "tests/collector/cranked.h"

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
Test(quiet, what_is_quiet_is_seen_when_it_stirs)
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
Test(quiet, a_lane_that_comes_to_a_quiet_part_is_read)
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

/* ---- a machine that sleeps while it is watched ---- */

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

Test(quiet, the_span_in_which_the_machine_slept)
{
	if (tk_tsc_quick(NULL, 0))
		cr_skip_test("the counter is not invariant here");
	the_span_that_slept_is_set_aside(false);
}

Test(quiet, the_span_in_which_the_guest_was_paused)
{
	if (tk_tsc_quick(NULL, 0))
		cr_skip_test("the counter is not invariant here");
	the_span_that_slept_is_set_aside(true);
}
