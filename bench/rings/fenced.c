/* SPDX-License-Identifier: MIT */
/*
 * One push between fences, as host code meets it now and then: lfence rdtsc lfence, push, lfence
 * rdtscp; less the median of the same with nothing pushed. Percentiles of all samples. They show
 * whether a push waits for a line that the reader has: at one push a microsecond the reader always
 * looks in between; at full speed it depends on how the reader polls.
 */
#include <stdlib.h>

#include "bench/rings/bench.h"

enum { PACES = 2, TRIALS = 5 };
static const struct pace {
	const char *name;
	double ns;
} paces[PACES] = { { "1 us", 1000 }, { "full", 0 } };

/* Leave out pushes that were refused. @return how many are left */
static unsigned accepted(uint32_t *ticks, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (ticks[i])
			ticks[kept++] = ticks[i];
	return kept;
}

/* n pushes of one trial. @ticks, @return: those accepted, and how many; *read: how many came out */
static unsigned sample(struct bench *b, struct trial *t, const struct polling *p, double pace_ns,
		       unsigned n, uint32_t *ticks, uint64_t *read)
{
	uint64_t gap = (uint64_t)(pace_ns / b->tick_ns);
	uint64_t chunk = p->rest_us < 0 ? trial_room(t) : n;
	struct reader reader;

	reader_start(b, &reader, t, p);
	for (unsigned i = 0; i < n; i += (unsigned)chunk) {
		if (chunk > n - i)
			chunk = n - i;
		t->loops->fenced(t->w, t->next, chunk, gap, &ticks[i]);
		t->next += chunk;
		if (p->rest_us < 0)
			trial_empty(t);
	}
	reader_stop(&reader);
	*read += reader.read;
	return accepted(ticks, n);
}

static double empty_pair(struct bench *b, unsigned n, uint32_t *ticks)
{
	struct trial t;

	trial_make(b, &t, b->rings[0], b->slots, 32);
	t.loops->fenced(t.w, 1, n, 0, ticks);
	return percentiles_of_ticks(ticks, n).p50;
}

static void measure(struct bench *b, const struct ring *ring, const struct pace *pace,
		    const struct polling *polling, unsigned n, uint32_t *ticks)
{
	double empty = empty_pair(b, n, ticks);
	struct percentiles p;
	uint64_t read = 0;
	unsigned got = 0;
	struct trial t;

	for (unsigned k = 0; k < TRIALS; k++) {
		trial_make(b, &t, ring, b->slots, 32);
		got += sample(b, &t, polling, pace->ns, n / TRIALS, &ticks[got], &read);
	}
	if (!got) {
		printf("  %18s", "all refused");
		return;
	}
	p = percentiles_of_ticks(ticks, got);
	printf("  %5.0f %5.0f %6.0f%s", p.p50 - empty, p.p99 - empty, p.p999 - empty,
	       got < n ? "!" : "");
	fflush(stdout);
	bench_row(b, "fenced", &t,
		  json_pack("{s:s,s:s,s:f,s:f,s:f,s:f,s:i,s:i,s:o}", "reader", polling->name,
			    "pace", pace->name, "cycles_p50", p.p50 - empty, "cycles_p99",
			    p.p99 - empty, "cycles_p999", p.p999 - empty, "empty_pair", empty,
			    "samples", got, "refused", n - got, "lost",
			    reader_lost(&t, polling, got, read)));
}

void section_fenced(struct bench *b)
{
	unsigned n = b->quick ? 5000 : 50000;
	uint32_t *ticks = malloc(n * sizeof(*ticks));

	if (!ticks)
		abort();
	for (unsigned k = 0; k < PACES; k++) {
		printf("\none fenced push, 32 bytes, %lu slots, pace %s; cycles p50 p99 p99.9, "
		       "! refused; reader:\n%-16s",
		       b->slots, paces[k].name, "");
		for (unsigned i = 0; i < (b->two ? POLLINGS : 1); i++)
			printf("  %18s", pollings[i].name);
		putchar('\n');
		for (unsigned r = 0; r < b->n_rings; r++) {
			printf("%-16s", b->rings[r]->name);
			for (unsigned i = 0; i < (b->two ? POLLINGS : 1); i++)
				measure(b, b->rings[r], &paces[k], &pollings[i], n, ticks);
			putchar('\n');
		}
	}
	free(ticks);
}
