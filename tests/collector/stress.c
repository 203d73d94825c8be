/* SPDX-License-Identifier: MIT */
/*
 * Viewers against the collecting thread, for TSan: several threads take snapshots and change the
 * interval while a watched program records and others come and go, and while what dead ones have
 * left is placed. What they see must add up: a total never falls, and every record of a timer is
 * accounted for, in the last interval and in total.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/engine/collector.h"
#include "tests/place.h"

#define VIEWERS   3
#define SNAPSHOTS 300
#define LIVES     5
#define DEAD      4

static struct tk_collector *collector;
static int wrong;

static bool adds_up(const struct tk_datapoint *d)
{
	return d->records == d->count + d->aside + d->without + d->lost;
}

static void check(const struct tk_snapshot *s, uint64_t *before)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		sum += t->total[TK_PROCESSING].count;
		for (int m = 0; m < TK_MEASURES; m++)
			if (!adds_up(&t->total[m]) || !adds_up(&t->last[m]))
				__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
	if (sum < *before)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	*before = sum;
}

static void *view(void *arg)
{
	uint64_t before = 0, interval = 10000000 + (uint64_t)(uintptr_t)arg;
	struct tk_view v = { .max_points = 100 };

	for (int i = 0; i < SNAPSHOTS; i++) {
		struct tk_snapshot *s = tk_collector_snapshot(collector, &v);

		if (!s) {
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
			break;
		}
		check(s, &before);
		v.key = s->n_timers ? s->timers[(size_t)i % s->n_timers].key : 0;
		tk_collector_set_interval(collector, interval + (uint64_t)i * 1000);
		tk_collector_wait(collector, s->intervals, 1000);
		tk_snapshot_free(s);
	}
	return NULL;
}

/* Start it, and wait until it has recorded. */
static pid_t start(const char *app, const char *ending)
{
	int out[2];
	char c;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		exit(1);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execl(getenv("WATCHED"), "watched", app, "8", "5000", ending, NULL);
		_exit(127);
	}
	close(out[1]);
	if (read(out[0], &c, 1) != 1)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	close(out[0]);
	return pid;
}

static void kill_it(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	struct tk_collector_options o = { .interval_ns = 10000000,
					  .oldest = true,
					  .place_backlog = true };
	char why[256];
	pthread_t viewer[VIEWERS];
	struct tk_snapshot *s;
	pid_t steady;

	if (!getenv("WATCHED") || (argc > 1 && tk_tsc_cpus_parse(argv[1], &o.cpus)))
		return 1;
	if (argc > 1 && sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("skipped: two drainers need two cpus\n");
		return 77;
	}
	if (!place_make())
		return 1;
	for (int i = 0; i < DEAD; i++)
		kill_it(start("dead", "die"));
	steady = start("steady", "linger");
	o.dir = place;
	collector = tk_collector_open(&o, why);
	if (!collector) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	for (size_t i = 0; i < VIEWERS; i++)
		pthread_create(&viewer[i], NULL, view, (void *)(i * 1000000));
	for (int i = 0; i < LIVES; i++) {
		pid_t pid = start("mayfly", "close");

		waitpid(pid, NULL, 0);
	}
	for (size_t i = 0; i < VIEWERS; i++)
		pthread_join(viewer[i], NULL);
	s = tk_collector_snapshot(collector, &(struct tk_view){ 0 });
	printf("%zu timers, %lu delivered, %lu lost, %lu intervals, %d wrong\n", s->n_timers,
	       s->delivered, s->lost, s->intervals, __atomic_load_n(&wrong, __ATOMIC_RELAXED));
	if (s->delivered == 0)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	tk_snapshot_free(s);
	tk_collector_close(collector);
	kill_it(steady);
	return !place_remove() || __atomic_load_n(&wrong, __ATOMIC_RELAXED);
}
