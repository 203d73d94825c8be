/* SPDX-License-Identifier: MIT */
/* Series that are fed by hand, and what they say of their past. */
#ifndef TK_TESTS_COLLECTOR_SERIES_FED_H
#define TK_TESTS_COLLECTOR_SERIES_FED_H

#include "collector/stats/series.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/stats/past/past.h"
#include "tests/random.h"

#define SECOND   INT64_C(1000000000)
#define INTERVAL (SECOND / 10)
#define BIG      (UINT64_C(1) << 30)

static struct tk_tally_pool pool;
static struct tk_history history;

static inline void add(struct tk_tally *t, enum tk_measure m, uint64_t ticks, uint64_t n)
{
	while (n--)
		if (!tk_tally_add(t, m, ticks, tk_hist_index(ticks)))
			tk_tally_add_outside(&pool, t, m, ticks, NULL);
}

/* So many records with a duration and no origin; a tenth as many are lost. */
static inline void give(struct tk_series *s, struct tk_tally *t, uint64_t ticks, uint64_t n)
{
	add(t, TK_PROCESSING, ticks, n);
	tk_series_take(s, t);
	tk_series_lose(s, n / 10);
}

static inline void adds_up(const struct tk_datapoint *d)
{
	cr_assert_eq(d->records, d->count + d->aside + d->without + d->lost);
}

static inline void add_datapoint(struct tk_datapoint *sum, const struct tk_datapoint *d)
{
	adds_up(d);
	sum->records += d->records;
	sum->lost += d->lost;
	sum->count += d->count;
	sum->aside += d->aside;
	sum->without += d->without;
}

/* A series' past, as a viewer reads it. */
struct reading {
	struct tk_hold hold;
	struct tk_past past;
};

static inline const struct tk_past *read_past(struct reading *r, const struct tk_series *s)
{
	cr_assert_eq(tk_hold_take(&r->hold, &history), 0);
	r->past.hold = &r->hold;
	memcpy(r->past.trail, s->trail, sizeof(r->past.trail));
	return &r->past;
}

static inline size_t count_points(const struct tk_series *s, enum tk_measure m, unsigned tier)
{
	struct reading r;
	size_t n = tk_past_count(read_past(&r, s), tier, m, -1, INT64_MAX);

	tk_hold_release(&r.hold);
	return n;
}

static inline size_t points(const struct tk_series *s, unsigned tier, struct tk_datapoint *out,
			    size_t max)
{
	struct reading r;
	size_t n = tk_past_points(read_past(&r, s), tier, TK_PROCESSING, -1, INT64_MAX, out, max);

	tk_hold_release(&r.hold);
	return n;
}

static inline int64_t tier_reach(const struct tk_series *s, unsigned tier)
{
	struct reading r;
	int64_t reach = tk_past_tier_reach(read_past(&r, s), tier);

	tk_hold_release(&r.hold);
	return reach;
}

static inline int64_t reach_of(const struct tk_series *s)
{
	struct reading r;
	int64_t reach = tk_past_reach(read_past(&r, s));

	tk_hold_release(&r.hold);
	return reach;
}

static inline unsigned tier_for(const struct tk_series *s, int64_t from, int64_t to, size_t max)
{
	struct reading r;
	unsigned tier = tk_past_tier(read_past(&r, s), from, to, max);

	tk_hold_release(&r.hold);
	return tier;
}

/* All datapoints of a tier together, which follow each other. */
static inline struct tk_datapoint sum_up(const struct tk_series *s, enum tk_measure m,
					 unsigned tier)
{
	struct tk_datapoint *d, sum = { 0 };
	struct reading r;
	size_t n = tk_past_count(read_past(&r, s), tier, m, 0, INT64_MAX);

	d = calloc(n + 1, sizeof(*d));
	cr_assert_eq(tk_past_points(&r.past, tier, m, 0, INT64_MAX, d, n), n);
	for (size_t i = 0; i < n; i++) {
		add_datapoint(&sum, &d[i]);
		if (i)
			cr_assert_eq(d[i].t_ns - (int64_t)d[i].interval_ns, d[i - 1].t_ns,
				     "a gap or an overlap in time");
	}
	tk_hold_release(&r.hold);
	free(d);
	return sum;
}

static inline void free_all(struct tk_series *s)
{
	tk_series_free(s);
	tk_history_free(&history);
	cr_assert_eq(tk_history_used(&history), 0);
}

static inline void same_counts(const struct tk_datapoint *a, const struct tk_datapoint *b)
{
	cr_assert_eq(a->records, b->records);
	cr_assert_eq(a->lost, b->lost);
	cr_assert_eq(a->count, b->count);
	cr_assert_eq(a->aside, b->aside);
	cr_assert_eq(a->without, b->without);
}

#endif
