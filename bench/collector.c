/* SPDX-License-Identifier: MIT */
/*
 * What the collector costs.
 *
 *	throughput	a child process on another core fills a lane of the default size, with both
 *			measures in every record; then this one drains and aggregates it, through
 *			the same functions as the program, on one core. The fill is not timed, so
 *			that the reader's limit is seen and not the writer's. Median over rounds.
 *	cpu		a whole collector at its default pace for some seconds: idle, and while
 *			the child records 1 M/s. Share of a core, from getrusage().
 *
 * A round in which a record was lost is void, and so is the run.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/load.h"
#include "bench/measure.h"
#include "collector/collector.h"
#include "collector/part.h"
#include "ring/segment_read.h"
#include "tsc/clock.h"

#define ROUNDS  41u
#define SECONDS 3u

struct child {
	pid_t pid;
	int to, from; /* a byte to it: fill; a byte from it: done */
};

static char dir[] = "/dev/shm/tk-bench-XXXXXX"; /* where lanes get hugepages */

/* rate_hz: the counter's, to record at 1 M/s; 0: fill on demand. */
static int start_child(struct child *c, unsigned n, double rate_hz, bool idle)
{
	int in[2], out[2];
	char ready = 'r';

	if (pipe(in) || pipe(out))
		return -errno;
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (c->pid == 0) {
		close(in[1]);
		close(out[0]);
		tk_pin(1);
		if (load_open(n) < 0)
			_exit(1);
		if (write(out[1], &ready, 1) != 1)
			_exit(1);
		if (rate_hz > 0)
			load_at_1m(n, rate_hz);
		else if (idle)
			pause();
		else
			load_on_demand(in[0], out[1], n);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	c->to = in[1];
	c->from = out[0];
	return read(c->from, &ready, 1) == 1 ? 0 : -EIO;
}

static void stop_child(struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	close(c->to);
	close(c->from);
}

static struct tk_segment *find_segment(pid_t pid)
{
	char command[128], name[TK_SEGMENT_NAME_MAX + 1] = "", why[TK_WHY_MAX];
	int fd = tk_segments_open(dir, why);
	struct tk_segment *s = NULL;
	FILE *f;

	snprintf(command, sizeof(command), "ls %s | grep '^bench\\.%d\\.'", dir, (int)pid);
	f = popen(command, "r");
	if (f && fgets(name, sizeof(name), f)) {
		name[strcspn(name, "\n")] = '\0';
		s = tk_segment_attach(fd, name, TK_LANE_NEWEST, why);
	}
	if (f)
		pclose(f);
	close(fd);
	return s;
}

/* @return records per second, drained and aggregated; 0 if any was lost. */
static double throughput(const struct tk_clock *clock, unsigned n, double *lo, double *hi)
{
	struct tk_tally_pool pool = { 0 };
	struct tk_segment *segment;
	struct tk_part *part;
	double rate[ROUNDS];
	bool lost = false;
	struct child c;

	if (start_child(&c, n, 0, false) < 0)
		return 0;
	segment = find_segment(c.pid);
	part = segment ? tk_part_new(segment, TK_LANE_NEWEST, false) : NULL;
	if (part) {
		part->pool = &pool;
		part->agg.clock = clock;
		tk_part_add(part, 0);
	}
	for (unsigned i = 0; part && i < ROUNDS; i++) {
		struct tk_drained sum = { .fill_ns = 1e9 };
		uint64_t ticks;
		char go = 'g';

		if (write(c.to, &go, 1) != 1 || read(c.from, &go, 1) != 1)
			break;
		ticks = tk_tsc_fenced();
		tk_part_drain(part, 0, 1000000, &sum);
		ticks = tk_tsc_fenced() - ticks;
		rate[i] = (double)sum.records * clock->hz / (double)ticks;
		lost = lost || sum.lost || sum.records != LOAD_FILL;
	}
	stop_child(&c);
	if (!part)
		return 0;
	tk_part_free(part);
	tk_segment_detach(segment);
	tk_tally_pool_free(&pool);
	*lo = tk_quantile(rate, ROUNDS, 0.1);
	*hi = tk_quantile(rate, ROUNDS, 0.9);
	return lost ? 0 : tk_quantile(rate, ROUNDS, 0.5);
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* @return share of a core in percent, or -1 if records were lost. */
static double cpu_share(const struct tk_clock *clock, bool loaded)
{
	struct tk_collector_options o = { .dir = dir };
	struct tk_snapshot *s;
	struct tk_collector *collector;
	char why[256];
	struct child c;
	double used;
	bool lost;

	if (start_child(&c, 10, loaded ? clock->hz : 0, !loaded) < 0)
		return -1;
	collector = tk_collector_open(&o, why);
	if (!collector)
		return -1;
	tk_collector_wait(collector, 5, 1000); /* attached, and used to the rate */
	used = cpu_seconds();
	sleep(SECONDS);
	used = cpu_seconds() - used;
	s = tk_collector_snapshot(collector, &(struct tk_view){ 0 });
	lost = !s || s->lost || (loaded && s->delivered < 500000u * SECONDS);
	tk_snapshot_free(s);
	tk_collector_close(collector);
	stop_child(&c);
	return lost ? -1 : 100 * used / SECONDS;
}

int main(int argc, char **argv)
{
	static const unsigned counts[] = { 1, 100, 1000 };
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	double rate[3], lo[3], hi[3], idle, loaded;
	struct tk_clock clock;
	char command[64];

	if (!mkdtemp(dir) || setenv("TIMEKEEPER_DIR", dir, 1) || tk_clock_open(&clock, NULL) < 0) {
		fprintf(stderr, "bench/collector: cannot begin: %s\n", strerror(errno));
		return 1;
	}
	tk_pin(0);
	for (int i = 0; i < 3; i++)
		rate[i] = throughput(&clock, counts[i], &lo[i], &hi[i]);
	idle = cpu_share(&clock, false);
	loaded = cpu_share(&clock, true);
	if (!json)
		tk_describe_machine(stdout);
	for (int i = 0; i < 3; i++)
		printf(json ? "%s\"records_per_s_%u_timers\":%.0f,\"lo\":%.0f,\"hi\":%.0f}"
			    : "%sdrained and aggregated, %4u timers: %12.0f records/s  (80 %% of "
			      "rounds "
			      "%.0f to %.0f)\n",
		       json ? i ? ",{" : "{\"schema\":1,\"throughput\":[{" : "", counts[i], rate[i],
		       lo[i], hi[i]);
	printf(json ? "],\"cpu_idle_percent\":%.3f,\"cpu_1m_percent\":%.3f}\n"
		    : "collector's cpu, idle: %.2f %% of a core\ncollector's cpu, 1 M records/s: "
		      "%.2f "
		      "%% of a core\n",
	       idle, loaded);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		fprintf(stderr, "bench/collector: %s is left behind\n", dir);
	return rate[0] > 0 && rate[1] > 0 && rate[2] > 0 && idle >= 0 && loaded >= 0 ? 0 : 1;
}
