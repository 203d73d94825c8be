/* SPDX-License-Identifier: MIT */
/*
 * A recording as `timekeeper record` writes it, of a program that we know: for outside.sh.
 *
 *	logs FILE SEED FACTOR HOST GHZ EXTRA
 *
 * 60 intervals of 1 s, 8 timers of the app `gateway`. From run to run, timers vary by 0.5 %. The
 * spans of Sequencer-1 are FACTOR times as long as otherwise. `rare` has 2 spans in an interval;
 * `lossy` lost a quarter of its records; EXTRA is the name of one more timer, "" for none. The same
 * SEED makes the same times in ns, whatever the clock's rate is.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hlog/write.h"
#include "tests/random.h"

#define START_NS  INT64_C(1764460000000000000)
#define INTERVALS 60u
#define SPANS     400u

static const char *const timers[] = { "Sequencer-0", "Sequencer-1",        "a\"b\\{}, c",
				      "x|y&<z>'\"",  "na\xc3\xafve:p99>1", "rare",
				      "lossy" };

#define TIMERS (sizeof(timers) / sizeof(timers[0]))

static uint64_t state;

static double uniform(void)
{
	return ((double)(random64(&state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* An interval of one timer, around `ns`. */
static void put(struct tk_hlog_writer *w, const char *timer, uint64_t interval, size_t spans,
		double ns, double ghz)
{
	struct tk_hlog_where at = { "gateway", timer, TK_PROCESSING,
				    (int64_t)(interval * 1000000000), 1000000000 };
	struct tk_bins bins = { 0 };

	for (size_t i = 0; i < spans; i++)
		tk_bins_add(&bins, (uint64_t)llround(ns * exp(0.3 * normal()) * ghz), 1);
	tk_hlog_put_histogram(w, &at, &bins, 1 / ghz);
	tk_bins_free(&bins);
}

static void put_facts(struct tk_hlog_writer *w, const char *host, double ghz)
{
	tk_hlog_put_comment(w, "log");
	tk_hlog_put_number(w, "unit_ps", TK_HLOG_UNIT_PS);
	tk_hlog_put_number(w, "error_ppm", TK_HLOG_ERROR_PPM);
	tk_hlog_put_end(w);
	tk_hlog_put_comment(w, "machine");
	tk_hlog_put_fact(w, "host", host);
	tk_hlog_put_end(w);
	tk_hlog_put_comment(w, "clock");
	tk_hlog_put_number(w, "ticks_per_s", (uint64_t)llround(ghz * 1e9));
	tk_hlog_put_end(w);
}

/* Of a timer; timer NULL: of its process. */
static void put_loss(struct tk_hlog_writer *w, const char *timer, uint64_t records, uint64_t lost)
{
	tk_hlog_put_comment(w, "lost");
	tk_hlog_put_fact(w, "app", "gateway");
	if (timer)
		tk_hlog_put_fact(w, "timer", timer);
	tk_hlog_put_number(w, "records", records);
	tk_hlog_put_number(w, "lost", lost);
	tk_hlog_put_end(w);
}

int main(int argc, char **argv)
{
	struct tk_hlog_writer w = { 0 };
	double run[TIMERS], factor, ghz;
	FILE *f;

	if (argc != 7 || !(f = fopen(argv[1], "w")) || tk_hlog_writer_open(&w))
		return 2;
	state = strtoull(argv[2], NULL, 10);
	factor = strtod(argv[3], NULL);
	ghz = strtod(argv[5], NULL);
	tk_hlog_put_header(&w, START_NS);
	put_facts(&w, argv[4], ghz);
	for (size_t t = 0; t < TIMERS; t++)
		run[t] = 1000 * (1 + (double)t) * exp(0.005 * normal()) * (t == 1 ? factor : 1);
	for (uint64_t i = 0; i < INTERVALS; i++) {
		for (size_t t = 0; t < TIMERS; t++)
			put(&w, timers[t], i, strcmp(timers[t], "rare") ? SPANS : 2, run[t], ghz);
		if (argv[6][0])
			put(&w, argv[6], i, SPANS, 500, ghz);
		put_loss(&w, "lossy", 532, 133);
		put_loss(&w, NULL, 5320, 133);
	}
	fwrite(w.text, w.size, 1, f);
	tk_hlog_writer_close(&w);
	return fclose(f) != 0;
}
