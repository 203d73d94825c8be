/* SPDX-License-Identifier: MIT */
#include "ring/span_cost.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ring/attached.h"
#include "ring/lane_push.h"
#include "tsc/read.h"

#define SLOTS   2048u
#define BATCHES 15u
#define BATCH   128u

const char tk_span_cost_how[] =
	"measured when this command began, on one cpu of this machine, in a loop of nothing else: "
	"a "
	"program whose work overlaps its spans pays less, one whose lane is not in its cache more";

/* What is measured: each stamp mode, the system's clock, and the loop alone. */
enum what { ORDERED, FAST, FENCED, HAND, MONOTONIC, NOTHING, WHATS };

/* In two lines of their own, as a program's. */
struct lane {
	struct tk_lane_writer writer;
	uint64_t counts[1];
	uint8_t disabled[1];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline __attribute__((always_inline)) uint64_t stamp(enum what what)
{
	if (what == MONOTONIC)
		return now_ns();
	if (what == FENCED)
		return tk_tsc_fenced();
	return what == ORDERED || what == FAST ? tk_tsc_fast() : 0;
}

static inline __attribute__((always_inline)) uint64_t stop_stamp(enum what what, uint32_t *cpu)
{
	if (what == ORDERED)
		return tk_tsc_ordered(cpu);
	if (what == FENCED)
		return tk_tsc_fenced_cpu(cpu);
	return stamp(what);
}

/* An empty span; the compiler knows `what`. */
static inline __attribute__((always_inline)) void span(struct lane *l, enum what what)
{
	uint64_t start = stamp(what), stop;
	uint32_t cpu = 0;

	__asm__ volatile("" ::: "memory"); /* what a loop must not be without */
	if (what == NOTHING || __builtin_expect(l->disabled[0] != 0, 0))
		return;
	stop = stop_stamp(what, &cpu);
	tk_lane_push(&l->writer, tk_record_meta(0, cpu & 0xfff, 0), start, (int64_t)(stop - start),
		     TK_TICKS_NONE);
}

static inline __attribute__((always_inline)) double batch(struct lane *l, enum what what)
{
	uint64_t began = now_ns();

	for (unsigned i = 0; i < BATCH; i++)
		span(l, what);
	return (double)(now_ns() - began) / BATCH;
}

/* Each mode is code of its own. */
static __attribute__((noinline)) double batch_of(struct lane *l, enum what what)
{
	switch (what) {
	case ORDERED:
		return batch(l, ORDERED);
	case FAST:
		return batch(l, FAST);
	case FENCED:
		return batch(l, FENCED);
	case HAND:
		return batch(l, HAND);
	case MONOTONIC:
		return batch(l, MONOTONIC);
	default:
		return batch(l, NOTHING);
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* By turns: what disturbs one disturbs all. */
static void measure(struct lane *l, double median[WHATS])
{
	double ns[WHATS][BATCHES];

	for (unsigned what = 0; what < WHATS; what++)
		(void)batch_of(l, (enum what)what);
	for (unsigned i = 0; i < BATCHES; i++)
		for (unsigned what = 0; what < WHATS; what++)
			ns[what][i] = batch_of(l, (enum what)what);
	for (unsigned what = 0; what < WHATS; what++) {
		qsort(ns[what], BATCHES, sizeof(double), ascending);
		median[what] = ns[what][BATCHES / 2];
	}
}

static double more(double ns, double than)
{
	return ns > than ? ns - than : 0;
}

double tk_span_cost_of_lane(const struct tk_span_cost *cost, const struct tk_segment *s,
			    uint32_t lane, uint64_t *pushed)
{
	const char *head = (const char *)s->lanes[lane].head;
	const uint64_t *counts = (const uint64_t *)(head + TK_LANE_COUNTS);
	bool tsc = s->info.clock == TK_CLOCK_TSC;
	double ns = 0;

	*pushed = 0;
	for (uint32_t id = 0; id < s->info.n_timers && id < s->lanes[lane].info.max_timers; id++) {
		uint64_t count = __atomic_load_n(&counts[id], __ATOMIC_RELAXED);

		*pushed += count;
		ns += (double)count * tk_span_cost_of(cost, s->timers[id].stamp, tsc);
	}
	return ns;
}

void tk_span_cost_measure(struct tk_span_cost *cost)
{
	struct tk_slot *slots = aligned_alloc(4096, SLOTS * sizeof(*slots));
	struct lane l = { .writer = { .head = SLOTS * TK_HEAD_STEP,
				      .mask = SLOTS * TK_HEAD_STEP - 1,
				      .slots = (char *)slots,
				      .turn_at = UINT64_MAX } };
	double median[WHATS];

	memset(cost, 0, sizeof(*cost));
	if (!slots)
		return;
	memset(slots, 0, SLOTS * sizeof(*slots));
	l.writer.counts = l.counts;
	l.writer.disabled = l.disabled;
	measure(&l, median);
	for (unsigned stamp = TK_STAMP_ORDERED; stamp <= TK_STAMP_HAND; stamp++)
		cost->by_stamp[stamp] = more(median[stamp], median[NOTHING]);
	cost->monotonic = more(median[MONOTONIC], median[NOTHING]);
	free(slots);
}
