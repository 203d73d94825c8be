/* SPDX-License-Identifier: MIT */
/*
 * What a push costs while nobody reads: batches of 1000, warm, one at a time and in bursts of 8 and
 * 32 where the ring has an operation for that; ticks a record, the loop included.
 *
 * A ring that refuses is emptied by the same thread between batches, untimed. The rings take turns
 * in several passes, so that other work of the machine affects all of them alike.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"

enum { PASSES = 9, BURSTS = 3, ROUNDS_MAX = 150 };

static const unsigned bursts[BURSTS] = { 1, 8, 32 };

typedef uint64_t (*push_loop)(void *w, uint64_t from, uint64_t n);

static push_loop loop_of(const struct ring_loops *l, unsigned burst)
{
	return burst == 1 ? l->push_1 : burst == 8 ? l->push_8 : l->push_32;
}

static unsigned batch_of(const struct trial *t, unsigned burst)
{
	uint64_t room = trial_room(t);

	return (unsigned)((room < TK_BATCH ? room : TK_BATCH) / burst * burst);
}

/* `rounds` batches after a lap and a half of warming; ticks a record each. */
static void measure(struct trial *t, push_loop push, unsigned burst, unsigned rounds, double *ticks)
{
	const unsigned n = batch_of(t, burst);
	const unsigned warm = (unsigned)(3 * t->slots / 2 / n) + 3;

	for (unsigned i = 0; i < warm + rounds; i++) {
		uint64_t began = tk_tsc_fenced(), took, done;

		done = push(t->w, t->next, n);
		took = tk_tsc_fenced() - began;
		t->next += done;
		if (done != n)
			abort(); /* there was room */
		if (i >= warm)
			ticks[i - warm] = (double)took / n;
		if (t->ring->full == RING_REFUSES)
			trial_empty(t);
	}
}

static void measure_all(struct bench *b, unsigned bytes, unsigned rounds, double *ticks)
{
	for (unsigned pass = 0; pass < PASSES; pass++)
		for (unsigned i = 0; i < b->n_rings * BURSTS; i++) {
			unsigned burst = bursts[i % BURSTS];
			struct trial t;

			if (!trial_make(b, &t, b->rings[i / BURSTS], b->slots, bytes) ||
			    !loop_of(t.loops, burst))
				continue;
			measure(&t, loop_of(t.loops, burst), burst, rounds,
				&ticks[(i * PASSES + pass) * rounds]);
		}
}

static void report(struct bench *b, unsigned bytes, unsigned rounds, double *ticks)
{
	printf("\npush, %u bytes, %lu slots, nobody reads; cycles a record, median (p99, p99.9 of "
	       "batches)\n%-16s %22s %8s %8s %8s\n",
	       bytes, b->slots, "", "one by one", "ns", "by 8", "by 32");
	for (unsigned i = 0; i < b->n_rings; i++) {
		const struct ring_loops *l =
			bytes == 16 ? b->rings[i]->loops_16 : b->rings[i]->loops_32;
		struct trial t = { .ring = b->rings[i], .slots = b->slots, .bytes = bytes };

		if (!l)
			continue;
		printf("%-16s", t.ring->name);
		for (unsigned k = 0; k < BURSTS; k++) {
			struct percentiles p;

			if (!loop_of(l, bursts[k])) {
				printf(" %8s", "-");
				continue;
			}
			p = percentiles_of(&ticks[(i * BURSTS + k) * PASSES * rounds],
					   PASSES * rounds);
			if (k == 0)
				printf(" %6.2f (%5.2f, %6.2f) %8.2f", p.p50, p.p99, p.p999,
				       p.p50 * b->tick_ns);
			else
				printf(" %8.2f", p.p50);
			bench_row(b, "push", &t,
				  json_pack("{s:i,s:f,s:f,s:f,s:f,s:i,s:i,s:n}", "burst", bursts[k],
					    "cycles_p50", p.p50, "cycles_p99", p.p99, "cycles_p999",
					    p.p999, "ns_p50", p.p50 * b->tick_ns, "batches",
					    PASSES * rounds, "refused", 0, "lost"));
		}
		putchar('\n');
	}
}

void section_push(struct bench *b)
{
	unsigned rounds = b->quick ? 40 : ROUNDS_MAX;
	size_t n = (size_t)b->n_rings * BURSTS * PASSES * rounds;
	double *ticks = malloc(n * sizeof(*ticks));

	if (!ticks)
		abort();
	for (unsigned bytes = 32; bytes >= 16; bytes -= 16) {
		measure_all(b, bytes, rounds, ticks);
		report(b, bytes, rounds, ticks);
	}
	free(ticks);
}
