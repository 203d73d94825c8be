/* SPDX-License-Identifier: MIT */
/*
 * What a scrape of `timekeeper serve` takes: scrape [TIMERS [ROUNDS]]
 *
 * The figures of TIMERS (1,000) timers with both measures, 30 buckets each, as after half a minute
 * of 100,000 samples a second that lie far apart, written as text, as OpenMetrics, and compressed:
 * the median of ROUNDS (15), and how large that is. Also what it takes to add an interval. A scrape
 * that finds the answer of this interval written already takes only its way over the network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/measure.h"
#include "collector/machine/now.h"
#include "collector/serve/http/gzip.h"
#include "collector/serve/text.h"
#include "collector/stats/past/pack.h"

#define SAMPLES     200u
#define INTERVALS   30u
#define ROUNDS_MAX  1000u
#define NS_PER_TICK (1 / 2.6)

static uint32_t table[65536];
static uint8_t packed[TK_MEASURES][TK_PACK_MAX];

static double ms_since(uint64_t began_ns)
{
	return (double)(tk_now_ns(CLOCK_MONOTONIC) - began_ns) / 1e6;
}

/* An interval's samples of one measure: 200 values, each of which comes 1 to 999 times. */
static void draw(struct tk_interval_timer *row, int measure)
{
	static unsigned drawn;
	struct tk_bins b = { 0 };

	for (unsigned i = 0; i < SAMPLES; i++, drawn++)
		tk_bins_add(&b, table[drawn * 40503u % 65536u], 1 + drawn * 2654435761u % 999);
	row->packed[measure] = (struct tk_packed){
		.sum = b.sum,
		.count = b.count,
		.min = b.min,
		.max = b.max,
		.bytes = packed[measure],
		.size = tk_pack(&b, packed[measure]),
	};
	row->of[measure] = (struct tk_datapoint){ .records = b.count,
						  .count = b.count,
						  .sum_ns = (double)b.sum * NS_PER_TICK };
	row->ns_per_tick = NS_PER_TICK;
	row->clock = 1;
	tk_bins_free(&b);
}

/* @return ms for all timers */
static double add_interval(struct tk_metrics *m, unsigned timers)
{
	struct tk_interval_timer row = { .app = "gateway", .pid = 1, .alive = true };
	struct tk_interval i = { .interval_ns = TK_SECOND_NS, .n_timers = 1, .timers = &row };
	double ms = 0;

	for (unsigned k = 0; k < timers; k++) {
		uint64_t began;

		snprintf(row.name, sizeof(row.name), "Sequencer-%u.handle", k);
		for (int measure = 0; measure < TK_MEASURES; measure++)
			draw(&row, measure);
		began = tk_now_ns(CLOCK_MONOTONIC);
		if (tk_metrics_add(m, &i) < 0)
			exit(1);
		ms += ms_since(began);
	}
	return ms;
}

/* A scrape. @return its bytes */
static size_t scrape(const struct tk_metrics *m, bool openmetrics, bool gzip)
{
	struct tk_buffer text = { 0 };
	size_t n;

	tk_metrics_text(m, openmetrics, &text);
	n = text.n;
	if (gzip)
		free(tk_gzip(text.at, text.n, &n));
	if (text.failed)
		exit(1);
	tk_buffer_free(&text);
	return n;
}

static void report(const struct tk_metrics *m, const char *what, bool openmetrics, bool gzip,
		   unsigned rounds)
{
	double ms[ROUNDS_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t began = tk_now_ns(CLOCK_THREAD_CPUTIME_ID);

		n = scrape(m, openmetrics, gzip);
		ms[i] = (double)(tk_now_ns(CLOCK_THREAD_CPUTIME_ID) - began) / 1e6;
	}
	printf("%-20s %7.1f ms cpu, %8.3f MB\n", what, tk_quantile(ms, rounds, 0.5),
	       (double)n / 1e6);
}

int main(int argc, char **argv)
{
	unsigned timers = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 15;
	const struct tk_metrics_options o = { .max_series = SIZE_MAX };
	const struct tk_texts none = { 0 };
	struct tk_bucket_sets sets;
	struct tk_metrics m;
	char why[256];
	double ms = 0;

	if (!timers || !rounds || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: scrape [TIMERS [ROUNDS]]\n");
		return 2;
	}
	if (tk_bucket_sets_open(&sets, &none, why) < 0)
		return 1;
	tk_describe_machine(stdout);
	tk_lognormal(table, 65536, 260000, 2);
	tk_metrics_open(&m, &o, &sets);
	for (unsigned i = 0; i < INTERVALS; i++)
		ms = add_interval(&m, timers);
	printf("%u timers, %zu series\n", timers, m.series);
	printf("%-20s %7.1f ms\n", "an interval", ms);
	report(&m, "text", false, false, rounds);
	report(&m, "text, gzip", false, true, rounds);
	report(&m, "OpenMetrics", true, false, rounds);
	report(&m, "OpenMetrics, gzip", true, true, rounds);
	tk_metrics_free(&m);
	return 0;
}
