/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"

const struct polling pollings[POLLINGS] = {
	{ "absent", -1 }, { "100 us", 100 }, { "20 us", 20 }, { "1 us", 1 }, { "spins", 0 },
};

static bool stopped(const struct reader *r)
{
	return __atomic_load_n(&r->t->run->stop, __ATOMIC_RELAXED);
}

static void *read_until_stopped(void *arg)
{
	struct reader *r = arg;

	tk_pin(r->cpu);
	atomic_store(&r->started, 1);
	while (!stopped(r)) {
		uint64_t until;

		r->t->loops->drain(r->t->r, RING_BATCH, r->t->slots, &r->sum);
		until = tk_tsc_fast() + r->rest;
		while (r->rest && (int64_t)(until - tk_tsc_fast()) > 0 && !stopped(r))
			tk_relax();
	}
	return NULL;
}

void reader_start(struct bench *b, struct reader *r, struct trial *t, const struct polling *p)
{
	double rest_ns = p->rest_us ? p->rest_us * 1e3 : t->ring->rest_ns;

	memset(r, 0, sizeof(*r));
	r->t = t;
	if (p->rest_us < 0)
		return;
	r->cpu = b->cpus[1];
	r->rest = (uint64_t)(rest_ns / b->tick_ns);
	__atomic_store_n(&t->run->stop, 0, __ATOMIC_RELAXED);
	if (pthread_create(&r->thread, NULL, read_until_stopped, r))
		abort();
	while (!atomic_load(&r->started))
		tk_relax();
}

void reader_stop(struct reader *r)
{
	if (!atomic_load(&r->started))
		return;
	__atomic_store_n(&r->t->run->stop, 1, __ATOMIC_RELAXED);
	pthread_join(r->thread, NULL);
	__atomic_store_n(&r->t->run->stop, 0, __ATOMIC_RELAXED);
	r->read = r->sum.n + trial_empty(r->t);
}

json_t *reader_lost(const struct trial *t, const struct polling *p, uint64_t accepted,
		    uint64_t read)
{
	if (p->rest_us < 0 || t->ring->baseline)
		return json_null();
	return json_integer((json_int_t)(accepted - read));
}
