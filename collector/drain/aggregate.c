/* SPDX-License-Identifier: MIT */
#include "collector/drain/aggregate.h"

#include <string.h>

#include "ring/lane_read.h"

#define KIND_BIT(kind) (1u << (kind))
/* Marks and reserved kinds have no measures. */
#define MEASURED   (KIND_BIT(TK_KIND_MARK) - 1u)
#define FEW_TIMERS 256u

void tk_aggregator_init(struct tk_aggregator *a, const uint32_t floor[TK_STAMPS],
			const struct tk_clock *clock)
{
	memset(a, 0, sizeof(*a));
	a->clock = clock;
	a->no_duration[TK_KIND_LATENCY] = INT64_MIN;
	for (uint32_t stamp = 0; stamp < TK_STAMPS; stamp++) {
		a->to_stop[stamp | TK_KIND_TO_STOP] = -1;
		if (!floor)
			continue;
		a->floor[stamp] = floor[stamp];
		a->floor[stamp | TK_KIND_TO_STOP] = floor[stamp];
		a->floor[stamp + TK_KIND_LAP] = floor[stamp];
	}
	/* A sum is of an unknown number of spans: subtract nothing. */
}

static inline __attribute__((always_inline)) void add(struct tk_tally *t, enum tk_measure m,
						      uint64_t ticks)
{
	if (__builtin_expect(__builtin_add_overflow(t->sum[m], ticks, &t->sum[m]), 0))
		t->carries[m]++;
	if (ticks < t->min[m])
		t->min[m] = ticks;
	if (ticks > t->max[m])
		t->max[m] = ticks;
	t->buckets[m][tk_hist_index(ticks)]++;
}

static bool crossed(const struct tk_aggregator *a, const struct tk_slot *s, int64_t duration,
		    int64_t since_origin)
{
	uint64_t start = s->w[0];
	uint64_t from = since_origin > 0 ? start - (uint64_t)since_origin : start;
	uint64_t to = duration > 0 ? start + (uint64_t)duration : start;

	return tk_clock_crossed(a->clock, from, to);
}

static inline __attribute__((always_inline)) struct tk_tally *
tally_of(const struct tk_aggregator *a, const struct tk_slot *s)
{
	uint32_t id = tk_slot_timer(s);

	return id < a->n_timers ? a->tallies[id] : NULL;
}

/* A mark, a reserved kind, or a record of an unknown timer. */
static void aside(struct tk_aggregator *a, uint64_t *got, const struct tk_slot *s)
{
	uint16_t id = tk_slot_timer(s);

	if (!tally_of(a, s)) {
		a->unknown++;
		return;
	}
	got[id]++;
	if (tk_slot_kind(s) != TK_KIND_MARK) {
		a->unknown++;
	} else if (a->n_marks < TK_AGGREGATE_MARKS) {
		a->marks[a->n_marks].start = s->w[0];
		a->marks[a->n_marks++].timer = id;
	}
}

static inline __attribute__((always_inline)) void
aggregate_one(struct tk_aggregator *a, uint64_t *got, const struct tk_slot *s, bool epochs)
{
	struct tk_tally *t = tally_of(a, s);
	uint8_t kind = tk_slot_kind(s);
	int64_t duration = tk_slot_duration(s) | a->no_duration[kind];
	int64_t since = tk_slot_since_origin(s);
	int64_t ticks;

	if (__builtin_expect(!t && a->more, 0)) {
		a->more(a, tk_slot_timer(s));
		t = tally_of(a, s);
	}
	if (__builtin_expect(!t || !(MEASURED >> kind & 1), 0)) {
		aside(a, got, s);
		return;
	}
	got[tk_slot_timer(s)]++;
	if (epochs && crossed(a, s, duration, since)) {
		t->across++;
		return;
	}
	if (__builtin_expect(duration >= 0, 1)) {
		ticks = duration - a->floor[kind];
		add(t, TK_PROCESSING, ticks > 0 ? (uint64_t)ticks : 0);
	} else if (duration > TK_TICKS_NONE && !a->no_duration[kind]) {
		t->negative++;
	}
	if (since == TK_TICKS_NONE)
		return;
	ticks = since + (duration & a->to_stop[kind]);
	if (__builtin_expect(ticks >= 0, 1))
		add(t, TK_LATENCY, (uint64_t)ticks);
	else if ((duration & a->to_stop[kind]) != TK_TICKS_NONE)
		t->negative++;
}

/* The line that holds sum, min and max, and the two buckets: what a record will touch. */
static inline __attribute__((always_inline)) void prefetch_one(const struct tk_aggregator *a,
							       const struct tk_slot *s)
{
	const uint64_t mask = (UINT64_C(1) << 47) - 1;
	struct tk_tally *t = tally_of(a, s);
	uint8_t kind = tk_slot_kind(s);
	int64_t duration = tk_slot_duration(s);
	int64_t since = tk_slot_since_origin(s) + (duration & a->to_stop[kind]);

	if (__builtin_expect(!t, 0))
		return;
	__builtin_prefetch(t, 1);
	__builtin_prefetch(&t->buckets[TK_PROCESSING]
				      [tk_hist_index((uint64_t)(duration - a->floor[kind]) & mask)],
			   1);
	__builtin_prefetch(&t->buckets[TK_LATENCY][tk_hist_index((uint64_t)since & mask)], 1);
}

void tk_aggregate_prefetch(const struct tk_aggregator *a, const struct tk_slot *slots, size_t n)
{
	/* Few timers stay in the L2 cache by themselves: prefetching costs 30 % there, and gains 15
	 * % with 1,000 timers (measured). */
	if (a->n_timers > FEW_TIMERS)
		for (size_t i = 0; i < n; i++)
			prefetch_one(a, &slots[i]);
}

void tk_aggregate(struct tk_aggregator *a, uint64_t *got, const struct tk_slot *slots, size_t n)
{
	if (a->clock && a->clock->epoch.number)
		for (size_t i = 0; i < n; i++)
			aggregate_one(a, got, &slots[i], true);
	else
		for (size_t i = 0; i < n; i++)
			aggregate_one(a, got, &slots[i], false);
}
