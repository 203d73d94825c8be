/* SPDX-License-Identifier: MIT */
/* Everything in timekeeper.h compiles to nothing, links to nothing, and does nothing. */
#define TK_COMPILE_OUT
#include "producer/timekeeper.h"
#include "ring/timekeeper-rte.h"

#include <stdio.h>

typedef TK_MESSAGE(int) message;

static int five(void)
{
	return 5;
}

int main(void)
{
	tk_timer_t t = tk_timer("x");
	struct tk_options queue = { .discipline = &tk_rte };
	struct tk_thread ring = { .discipline = &tk_broadcast };
	struct tk_sum sum = { 0, 0 };
	message a = { .origin = tk_origin_now() }, b;
	uint64_t start = tk_start(t), lap = tk_now();
	int sum_of_calls = 0;

	if (tk_open("x", &queue) || tk_join(&ring) || start || lap)
		return 1;
	tk_derive(&b, &a);
	tk_stop(t, start);
	tk_stop_latency(t, start, b.origin);
	tk_stop_latency_now_on(tk_lane(), t, start, b.origin);
	tk_latency_now(t, b.origin);
	tk_record_span(t, 1, 2, b.origin);
	tk_mark(t);
	tk_value(tk_value_timer("y", "bytes"), 5);
	tk_sum_begin(&sum);
	tk_sum_add(&sum, 3);
	tk_sum_finish(t, &sum);
	tk_lap(t, &lap);
	TK_TIME(t)
	{
		TK_SCOPE_FROM(t, a.origin);
		sum_of_calls += TK_CALL(t, five());
	}
	tk_flush();
	tk_leave();
	tk_close();
	puts(tk_why());
	return sum_of_calls == 5 ? 0 : 1;
}
