/* SPDX-License-Identifier: MIT */
/*
 * A collector whose memory is refused, once, or from some allocation on for a while: whichever it
 * is, every record is counted, in exactly one place, or people are told.
 *
 * The n-th allocation of what is tested fails, for every n. A child process runs each n, so that
 * nothing is left of the one before. Both threads are cranked by hand.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/drain/pace.h"
#include "collector/engine/collector.h"
#include "collector/engine/core.h"
#include "producer/timekeeper.h"
#include "tests/place.h"
#include "tests/refused.h"

#define TIMERS  20u
#define RECORDS 400u /* a timer and process */
#define APPS    3u

/* ---- a collector ---- */

static struct tk_collector c;

/* A process that dies and leaves its segment. */
static void leave_dead(void)
{
	pid_t pid = fork();
	char name[8];

	if (pid == 0) {
		if (tk_open("dead", &(struct tk_options){ .slots = 16384 }) || tk_join(NULL))
			_exit(1);
		for (unsigned i = 0; i < TIMERS * RECORDS; i++) {
			uint64_t start = tk_now();

			snprintf(name, sizeof(name), "t%u", i % TIMERS);
			tk_record_span(tk_timer(name), start, start + 1000 + i,
				       (struct tk_origin){ .ticks = start - 5000 });
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void begin(void)
{
	struct tk_drainer *d;

	cr_assert_eq(tk_clock_open(&c.own.clock, NULL), 0);
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.closed, NULL);
	c.options.dir = place;
	c.options.oldest = true;
	c.shown.state.interval_ns = c.wanted_interval_ns = 10000000;
	tk_registry_init(&c.shown.registry, 1u << 20);
	c.own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	c.own.began_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	c.own.line_ns = c.shown.line_ns = c.own.began_ns - (int64_t)c.own.now_ns;
	c.own.drainers = calloc(1, sizeof(struct tk_drainer *));
	d = tk_drainer_new(&c.own.clock, 1);
	d->cpu = d->node = 0;
	d->poll_ns = TK_POLL_SPIN;
	c.own.drainers[c.own.n_drainers++] = d;
}

static void go_round(void)
{
	c.own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	c.own.scan_ns = c.own.all_ns = c.own.now_ns;
	tk_scan(&c);
	tk_round_ask(&c, true);
	tk_drainer_turn(c.own.drainers[0], c.own.now_ns);
	tk_round_receive(&c);
}

/* @return what is wrong; NULL: nothing */
static const char *check(void)
{
	struct tk_snapshot *s = tk_collector_snapshot(&c, &(struct tk_view){ .silent = true });
	uint64_t all = APPS * TIMERS * RECORDS, records = 0;

	for (size_t i = 0; i < s->n_timers; i++) {
		for (int m = 0; m < TK_MEASURES; m++) {
			const struct tk_datapoint *d = &s->timers[i].total[m];

			if (d->records != d->count + d->aside + d->without + d->lost)
				return "a timer does not add up";
		}
		records += s->timers[i].total[0].records - s->timers[i].total[0].lost;
	}
	if (s->delivered != records + s->unknown)
		return "delivered is not what timers have and what is unknown";
	if (s->delivered + s->lost > all)
		return "more than there was";
	if (s->delivered + s->lost < all && !s->notes_ever)
		return "something is missing, and nobody was told";
	return NULL;
}

/* @return how many allocations there were in all */
static long run(long n, long many)
{
	const char *wrong;

	begin();
	allocations = 0;
	fails_at = n;
	fails_for = many;
	for (int i = 0; i < 12; i++)
		go_round();
	fails_at = -1;
	for (int i = 0; i < 6; i++)
		go_round();
	wrong = check();
	if (wrong)
		fprintf(stderr, "allocation %ld, and %ld in all: %s\n", n, many, wrong);
	_exit(wrong ? 1 : 0);
}

static void each(long many)
{
	long last;
	int at[2];

	/* How many there are. */
	cr_assert_eq(pipe(at), 0);
	if (fork() == 0) {
		begin();
		allocations = 0;
		fails_at = LONG_MAX - 1000;
		for (int i = 0; i < 12; i++)
			go_round();
		_exit(write(at[1], &allocations, sizeof(allocations)) < 0);
	}
	cr_assert_eq(read(at[0], &last, sizeof(last)), sizeof(last));
	wait(NULL);
	cr_assert_gt(last, 50);
	for (long n = 0; n < last; n++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			run(n, many);
		waitpid(pid, &status, 0);
		cr_assert_eq(status, 0, "allocation %ld of %ld: status %x", n, last, status);
	}
}

static void with_dead(long many)
{
#ifdef SANITIZED
	cr_skip_test("the sanitizer's allocations are its own");
#endif
	cr_assert(place_make());
	for (unsigned i = 0; i < APPS; i++)
		leave_dead();
	each(many);
	cr_assert(place_remove());
}

Test(memory, refused_once_every_record_is_counted_once)
{
	with_dead(1);
}

Test(memory, refused_for_a_while_every_record_is_counted_once_or_people_are_told)
{
	with_dead(LONG_MAX / 2);
}
