/* SPDX-License-Identifier: MIT */
/* Everything since the collector began, as one interval: against what was fed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/views/total.h"
#include "tests/random.h"

#define TIMERS    7
#define INTERVALS 40
#define SECOND    INT64_C(1000000000)

static struct tk_shown shown;

#define TICKS 100u /* each sample; so short a one has a bucket of its own */

static void feed(struct tk_series *s, uint32_t n, uint64_t lost)
{
	struct tk_hist_counted samples[TK_MEASURES] = {
		{ .counters = &n,
		  .first = TICKS,
		  .n = 1,
		  .min = TICKS,
		  .max = TICKS,
		  .sum = (uint64_t)n * TICKS },
	};
	struct tk_counts c = {
		.records = n + lost, .lost = lost, .count = { n }, .without = { 0, n }
	};

	tk_series_feed(s, &c, samples);
}

static struct tk_source_figures process(uint32_t pid, uint64_t delivered, uint64_t lost)
{
	struct tk_source_figures f = { .pid = pid, .delivered = delivered, .lost = lost };

	snprintf(f.name, sizeof(f.name), "app.%u.x", pid);
	snprintf(f.app, sizeof(f.app), "app");
	return f;
}

Test(total, sums_up_every_interval_of_the_living_and_the_ended)
{
	uint64_t records[TIMERS] = { 0 }, lost[TIMERS] = { 0 };
	struct tk_series *series[TIMERS];
	double sum[TIMERS] = { 0 };
	uint64_t seed = 14;

	tk_registry_init(&shown.registry, 1u << 20);
	shown.began_ns = SECOND;
	for (unsigned k = 0; k < TIMERS; k++) {
		char name[16];

		snprintf(name, sizeof(name), "timer%u", k);
		series[k] = tk_registry_add(&shown.registry, "app", name, "app.1.x", SECOND);
		series[k]->pid = 1;
	}
	for (int64_t i = 1; i <= INTERVALS; i++) {
		/* Timer 0 records nothing; the last one ends halfway, and one of two epochs. */
		for (unsigned k = 1; k < TIMERS; k++) {
			uint64_t n = 1 + random_below(&seed, 100), l = random_below(&seed, 3);

			if (k == TIMERS - 1 && i > INTERVALS / 2)
				continue;
			series[k]->clock = k == 2 && i > 10 ? 2 : 1;
			series[k]->ns_per_tick = k == 2 && i > 10 ? 3 : 1;
			feed(series[k], (uint32_t)n, l);
			sum[k] += (double)n * TICKS * series[k]->ns_per_tick;
			records[k] += n + l;
			lost[k] += l;
		}
		if (i == INTERVALS / 2)
			tk_registry_leave(&shown.registry, series[TIMERS - 1]);
		tk_registry_close(&shown.registry, (1 + i) * SECOND, (uint64_t)SECOND);
	}
	shown.state.closed_ns = (1 + INTERVALS) * SECOND;

	struct tk_interval *total = tk_total(&shown);
	cr_assert_not_null(total);
	cr_assert_eq(total->number, 0);
	cr_assert_eq(total->interval_ns, INTERVALS * (uint64_t)SECOND);
	cr_assert_eq(total->n_timers, TIMERS - 1);
	cr_assert(!total->cut);
	for (unsigned k = 1; k < TIMERS; k++) {
		const struct tk_interval_timer *t = &total->timers[k - 1];
		const struct tk_datapoint *d = &t->of[TK_PROCESSING];

		cr_assert_eq(d->records, records[k]);
		cr_assert_eq(d->lost, lost[k]);
		cr_assert_eq(d->records, d->count + d->aside + d->without + d->lost);
		cr_assert_float_eq(d->sum_ns, sum[k], 1e-6 * sum[k]);
		cr_assert_eq(d->min_ns, TICKS);
		cr_assert_eq(d->max_ns, k == 2 ? 3 * TICKS : TICKS);
		cr_assert_eq(d->interval_ns, total->interval_ns);
		cr_assert_eq(t->alive, k != TIMERS - 1);
	}
	tk_interval_free(total);
}

Test(total, has_each_process_once_and_says_what_is_missing)
{
	struct tk_source_figures living = process(2, 5, 0);
	struct tk_interval *total;

	memset(&shown, 0, sizeof(shown));
	tk_registry_init(&shown.registry, 1u << 20);
	shown.ended = calloc(2, sizeof(*shown.ended));
	shown.ended[0] = process(1, 10, 3);
	shown.ended[0].unsettled = 1;
	shown.ended[1] = process(3, 0, 0); /* without a record: it is there all the same */
	shown.n_ended = 2;
	shown.segments = &living;
	shown.n_segments = 1;
	total = tk_total(&shown);
	cr_assert_eq(total->n_processes, 3);
	cr_assert_eq(total->processes[0].records, 13);
	cr_assert_eq(total->processes[0].attributed, 2);
	cr_assert(total->processes[0].unsettled);
	cr_assert_eq(total->processes[1].records, 0);
	cr_assert_eq(total->processes[2].records, 5);
	cr_assert(!total->cut);
	tk_interval_free(total);
	shown.forgotten_processes = 1;
	total = tk_total(&shown);
	cr_assert(total->cut);
	tk_interval_free(total);
}
