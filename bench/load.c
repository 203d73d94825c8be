/* SPDX-License-Identifier: MIT */
#include "bench/load.h"

#include <stdio.h>
#include <unistd.h>

#include "producer/timekeeper.h"

#define TIMERS   1024u
#define PER_WAKE 100u /* at 1 M/s: 100 records every 100 us */

static tk_timer_t timers[TIMERS];

int load_open(unsigned n, int node)
{
	struct tk_thread thread = { .on_node = node >= 0, .node = (uint32_t)node };
	char name[16];
	int err = tk_open("bench", NULL);

	for (unsigned i = 0; i < n && i < TIMERS; i++) {
		snprintf(name, sizeof(name), "timer-%04u", i);
		timers[i] = tk_timer(name);
	}
	return err < 0 ? err : tk_join(&thread);
}

/* Durations around 100 ns and latencies around a microsecond, one in a hundred far out. */
static void record(uint32_t i, unsigned n, uint32_t *random)
{
	uint64_t start = tk_tsc_fast(), span, age;

	*random = *random * 1664525u + 1013904223u;
	span = 200 + (*random >> 24) + (*random % 100 ? 0 : *random >> 14);
	age = 1500 + (*random >> 20);
	tk_record_span(timers[i % n], start, start + span,
		       (struct tk_origin){ .ticks = start - age });
}

void load_on_demand(int in, int out, unsigned n)
{
	uint32_t random = 1;
	char c;

	while (read(in, &c, 1) == 1) {
		for (uint32_t i = 0; i < LOAD_FILL; i++)
			record(i + (random >> 20), n, &random);
		tk_flush();
		if (write(out, &c, 1) != 1)
			return;
	}
}

void load_at_1m(unsigned n, double hz)
{
	uint64_t step = (uint64_t)(hz * PER_WAKE / 1e6), due = tk_tsc_fast();
	uint32_t random = 1;

	for (;;) {
		for (uint32_t i = 0; i < PER_WAKE; i++)
			record(i, n, &random);
		due += step;
		while ((int64_t)(due - tk_tsc_fast()) > 0)
			tk_relax();
	}
}
