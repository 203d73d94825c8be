/* SPDX-License-Identifier: MIT */
/*
 * Threads that join, record, leave and end while another opens and closes the segment: nothing may
 * crash or hang, and a segment opened afterwards counts exactly. A plain program, so that TSan can
 * run it.
 *
 *	coming_and_going [times closed]
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/place.h"
#include "tests/producer/read_back.h"

/* A closing thread writes into others' writers, which they read inline, without an atomic: aligned
 * words, of which either value will do. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:^tk_threads_close$\n";
}

static tk_timer_t timer;
static int stop, threads_ended;

static void record(unsigned n)
{
	while (n--)
		tk_stop(timer, tk_start(timer));
}

/* A thread that comes and goes, for ever. */
static void *stay_or_go(void *unused)
{
	(void)unused;
	for (unsigned i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		(void)tk_join(NULL);
		record(100 + i % 300);
		if (i % 3)
			tk_flush();
		if (i % 2)
			tk_leave();
		(void)tk_ns(1000);
	}
	record(10);
	return NULL;
}

static void *end_soon(void *unused)
{
	(void)unused;
	record(500);
	return NULL;
}

/* Threads that end with a lane of whatever generation. */
static void *start_threads(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, end_soon, NULL))
			continue;
		pthread_join(thread, NULL);
		__atomic_fetch_add(&threads_ended, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned times = argc > 1 ? (unsigned)atoi(argv[1]) : 300;
	struct tk_options o = { .slots = 256, .lanes = 8, .timers = 16, .discipline = DISCIPLINE };
	pthread_t thread[3];
	struct read_back *b;
	bool good;

	if (!place_make())
		return 1;
	timer = tk_timer("t");
	if (tk_open("coming", &o)) {
		printf("skipped: %s\n", tk_why());
		return 77;
	}
	pthread_create(&thread[0], NULL, stay_or_go, NULL);
	pthread_create(&thread[1], NULL, stay_or_go, NULL);
	pthread_create(&thread[2], NULL, start_threads, NULL);
	for (unsigned i = 0; i < times; i++) {
		tk_close();
		if (tk_open("coming", &o)) {
			printf("not ok: %s\n", tk_why());
			return 1;
		}
		record(20);
		while (__atomic_load_n(&threads_ended, __ATOMIC_RELAXED) < (int)i)
			sched_yield();
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	tk_close();
	if (tk_open("coming", &o))
		return 1;
	record(1000);
	tk_flush();
	b = read_back(getpid(), place);
	good = b->segments == 1 && b->counted == 1000 &&
	       b->delivered + b->lost == lane_holds(256) && b->lanes[0].published == 256 + 1000;
	printf("%s: %u times closed, %d threads ended, %lu counted of 1000\n",
	       good ? "ok" : "not ok", times, threads_ended, b->counted);
	tk_close();
	return !place_remove() || !good;
}
