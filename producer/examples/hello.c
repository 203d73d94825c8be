/* SPDX-License-Identifier: MIT */
/*
 * The five lines. Run it, and in another terminal run `timekeeper`. Ctrl-C ends it.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <timekeeper.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* 1,000 to 16,000 steps of a pseudo-random sequence: up to tens of microseconds. */
static uint32_t do_work(uint32_t x)
{
	uint32_t steps = (x >> 28) * 1000 + 1000;

	while (steps--)
		x = x * 1664525u + 1013904223u;
	return x;
}

int main(void)
{
	const struct timespec pause = { 0, 1000000 };
	uint32_t x = 1;

	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);

	if (tk_open("hello", NULL) < 0)
		fprintf(stderr, "hello: runs untimed: %s\n", tk_why());
	tk_timer_t work = tk_timer("work");

	while (!interrupted) {
		uint64_t start = tk_start(work);

		x = do_work(x);
		tk_stop(work, start);
		nanosleep(&pause, NULL);
	}
	printf("%u\n", x); /* so that the work is not optimised away */
	return 0;
}
