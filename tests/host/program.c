/* SPDX-License-Identifier: MIT */
/* The ordinary program of host.h: three threads whose work is timed, and its result checked. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/host/host.h"
#include "tests/host/unchanged.h"

#define HELPERS 2
#define SPANS   1500u /* more than a turn, and more than a refused thread waits to try again */

void (*host_entering)(bool library);

static struct {
	pthread_t thread[HELPERS];
	pthread_barrier_t barrier;
	bool started, opened;
	tk_timer_t timer;
	uint64_t recorded;
	int joined[HELPERS + 1];
} program;

static void entering(bool library)
{
	if (host_entering)
		host_entering(library);
}

static uint64_t step_of_work(uint64_t x)
{
	return (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + 1;
}

void host_record(tk_timer_t timer, unsigned n)
{
	uint64_t result = n, expected = n;

	for (unsigned i = 0; i < n; i++) {
		uint64_t start;

		errno = 4242;
		start = tk_start(timer);
		result = step_of_work(result);
		tk_stop(timer, start);
		must(errno == 4242, "errno was changed to %d by record %u", errno, i);
		expected = step_of_work(expected);
	}
	must(result == expected, "the program's own result is wrong");
}

static void join_and_record(int *joined)
{
	entering(true);
	*joined = tk_join(NULL);
	must(!*joined || tk_why()[0], "refused without a reason");
	host_record(program.timer, SPANS);
	tk_flush();
	entering(false);
	__atomic_fetch_add(&program.recorded, SPANS, __ATOMIC_RELAXED);
}

/* One after the other, so that what is swept over comes in the same order each time. The last ends
 * after the segment was closed, and records until then. */
static void *help(void *number)
{
	for (uintptr_t i = 0; i < HELPERS; i++) {
		pthread_barrier_wait(&program.barrier);
		if (i == (uintptr_t)number)
			join_and_record(&program.joined[i]);
		pthread_barrier_wait(&program.barrier);
	}
	pthread_barrier_wait(&program.barrier);
	host_record(program.timer, SPANS);
	return NULL;
}

void host_start(void)
{
	pthread_barrier_init(&program.barrier, NULL, HELPERS + 1);
	for (uintptr_t i = 0; i < HELPERS; i++)
		must(!pthread_create(&program.thread[i], NULL, help, (void *)i), "no threads");
	program.started = true;
}

void host_open(const struct tk_options *options)
{
	static const struct tk_options small = { .slots = 2048, .timers = 64, .lanes = 8 };
	int ret;

	entering(true);
	ret = tk_open("host", options ? options : &small);
	entering(false);
	must(ret <= 0 && (!ret || strlen(tk_why()) > 10), "refused without a reason: %d", ret);
	program.opened = !ret;
	if (ret)
		host_note(OPEN_REFUSED);
}

void host_run(void)
{
	bool refused;

	entering(true);
	program.timer = tk_timer("work");
	must(tk_timer("work") == program.timer, "another handle for the same name");
	entering(false);
	join_and_record(&program.joined[HELPERS]);
	refused = program.joined[HELPERS] != 0;
	for (unsigned i = 0; program.started && i < HELPERS; i++) {
		pthread_barrier_wait(&program.barrier);
		pthread_barrier_wait(&program.barrier);
		refused |= program.joined[i] != 0;
	}
	unchanged_check_exec();
	if (!program.opened) {
		must(refused, "joined what could not be opened");
		return;
	}
	host_note(refused ? JOIN_REFUSED : WORKS);
}

void host_exact(void)
{
	struct account a;

	if (!program.opened)
		return;
	a = host_account(getpid());
	must(a.segments == 1, "%d segments can be read", a.segments);
	must(a.alive, "it does not look alive");
	must(a.counted + a.refused == program.recorded, "%lu recorded, %lu counted and %lu refused",
	     program.recorded, a.counted, a.refused);
	must(a.readable == a.counted, "%lu can be read", a.readable);
}

void host_close(void)
{
	entering(true);
	tk_close();
	host_record(program.timer, 10);
	entering(false);
	if (program.started) {
		pthread_barrier_wait(&program.barrier);
		for (unsigned i = 0; i < HELPERS; i++)
			pthread_join(program.thread[i], NULL);
	}
}

void host_goes_on(const struct tk_options *options)
{
	host_open(options);
	host_run();
	host_exact();
	host_close();
}
