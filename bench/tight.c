/* SPDX-License-Identifier: MIT */
/*
 * bench/tight - what a lane loses if its thread does nothing but record: ordered spans in a tight
 * loop, the collector at its default pace on another cpu.
 *
 *	build/bench/tight [SECONDS] [SLOTS]	default: 10 seconds, 1,048,576 slots
 */
#include <stdlib.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/watch.h"
#include "collector/machine/now.h"
#include "producer/timekeeper.h"

static uint64_t spans(tk_timer_t timer, double seconds)
{
	uint64_t n = 0, end = tk_now_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);

	do {
		for (unsigned i = 0; i < 100000; i++)
			tk_stop(timer, tk_start(timer));
		n += 100000;
	} while (tk_now_ns(CLOCK_MONOTONIC) < end);
	return n;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	struct tk_options o = { .slots = argc > 2 ? (uint32_t)atol(argv[2]) : 1u << 20 };
	struct tk_watched said;
	struct tk_watch watch;
	tk_timer_t timer;
	uint64_t n;

	tk_describe_machine(stdout);
	if (tk_watch_start(&watch, "tight", NULL))
		return 1;
	tk_pin(0);
	if (tk_open("tight", &o) || tk_join(NULL)) {
		fprintf(stderr, "tight: %s\n", tk_why());
		return 1;
	}
	timer = tk_timer("tight");
	tk_stop(timer, tk_start(timer));
	sleep(1); /* the collector finds this process */
	fprintf(stderr, "measuring: a tight loop for %.0f s\n", seconds);
	n = spans(timer, seconds) + 1;
	tk_flush();
	usleep(300000);
	tk_watch_stop(&watch, &said);
	printf("%llu spans in %.0f s (%.1f M/s), %u slots\n", (unsigned long long)n, seconds,
	       (double)n / seconds / 1e6, o.slots);
	tk_watch_print(stdout, &said);
	if (said.records + said.lost != n) {
		printf("NOT EXACT: delivered + lost is %llu\n",
		       (unsigned long long)(said.records + said.lost));
		return 1;
	}
	return 0;
}
