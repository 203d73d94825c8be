/* SPDX-License-Identifier: MIT */
/*
 * What it costs the drain when timers record for the first time.
 *
 * A child records at 200,000 records/s in all, both measures, into a default lane: 1,000 timers
 * begin within 10 ms; three seconds later 5,000 more within 30 ms. Two other processes keep both
 * cpus busy meanwhile. A record that is lost in a gap of the drain's own making is a fault: such a
 * gap is told from a preemption by the thread's CPU time. Prints, of each drainer, the longest gap
 * and the longest one of its own making, and what was lost in either.
 *
 *	bench/first [SECONDS]	6 by default
 *
 * Exit 1 if records were lost in a gap of the drain's own making.
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/engine/collector.h"
#include "collector/machine/now.h"
#include "producer/timekeeper.h"

#define FIRST   1000u
#define TIMERS  6000u
#define RATE    200u /* a millisecond */
#define MS      UINT64_C(1000000)
#define SECOND  (1000 * MS)
#define SECONDS 6u

static tk_timer_t timers[TIMERS];
static char dir[] = "/dev/shm/tk-bench-XXXXXX"; /* nobody else's processes are drained */

/* How many timers have begun: 100 a millisecond, and then, from three seconds on, 167. */
static uint32_t begun(uint64_t ns)
{
	uint64_t n = ns / MS * 100;

	if (ns < 3 * SECOND)
		return (uint32_t)(n < FIRST ? n + 1 : FIRST);
	n = FIRST + (ns - 3 * SECOND) / MS * 167;
	return (uint32_t)(n < TIMERS ? n : TIMERS);
}

/* Around 3,000 ticks, sigma 0.5: a sum of uniform numbers is normal enough. */
static uint64_t spread(uint32_t *random)
{
	double sum = 0;

	for (int i = 0; i < 4; i++) {
		*random = *random * 1664525u + 1013904223u;
		sum += (double)(*random >> 8) / 16777216.0 - 0.5;
	}
	return (uint64_t)(3000 * exp(0.5 * sum * 1.732));
}

static void record(tk_timer_t timer, uint32_t *random)
{
	uint64_t start = tk_now();

	tk_record_span(timer, start, start + spread(random),
		       (struct tk_origin){ .ticks = start - spread(random) });
}

static void produce(void)
{
	struct tk_options o = { .timers = TIMERS + 8 };
	uint64_t began, due;
	uint32_t random = 1, next = 0;
	char name[16];

	if (tk_open("first", &o) < 0)
		_exit(1);
	for (uint32_t i = 0; i < TIMERS; i++) {
		snprintf(name, sizeof(name), "timer-%04u", i);
		timers[i] = tk_timer(name);
	}
	tk_join(NULL);
	sleep(1); /* until it is attached */
	due = began = tk_now_ns(CLOCK_MONOTONIC);
	for (;;) {
		struct timespec t = { (time_t)(due / SECOND), (long)(due % SECOND) };
		uint32_t n = begun(due - began);

		for (uint32_t i = 0; i < RATE; i++)
			record(timers[next++ % n], &random);
		due += MS;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
}

static void spin(void)
{
	for (;;)
		__asm__ volatile("");
}

static pid_t start(void (*run)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run();
		_exit(0);
	}
	return pid;
}

static uint64_t print(const struct tk_snapshot *s)
{
	uint64_t own = 0;

	printf("delivered %" PRIu64 ", lost %" PRIu64 "\n", s->delivered, s->lost);
	for (size_t i = 0; i < s->n_drainers; i++) {
		const struct tk_drainer_figures *d = &s->drainers[i];

		printf("drainer %zu: longest gap %.2f ms, of its own making %.2f ms; lost in gaps "
		       "of its own making %" PRIu64 "; page faults since warm %" PRIu64
		       "; samples that waited for memory %" PRIu64 "; %.1f MiB in stock\n",
		       i, (double)d->longest_gap_ns / 1e6, (double)d->own_ns / 1e6, d->lost_own,
		       d->faults, d->waited, (double)d->stock / (1 << 20));
		own += d->lost_own;
	}
	return own;
}

/* @return records lost in gaps of the drain's own making */
static uint64_t watch(unsigned seconds)
{
	struct tk_collector_options o = { 0 };
	struct tk_collector *c;
	struct tk_snapshot *s;
	uint64_t own = 1;
	char why[256];

	c = tk_collector_open(&o, why);
	if (!c) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	sleep(seconds);
	s = tk_collector_snapshot(c, &(struct tk_view){ 0 });
	if (s)
		own = print(s);
	tk_snapshot_free(s);
	tk_collector_close(c);
	return own;
}

static void remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		fprintf(stderr, "%s is left behind\n", dir);
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : SECONDS;
	pid_t child[3];
	uint64_t own;

	if (!mkdtemp(dir) || setenv("TIMEKEEPER_DIR", dir, 1)) {
		perror(dir);
		return 1;
	}
	child[0] = start(produce);
	child[1] = start(spin);
	child[2] = start(spin);
	own = watch(seconds + 1);
	for (int i = 0; i < 3; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	remove_dir();
	return own != 0;
}
