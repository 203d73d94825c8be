/* SPDX-License-Identifier: MIT */
/*
 * A program that records what it is told: speaker APP SLOTS TIMER...
 *
 * Lines on standard input, each answered by "done":
 *
 *	every N NS	from now on, N spans of NS ns into each timer every millisecond
 *	once N NS	N of them now
 *	values N V	N times the value V into a timer of values, `sizes`, of bytes
 *
 * Stamps are by hand and by the system's clock, so that a span of NS ns reads NS. Ends with its
 * input.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "producer/timekeeper.h"

static tk_timer_t timers[64];
static int n_timers;
static uint64_t every, every_ns;

static void record(uint64_t n, uint64_t ns)
{
	const struct tk_origin none = { 0, 0 };
	uint64_t now = tk_now();

	for (uint64_t i = 0; i < n; i++)
		for (int k = 0; k < n_timers; k++)
			tk_record_span(timers[k], now, now + ns, none);
	tk_flush();
}

static void record_values(uint64_t n, int64_t value)
{
	for (uint64_t i = 0; i < n; i++)
		tk_value(tk_value_timer("sizes", "bytes"), value);
	tk_flush();
}

static void obey(const char *line)
{
	uint64_t n, ns;

	if (sscanf(line, "every %" SCNu64 " %" SCNu64, &every, &every_ns) < 2 &&
	    sscanf(line, "once %" SCNu64 " %" SCNu64, &n, &ns) == 2)
		record(n, ns);
	if (sscanf(line, "values %" SCNu64 " %" SCNu64, &n, &ns) == 2)
		record_values(n, (int64_t)ns);
	puts("done");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct tk_options options = { .timebase = TK_TIMEBASE_SYSTEM };
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[128];

	options.slots = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	if (argc < 4 || tk_open(argv[1], &options) < 0) {
		fprintf(stderr, "speaker: %s\n", argc < 4 ? "three arguments" : tk_why());
		return 1;
	}
	for (int i = 3; i < argc && n_timers < 64; i++)
		timers[n_timers++] = tk_timer(argv[i]);
	setvbuf(stdin, NULL, _IONBF, 0);
	for (;;) {
		if (poll(&in, 1, 1) > 0) {
			if (!fgets(line, sizeof(line), stdin))
				break;
			obey(line);
		}
		record(every, every_ns);
	}
	tk_close();
	return 0;
}
