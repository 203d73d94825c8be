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
 *	sent	values, in bytes: 1..SPANS in the same order, one below zero and one too large
 *	numbers	values without a unit: one of 7; and a span, which is none
 *	served{code=200}, served{code=500}	values of 1 and of 2: one base with labels
 *
 * A unit is 1 ns with the system's clock, else 1,000 ticks. Says so and waits to be killed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "producer/timekeeper.h"

#define SPANS 10007u /* a prime: the steps below visit each number once */

static void record_values(void)
{
	tk_timer_t sent = tk_value_timer("sent", "bytes"),
		   numbers = tk_value_timer("numbers", NULL);
	struct tk_origin none = { 0, 0 };

	for (unsigned i = 0; i < SPANS; i++)
		tk_value(sent, 1 + (int64_t)i * 5003 % SPANS);
	tk_value(sent, INT64_MIN);
	tk_value(sent, INT64_MAX);
	tk_value(numbers, 7);
	tk_record_span(numbers, 1000, 2000, none);
	tk_value(tk_value_timer("served{code=200}", "requests"), 1);
	tk_value(tk_value_timer("served{code=500}", "requests"), 2);
}

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
	record_values();
	tk_flush();
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
