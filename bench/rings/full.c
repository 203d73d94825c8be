/* SPDX-License-Identifier: MIT */
/*
 * What happens while nobody reads: push twice as many records as there are slots, read what is in
 * the ring, then push a few more.
 */
#include "bench/rings/bench.h"

static void measure(struct bench *b, const struct ring *ring)
{
	struct tally got = { 0 }, again = { 0 };
	uint64_t accepted = 0;
	struct trial t;

	trial_make(b, &t, ring, b->slots, 32);
	for (uint64_t i = 0; i < 2 * t.slots; i++)
		accepted += t.loops->push(t.w, ring_item(1 + i, RING_META));
	t.loops->flush(t.w);
	for (unsigned idle = 0; idle < 3;)
		idle = check_pop(&t, RING_BATCH, &got) ? 0 : idle + 1;
	again.last = 2 * t.slots;
	for (uint64_t i = 0; i < 100; i++)
		t.loops->push(t.w, ring_item(2 * t.slots + 1 + i, RING_META));
	t.loops->flush(t.w);
	for (unsigned idle = 0; idle < 3;)
		idle = check_pop(&t, RING_BATCH, &again) ? 0 : idle + 1;
	printf("%-16s %-10s %9lu %9lu %9lu  %9lu..%-9lu %4lu of 100\n", ring->name,
	       ring->full == RING_REFUSES ? "refuses" : "overwrites", accepted,
	       2 * t.slots - accepted, got.delivered, got.last - got.delivered + 1, got.last,
	       again.delivered);
	bench_row(b, "full", &t,
		  json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "pushed",
			    (json_int_t)(2 * t.slots), "accepted", (json_int_t)accepted, "refused",
			    (json_int_t)(2 * t.slots - accepted), "delivered",
			    (json_int_t)got.delivered, "lost",
			    (json_int_t)(accepted - got.delivered), "last_delivered",
			    (json_int_t)got.last, "afterwards_of_100", (json_int_t)again.delivered,
			    "duplicated", (json_int_t)(got.duplicated + again.duplicated), "torn",
			    (json_int_t)(got.torn + again.torn)));
}

void section_full(struct bench *b)
{
	printf("\nfull: 2 * %lu pushes and nobody reads, then what is there is read, then 100 "
	       "more\n"
	       "%-16s %-10s %9s %9s %9s  %20s %11s\n",
	       b->slots, "", "when full", "accepted", "refused", "delivered", "numbers", "then");
	for (unsigned k = 1; k < b->n_rings; k++)
		measure(b, b->rings[k]);
}
