/* SPDX-License-Identifier: MIT */
/*
 * bench/ffi - what a span costs through libtimekeeper-ffi, beside the inline one.
 *
 *	build/bench/ffi		a second
 *
 * Inline and called spans are interleaved batch by batch in several processes, as in
 * bench/overhead. A span is two calls, which a language makes as this program does: through a table
 * that the dynamic linker filled before main(). The goal: at most 4 cycles more. Exit 1 if it is
 * missed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/called.h"
#include "bench/measure.h"
#include "producer/timekeeper.h"
#include "tsc/freq.h"

#define PROCESSES 11u
#define ROUNDS    400u
#define GOAL      4.0

static tk_timer_t timer;
static struct tk_origin origin;

SPANS(tk_inlined, , tk_start(timer), tk_stop(timer, start))
SPANS(tk_inlined_lane, tk_lane_t *lane = tk_lane(), tk_start_on(lane, timer),
      tk_stop_on(lane, timer, start))
SPANS(tk_inlined_latency, , tk_start(timer), tk_stop_latency(timer, start, origin))

#define VARIANTS 6u
static const tk_variant variants[VARIANTS] = { tk_inlined,         tk_called,
					       tk_inlined_lane,    tk_called_on_lane,
					       tk_inlined_latency, tk_called_latency };
static const char *const names[VARIANTS / 2] = { "a span", "with an explicit lane",
						 "with a latency" };

static void once(double *row)
{
	tk_pin(0);
	if (tk_open("ffi", NULL) || tk_join(NULL)) {
		fprintf(stderr, "ffi: %s\n", tk_why());
		exit(1);
	}
	timer = tk_timer("span");
	origin = tk_origin_now();
	tk_set_called(timer, origin.ticks, origin.real_ns);
	tk_measure(variants, VARIANTS, ROUNDS, 0, row);
	tk_close();
}

/* Medians over processes: variant i, the next, and what that costs more. @return the last */
static double report(const double *all, unsigned i, double tick_ns)
{
	double inline_ticks[PROCESSES], called_ticks[PROCESSES], more[PROCESSES], lo, hi, m;

	for (unsigned p = 0; p < PROCESSES; p++) {
		inline_ticks[p] = all[p * VARIANTS + i];
		called_ticks[p] = all[p * VARIANTS + i + 1];
		more[p] = called_ticks[p] - inline_ticks[p];
	}
	tk_bootstrap(more, PROCESSES, &lo, &hi);
	m = tk_quantile(more, PROCESSES, 0.5);
	printf("%-24s inline %6.2f, called %6.2f, more %5.2f  [%.2f, %.2f] cycles, %.2f ns\n",
	       names[i / 2], tk_quantile(inline_ticks, PROCESSES, 0.5),
	       tk_quantile(called_ticks, PROCESSES, 0.5), m, lo, hi, m * tick_ns);
	return m;
}

int main(void)
{
	static double all[PROCESSES * VARIANTS];
	struct tk_tsc_freq freq;
	double tick_ns = tk_tsc_freq_measure(20000000, &freq) ? 0 : 1e9 / freq.hz;
	double most = 0;

	tk_describe_machine(stdout);
	fprintf(stderr, "measuring: spans inline and through libtimekeeper-ffi\n");
	if (tk_in_processes(once, VARIANTS, PROCESSES, all)) {
		fprintf(stderr, "ffi: a process failed\n");
		return 1;
	}
	for (unsigned i = 0; i < VARIANTS; i += 2) {
		double m = report(all, i, tick_ns);

		most = m > most ? m : most;
	}
	printf("through the library, the most of these: <= %.1f cycles  %s\n", GOAL,
	       most <= GOAL ? "met" : "MISSED");
	return most > GOAL;
}
