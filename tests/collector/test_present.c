/* SPDX-License-Identifier: MIT */
/* What has no past: its intervals and totals are those of a series that has one. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/registry.h"
#include "tests/random.h"

#define SECOND    INT64_C(1000000000)
#define INTERVALS 400

static struct tk_registry with, without;
static struct tk_tally_pool pool;

static struct tk_series *begin(struct tk_registry *r, bool no_past)
{
	struct tk_series *s;

	tk_registry_init(r, 1u << 20);
	r->no_past = r->keeps_closed = no_past;
	s = tk_registry_add(r, "app", "timer", "app.1.0", SECOND);
	cr_assert(s);
	return s;
}

static void add(struct tk_tally *t, enum tk_measure m, uint64_t ticks)
{
	if (!tk_tally_add(t, m, ticks, tk_hist_index(ticks)))
		tk_tally_add_outside(&pool, t, m, ticks, NULL);
}

/* Some records, or none; of some only one measure has samples. The tally is empty then. */
static void give(struct tk_series *s, struct tk_tally *t, struct tk_bins into[TK_MEASURES],
		 uint64_t *state)
{
	uint64_t n = random_below(state, 4) ? random_below(state, 300) : 0;
	bool latency = random_below(state, 2);

	for (uint64_t i = 0; i < n; i++) {
		for (int m = 0; m < TK_MEASURES; m++) {
			uint64_t ticks = random_log(state, 30);

			if (m == TK_LATENCY && !latency)
				continue;
			add(t, (enum tk_measure)m, ticks);
			tk_bins_add(&into[m], ticks, 1);
		}
	}
	tk_series_take(s, t);
	tk_series_lose(s, n / 10);
}

static void same_datapoint(const struct tk_datapoint *a, const struct tk_datapoint *b)
{
	cr_assert_eq(a->t_ns, b->t_ns);
	cr_assert_eq(a->interval_ns, b->interval_ns);
	cr_assert_eq(a->records, b->records);
	cr_assert_eq(a->lost, b->lost);
	cr_assert_eq(a->count, b->count);
	cr_assert_arr_eq(a->p_ns, b->p_ns, sizeof(a->p_ns));
	cr_assert_eq(a->sum_ns, b->sum_ns);
	cr_assert_eq(a->max_ns, b->max_ns);
}

static void same_bins(const struct tk_bins *a, const struct tk_bins *b)
{
	cr_assert_eq(a->count, b->count);
	cr_assert_eq(a->bare, b->bare);
	if (!a->count)
		return;
	cr_assert(a->sum == b->sum);
	cr_assert_eq(a->min, b->min);
	cr_assert_eq(a->max, b->max);
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
		cr_assert_eq(tk_bins_at(a, i), tk_bins_at(b, i));
}

static void same_totals(const struct tk_series *a, const struct tk_series *b, int64_t now)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_datapoint x, y;

		tk_series_total(a, (enum tk_measure)m, now, true, &x);
		tk_series_total(b, (enum tk_measure)m, now, true, &y);
		same_datapoint(&x, &y);
	}
}

/* Epochs of the clock begin meanwhile; the interval's own histograms are kept until the next. */
Test(present, intervals_and_totals_are_those_of_a_series_with_a_past)
{
	struct tk_series *a = begin(&with, false), *b = begin(&without, true);
	struct tk_tally *t = tk_tally_get(&pool);
	int64_t now = SECOND;

	for (uint64_t state = 1, again; now < INTERVALS * SECOND;) {
		struct tk_bins given[TK_MEASURES] = { 0 }, other[TK_MEASURES] = { 0 };

		if (random_below(&state, 50) == 0)
			a->clock = b->clock = a->clock + 1;
		again = state;
		give(a, t, other, &state);
		give(b, t, given, &again);
		now += SECOND;
		tk_registry_close(&with, now, SECOND);
		tk_registry_close(&without, now, SECOND);
		for (int m = 0; m < TK_MEASURES; m++) {
			same_datapoint(&a->track[m].last, &b->track[m].last);
			same_bins(&b->track[m].closed, &given[m]);
			cr_assert_eq(a->track[m].closed.count, 0, "nobody asked for it");
			tk_bins_free(&given[m]);
			tk_bins_free(&other[m]);
		}
	}
	same_totals(a, b, now);
	cr_assert_gt(tk_history_used(&with.history), 0);
	cr_assert_eq(tk_history_used(&without.history), 0);
	tk_tally_put(&pool, t);
	tk_registry_free(&with);
	tk_registry_free(&without);
}

/* The histograms of its last interval are there when that ends, and gone with the next. */
Test(present, what_has_ended_keeps_its_last_interval_until_the_next)
{
	struct tk_series *s = begin(&without, true);
	struct tk_bins given[TK_MEASURES] = { 0 };
	struct tk_tally *t = tk_tally_get(&pool);
	uint64_t state = 7;

	while (!given[0].count)
		give(s, t, given, &state);
	tk_registry_leave(&without, s);
	tk_registry_close(&without, 2 * SECOND, SECOND);
	for (int m = 0; m < TK_MEASURES; m++)
		same_bins(&s->track[m].closed, &given[m]);
	tk_registry_close(&without, 3 * SECOND, SECOND);
	for (int m = 0; m < TK_MEASURES; m++) {
		cr_assert_null(s->track[m].closed.counters);
		tk_bins_free(&given[m]);
	}
	tk_tally_put(&pool, t);
	tk_registry_free(&without);
}
