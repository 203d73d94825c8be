/* SPDX-License-Identifier: MIT */
/*
 * What statistics cost the collector: history [PART]
 *
 *	packed		bytes of a packed histogram, without its facts: mean and most of 50
 *	closing		cpu time of an interval's end, 1,000 timers, 20 samples a measure: as they
 *			are, a phase each; and as if all tiers of all closed together
 *	memory		RssAnon beyond that of 10 timers, without history: 1,000 and 5,000 timers at
 *			200 samples/s of each measure, as after 10 minutes
 *	reach		how far back 256 MiB reach at 1,000 timers (a tenth of both is run)
 *	window		a window over the last 6,000 intervals of one timer of 100
 *	overview	300 timers, both measures, the last 10 s: one step of a sliding window
 *	snapshot	how long a snapshot of 1,000 timers holds the collector's lock
 *
 * Without an argument: all. Samples are log-normal, σ 0.5 around 3,000 ticks. No engine, no clock:
 * series are fed (tk_series_feed()). Times are of the thread's cpu clock.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "collector/engine/views/recent.h"
#include "collector/engine/views/shown.h"
#include "collector/stats/past/window.h"
#include "collector/stats/registry.h"

#define INTERVAL INT64_C(100000000)
#define BUDGET   ((size_t)256 << 20)
#define TABLE    65536u
#define SPREAD   4096u /* buckets that counters are made for */

static uint32_t table[TABLE]; /* samples, as many as are drawn from */
static size_t drawn;

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* n samples, as a tally has them. */
static struct tk_hist_counted draw(uint32_t *counters, size_t n)
{
	struct tk_hist_counted c = { .min = UINT64_MAX };
	size_t from = drawn;

	for (size_t i = 0; i < n; i++, drawn++) {
		uint64_t v = table[drawn * 40503u % TABLE];

		c.min = v < c.min ? v : c.min;
		c.max = v > c.max ? v : c.max;
		c.sum += v;
	}
	c.first = tk_hist_index(c.min);
	c.n = tk_hist_index(c.max) - c.first + 1;
	c.counters = counters;
	memset(counters, 0, c.n * sizeof(*counters));
	for (; from < drawn; from++)
		counters[tk_hist_index(table[from * 40503u % TABLE]) - c.first]++;
	return c;
}

static void packed(void)
{
	static const size_t samples[] = { 20, 200, 2000, 10000 };
	static uint32_t counters[SPREAD];
	static uint8_t bytes[TK_PACK_MAX];

	for (size_t i = 0; i < 4; i++) {
		uint32_t sum = 0, most = 0;

		for (int k = 0; k < 50; k++) {
			struct tk_hist_counted c = draw(counters, samples[i]);
			struct tk_bins b = { 0 };
			uint32_t size;

			tk_bins_add_counted(&b, &c);
			size = tk_pack(&b, bytes);
			sum += size;
			most = size > most ? size : most;
			tk_bins_free(&b);
		}
		printf("packed, %zu samples: %u bytes, at most %u\n", samples[i], sum / 50, most);
	}
}

static void feed(struct tk_series *s, size_t n)
{
	static uint32_t counters[TK_MEASURES][SPREAD];
	const struct tk_counts c = { .records = n, .count = { n, n } };
	const struct tk_hist_counted of[TK_MEASURES] = { draw(counters[0], n),
							 draw(counters[1], n) };

	tk_series_feed(s, &c, of);
}

static void add_timers(struct tk_registry *r, size_t n, int64_t now)
{
	for (size_t i = 0; i < n; i++)
		if (!tk_registry_add(r, "bench", "timer", "bench.1", now))
			abort();
}

/* One interval of all timers. @return cpu time of its end, in ms */
static double live_once(struct tk_registry *r, int64_t now, size_t samples)
{
	double began;

	for (size_t i = 0; i < r->n; i++)
		feed(r->series[i], samples);
	began = cpu_ms();
	tk_registry_close(r, now, (uint64_t)INTERVAL);
	return cpu_ms() - began;
}

static void closing_of(const char *how, bool together)
{
	enum { TIMERS = 1000, INTERVALS = 500 };
	static double ms[INTERVALS];
	double one = 0, all = 0, worst = 0;
	struct tk_registry r;

	tk_registry_init(&r, BUDGET);
	add_timers(&r, TIMERS, 0);
	for (size_t i = 0; together && i < r.n; i++)
		memset(r.series[i]->phase_ns, 0, sizeof(r.series[i]->phase_ns));
	for (int i = 0; i < INTERVALS; i++) {
		ms[i] = live_once(&r, (i + 1) * INTERVAL, 20);
		if (i < 100) /* buffers, chunks and caches are warm then */
			continue;
		worst = ms[i] > worst ? ms[i] : worst;
		if (i % 100 == 99)
			all = ms[i] > all ? ms[i] : all;
		else if (i % 10 == 9)
			one = ms[i] > one ? ms[i] : one;
	}
	printf("closing 1,000 timers, %s: median %.2f ms, worst %.2f ms", how,
	       tk_quantile(ms, INTERVALS, 0.5), worst);
	if (together)
		printf(" (a second ends: %.2f, ten: %.2f)", one, all);
	printf("\n");
	tk_registry_free(&r);
}

static void closing(void)
{
	closing_of("a phase each", false);
	closing_of("all tiers together", true);
}

/* The total is made what it is after 10 minutes, at once; then 20 s are lived. */
static double memory_of(size_t timers)
{
	struct tk_registry r;
	double most = 0;

	tk_registry_init(&r, 0);
	add_timers(&r, timers, 0);
	for (size_t i = 0; i < timers; i++)
		for (int k = 0; k < 2; k++)
			feed(r.series[i], 60000);
	tk_registry_close(&r, 60000 * INTERVAL, (uint64_t)INTERVAL);
	for (int i = 1; i <= 201; i++) {
		for (size_t k = 0; k < r.n; k++)
			feed(r.series[k], 20);
		most = fmax(most, tk_rss_anon_mb());
		tk_registry_close(&r, (60000 + i) * INTERVAL, (uint64_t)INTERVAL);
	}
	tk_registry_free(&r);
	return most;
}

static void memory(void)
{
	double few = memory_of(10);

	printf("RssAnon beyond 10 timers: 1,000 timers %.1f MB", memory_of(1000) - few);
	printf("; 5,000 timers %.1f MB (series alone: tallies and history apart)\n",
	       memory_of(5000) - few);
}

static void reach(void)
{
	enum { TIMERS = 100 };
	struct tk_registry r;
	struct tk_hold hold;
	struct tk_past p = { .hold = &hold };
	int64_t now = 0, entry;

	tk_registry_init(&r, BUDGET / 10);
	add_timers(&r, TIMERS, 0);
	for (int i = 1; i <= 20000; i++)
		live_once(&r, now = i * INTERVAL, 20);
	if (tk_hold_take(&hold, &r.history) < 0)
		abort();
	memcpy(p.trail, r.series[TIMERS / 2]->trail, sizeof(p.trail));
	printf("reach of 1,000 timers in 256 MiB:");
	for (unsigned i = 0; i < TK_TIERS; i++) {
		entry = tk_past_tier_reach(&p, i);
		printf(" tier %u %.0f s%s;", i, (double)(now - entry) / 1e9,
		       entry == 0 ? " or more" : "");
	}
	printf(" %.1f MiB of %.1f used\n", (double)tk_history_used(&r.history) / (1 << 20),
	       (double)BUDGET / 10 / (1 << 20));
	tk_hold_release(&hold);
	tk_registry_free(&r);
}

static void past_of(struct tk_past *p, struct tk_hold *hold, const struct tk_registry *r, size_t i)
{
	p->hold = hold;
	memcpy(p->trail, r->series[i]->trail, sizeof(p->trail));
}

static void window_of(size_t samples)
{
	enum { TIMERS = 100, INTERVALS = 6100 };
	double taken, began, hold_ms = 0, most = 0, ns[1];
	struct tk_window w = { 0 };
	struct tk_registry r;
	struct tk_hold hold;
	struct tk_past p;
	int64_t now = 0;

	tk_registry_init(&r, samples > 100 ? 8 * BUDGET : BUDGET);
	add_timers(&r, samples > 100 ? 4 : TIMERS, 0);
	for (int i = 1; i <= INTERVALS; i++)
		live_once(&r, now = i * INTERVAL, samples);
	for (size_t i = 0; i < r.n; i++) {
		began = cpu_ms();
		if (tk_hold_take(&hold, &r.history) < 0)
			abort();
		hold_ms = cpu_ms() - began;
		past_of(&p, &hold, &r, i);
		began = cpu_ms();
		tk_window_gather(&w, &p, TK_PROCESSING, now - 6000 * INTERVAL + 1, now - 1);
		tk_window_quantiles(&w, &tk_quantiles[TK_P99], 1, ns);
		taken = cpu_ms() - began;
		most = taken > most ? taken : most;
		tk_hold_release(&hold);
	}
	printf("window over 6,000 intervals of %zu samples: worst %.2f ms; the lock is held %.3f "
	       "ms; %llu samples\n",
	       samples, most, hold_ms, (unsigned long long)w.counts.count[0]);
	tk_window_free(&w);
	tk_registry_free(&r);
}

static void window(void)
{
	window_of(20);
	window_of(10000);
}

static void overview(void)
{
	enum { TIMERS = 300, INTERVALS = 300 };
	static struct tk_sliding s[TIMERS][TK_MEASURES];
	double began, worst = 0, p99;
	struct tk_registry r;
	struct tk_hold hold;
	struct tk_past p;

	tk_registry_init(&r, BUDGET);
	add_timers(&r, TIMERS, 0);
	for (int i = 1; i <= INTERVALS; i++) {
		live_once(&r, i * INTERVAL, 20);
		began = cpu_ms();
		if (tk_hold_take(&hold, &r.history) < 0)
			abort();
		for (size_t k = 0; k < 2 * TIMERS; k++) {
			past_of(&p, &hold, &r, k / 2);
			tk_sliding_move(&s[k / 2][k % 2], &p, (enum tk_measure)(k % 2),
					(i - 100) * INTERVAL);
			tk_window_quantiles(&s[k / 2][k % 2].w, &tk_quantiles[TK_P99], 1, &p99);
		}
		tk_hold_release(&hold);
		if (i > 150)
			worst = fmax(worst, cpu_ms() - began);
	}
	printf("overview of 300 timers, last 10 s, p99 of both measures: worst frame %.2f ms\n",
	       worst);
	for (size_t k = 0; k < 2 * TIMERS; k++)
		tk_sliding_free(&s[k / 2][k % 2]);
	tk_registry_free(&r);
}

static void snapshot_of(const char *what, struct tk_shown *shown, const struct tk_view *v)
{
	enum { TIMES = 101 };
	struct tk_shown_past past;
	struct tk_snapshot *s;
	double ms[TIMES];

	for (int i = 0; i < TIMES; i++) {
		live_once(&shown->registry, shown->state.closed_ns += INTERVAL, 20);
		ms[i] = cpu_ms();
		s = tk_shown_copy(shown, v, &past);
		ms[i] = cpu_ms() - ms[i];
		s = tk_shown_complete(s, &past);
		tk_snapshot_free(s);
	}
	printf("snapshot of 1,000 timers, %s: the lock is held %.2f ms, at most %.2f ms\n", what,
	       tk_quantile(ms, TIMES, 0.5), tk_quantile(ms, TIMES, 1));
}

static void snapshot(void)
{
	static struct tk_shown shown;
	struct tk_recent recent = { 0 };

	tk_registry_init(&shown.registry, BUDGET);
	add_timers(&shown.registry, 1000, 0);
	snapshot_of("all of them", &shown, &(struct tk_view){ 0 });
	snapshot_of("the last 10 s", &shown, &(struct tk_view){ .recent = &recent });
	snapshot_of("one in detail", &shown, &(struct tk_view){ .key = 500, .max_points = 100 });
	tk_recent_free(&recent);
	tk_shown_free(&shown);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} part[] = { { "packed", packed },    { "closing", closing }, { "memory", memory },
		     { "reach", reach },      { "window", window },   { "overview", overview },
		     { "snapshot", snapshot } };

	tk_lognormal(table, TABLE, 3000, 0.5);
	tk_describe_machine(stdout);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (argc < 2 || strcmp(argv[1], part[i].name) == 0)
			part[i].run();
	return 0;
}
