/* SPDX-License-Identifier: MIT */
/*
 * Not timed: a writer at full speed on one core, a reader on another that looks at every word of
 * every record. Missing, duplicated and torn are counted; without loss all three must be 0, with
 * loss the last two, and what is missing must be what the ring says it lost, if it says.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"

struct checker {
	struct trial *t;
	unsigned cpu;
	struct patience patience;
	struct tally tally;
	atomic_uint started;
};

static void *check_all(void *arg)
{
	struct checker *c = arg;
	struct ring_run *run = c->t->run;

	tk_pin(c->cpu);
	atomic_store(&c->started, 1);
	for (;;) {
		/* Pairs with the release store in run(): all that was produced can be seen. */
		uint64_t produced = __atomic_load_n(&run->produced, __ATOMIC_ACQUIRE);
		unsigned came = check_pop(c->t, RING_BATCH, &c->tally);

		if (came)
			/* Pairs with the acquire load of ring_credit(). */
			__atomic_store_n(&run->consumed, c->tally.last, __ATOMIC_RELEASE);
		if ((!came && produced && c->tally.last >= produced) ||
		    patience_ends(&c->patience, came, produced))
			break;
	}
	/* The ring may be broken: its writer is not to wait for ever. */
	__atomic_store_n(&run->stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void run(struct bench *b, struct trial *t, bool lossless, uint64_t n)
{
	struct checker c = { .t = t, .cpu = b->cpus[1], .patience = patience_with_me() };
	struct tally *got = &c.tally;
	uint64_t produced, lost;
	pthread_t thread;
	bool good;

	t->run->credit = lossless && t->ring->full == RING_OVERWRITES ? t->slots / 4 : 0;
	if (pthread_create(&thread, NULL, check_all, &c))
		abort();
	while (!atomic_load(&c.started))
		tk_relax();
	produced = t->loops->deliver_1(t->w, 1, n, t->run);
	if (t->loops->deliver_32)
		produced += t->loops->deliver_32(t->w, 1 + produced, n / 32 * 32, t->run);
	__atomic_store_n(&t->run->produced, produced, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	lost = produced - got->delivered;
	good = !got->duplicated && !got->torn && !(lossless && lost) &&
	       !(t->ring->lost && t->ring->lost(t->r) != lost);
	b->wrong = b->wrong || !good;
	printf("%-16s %8lu %5u %9s %12lu %12lu %10lu %10lu %6lu%s\n", t->ring->name, t->slots,
	       t->bytes, lossless ? "lossless" : "lossy", produced, got->delivered, lost,
	       got->duplicated, got->torn, good ? "" : "  WRONG");
	bench_row(b, "verify", t,
		  json_pack("{s:b,s:I,s:I,s:I,s:I,s:I,s:b}", "lossless", lossless, "produced",
			    (json_int_t)produced, "delivered", (json_int_t)got->delivered, "lost",
			    (json_int_t)lost, "duplicated", (json_int_t)got->duplicated, "torn",
			    (json_int_t)got->torn, "good", good));
}

void section_verify(struct bench *b)
{
	const uint64_t sizes[] = { SLOTS_MIN, b->slots }, n = b->quick ? 100000 : 2000000;

	if (!b->two) {
		printf("\nverified: left out, it needs a second cpu\n");
		return;
	}
	printf("\nverified, word by word\n%-16s %8s %5s %9s %12s %12s %10s %10s %6s\n", "", "slots",
	       "bytes", "", "produced", "delivered", "lost", "duplicated", "torn");
	for (unsigned k = 1; k < b->n_rings; k++)
		for (unsigned i = 0; i < 8; i++) {
			struct trial t;
			bool lossless = !(i & 4);

			if ((lossless || b->rings[k]->full == RING_OVERWRITES) &&
			    trial_make(b, &t, b->rings[k], sizes[i & 1], i & 2 ? 16 : 32))
				run(b, &t, lossless, n);
		}
}
