/* SPDX-License-Identifier: MIT */
/*
 * A program whose user shares what it records, or not: host APP UMASK [group]
 *
 * Under that umask it opens a segment, readable by the group if so asked, records 1,000 spans, says
 * whether it was refused one, and why, and what its own work came to, and waits to be killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "producer/timekeeper.h"

int main(int argc, char **argv)
{
	struct tk_options options = { .group = argc == 4 && !strcmp(argv[3], "group") };
	tk_timer_t work;
	const char *why = "";
	unsigned long sum = 0;

	if (argc < 3)
		return 2;
	umask((mode_t)strtoul(argv[2], NULL, 8));
	if (tk_open(argv[1], &options) < 0)
		why = tk_why();
	work = tk_timer("alices-work");
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t start = tk_start(work);

		sum += i;
		tk_stop(work, start);
	}
	tk_flush();
	printf("%s%s, sum %lu\n", *why ? "refused: " : "ready", why, sum);
	fflush(stdout);
	for (;;)
		pause();
}
