/* SPDX-License-Identifier: MIT */
/*
 * bench/omission - coordinated omission, and why a message carries its origin.
 *
 * A server takes 10,000 messages a second that arrive by the clock, works 10 us on each, and is
 * stalled once for 100 ms: inside a span, or between two spans. Every message that waited behind
 * the stall was late, but only one span, or none, is long. Spans from start to stop omit the wait;
 * latencies from the origin to the stop hold it. Recorded through the library, read by the
 * collector, and set beside:
 *
 *	corrected	spans with HdrHistogram's correction for an expected interval (Tene): a span
 *			longer than the interval stands for those that should have begun in it
 *	exact queue	what first in, first out gives for these arrivals and a work of exactly 10
 *			us
 *
 *	build/bench/omission		5 seconds; papers/coordinated-omission.md reads its output
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "collector/engine/collector.h"
#include "producer/timekeeper.h"
#include "tsc/clock.h"

#define MESSAGES  20000u
#define PERIOD_US 100u
#define WORK_US   10u
#define STALL_US  100000u
#define STALLED   (MESSAGES / 2) /* the message that is stalled */

static const char *const names[] = { "stall inside a span", "stall between spans" };
static const double at[] = { 0.5, 0.9, 0.99, 0.999, 0.9999, 1 };
#define COLUMNS (TK_PERCENTILES + 1)

static char dir[] = "/tmp/tk-omission-XXXXXX";

static void busy(uint64_t ticks)
{
	uint64_t began = tk_tsc_fast();

	while (tk_tsc_fast() - began < ticks)
		tk_relax();
}

static void serve(tk_timer_t timer, bool inside, double ticks_per_us)
{
	uint64_t period = (uint64_t)(PERIOD_US * ticks_per_us);
	uint64_t work = (uint64_t)(WORK_US * ticks_per_us);
	uint64_t stall = (uint64_t)(STALL_US * ticks_per_us);
	uint64_t arrival = tk_tsc_fast() + period, start;

	for (unsigned i = 0; i < MESSAGES; i++, arrival += period) {
		while ((int64_t)(arrival - tk_tsc_fast()) > 0)
			tk_relax();
		if (i == STALLED && !inside)
			busy(stall);
		start = tk_start(timer);
		busy(i == STALLED && inside ? stall : work);
		tk_stop_latency_now(timer, start, (struct tk_origin){ .ticks = arrival });
	}
}

/*
 * Record in a child process, because a collector does not read its own process; keep the records.
 */
static int record(double ticks_per_us)
{
	struct tk_options o = { .slots = 65536, .keep = true };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		tk_pin(0);
		if (tk_open("omission", &o) || tk_join(NULL))
			_exit(1);
		for (int i = 0; i < 2; i++)
			serve(tk_timer(names[i]), i == 0, ticks_per_us);
		tk_close();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -ECHILD;
}

/* All records exist already: a few intervals later the collector has them all. */
static struct tk_snapshot *collect(void)
{
	struct tk_collector_options o = { .dir = dir, .oldest = true };
	char why[256];
	struct tk_collector *c = tk_collector_open(&o, why);
	struct tk_snapshot *s = NULL;

	for (uint64_t i = 0; c && i < 100 && (!s || s->delivered < 2 * MESSAGES); i++) {
		tk_snapshot_free(s);
		(void)tk_collector_wait(c, i, 1000);
		s = tk_collector_snapshot(c, &(struct tk_view){ .totals = true });
	}
	if (c)
		tk_collector_close(c);
	else
		fprintf(stderr, "bench/omission: %s\n", why);
	return s;
}

static void print_row(const char *what, const double *us, unsigned long long n)
{
	printf("  %-34s", what);
	for (int p = 0; p < COLUMNS; p++)
		printf(" %9.1f", us[p]);
	printf(" %8llu\n", n);
}

/* Print percentiles of v[0..n), samples in us that were computed. */
static void print_computed(const char *what, double *v, unsigned n)
{
	double us[COLUMNS];

	for (int p = 0; p < COLUMNS; p++)
		us[p] = tk_quantile(v, n, at[p]);
	print_row(what, us, n);
}

static void print_corrected(bool inside)
{
	static double v[MESSAGES + STALL_US / PERIOD_US];
	unsigned n = 0;

	for (unsigned i = 0; i < MESSAGES; i++)
		v[n++] = inside && i == STALLED ? STALL_US : WORK_US;
	for (double missing = STALL_US - PERIOD_US; inside && missing >= PERIOD_US;
	     missing -= PERIOD_US)
		v[n++] = missing;
	print_computed("start to stop, corrected", v, n);
}

static void print_queue(bool inside)
{
	static double v[MESSAGES];
	double free_at = 0;

	for (unsigned i = 0; i < MESSAGES; i++) {
		double arrival = (double)i * PERIOD_US;

		free_at = fmax(free_at, arrival) + WORK_US;
		if (i == STALLED)
			free_at += inside ? STALL_US - WORK_US : STALL_US;
		v[i] = free_at - arrival;
	}
	print_computed("origin to stop, exact queue", v, MESSAGES);
}

static const struct tk_snap_timer *find(const struct tk_snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_timers; i++) {
		if (!strcmp(s->timers[i].name, name))
			return &s->timers[i];
	}
	return NULL;
}

static void print_measured(const char *what, const struct tk_datapoint *d)
{
	double us[COLUMNS];

	us[TK_PERCENTILES] = d->max_ns / 1e3;
	for (int p = 0; p < TK_PERCENTILES; p++)
		us[p] = d->p_ns[p] / 1e3;
	print_row(what, us, d->count);
}

static int report(const struct tk_snapshot *s)
{
	tk_describe_machine(stdout);
	printf("# %u messages, one each %u us, %u us of work, one stall of %u us; lost: %llu\n",
	       MESSAGES, PERIOD_US, WORK_US, STALL_US, (unsigned long long)s->lost);
	for (int i = 0; i < 2; i++) {
		const struct tk_snap_timer *t = find(s, names[i]);

		if (!t || s->lost || t->total[TK_LATENCY].count != MESSAGES) {
			fprintf(stderr, "bench/omission: VOID: not every record was collected\n");
			return 1;
		}
		printf("\n%-36s %9s %9s %9s %9s %9s %9s %8s\n", names[i], "p50 us", "p90", "p99",
		       "p99.9", "p99.99", "max", "samples");
		print_measured("start to stop (processing)", &t->total[TK_PROCESSING]);
		print_measured("origin to stop (latency)", &t->total[TK_LATENCY]);
		print_corrected(i == 0);
		print_queue(i == 0);
	}
	return 0;
}

int main(void)
{
	struct tk_snapshot *s = NULL;
	char command[64];
	struct tk_clock clock;
	int failed;

	if (!mkdtemp(dir) || setenv("TIMEKEEPER_DIR", dir, 1) || tk_clock_open(&clock, NULL) < 0) {
		fprintf(stderr, "bench/omission: cannot begin: %s\n", strerror(errno));
		return 1;
	}
	fprintf(stderr, "measuring: %u messages twice, 4 s\n", MESSAGES);
	if (record(clock.hz / 1e6))
		fprintf(stderr, "bench/omission: the server could not record: no memory in %s?\n",
			dir);
	else
		s = collect();
	failed = s ? report(s) : 1;
	tk_snapshot_free(s);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || failed;
}
