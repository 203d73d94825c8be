/* SPDX-License-Identifier: MIT */
/* Threads: thousands of them, ending in any order and by any means, and recording to the last. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/host/host.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true /* its memory grows */
#else
#define SANITIZED false
#endif

static const struct tk_options small = { .slots = 256, .timers = 64, .lanes = 16 };
static tk_timer_t timer;
static pthread_key_t key;

static void opened(void)
{
	must(!tk_open("host", &small), "not open");
	timer = tk_timer("t");
}

static pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, run, argument), "no thread");
	return thread;
}

static void record(unsigned n)
{
	while (n--)
		tk_stop(timer, tk_start(timer));
}

#define BEFORE_MAIN 100u

/* What all have recorded, when all have ended, is what was counted; before there was a segment, as
 * refused. */
static void holds(uint64_t n)
{
	struct account a;

	tk_flush();
	a = host_account(getpid());
	must(a.segments == 1 && a.counted == n && a.refused == BEFORE_MAIN,
	     "%lu counted of %lu, and %lu refused", a.counted, n, a.refused);
}

/* Lines of /proc/self/maps, and entries of a directory. */
static unsigned mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned n = 0;

	for (int c; (c = getc(f)) != EOF;)
		n += c == '\n';
	fclose(f);
	return n;
}

static unsigned entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static unsigned long resident_kib(void)
{
	unsigned long pages[2] = { 0, 0 };
	FILE *f = fopen("/proc/self/statm", "re");

	must(f && fscanf(f, "%lu%lu", &pages[0], &pages[1]) == 2, "no statm");
	fclose(f);
	return pages[1] * 4;
}

/* ---- many ---- */

#define SHORT 20000u

static void *ten(void *unused)
{
	(void)unused;
	record(10);
	return NULL;
}

static void short_threads(unsigned step)
{
	unsigned maps = 0, open = 0;

	(void)step;
	opened();
	for (unsigned i = 0; i < SHORT; i += 4) {
		pthread_t thread[4];

		for (unsigned j = 0; j < 4; j++)
			thread[j] = start(ten, NULL);
		for (unsigned j = 0; j < 4; j++)
			pthread_join(thread[j], NULL);
		if (i == 1000) {
			maps = mappings();
			open = entries("/proc/self/fd");
		}
	}
	must(SANITIZED || mappings() <= maps + 8, "%u mappings, and %u earlier", mappings(), maps);
	must(entries("/proc/self/fd") == open, "descriptors are leaked");
	holds(10 * SHORT);
	tk_close();
}

static void open_and_close(unsigned step)
{
	unsigned maps = 0;
	unsigned long resident = 0;

	(void)step;
	for (unsigned i = 0; i < 1000; i++) {
		opened();
		record(300);
		tk_close();
		if (i == 100) {
			maps = mappings();
			resident = resident_kib();
		}
	}
	must(SANITIZED || mappings() == maps, "%u mappings, and %u earlier", mappings(), maps);
	must(SANITIZED || resident_kib() <= resident + 64, "%lu KiB, and %lu earlier",
	     resident_kib(), resident);
}

/* ---- ending ---- */

static pthread_barrier_t barrier;
static pthread_mutex_t turn[8];

static void *end_in_turn(void *number)
{
	record(20);
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&turn[(uintptr_t)number]);
	record(20);
	pthread_mutex_unlock(&turn[(uintptr_t)number]);
	return NULL;
}

/* In several orders: first to last, last to first, and all at once. */
static void any_order(unsigned step)
{
	pthread_t thread[8];

	opened();
	pthread_barrier_init(&barrier, NULL, 9);
	for (uintptr_t i = 0; i < 8; i++) {
		pthread_mutex_init(&turn[i], NULL);
		pthread_mutex_lock(&turn[i]);
		thread[i] = start(end_in_turn, (void *)i);
	}
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = step == 1 ? 7 - i : i * 3 % 8;

		pthread_mutex_unlock(&turn[n]);
		if (step < 2)
			pthread_join(thread[n], NULL);
	}
	for (unsigned i = 0; step == 2 && i < 8; i++)
		pthread_join(thread[i], NULL);
	holds(8 * 40);
	tk_close();
}

/* The library has given the lane back by then; what comes is counted, nowhere else. */
static void record_last(void *rounds)
{
	record(30);
	if ((uintptr_t)rounds > 1)
		pthread_setspecific(key, (void *)((uintptr_t)rounds - 1));
}

static void *end_with_destructor(void *unused)
{
	(void)unused;
	pthread_setspecific(key, (void *)3);
	record(10);
	return NULL;
}

static void destructors(unsigned step)
{
	(void)step;
	pthread_key_create(&key, record_last);
	opened();
	for (unsigned i = 0; i < 20; i++)
		pthread_join(start(end_with_destructor, NULL), NULL);
	must(host_account(getpid()).segments == 1, "gone");
	must(host_account(getpid()).counted <= 20 * 100, "more than there were");
	must(host_account(getpid()).counted >= 20 * 10, "fewer than there were");
	tk_close();
	pthread_key_delete(key);
}

static uint64_t before_cancelled;
static int asynchronous;

static void *until_cancelled(void *unused)
{
	int old;

	(void)unused;
	pthread_setcanceltype(__atomic_load_n(&asynchronous, __ATOMIC_RELAXED)
				      ? PTHREAD_CANCEL_ASYNCHRONOUS
				      : PTHREAD_CANCEL_DEFERRED,
			      &old);
	for (;;) {
		record(1);
		__atomic_fetch_add(&before_cancelled, 1, __ATOMIC_RELAXED);
		if (!asynchronous)
			pthread_testcancel();
	}
	return NULL;
}

/* Cancelled anywhere in a push or a turn: at most that one record is in doubt, and no lock held. */
static void cancelled(unsigned step)
{
	const unsigned threads = 200;
	struct account a;

	opened();
	asynchronous = step != 0;
	for (unsigned i = 0; i < threads; i++) {
		uint64_t began = __atomic_load_n(&before_cancelled, __ATOMIC_RELAXED);
		pthread_t thread = start(until_cancelled, NULL);
		void *result;

		while (__atomic_load_n(&before_cancelled, __ATOMIC_RELAXED) <
		       began + 1 + 37 * (i % 9))
			sched_yield();
		pthread_cancel(thread);
		pthread_join(thread, &result);
		must(result == PTHREAD_CANCELED, "it was not cancelled");
	}
	a = host_account(getpid());
	must(a.counted >= before_cancelled && a.counted <= before_cancelled + threads,
	     "%lu counted, of %lu", a.counted, before_cancelled);
	record(10);
	tk_close();
}

static volatile int joining;

static void *join_and_leave(void *unused)
{
	int old;

	(void)unused;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	for (;;) {
		joining = 1;
		record(1);
		tk_leave();
	}
	return NULL;
}

/* It makes a lane's files: system calls at which one that is to end does. */
static void *join_when_cancelled(void *unused)
{
	(void)unused;
	pthread_cancel(pthread_self());
	record(1);
	pthread_testcancel();
	return NULL;
}

/* Cancelled within the library's lock: it must not stay locked. */
static void cancelled_while_joining(unsigned step)
{
	void *result;

	(void)step;
	opened();
	pthread_join(start(join_when_cancelled, NULL), &result);
	must(result == PTHREAD_CANCELED, "it was not cancelled");
	for (unsigned i = 0; i < 100; i++) {
		pthread_t thread;

		joining = 0;
		thread = start(join_and_leave, NULL);
		while (!joining)
			sched_yield();
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	must(tk_timer("after") != 0, "it cannot define timers any more");
	record(10);
	tk_close();
}

/* ---- before and after ---- */

static unsigned recorded_before_main;

__attribute__((constructor(101))) static void before_main(void)
{
	tk_timer_t early = tk_timer("early");

	for (unsigned i = 0; i < BEFORE_MAIN; i++, recorded_before_main++)
		tk_stop(early, tk_start(early));
}

static void constructors(unsigned step)
{
	(void)step;
	must(recorded_before_main == BEFORE_MAIN, "no constructor");
	opened();
	record(10);
	holds(10);
	tk_close();
}

static void small_stack(unsigned step)
{
	pthread_attr_t attributes;
	pthread_t thread;

	(void)step;
	opened();
	pthread_attr_init(&attributes);
	must(!pthread_attr_setstacksize(&attributes, 16384), "no such stack");
	must(!pthread_create(&thread, &attributes, ten, NULL), "no thread");
	pthread_join(thread, NULL);
	holds(10);
	tk_close();
}

const struct scenario scenarios[] = {
	{ "20,000 short threads", short_threads, 0, 0 },
	{ "opened and closed 1,000 times", open_and_close, 0, 0 },
	{ "threads end in any order", any_order, 3, 0 },
	{ "destructors of a thread's data record", destructors, 0, 0 },
	{ "cancelled while recording, deferred and asynchronously", cancelled, 2, 0 },
	{ "cancelled while joining", cancelled_while_joining, 0, 0 },
	{ "constructors record before main()", constructors, 0, 0 },
	{ "a stack of 16 KiB", small_stack, 0, 0 },
	{ 0 },
};
