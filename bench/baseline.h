/* SPDX-License-Identifier: MIT */
/*
 * bench/baseline.h - the baseline: what bop-timekeeper's Timer does, written anew in C.
 *
 * From its behaviour (github.com/gattaca-com/based-op): a span is two rdtscp, each with the socket
 * folded in; the message of two stamps goes into a queue of 16,384 that any number of producers may
 * share: a fetch-add on its head, then a sequence lock (out of line, with a fetch-add of its own)
 * around the store. What is inlined there is inlined here.
 */
#ifndef TK_BENCH_BASELINE_H
#define TK_BENCH_BASELINE_H

#include <stdint.h>

#define BOP_ENTRIES 16384u

struct bop_entry {
	uint64_t start, stop;
	uint32_t version;
} __attribute__((aligned(64)));

struct bop_queue {
	uint64_t mask;
	uint64_t count __attribute__((aligned(64)));
	struct bop_entry entries[BOP_ENTRIES] __attribute__((aligned(64)));
};

struct bop_timer {
	uint64_t start, stop;
	struct bop_queue *queue;
};

/** @return NULL: out of memory */
struct bop_timer *bop_timer_new(void);
void bop_entry_write(struct bop_entry *e, uint64_t start, uint64_t stop);

/* The counter with the socket of TSC_AUX folded into its top bits. */
static inline uint64_t bop_stamp(void)
{
	uint32_t aux;
	uint64_t tsc = __builtin_ia32_rdtscp(&aux);

	return tsc | (uint64_t)(aux & 0xf000u) << 50;
}

static inline void bop_timer_start(struct bop_timer *t)
{
	t->start = bop_stamp();
}

static inline void bop_timer_stop(struct bop_timer *t)
{
	uint64_t n;

	t->stop = bop_stamp();
	/* Only if both stamps were taken, on one socket. */
	if (t->start == 0 || (t->start ^ t->stop) >> 62)
		return;
	n = __atomic_fetch_add(&t->queue->count, 1, __ATOMIC_ACQ_REL);
	bop_entry_write(&t->queue->entries[n & t->queue->mask], t->start, t->stop);
}

#endif
