/* SPDX-License-Identifier: MIT */
/*
 * What the collector costs.
 *
 *	throughput	how fast a lane is drained and aggregated on one core (bench/drain.h), its
 *			producer on another one. Median over rounds.
 *	cpu		a whole collector at its default pace for some seconds: idle, and while
 *			the child records 1 M/s. Share of a core, from getrusage().
 *
 * A round in which a record was lost is void, and so is the run.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/drain.h"
#include "bench/measure.h"
#include "collector/engine/collector.h"

#define SECONDS 3u

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
	struct tk_collector_options o = { .dir = tk_drain_dir() };
	struct tk_child_options load = { .timers = 10,
					 .cpu = 1,
					 .node = -1,
					 .load = loaded ? TK_LOAD_1M : TK_LOAD_NONE,
					 .hz = clock->hz };
	struct tk_snapshot *s;
	struct tk_collector *collector;
	char why[256];
	struct tk_child c;
	double used;
	bool lost;

	if (tk_child_start(&c, &load) < 0)
		return -1;
	collector = tk_collector_open(&o, why);
	if (!collector)
		return -1;
	/* By then it is attached, and polls at the pace of the load. */
	tk_collector_wait(collector, 5, 1000);
	used = cpu_seconds();
	sleep(SECONDS);
	used = cpu_seconds() - used;
	s = tk_collector_snapshot(collector, &(struct tk_view){ 0 });
	lost = !s || s->lost || (loaded && s->delivered < 500000u * SECONDS);
	tk_snapshot_free(s);
	tk_collector_close(collector);
	tk_child_stop(&c);
	return lost ? -1 : 100 * used / SECONDS;
}

int main(int argc, char **argv)
{
	static const unsigned counts[] = { 1, 100, 1000 };
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	struct tk_drain drain[3];
	double idle, loaded;
	struct tk_clock clock;

	if (tk_drain_begin() < 0 || tk_clock_open(&clock, NULL) < 0) {
		fprintf(stderr, "bench/collector: cannot begin: %s\n", strerror(errno));
		return 1;
	}
	tk_pin(0);
	for (int i = 0; i < 3; i++)
		tk_drain_measure(
			&drain[i], &clock,
			&(struct tk_child_options){ .timers = counts[i], .cpu = 1, .node = -1 });
	idle = cpu_share(&clock, false);
	loaded = cpu_share(&clock, true);
	if (!json)
		tk_describe_machine(stdout);
	for (int i = 0; i < 3; i++)
		printf(json ? "%s\"records_per_s_%u_timers\":%.0f,\"lo\":%.0f,\"hi\":%.0f}"
			    : "%sdrained and aggregated, %4u timers: %12.0f records/s  (80 %% of "
			      "rounds "
			      "%.0f to %.0f)\n",
		       json ? i ? ",{" : "{\"schema\":1,\"throughput\":[{" : "", counts[i],
		       drain[i].records_per_s, drain[i].lo, drain[i].hi);
	printf(json ? "],\"cpu_idle_percent\":%.3f,\"cpu_1m_percent\":%.3f}\n"
		    : "collector's cpu, idle: %.2f %% of a core\ncollector's cpu, 1 M records/s: "
		      "%.2f "
		      "%% of a core\n",
	       idle, loaded);
	tk_drain_end();
	return drain[0].records_per_s > 0 && drain[1].records_per_s > 0 &&
			       drain[2].records_per_s > 0 && idle >= 0 && loaded >= 0
		       ? 0
		       : 1;
}
