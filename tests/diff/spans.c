/* SPDX-License-Identifier: MIT */
/* A program that becomes slower: spans NS records 3,000 spans of NS to 1.5 NS, and ends. */
#include <stdio.h>
#include <stdlib.h>

#include "producer/timekeeper.h"

int main(int argc, char **argv)
{
	const struct tk_options options = { .timebase = TK_TIMEBASE_SYSTEM };
	const struct tk_origin none = { 0, 0 };
	uint64_t ns = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, now;
	tk_timer_t work;

	if (tk_open("spans", &options) < 0) {
		fprintf(stderr, "spans: %s\n", tk_why());
		return 1;
	}
	work = tk_timer("work");
	now = tk_now();
	for (uint64_t i = 0; i < 3000; i++)
		tk_record_span(work, now, now + ns + ns * i / 6000, none);
	tk_close();
	return 0;
}
