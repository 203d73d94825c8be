/* SPDX-License-Identifier: MIT */
/*
 * Bursts: 64 records at once after 20 us without any, as gateways and feeds write; cycles
 * a record, percentiles over bursts.
 */
#include <stdlib.h>

#include "bench/rings/bench.h"

#define BURST   64u
#define IDLE_US 20u

enum { SETTINGS = 3, TRIALS = 5 };
static const unsigned settings[SETTINGS] = { 0, 2, 4 }; /* indices into the pollings */

/* Cycles a record in each of n bursts. @return records accepted; *read: how many came out. */
static uint64_t sample(struct bench *b, struct trial *t, const struct polling *p, unsigned n,
		       double *cycles, uint64_t *read)
{
	const uint64_t idle = (uint64_t)(IDLE_US * 1e3 / b->tick_ns);
	struct reader reader;
	uint64_t accepted = 0;

	reader_start(b, &reader, t, p);
	for (unsigned i = 0; i < n; i++) {
		uint64_t until = tk_tsc_fast() + idle, began, done;

		while ((int64_t)(until - tk_tsc_fast()) > 0)
			tk_relax();
		began = tk_tsc_fenced();
		done = t->loops->push_1(t->w, t->next, BURST);
		cycles[i] = (double)(tk_tsc_fenced() - began) / BURST;
		t->loops->flush(t->w);
		t->next += BURST;
		accepted += done;
		if (p->rest_us < 0 && t->ring->full == RING_REFUSES)
			trial_empty(t);
	}
	reader_stop(&reader);
	*read += reader.read;
	return accepted;
}

static void measure(struct bench *b, const struct ring *ring, const struct polling *p,
		    unsigned bursts, double *cycles)
{
	uint64_t accepted = 0, read = 0, refused;
	struct percentiles at;
	struct trial t;

	for (unsigned i = 0; i < TRIALS; i++) {
		trial_make(b, &t, ring, b->slots, 32);
		accepted +=
			sample(b, &t, p, bursts / TRIALS, &cycles[i * (bursts / TRIALS)], &read);
	}
	refused = (uint64_t)bursts * BURST - accepted;
	at = percentiles_of(cycles, bursts);
	printf("  %6.1f %6.1f %7.1f%s", at.p50, at.p99, at.p999, refused ? "!" : " ");
	fflush(stdout);
	bench_row(b, "burst", &t,
		  json_pack("{s:s,s:i,s:f,s:f,s:f,s:i,s:I,s:o}", "reader", p->name, "burst", BURST,
			    "cycles_p50", at.p50, "cycles_p99", at.p99, "cycles_p999", at.p999,
			    "bursts", bursts, "refused", (json_int_t)refused, "lost",
			    reader_lost(&t, p, accepted, read)));
}

void section_burst(struct bench *b)
{
	unsigned bursts = b->quick ? 500 : 5000;
	double *cycles = malloc(bursts * sizeof(*cycles));

	if (!cycles)
		abort();
	printf("\nbursts of %u after %u us, 32 bytes, %lu slots; cycles a record p50 p99 p99.9, "
	       "! refused; reader:\n%-16s",
	       BURST, IDLE_US, b->slots, "");
	for (unsigned i = 0; i < (b->two ? SETTINGS : 1); i++)
		printf("  %22s", pollings[settings[i]].name);
	putchar('\n');
	for (unsigned k = 0; k < b->n_rings; k++) {
		printf("%-16s", b->rings[k]->name);
		for (unsigned i = 0; i < (b->two ? SETTINGS : 1); i++)
			measure(b, b->rings[k], &pollings[settings[i]], bursts, cycles);
		putchar('\n');
	}
	free(cycles);
}
