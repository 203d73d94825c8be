/* SPDX-License-Identifier: MIT */
#include "collector/drain/aggregate.h"

#include <string.h>

#include "ring/lane_read.h"

#define KIND_BIT(kind) (1u << (kind))
/* Marks have no measures, and a value is none of time. */
#define MEASURED   (KIND_BIT(TK_KIND_MARK) - 1u)
#define FEW_TIMERS 256u

static inline bool is_measured(uint8_t kind)
{
	return MEASURED >> kind & 1;
}

void tk_aggregator_init(struct tk_aggregator *a, const uint32_t floor[TK_STAMPS],
			const struct tk_clock *clock)
{
	memset(a, 0, sizeof(*a));
	a->clock = clock;
	for (uint32_t kind = 0; kind < TK_KINDS; kind++)
		if (kind == TK_KIND_LATENCY || !is_measured((uint8_t)kind))
			a->no_duration[kind] = INT64_MIN;
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

static __attribute__((noinline)) void add_outside(struct tk_aggregator *a, uint32_t id,
						  enum tk_measure m, uint64_t ticks)
{
	tk_tally_add_outside(a->pool, a->tallies[id], m, ticks, a->hints ? &a->hints[id] : NULL);
}

static inline __attribute__((always_inline)) void
add(struct tk_aggregator *a, struct tk_tally *t, uint32_t id, enum tk_measure m, uint64_t ticks)
{
	if (__builtin_expect(!tk_tally_add(t, m, ticks, tk_hist_index(ticks)), 0))
		add_outside(a, id, m, ticks);
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

/* No such timer, or no memory for its tally. */
static void unknown(struct tk_aggregator *a, uint64_t *got, uint32_t id)
{
	if (id < a->n_timers)
		got[id]++;
	a->unknown++;
}

static void add_mark(struct tk_aggregator *a, struct tk_tally *t, const struct tk_slot *s)
{
	t->without++;
	if (a->n_marks < TK_AGGREGATE_MARKS) {
		a->marks[a->n_marks].start = s->w[0];
		a->marks[a->n_marks++].timer = tk_slot_timer(s);
	} else {
		a->marks_dropped++;
	}
}

/* Whether a record has no duration: it says so, or its kind has none, whatever the record says. */
static bool lacks_duration(const struct tk_aggregator *a, uint8_t kind, int64_t duration)
{
	return duration <= TK_TICKS_NONE || a->no_duration[kind];
}

/* Set the samples aside that a record has, which crossed an epoch. */
static void across(const struct tk_aggregator *a, struct tk_tally *t, uint8_t kind,
		   int64_t duration, int64_t since)
{
	bool lacks = lacks_duration(a, kind, duration);

	if (lacks)
		t->without++;
	else
		t->across[TK_PROCESSING]++;
	if (since != TK_TICKS_NONE && !(lacks && a->to_stop[kind]))
		t->across[TK_LATENCY]++;
}

/* A duration that is no sample: none, below zero, or too long to be told. */
static void no_processing(const struct tk_aggregator *a, struct tk_tally *t, uint8_t kind,
			  int64_t duration)
{
	if (lacks_duration(a, kind, duration))
		t->without++;
	else if (duration < 0)
		t->negative[TK_PROCESSING]++;
	else
		t->across[TK_PROCESSING]++;
}

/*
 * A latency whose parts are not both in [0, TK_TICKS_MAX): below zero or too long to be told, which
 * are set aside; none, or reaching to a stop that there is none of; or a sample all the same: an
 * origin after the start, or a sum beyond TK_TICKS_MAX, which fits 48 bits.
 */
static __attribute__((noinline)) void unusual_latency(struct tk_aggregator *a, uint32_t id,
						      int64_t since, int64_t to_stop)
{
	struct tk_tally *t = a->tallies[id];

	if (since == TK_TICKS_NONE || to_stop == TK_TICKS_NONE)
		return;
	if (since == TK_TICKS_MAX || to_stop == TK_TICKS_MAX)
		t->across[TK_LATENCY]++;
	else if (since + to_stop < 0)
		t->negative[TK_LATENCY]++;
	else
		add(a, t, id, TK_LATENCY, (uint64_t)(since + to_stop));
}

/* A record whose duration is no sample. It may have a latency all the same. */
static __attribute__((noinline)) void no_sample(struct tk_aggregator *a, struct tk_tally *t,
						const struct tk_slot *s, int64_t duration)
{
	uint8_t kind = tk_slot_kind(s);

	if (is_measured(kind)) {
		no_processing(a, t, kind, duration);
		unusual_latency(a, tk_slot_timer(s), tk_slot_since_origin(s),
				duration & a->to_stop[kind]);
	} else if (kind == TK_KIND_MARK) {
		add_mark(a, t, s);
	} else {
		t->across[TK_PROCESSING]++; /* a value, of a timer of spans */
	}
}

/* ---- values ---- */

/* A record of a timer of values. Its number is no time: no floor, no epoch. */
static void add_value(struct tk_aggregator *a, struct tk_tally *t, const struct tk_slot *s)
{
	int64_t value = tk_slot_duration(s);
	uint32_t id = tk_slot_timer(s);
	uint8_t kind = tk_slot_kind(s);

	if (kind == TK_KIND_MARK)
		add_mark(a, t, s);
	else if (kind != TK_KIND_VALUE || value == TK_TICKS_MAX)
		t->across[TK_PROCESSING]++;
	else if (value < 0)
		t->negative[TK_PROCESSING]++;
	else if (!tk_tally_add(t, TK_PROCESSING, (uint64_t)value, tk_hist_index((uint64_t)value)))
		tk_tally_add_outside(a->pool, t, TK_PROCESSING, (uint64_t)value,
				     a->hints ? &a->hints[id] : NULL);
}

static struct tk_tally *values_of(const struct tk_aggregator *a, uint32_t id)
{
	return a->values && id < a->n_timers ? a->tallies[a->values + id] : NULL;
}

/*
 * The record's timer has no tally of spans: it is a timer of values, or a new one, or an unknown.
 * @return the tally of spans, if it has one by now; NULL: all is done
 */
static __attribute__((noinline)) struct tk_tally *other(struct tk_aggregator *a, uint64_t *got,
							const struct tk_slot *s)
{
	uint32_t id = tk_slot_timer(s);
	struct tk_tally *values = values_of(a, id);

	if (!values && a->more) {
		a->more(a, id);
		if (tally_of(a, s))
			return tally_of(a, s);
		values = values_of(a, id);
	}
	if (!values) {
		unknown(a, got, id);
		return NULL;
	}
	got[id]++;
	add_value(a, values, s);
	return NULL;
}

/* ---- spans ---- */

/*
 * Nothing below zero and nothing saturated is a duration, and what has none is below zero: one
 * comparison tells all. So for the origin.
 */
static inline __attribute__((always_inline)) void
aggregate_one(struct tk_aggregator *a, uint64_t *got, const struct tk_slot *s, bool epochs)
{
	struct tk_tally *t = tally_of(a, s);
	uint32_t id = tk_slot_timer(s);
	uint8_t kind = tk_slot_kind(s);
	int64_t duration = tk_slot_duration(s) | a->no_duration[kind];
	int64_t since = tk_slot_since_origin(s);
	int64_t ticks;

	if (__builtin_expect(!t, 0)) {
		t = other(a, got, s);
		if (!t)
			return;
	}
	got[id]++;
	if (epochs && is_measured(kind) && crossed(a, s, duration, since)) {
		across(a, t, kind, duration, since);
		return;
	}
	if (__builtin_expect((uint64_t)duration >= TK_TICKS_MAX, 0)) {
		no_sample(a, t, s, duration);
		return;
	}
	ticks = duration - a->floor[kind];
	add(a, t, id, TK_PROCESSING, ticks > 0 ? (uint64_t)ticks : 0);
	if ((uint64_t)since < TK_TICKS_MAX)
		add(a, t, id, TK_LATENCY, (uint64_t)(since + (duration & a->to_stop[kind])));
	else if (since != TK_TICKS_NONE)
		unusual_latency(a, id, since, duration & a->to_stop[kind]);
}

/* ---- many timers ---- */

static inline __attribute__((always_inline)) void
prepare_sample(struct tk_sample *p, const struct tk_tally *t, enum tk_measure m, uint64_t ticks)
{
	uint32_t bucket = tk_hist_index(ticks);

	p->ticks[m] = ticks;
	p->bucket[m] = (uint16_t)bucket;
	/* Loading where the window is fetches the line with sums and extremes, too. */
	__builtin_prefetch((const void *)(t->bucket0[m] + bucket * sizeof(uint32_t)), 1);
}

/* As aggregate_one() goes, where that is straight. @return the tally, or NULL if it is not */
static inline __attribute__((always_inline)) struct tk_tally *
prepare_one(const struct tk_aggregator *a, const struct tk_slot *s, struct tk_sample *p)
{
	struct tk_tally *t = tally_of(a, s);
	uint8_t kind = tk_slot_kind(s);
	int64_t duration = tk_slot_duration(s) | a->no_duration[kind];
	int64_t since = tk_slot_since_origin(s);
	int64_t ticks;

	if (__builtin_expect(!t || (uint64_t)duration >= TK_TICKS_MAX, 0))
		return NULL;
	ticks = duration - a->floor[kind];
	p->timer = tk_slot_timer(s);
	p->bucket[TK_LATENCY] = TK_NO_BUCKET;
	prepare_sample(p, t, TK_PROCESSING, ticks > 0 ? (uint64_t)ticks : 0);
	if ((uint64_t)since < TK_TICKS_MAX)
		prepare_sample(p, t, TK_LATENCY, (uint64_t)(since + (duration & a->to_stop[kind])));
	else if (since != TK_TICKS_NONE)
		return NULL;
	return t;
}

void tk_aggregate_prepare(const struct tk_aggregator *a, struct tk_batch *b)
{
	/* Few timers stay in the L2 cache by themselves, where preparing costs 10 %; it gains 15 %
	 * for 1,000 (measured). */
	b->prepared = a->n_timers > FEW_TIMERS;
	for (size_t i = 0; b->prepared && i < b->n; i++)
		b->samples[i].tally = prepare_one(a, &b->slots[i], &b->samples[i]);
}

static inline __attribute__((always_inline)) void
add_sample(struct tk_aggregator *a, const struct tk_sample *p, enum tk_measure m)
{
	if (__builtin_expect(!tk_tally_add(p->tally, m, p->ticks[m], p->bucket[m]), 0))
		add_outside(a, p->timer, m, p->ticks[m]);
}

static __attribute__((noinline)) void aggregate_other(struct tk_aggregator *a, uint64_t *got,
						      const struct tk_slot *s)
{
	aggregate_one(a, got, s, false);
}

static void aggregate_prepared(struct tk_aggregator *a, uint64_t *got, const struct tk_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct tk_sample *p = &b->samples[i];

		if (__builtin_expect(!p->tally, 0)) {
			aggregate_other(a, got, &b->slots[i]);
			continue;
		}
		got[p->timer]++;
		add_sample(a, p, TK_PROCESSING);
		if (p->bucket[TK_LATENCY] != TK_NO_BUCKET)
			add_sample(a, p, TK_LATENCY);
	}
}

/* ---- all ---- */

/* An epoch may begin after a batch was prepared: then each record is looked at. */
void tk_aggregate(struct tk_aggregator *a, uint64_t *got, const struct tk_batch *b)
{
	if (a->clock && a->clock->epoch.number)
		for (size_t i = 0; i < b->n; i++)
			aggregate_one(a, got, &b->slots[i], true);
	else if (b->prepared)
		aggregate_prepared(a, got, b);
	else
		for (size_t i = 0; i < b->n; i++)
			aggregate_one(a, got, &b->slots[i], false);
}
