/* SPDX-License-Identifier: MIT */
/*
 * What the first record of a forked child costs, and where the time goes: fork [CHILDREN]
 *
 * The parent opens a segment and records; each child (41) times its first record, which opens a
 * segment of the child's own and gives its thread a lane. Prints medians and maxima of:
 *
 *	256 slots	the segment and the lane without its records: directory, files, lock
 *	the default	2 MiB more, in a hugepage if the kernel has one to give
 *	small pages	2 MiB in 512 pages, which the kernel zeroes and maps one by one
 *	a thread	the first record of a thread in the parent: a lane, no segment
 *	tk_open()	in the parent, for comparison: the floor is measured, which a child inherits
 *
 * The goal: at most 2 ms by default. Exit 1 if the median is above.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "producer/timekeeper.h"

#define MOST    1000u
#define GOAL_US 2000.0

static char place[] = "/dev/shm/tk-fork-XXXXXX"; /* nobody else's processes have to do with it */
static tk_timer_t timer;
static unsigned children = 41;

/* Seen by all processes. */
static struct {
	double opened, first[MOST];
} * seen;

static double us(uint64_t ticks)
{
	return (double)tk_ns((int64_t)ticks) / 1e3;
}

static double first_record(void)
{
	uint64_t began = tk_tsc_fenced();

	tk_stop(timer, tk_start(timer));
	return us(tk_tsc_fenced() - began);
}

static void *in_thread(void *us_taken)
{
	*(double *)us_taken = first_record();
	return NULL;
}

static pid_t forked(void)
{
	fflush(stdout);
	return fork();
}

static void in_child(unsigned i)
{
	pid_t pid = forked();

	if (pid == 0) {
		seen->first[i] = first_record();
		exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void in_thread_of_parent(unsigned i)
{
	pthread_t thread[1];

	if (pthread_create(thread, NULL, in_thread, &seen->first[i]) == 0)
		pthread_join(*thread, NULL);
}

static double print(const char *what, double *v, unsigned n)
{
	double median = tk_quantile(v, n, 0.5); /* sorts */

	printf("%-34s %8.0f us  (least %.0f, most %.0f)\n", what, median, v[0], v[n - 1]);
	return median;
}

/* A process of its own: its segment has `slots` to a lane. */
static void parent(uint32_t slots, void (*measure)(unsigned i), unsigned n)
{
	struct tk_options o = { .slots = slots };
	pid_t pid = forked();

	if (pid == 0) {
		uint64_t began = tk_tsc_fenced(), opened;

		if (tk_open("fork", &o)) {
			fprintf(stderr, "fork: %s\n", tk_why());
			_exit(1);
		}
		opened = tk_tsc_fenced() - began;
		timer = tk_timer("first");
		(void)first_record();
		seen->opened = us(opened);
		for (unsigned i = 0; i < n; i++)
			measure(i);
		exit(0);
	}
	waitpid(pid, NULL, 0);
}

static double measure(const char *what, uint32_t slots)
{
	memset(seen, 0, sizeof(*seen));
	parent(slots, in_child, children);
	return print(what, seen->first, children);
}

int main(int argc, char **argv)
{
	double median;
	char command[64];

	if (argc > 1)
		children = (unsigned)strtoul(argv[1], NULL, 10);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (children < 1 || children > MOST || seen == MAP_FAILED || !mkdtemp(place) ||
	    setenv("TIMEKEEPER_DIR", place, 1)) {
		fprintf(stderr, "usage: fork [CHILDREN], 1 to %u\n", MOST);
		return 2;
	}
	tk_describe_machine(stdout);
	(void)measure("a child, 256 slots", 256);
	median = measure("a child, the default", 0);
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0)
		(void)measure("a child, small pages", 0);
	(void)prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	parent(0, in_thread_of_parent, 1);
	(void)print("a thread, the default", seen->first, 1);
	(void)print("tk_open() of the parent", &seen->opened, 1);
	printf("a child's first record, by default: <= %.0f us  %s\n", GOAL_US,
	       median <= GOAL_US ? "met" : "MISSED");
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command) || median > GOAL_US;
}
