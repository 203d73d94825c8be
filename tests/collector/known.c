/* SPDX-License-Identifier: MIT */
/*
 * A program whose statistics are known: known [monotonic]
 *
 * In one thread, of each timer's spans stamped by hand, 1..SPANS units long, in a scrambled order:
 *
 *	spans	no origin
 *	waits	each began SPANS units after its origin
 *	naïve-π	one span of 7 units: a name that is not ASCII
 *	early	one span that ended before it began
 *	moment	marks only
 *	silent	defined, never recorded
 *
 * A unit is 1 ns with the system's clock, else 1,000 ticks. Says so and waits to be killed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "producer/timekeeper.h"

#define SPANS 10007u /* a prime: the steps below visit each number once */

int main(int argc, char **argv)
{
	struct tk_options options = { 0 };
	struct tk_origin none = { 0, 0 }, origin;
	tk_timer_t spans, waits, moment, naive, early;
	uint64_t unit = 1000, now;

	if (argc > 1 && !strcmp(argv[1], "monotonic")) {
		options.timebase = TK_TIMEBASE_SYSTEM;
		unit = 1;
	}
	if (tk_open("known", &options) < 0) {
		fprintf(stderr, "known: %s\n", tk_why());
		return 1;
	}
	spans = tk_timer("spans");
	waits = tk_timer("waits");
	naive = tk_timer("na\xc3\xafve-\xcf\x80");
	early = tk_timer("early");
	moment = tk_timer("moment");
	(void)tk_timer("silent");
	origin = tk_origin_now();
	now = tk_now();
	for (unsigned i = 0; i < SPANS; i++) {
		uint64_t length = (1 + (uint64_t)i * 5003 % SPANS) * unit;

		tk_record_span(spans, now, now + length, none);
		origin.ticks = now - SPANS * unit;
		tk_record_span(waits, now, now + length, origin);
	}
	tk_record_span(naive, now, now + 7 * unit, none);
	tk_record_span(early, now, now - 1, none);
	tk_mark(moment);
	tk_flush();
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
