/* SPDX-License-Identifier: MIT */
/*
 * bench/rings/loops_sized.h - the loops of one ring at one record size: RING_BYTES. Included by
 * loops.h only. SIZED(x) names what is made here, RING(x) what the ring's file made.
 */
#include "bench/rings/work.h"

#define HOT static __attribute__((noinline, aligned(64)))

/* ---- plain operations ---- */

static bool SIZED(push)(void *w, struct ring_item item)
{
	return RING(push)((struct RING(writer) *)w, item, RING_BYTES);
}

static unsigned SIZED(pop)(void *r, struct tk_slot *out, unsigned max)
{
	return RING(pop)((struct RING(reader) *)r, out, max, RING_BYTES);
}

static struct ring_item SIZED(item)(const struct tk_slot *s)
{
#ifdef RING_HAS_ITEM
	return RING(item)(s);
#else
	return (struct ring_item){ s->w[0], s->w[1], RING_BYTES == 32 ? (uint32_t)s->w[2] : 0 };
#endif
}

/* ---- writing ---- */

/* One operation for `burst` items; how many were accepted. burst is a constant. */
RING_INLINE unsigned SIZED(some)(void *side, uint64_t n, unsigned burst, uint32_t meta)
{
	struct RING(writer) *w = (struct RING(writer) *)side;
	unsigned done;

#ifdef RING_HAS_PUSH_N
	if (burst > 1)
		done = RING(push_n)(w, n, burst, meta, RING_BYTES);
	else
#endif
		done = RING(push)(w, ring_item(n, meta), RING_BYTES);
	(void)burst;
	ring_barrier();
	return done;
}

RING_INLINE uint64_t SIZED(push_in)(void *w, uint64_t from, uint64_t n, unsigned burst)
{
	const uint64_t end = from + n;
	const uint32_t meta = ring_meta();
	uint64_t i = from;

	while (i < end) {
		unsigned done = SIZED(some)(w, i, burst, meta);

		i += done;
		if (__builtin_expect(done < burst, 0))
			break;
	}
	return i - from;
}

RING_INLINE uint64_t SIZED(deliver_in)(void *w, uint64_t from, uint64_t n, unsigned burst,
				       struct ring_run *run)
{
	const uint64_t end = from + n, credit = run->credit;
	const uint32_t meta = ring_meta();
	uint64_t i = from, ask = credit ? from : UINT64_MAX, retries = 0;

	while (i < end) {
		unsigned done;

		if (__builtin_expect(i >= ask, 0)) {
			if (!ring_credit(run, i))
				break;
			ask = i + credit;
		}
		done = SIZED(some)(w, i, burst, meta);
		i += done;
		if (__builtin_expect(done < burst, 0)) {
			if (__atomic_load_n(&run->stop, __ATOMIC_RELAXED))
				break;
			retries++;
			tk_relax();
		}
	}
	RING(flush_all)(w);
	run->retries = retries;
	return i - from;
}

HOT uint64_t SIZED(push_1)(void *w, uint64_t from, uint64_t n)
{
	return SIZED(push_in)(w, from, n, 1);
}

HOT uint64_t SIZED(deliver_1)(void *w, uint64_t from, uint64_t n, struct ring_run *run)
{
	return SIZED(deliver_in)(w, from, n, 1, run);
}

#ifdef RING_HAS_PUSH_N
HOT uint64_t SIZED(push_8)(void *w, uint64_t from, uint64_t n)
{
	return SIZED(push_in)(w, from, n, 8);
}

HOT uint64_t SIZED(push_32)(void *w, uint64_t from, uint64_t n)
{
	return SIZED(push_in)(w, from, n, 32);
}

HOT uint64_t SIZED(deliver_8)(void *w, uint64_t from, uint64_t n, struct ring_run *run)
{
	return SIZED(deliver_in)(w, from, n, 8, run);
}

HOT uint64_t SIZED(deliver_32)(void *w, uint64_t from, uint64_t n, struct ring_run *run)
{
	return SIZED(deliver_in)(w, from, n, 32, run);
}
#endif

HOT uint64_t SIZED(work)(void *w, uint64_t from, uint64_t n, unsigned rounds)
{
	const uint32_t meta = ring_meta();
	uint64_t x = from, done = 0;

	for (uint64_t i = from; i < from + n; i++) {
		x = ring_work(rounds, x);
		done += SIZED(some)(w, i, 1, meta);
	}
	ring_keep(x);
	return done;
}

HOT void SIZED(fenced)(void *w, uint64_t from, uint64_t n, uint64_t gap, uint32_t *ticks)
{
	const uint32_t meta = ring_meta();
	uint64_t due = tk_tsc_fast();

	for (uint64_t i = 0; i < n; i++) {
		uint64_t began, ended;
		uint32_t cpu;
		unsigned done;

		ring_wait_until(due);
		began = tk_tsc_fenced();
		done = SIZED(some)(w, from + i, 1, meta);
		__builtin_ia32_lfence();
		ended = tk_tsc_ordered(&cpu);
		due = ended - due > 4 * gap ? ended + gap : due + gap;
		ticks[i] = done ? (uint32_t)(ended - began) : 0;
	}
	RING(flush_all)(w);
}

/* ---- reading ---- */

RING_INLINE uint64_t SIZED(drain_in)(void *r, unsigned max, uint64_t most, struct ring_sum *sum)
{
	struct tk_slot out[RING_BATCH];
	uint64_t start = sum->start, rest = sum->rest, total = 0;
	unsigned n;

	do {
		n = RING(pop)((struct RING(reader) *)r, out, max, RING_BYTES);
		for (unsigned i = 0; i < n; i++) {
			start += out[i].w[0];
			rest ^= out[i].w[1];
			if (RING_BYTES == 32)
				rest ^= out[i].w[2] ^ out[i].w[3];
		}
		total += n;
		ring_barrier();
	} while (n >= max && total < most);
	sum->start = start;
	sum->rest = rest;
	sum->n += total;
	return total;
}

HOT uint64_t SIZED(drain)(void *r, unsigned max, uint64_t most, struct ring_sum *sum)
{
	return max == 1 ? SIZED(drain_in)(r, 1, most, sum)
			: SIZED(drain_in)(r, RING_BATCH, most, sum);
}

static const struct ring_loops SIZED(loops) = {
	.push = SIZED(push),
	.pop = SIZED(pop),
	.item = SIZED(item),
	.flush = RING(flush_all),
	.push_1 = SIZED(push_1),
#ifdef RING_HAS_PUSH_N
	.push_8 = SIZED(push_8),
	.push_32 = SIZED(push_32),
#endif
	.work = SIZED(work),
	.fenced = SIZED(fenced),
	.deliver_1 = SIZED(deliver_1),
#ifdef RING_HAS_PUSH_N
	.deliver_8 = SIZED(deliver_8),
	.deliver_32 = SIZED(deliver_32),
#endif
	.drain = SIZED(drain),
};

#undef HOT
