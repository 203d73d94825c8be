/* SPDX-License-Identifier: MIT */
/*
 * A program to be watched: watched APP TIMERS RECORDS END
 *
 * Records RECORDS spans with origins, timer after timer, resting a millisecond after every
 * thousand. Then END: "close" ends as programs do; "die" waits to be killed; "linger" waits, then
 * goes on recording a thousand a millisecond until killed. A line on standard output says when it
 * waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "producer/timekeeper.h"

static tk_timer_t timers[64];

static void record(unsigned long from, unsigned long n, unsigned long n_timers)
{
	for (unsigned long i = from; i < from + n; i++) {
		struct tk_origin origin = tk_origin_now();
		uint64_t start = tk_start(timers[i % n_timers]);

		tk_stop_latency(timers[i % n_timers], start, origin);
		if (i % 1000 == 999)
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
}

int main(int argc, char **argv)
{
	unsigned long n_timers, records;
	char name[32];

	if (argc != 5 || tk_open(argv[1], NULL) < 0) {
		fprintf(stderr, "watched: %s\n", argc == 5 ? tk_why() : "four arguments");
		return 1;
	}
	n_timers = strtoul(argv[2], NULL, 10);
	records = strtoul(argv[3], NULL, 10);
	for (unsigned long i = 0; i < n_timers; i++) {
		snprintf(name, sizeof(name), "timer-%02lu", i);
		timers[i] = tk_timer(name);
	}
	record(0, records, n_timers);
	tk_flush();
	printf("done\n");
	fflush(stdout);
	while (!strcmp(argv[4], "linger"))
		record(0, 1000, n_timers);
	while (!strcmp(argv[4], "die"))
		pause();
	return 0;
}
