/* SPDX-License-Identifier: MIT */
/*
 * bench/spinning - what a collector that never sleeps costs the program it watches, span by span.
 *
 * Every span is timed by itself, between two fenced stamps. Phases without a collector alternate
 * with phases with one that spins on the second cpu. A row is the median, over pairs of phases, of
 * the quotient with / without: of the median span and of the 99th percentile.
 */
#include <stdlib.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/watch.h"
#include "producer/timekeeper.h"

#define PAIRS 9u
#define SPANS 100000u

static tk_timer_t timer;
static double took[SPANS];

/* @pause: ticks between two spans. */
static void phase(uint64_t pause, double quantile[2])
{
	for (unsigned i = 0; i < SPANS; i++) {
		uint64_t start = tk_tsc_fenced(), end;

		tk_stop(timer, tk_start(timer));
		end = tk_tsc_fenced();
		took[i] = (double)(end - start);
		while (tk_tsc_fenced() - end < pause)
			;
	}
	tk_flush();
	quantile[0] = tk_quantile(took, SPANS, 0.5);
	quantile[1] = tk_quantile(took, SPANS, 0.99);
}

static int compare(uint64_t pause, const char *what)
{
	static const char *const names[2] = { "the median span", "the 99th percentile" };
	struct tk_watched sum = { 0 }, said;
	double ratio[2][PAIRS], ticks[2][2][PAIRS];
	struct tk_watch watch;

	for (unsigned i = 0; i < PAIRS; i++) {
		double without[2], with[2];

		fprintf(stderr, "\r%s: %u of %u ", what, i + 1, PAIRS);
		phase(pause, without);
		if (tk_watch_start(&watch, "spinning", "spin"))
			return -1;
		usleep(500000); /* the collector finds this process */
		phase(pause, with);
		tk_watch_stop(&watch, &said);
		sum.records += said.records;
		sum.lost += said.lost;
		sum.own += said.own;
		for (unsigned q = 0; q < 2; q++) {
			ratio[q][i] = with[q] / without[q];
			ticks[q][0][i] = without[q];
			ticks[q][1][i] = with[q];
		}
	}
	fprintf(stderr, "\r%60s\r", "");
	for (unsigned q = 0; q < 2; q++) {
		double lo, hi;

		tk_bootstrap(ratio[q], PAIRS, &lo, &hi);
		printf("%-28s %-20s %6.1f -> %6.1f cycles, quotient %.3f [%.3f, %.3f]  <= %.2f\n",
		       what, names[q], tk_quantile(ticks[q][0], PAIRS, 0.5),
		       tk_quantile(ticks[q][1], PAIRS, 0.5), tk_quantile(ratio[q], PAIRS, 0.5), lo,
		       hi, q ? 1.3 : 1.05);
	}
	tk_watch_print(stdout, &sum);
	return sum.lost || !sum.records;
}

int main(void)
{
	tk_describe_machine(stdout);
	tk_pin(0);
	if (tk_open("spinning", NULL) || tk_join(NULL)) {
		fprintf(stderr, "spinning: %s\n", tk_why());
		return 1;
	}
	timer = tk_timer("span");
	return compare(0, "spans one after the other") | compare(2500, "one span a microsecond");
}
