/* SPDX-License-Identifier: MIT */
#include "tsc/offset.h"

#include "tsc/affinity.h"
#include "tsc/read.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_ENOUGH 50 /* each way */
#define DEADLINE_NS   1000000000
#define SPINS_A_LOOK  1024 /* spins between two looks at the clock */
#define DELAY_MASK    63   /* empty loop turns, at random */

struct exchange {
	/* The line that travels. Odd: the token is on its way. Even: answered. */
	_Alignas(128) _Atomic uint32_t turn;
	uint64_t peer_stamp; /* written before the answer's release, read after its acquire */

	_Alignas(128) struct tk_tsc_offset_how how;
	struct tk_tsc_offset *out;
	uint64_t give_up_ns;
	int ref_cpu, cpu;
	_Atomic bool over; /* the reference has finished or given up */
	_Atomic int peer_error;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int pin_self(int cpu)
{
	struct tk_tsc_cpus one = { 0 };

	if (cpu < 0 || cpu >= TK_TSC_CPUS)
		return -EINVAL;
	tk_tsc_cpus_add(&one, (unsigned int)cpu);
	return tk_tsc_affinity_set(0, &one);
}

/*
 * The acquire pairs with the release of the thread that passed the token. The loop has no pause
 * instruction: that costs up to 140 cycles and would widen every round trip.
 */
static bool wait_for(struct exchange *x, uint32_t turn)
{
	for (;;) {
		for (int i = 0; i < SPINS_A_LOOK; i++)
			if (atomic_load_explicit(&x->turn, memory_order_acquire) == turn)
				return true;
		if (atomic_load_explicit(&x->over, memory_order_relaxed) ||
		    atomic_load_explicit(&x->peer_error, memory_order_relaxed) ||
		    now_ns() > x->give_up_ns)
			return false;
	}
}

static void *peer_main(void *arg)
{
	struct exchange *x = arg;
	int err = pin_self(x->cpu);

	if (err) {
		atomic_store(&x->peer_error, err);
		return NULL;
	}
	for (uint32_t i = 0; i < x->how.rounds; i++) {
		if (!wait_for(x, 2 * i + 1))
			break;
		x->peer_stamp = x->how.read_peer();
		/* Pairs with the reference's acquire in wait_for(): it sees the stamp. */
		atomic_store_explicit(&x->turn, 2 * i + 2, memory_order_release);
	}
	return NULL;
}

static void random_delay(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	for (uint32_t i = *state & DELAY_MASK; i > 0; i--)
		__asm__ volatile("" ::: "memory");
}

static int judge(const struct exchange *x, struct tk_tsc_offset *o)
{
	int err = atomic_load(&x->peer_error);

	if (err)
		return err;
	if (o->rounds < x->how.rounds && o->rounds < ROUNDS_ENOUGH)
		return -ETIMEDOUT;
	if (o->lo > o->hi)
		return -EIO;
	return 0;
}

static int exchange_tokens(struct exchange *x)
{
	struct tk_tsc_offset *o = x->out;
	uint32_t dice = 0x9e3779b9u;
	int err = pin_self(x->ref_cpu);

	if (err)
		return err;
	o->lo = INT64_MIN;
	o->hi = INT64_MAX;
	o->narrowest = UINT32_MAX;
	for (; o->rounds < x->how.rounds; o->rounds++) {
		uint64_t t0, tp, t1;

		random_delay(&dice);
		t0 = x->how.read_ref();
		/* Pairs with the peer's acquire in wait_for(). */
		atomic_store_explicit(&x->turn, 2 * o->rounds + 1, memory_order_release);
		if (!wait_for(x, 2 * o->rounds + 2))
			break;
		t1 = x->how.read_ref();
		tp = x->peer_stamp;
		if ((int64_t)(tp - t1) > o->lo)
			o->lo = (int64_t)(tp - t1);
		if ((int64_t)(tp - t0) < o->hi)
			o->hi = (int64_t)(tp - t0);
		if (t1 - t0 < o->narrowest)
			o->narrowest = (uint32_t)(t1 - t0);
	}
	return judge(x, o);
}

static void *ref_main(void *arg)
{
	struct exchange *x = arg;

	x->out->error = exchange_tokens(x);
	atomic_store(&x->over, true);
	return NULL;
}

/* One cpu asks, the other answers: the interval of (answerer's counter - asker's). */
static int one_way(int asker, int answerer, const struct tk_tsc_offset_how *how,
		   uint64_t give_up_ns, struct tk_tsc_offset *out)
{
	struct exchange x = {
		.how = *how, .out = out, .give_up_ns = give_up_ns, .ref_cpu = asker, .cpu = answerer
	};
	pthread_t ref, peer;

	*out = (struct tk_tsc_offset){ .error = -EAGAIN };
	if (pthread_create(&peer, NULL, peer_main, &x))
		return out->error;
	if (pthread_create(&ref, NULL, ref_main, &x))
		atomic_store(&x.over, true);
	else
		pthread_join(ref, NULL);
	pthread_join(peer, NULL);
	return out->error;
}

/* Intersect both directions' intervals; the second has the opposite sign. */
static int intersect(const struct tk_tsc_offset *there, const struct tk_tsc_offset *back,
		     struct tk_tsc_offset *out)
{
	out->lo = there->lo > -back->hi ? there->lo : -back->hi;
	out->hi = there->hi < -back->lo ? there->hi : -back->lo;
	out->est = out->lo + (out->hi - out->lo) / 2;
	out->rounds = there->rounds + back->rounds;
	out->narrowest = there->narrowest < back->narrowest ? there->narrowest : back->narrowest;
	return out->lo > out->hi ? -EIO : 0;
}

int tk_tsc_offset_pair(int ref_cpu, int cpu, const struct tk_tsc_offset_how *how,
		       struct tk_tsc_offset *out)
{
	struct tk_tsc_offset_how there = *how, back;
	struct tk_tsc_offset a, b;
	uint64_t give_up_ns = now_ns() + (how->deadline_ns ? how->deadline_ns : DEADLINE_NS);
	int err;

	if (!there.read_ref)
		there.read_ref = tk_tsc_fenced;
	if (!there.read_peer)
		there.read_peer = tk_tsc_fenced;
	there.rounds = ((there.rounds ? there.rounds : TK_TSC_OFFSET_ROUNDS) + 1) / 2;
	back = there;
	back.read_ref = there.read_peer;
	back.read_peer = there.read_ref;

	err = one_way(ref_cpu, cpu, &there, give_up_ns, &a);
	if (!err)
		err = one_way(cpu, ref_cpu, &back, give_up_ns, &b);
	*out = (struct tk_tsc_offset){ .cpu = cpu };
	if (!err)
		err = intersect(&a, &b, out);
	if (err) /* leave no figure that could be taken for a result */
		*out = (struct tk_tsc_offset){ .cpu = cpu, .error = err };
	return err;
}

int tk_tsc_offsets_measure(struct tk_tsc_offsets *out)
{
	const struct tk_tsc_offset_how usual = { 0 };
	struct tk_tsc_cpus cpus;
	int err = tk_tsc_affinity(0, &cpus);

	*out = (struct tk_tsc_offsets){ .ref_cpu = -1 };
	if (err)
		return err;
	out->v = calloc(tk_tsc_cpus_count(&cpus), sizeof(*out->v));
	if (!out->v)
		return -ENOMEM;
	for (int cpu = 0; cpu < TK_TSC_CPUS; cpu++) {
		if (!tk_tsc_cpus_has(&cpus, (unsigned int)cpu))
			continue;
		if (out->ref_cpu < 0)
			out->ref_cpu = cpu;
		else
			tk_tsc_offset_pair(out->ref_cpu, cpu, &usual, &out->v[out->n++]);
	}
	return 0;
}

void tk_tsc_offsets_free(struct tk_tsc_offsets *o)
{
	free(o->v);
	*o = (struct tk_tsc_offsets){ .ref_cpu = -1 };
}
