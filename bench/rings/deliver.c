/* SPDX-License-Identifier: MIT */
/*
 * Records delivered from one core to another at full speed, every byte read; from the first push to
 * the last record read. A reader that finds nothing looks again at once. Median of some runs, for
 * which the rings take turns, so that other work of the machine affects all of them alike.
 *
 * A throughput with loss cannot be compared with one without, so there are two kinds of rows:
 *	lossless	everything pushed is read. A ring that refuses is tried again until it
 *			accepts (retries are counted). A ring that overwrites is given credit by the
 *			bench: its reader says every eighth of a ring how far it is, its writer
 *			looks every quarter and waits until half a ring is free. That is what a
 *			refusing ring with a cached index pays; the lane does not have it, and its
 *			cost is in the figure.
 *	lossy		a ring that overwrites, without credit: delivered, and what was lost.
 * Numbers read must sum up to those pushed, else the row says "damaged".
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"

enum {
	RUNS = 7,
	RUNS_QUICK = 3,
	FIGURES_A_RING = 8 * 5, /* at most: seven sizes of 32 bytes and one of 16, in five ways */
};

/* How records are pushed and popped. */
static const struct shape {
	unsigned burst, pop;
} shapes[] = { { 1, 1 }, { 1, RING_BATCH }, { 8, RING_BATCH }, { 32, RING_BATCH } };

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

struct delivery {
	double m_per_s;
	uint64_t produced, delivered, retries;
	bool damaged;
};

struct consumer {
	struct trial *t;
	unsigned cpu, pop;
	struct patience patience;
	struct ring_sum sum;
	uint64_t last; /* when it read something last */
	atomic_uint started;
};

static void *consume(void *arg)
{
	struct consumer *c = arg;
	struct ring_run *run = c->t->run;
	/* After how many records the reader reports how far it is. */
	const uint64_t most = run->credit ? run->credit / 2 : UINT64_MAX;

	tk_pin(c->cpu);
	atomic_store(&c->started, 1);
	for (;;) {
		/* Pairs with the release store at the end of run(). */
		uint64_t produced = __atomic_load_n(&run->produced, __ATOMIC_ACQUIRE);
		uint64_t came = c->t->loops->drain(c->t->r, c->pop, most, &c->sum);

		if (came) {
			c->last = tk_tsc_fast();
			/* Pairs with the acquire load of ring_credit(). */
			if (run->credit)
				__atomic_store_n(&run->consumed, c->sum.n, __ATOMIC_RELEASE);
		} else {
			tk_relax();
		}
		if ((!came && produced && c->sum.n >= produced) ||
		    patience_ends(&c->patience, came, produced))
			break;
	}
	/* The ring may be broken: its writer is not to wait for ever. */
	__atomic_store_n(&run->stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

typedef uint64_t (*deliver_loop)(void *w, uint64_t from, uint64_t n, struct ring_run *run);

static deliver_loop loop_of(const struct ring_loops *l, unsigned burst)
{
	return burst == 1 ? l->deliver_1 : burst == 8 ? l->deliver_8 : l->deliver_32;
}

static uint64_t sum_to(uint64_t n)
{
	return n % 2 ? (n + 1) / 2 * n : n / 2 * (n + 1);
}

static struct delivery run(struct bench *b, struct trial *t, const struct shape *shape,
			   bool lossless, double ms)
{
	enum { CHUNK = 16384 };
	const deliver_loop deliver = loop_of(t->loops, shape->burst);
	const uint64_t duration = (uint64_t)(ms * 1e6 / b->tick_ns);
	struct consumer c = {
		.t = t, .cpu = b->cpus[1], .pop = shape->pop, .patience = patience_with_me()
	};
	struct delivery d = { 0 };
	pthread_t thread;
	uint64_t began;

	t->run->credit = lossless && t->ring->full == RING_OVERWRITES ? t->slots / 4 : 0;
	c.last = tk_tsc_fast();
	if (pthread_create(&thread, NULL, consume, &c))
		abort();
	while (!atomic_load(&c.started))
		tk_relax();
	began = tk_tsc_fast();
	do {
		d.produced += deliver(t->w, 1 + d.produced, CHUNK, t->run);
		d.retries += t->run->retries;
	} while (tk_tsc_fast() - began < duration && !t->run->stop);
	__atomic_store_n(&t->run->produced, d.produced, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	d.delivered = c.sum.n;
	d.m_per_s = (double)d.delivered / ((double)(c.last - began) * b->tick_ns) * 1e3;
	d.damaged = d.delivered > d.produced ||
		    (lossless && (d.delivered != d.produced || c.sum.start != sum_to(d.produced)));
	if (t->ring->lost && d.delivered + t->ring->lost(t->r) != d.produced)
		d.damaged = true;
	return d;
}

static int by_rate(const void *a, const void *b)
{
	const struct delivery *x = a, *y = b;

	return (x->m_per_s > y->m_per_s) - (x->m_per_s < y->m_per_s);
}

/* One figure: a ring at one size, pushed and popped in one way, and its results in each run. */
struct figure {
	const struct ring *ring;
	uint64_t slots;
	unsigned bytes;
	const struct shape *shape;
	bool lossless;
	struct delivery runs[RUNS];
};

/* The median of the runs, or what went wrong in any of them. */
static struct delivery conclude(struct bench *b, struct figure *f)
{
	const unsigned runs = b->quick ? RUNS_QUICK : RUNS;
	struct trial t = { .ring = f->ring, .slots = f->slots, .bytes = f->bytes };
	struct delivery d;
	bool damaged = false;

	for (unsigned i = 0; i < runs; i++)
		damaged = damaged || f->runs[i].damaged;
	qsort(f->runs, runs, sizeof(*f->runs), by_rate);
	d = f->runs[runs / 2];
	d.damaged = damaged;
	b->wrong = b->wrong || damaged;
	bench_row(b, "deliver", &t,
		  json_pack("{s:i,s:i,s:b,s:f,s:f,s:f,s:I,s:I,s:I,s:I,s:b}", "burst",
			    f->shape->burst, "pop", f->ring->chunked ? RING_BATCH : f->shape->pop,
			    "lossless", f->lossless, "m_per_s", d.m_per_s, "m_per_s_min",
			    f->runs[0].m_per_s, "m_per_s_max", f->runs[runs - 1].m_per_s,
			    "produced", (json_int_t)d.produced, "delivered",
			    (json_int_t)d.delivered, "lost", (json_int_t)(d.produced - d.delivered),
			    "retries", (json_int_t)d.retries, "damaged", damaged));
	return d;
}

static struct figure figure(const struct ring *ring, uint64_t slots, unsigned bytes,
			    const struct shape *shape, bool lossless)
{
	return (struct figure){
		.ring = ring, .slots = slots, .bytes = bytes, .shape = shape, .lossless = lossless
	};
}

/* A ring at a size: lossless in each way it has, and, if it overwrites, lossy. @return how many. */
static unsigned plan_size(struct figure *f, const struct ring *ring, uint64_t slots, unsigned bytes)
{
	const struct ring_loops *l = bytes == 16 ? ring->loops_16 : ring->loops_32;
	unsigned n = 0;

	if (!l)
		return 0;
	for (unsigned i = 0; i < SHAPES; i++)
		/* A reader that takes only chunks has no other way to pop one by one. */
		if (loop_of(l, shapes[i].burst) && !(ring->chunked && shapes[i].pop == 1))
			f[n++] = figure(ring, slots, bytes, &shapes[i], true);
	if (ring->full == RING_OVERWRITES)
		f[n++] = figure(ring, slots, bytes, &shapes[1], false);
	return n;
}

static unsigned plan(const struct bench *b, struct figure *f)
{
	unsigned n = 0;

	for (unsigned k = 1; k < b->n_rings; k++) {
		for (uint64_t slots = SLOTS_MIN; slots <= SLOTS_MAX; slots *= b->quick ? 16 : 4)
			n += plan_size(&f[n], b->rings[k], slots, 32);
		n += plan_size(&f[n], b->rings[k], b->slots, 16);
	}
	return n;
}

/* Print the figures of one ring at one size in a line. @return how many they were */
static unsigned print_line(struct bench *b, struct figure *f, unsigned n)
{
	const struct figure *first = f;
	unsigned used = 0;

	printf("%-16s %8lu %5u ", f->ring->name, f->slots, f->bytes);
	for (unsigned i = 0; i < SHAPES; i++) {
		struct delivery d;

		if (used == n || f[used].shape != &shapes[i] || !f[used].lossless) {
			printf(" %10s ", "-");
			continue;
		}
		d = conclude(b, &f[used++]);
		printf(" %10.1f%s", d.m_per_s, d.damaged ? "!" : " ");
	}
	if (used < n && !f[used].lossless && f[used].ring == first->ring) {
		struct delivery d = conclude(b, &f[used++]);

		printf(" %8.1f of %.1f pushed, %.1f %% lost%s", d.m_per_s,
		       d.m_per_s * (double)d.produced / (double)d.delivered,
		       100.0 * (double)(d.produced - d.delivered) / (double)d.produced,
		       d.damaged ? "!" : "");
	}
	putchar('\n');
	return used;
}

void section_deliver(struct bench *b)
{
	const unsigned runs = b->quick ? RUNS_QUICK : RUNS;
	struct figure *f = calloc(b->n_rings * FIGURES_A_RING, sizeof(*f));
	unsigned n;

	if (!b->two) {
		printf("\ndelivered: left out, it needs a second cpu\n");
		free(f);
		return;
	}
	if (!f)
		abort();
	n = plan(b, f);
	for (unsigned k = 0; k < runs; k++)
		for (unsigned i = 0; i < n; i++) {
			struct trial t;

			trial_make(b, &t, f[i].ring, f[i].slots, f[i].bytes);
			f[i].runs[k] = run(b, &t, f[i].shape, f[i].lossless, b->quick ? 3 : 20);
		}
	printf("\ndelivered, core to core, M records/s; lossless, pushed by/popped by; ! damaged\n"
	       "%-16s %8s %5s  %10s  %10s  %10s  %10s  without credit\n",
	       "", "slots", "bytes", "1/1", "1/64", "8/64", "32/64");
	for (unsigned i = 0; i < n;)
		i += print_line(b, &f[i], n - i);
	free(f);
}
