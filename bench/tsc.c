/* SPDX-License-Identifier: MIT */
/*
 * bench/tsc - how well the frequency and the offsets of this machine's counter can be measured.
 *
 *	tsc [--fits N] [--window-ms W]
 *
 * Frequency: N fits of W ms each (200 of 10 ms), and one long measurement between two clock pairs
 * around all of them. It prints percentiles of the fits' distance from the long measurement, and
 * how many fits lie within their own error bounds. Offsets: for every cpu, its interval, and half
 * its narrowest round trip.
 */
#include "collector/machine/now.h"
#include "tsc/check.h"
#include "tsc/clock.h"
#include "tsc/freq.h"
#include "tsc/offset.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(const double *sorted, int n, double p)
{
	return sorted[(int)fmin(n - 1, ceil(p / 100 * n))];
}

static int bench_freq(int n, uint64_t window_ns)
{
	struct tk_tsc_freq *fits = calloc((size_t)n, sizeof(*fits));
	double *error = calloc((size_t)n, sizeof(*error));
	struct tk_tsc_pair first, last;
	int in_stat = 0, in_bound = 0, err = fits && error ? 0 : -ENOMEM;
	double hz, bound;

	tk_tsc_pair_read(&first);
	for (int i = 0; i < n && !err; i++)
		err = tk_tsc_freq_measure(window_ns, &fits[i]);
	tk_tsc_pair_read(&last);
	hz = tk_tsc_pair_hz(&first, &last, &bound);
	if (err || hz <= 0)
		goto out;

	for (int i = 0; i < n; i++) {
		error[i] = 1e6 * fabs(fits[i].hz - hz) / hz;
		in_stat += error[i] <= fits[i].stat_ppm;
		in_bound += error[i] <= fits[i].bound_ppm + bound;
	}
	printf("reference   %.3f Hz, bound %.4f ppm, over %.1f s\n", hz, bound,
	       (double)(last.raw_ns - first.raw_ns) / 1e9);
	printf("fits        %d of %g ms; pairs kept %u, widest bracket %u ticks, stat %.4f ppm, "
	       "bound %.2f ppm (the last one's)\n",
	       n, (double)window_ns / 1e6, fits[n - 1].kept, fits[n - 1].width,
	       fits[n - 1].stat_ppm, fits[n - 1].bound_ppm);
	qsort(error, (size_t)n, sizeof(*error), by_value);
	printf("error, ppm  p50 %.4f  p90 %.4f  p99 %.4f  max %.4f\n", percentile(error, n, 50),
	       percentile(error, n, 90), percentile(error, n, 99), error[n - 1]);
	printf("truthful    %d of %d within their stat_ppm, %d within their bound_ppm\n", in_stat,
	       n, in_bound);
out:
	free(fits);
	free(error);
	return err;
}

static int bench_offsets(double hz)
{
	struct tk_tsc_offsets list;
	uint64_t began = tk_now_ns(CLOCK_MONOTONIC);
	int err = tk_tsc_offsets_measure(&list);
	double ms = (double)(tk_now_ns(CLOCK_MONOTONIC) - began) / 1e6, ns = 1e9 / hz;

	if (err)
		return err;
	if (!list.n)
		printf("offsets     one cpu only: nothing to compare\n");
	else
		printf("offsets     against cpu %d, %.2f ms a pair\n", list.ref_cpu, ms / list.n);
	for (uint32_t i = 0; i < list.n; i++) {
		const struct tk_tsc_offset *o = &list.v[i];
		double bound = (double)(o->hi - o->lo) / 2;

		if (o->error) {
			printf("  cpu %-4d  %s\n", o->cpu, strerror(-o->error));
			continue;
		}
		printf("  cpu %-4d  %+.1f ns +- %.1f ns; half the narrowest round trip %.1f ns, "
		       "ratio %.2f; %u rounds\n",
		       o->cpu, (double)o->est * ns, bound * ns, o->narrowest * ns / 2,
		       2 * bound / o->narrowest, o->rounds);
	}
	tk_tsc_offsets_free(&list);
	return 0;
}

static long number(const char *text, long max)
{
	char *end;
	long n = text ? strtol(text, &end, 10) : 0;

	return text && *end == '\0' && n >= 1 && n <= max ? n : -1;
}

int main(int argc, char **argv)
{
	long fits = 200, window_ms = 10;
	struct tk_clock clock;
	char why[256];
	int err;

	for (int i = 1; i < argc; i += 2) {
		if (strcmp(argv[i], "--fits") == 0)
			fits = number(argv[i + 1], 100000);
		else if (strcmp(argv[i], "--window-ms") == 0)
			window_ms = number(argv[i + 1], 10000);
		else
			fits = -1;
		if (fits < 0 || window_ms < 0) {
			fprintf(stderr, "usage: tsc [--fits N] [--window-ms 1-10000]\n");
			return 2;
		}
	}
	if (tk_tsc_quick(why, sizeof(why))) {
		fprintf(stderr, "tsc: the counter is not usable: %s\n", why);
		return 1;
	}
	err = bench_freq((int)fits, (uint64_t)window_ms * 1000000);
	if (!err)
		err = tk_clock_open(&clock, NULL);
	if (!err)
		err = bench_offsets(clock.hz);
	if (err)
		fprintf(stderr, "tsc: not measured: %s\n", strerror(-err));
	return err ? 1 : 0;
}
