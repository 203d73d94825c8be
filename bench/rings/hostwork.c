/* SPDX-License-Identifier: MIT */
/*
 * What a push adds to host work of about 100 ns, ten million a second: the same work with a push
 * and without, batch against batch in random order; the median of the paired differences, its
 * quartiles, under each polling. Void if a push was refused. The two
 * pieces of code lie at different addresses: that alone can make a fraction of a nanosecond, either
 * way.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"

#define WORK_NS 100.0
#define WORK_N  1000u

enum { TRIALS = 9, PAIRS = 33 }; /* trials lie in different places: see bench.h */

struct sums {
	unsigned seed;
	uint64_t accepted, refused, read;
	double plain_ns;
};

/* @return the rounds of work that take about WORK_NS */
static unsigned calibrate(struct bench *b)
{
	unsigned rounds = 10;
	double ns[15];
	struct trial t;

	trial_make(b, &t, b->rings[0], b->slots, 32);
	for (unsigned i = 0; i < 15; i++) {
		uint64_t began = tk_tsc_fenced();

		t.loops->work(t.w, 1, 20000, rounds);
		ns[i] = (double)(tk_tsc_fenced() - began) * b->tick_ns / 20000;
	}
	return (unsigned)(rounds * WORK_NS / tk_quantile(ns, 15, 0.5) + 0.5);
}

static double once(struct trial *t, unsigned n, unsigned rounds, uint64_t *done)
{
	uint64_t began = tk_tsc_fenced(), took;

	*done += t->loops->work(t->w, t->next, n, rounds);
	took = tk_tsc_fenced() - began;
	t->next += n;
	return (double)took / n;
}

/* The paired differences of one trial, ns. */
static void sample(struct bench *b, struct trial *t, const struct polling *p, unsigned rounds,
		   double *added, struct sums *sums)
{
	struct trial none = { .ring = b->rings[0], .loops = b->rings[0]->loops_32, .next = 1 };
	unsigned n = trial_room(t) / 2 < WORK_N ? (unsigned)trial_room(t) / 2 : WORK_N;
	uint64_t done = 0, ignored = 0;
	struct reader reader;

	reader_start(b, &reader, t, p);
	for (unsigned i = 0; i < PAIRS; i++) {
		double with, without;
		bool first = rand_r(&sums->seed) & 1;

		with = first ? once(t, n, rounds, &done) : 0;
		without = once(&none, n, rounds, &ignored);
		if (!first)
			with = once(t, n, rounds, &done);
		added[i] = (with - without) * b->tick_ns;
		sums->plain_ns += without * b->tick_ns;
		if (p->rest_us < 0 && t->ring->full == RING_REFUSES)
			trial_empty(t);
	}
	reader_stop(&reader);
	sums->accepted += done;
	sums->refused += PAIRS * (uint64_t)n - done;
	sums->read += reader.read;
}

static void measure(struct bench *b, const struct ring *ring, const struct polling *p,
		    unsigned rounds)
{
	const unsigned trials = b->quick ? 3 : TRIALS, pairs = trials * PAIRS;
	struct sums sums = { .seed = 5 };
	double added[TRIALS * PAIRS], q1, q2, q3;
	struct trial t;

	for (unsigned i = 0; i < trials; i++) {
		trial_make(b, &t, ring, b->slots, 32);
		sample(b, &t, p, rounds, &added[i * PAIRS], &sums);
	}
	q1 = tk_quantile(added, pairs, 0.25);
	q2 = tk_quantile(added, pairs, 0.5);
	q3 = tk_quantile(added, pairs, 0.75);
	printf(" %6.2f [%5.2f, %5.2f]%s", q2, q1, q3, sums.refused ? "!" : " ");
	fflush(stdout);
	bench_row(b, "work", &t,
		  json_pack("{s:s,s:f,s:f,s:f,s:f,s:i,s:I,s:o}", "reader", p->name, "added_ns_p50",
			    q2, "added_ns_p25", q1, "added_ns_p75", q3, "work_ns",
			    sums.plain_ns / pairs, "pairs", pairs, "refused",
			    (json_int_t)sums.refused, "lost",
			    reader_lost(&t, p, sums.accepted, sums.read)));
}

void section_work(struct bench *b)
{
	unsigned rounds = calibrate(b);

	printf("\nadded to host work of 100 ns by a push, 32 bytes, %lu slots; ns, median "
	       "[quartiles], "
	       "! refused; reader:\n%-16s",
	       b->slots, "");
	for (unsigned i = 0; i < (b->two ? POLLINGS : 1); i++)
		printf(" %22s", pollings[i].name);
	putchar('\n');
	for (unsigned k = 0; k < b->n_rings; k++) {
		printf("%-16s", b->rings[k]->name);
		for (unsigned i = 0; i < (b->two ? POLLINGS : 1); i++)
			measure(b, b->rings[k], &pollings[i], rounds);
		putchar('\n');
	}
}
