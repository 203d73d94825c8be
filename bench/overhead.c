/* SPDX-License-Identifier: MIT */
/*
 * bench/overhead - what a span costs.
 *
 *	build/bench/overhead [--quick] [--json FILE]
 *	build/bench/overhead --own N	N quick runs at the default pace: in how many a record was
 *					lost in a gap of the drain's own making; exit 1 if in any
 *
 * Three settings: nobody reads; the collector reads at its default pace; it spins. In each, the
 * bare clock pair and the instrumented one are interleaved batch by batch, in several processes.
 * A setting in which a record was lost is void, and says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/baseline.h"
#include "bench/measure.h"
#include "bench/watch.h"
#include "producer/timekeeper.h"
#include "tsc/freq.h"

#define HOT __attribute__((noinline, aligned(64)))

static tk_timer_t ordered, fast, off, number;
static tk_timer_t many[1024];
static struct bop_timer *bop;

/* A variant runs `body` n times, and is timed as a whole. */
#define VARIANT(name, before, body)                \
	static HOT uint64_t name(unsigned n)       \
	{                                          \
		before;                            \
		uint64_t began = tk_tsc_fenced();  \
                                                   \
		for (unsigned i = 0; i < n; i++) { \
			body;                      \
		}                                  \
		return tk_tsc_fenced() - began;    \
	}

static inline void keep(uint64_t v)
{
	__asm__ volatile("" : : "r"(v));
}

VARIANT(bare_ordered, uint32_t cpu, uint64_t start = tk_tsc_fast();
	keep(tk_tsc_ordered(&cpu) - start); keep(cpu))
VARIANT(bare_fast, , uint64_t start = tk_tsc_fast(); keep(tk_tsc_fast() - start))
VARIANT(span_ordered, , uint64_t start = tk_start(ordered); tk_stop(ordered, start))
VARIANT(span_lane, tk_lane_t *lane = tk_lane(), uint64_t start = tk_start_on(lane, ordered);
	tk_stop_on(lane, ordered, start))
VARIANT(span_fast, , uint64_t start = tk_start(fast); tk_stop(fast, start))
VARIANT(span_1024, , tk_timer_t t = many[i & 1023]; uint64_t start = tk_start(t); tk_stop(t, start))
VARIANT(span_latency, struct tk_origin origin = tk_origin_now(), uint64_t start = tk_start(ordered);
	tk_stop_latency(ordered, start, origin))
VARIANT(bare_stamp, , keep(tk_tsc_fast()))
VARIANT(value, , tk_value(number, i))
VARIANT(span_disabled, , uint64_t start = tk_start(off); tk_stop(off, start))
VARIANT(span_bop, , bop_timer_start(bop); bop_timer_stop(bop))
/* The loop around a push alone: a counter that the compiler must not fold away. */
VARIANT(loop, uint64_t stamp = tk_tsc_fast(), stamp += 40; keep(stamp))
VARIANT(push, uint64_t stamp = tk_tsc_fast(), stamp += 40;
	tk_push_(ordered, TK_STAMP_ORDERED, 0, stamp, 40, TK_TICKS_NONE))
VARIANT(push_lane, uint64_t stamp = tk_tsc_fast(); tk_lane_t *lane = tk_lane(), stamp += 40;
	tk_lane_push(lane, ordered, stamp, 40, TK_TICKS_NONE))

enum {
	BARE_ORDERED,
	BARE_FAST,
	SPAN_ORDERED,
	SPAN_LANE,
	SPAN_FAST,
	SPAN_1024,
	SPAN_LATENCY,
	SPAN_DISABLED,
	SPAN_BOP,
	LOOP,
	PUSH,
	PUSH_LANE,
	BARE_STAMP,
	VALUE,
	VARIANTS
};

static const tk_variant variants[VARIANTS] = {
	bare_ordered,  bare_fast, span_ordered, span_lane, span_fast, span_1024,  span_latency,
	span_disabled, span_bop,  loop,         push,      push_lane, bare_stamp, value,
};

static unsigned rounds_each = 400;
static bool collecting;

/* With a reader, rests keep the mean rate near 7 M records/s, so that a default lane holds what
 * comes while the reader is not scheduled. Within a batch the writer runs at full speed. Longer
 * rests would measure a lane that has gone cold. */
#define REST_US (collecting ? 1000u : 0u)
#define TRIES   3 /* how often to try for a run without loss */

/* ---- host work: the same code with and without the span, in random order ---- */

#define WORKS 3
static const unsigned work_rounds[WORKS] = { 40, 400, 4000 };
static uint64_t table[4096];

static inline __attribute__((always_inline)) uint64_t work(unsigned rounds, uint64_t x)
{
	for (unsigned i = 0; i < rounds; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		table[x >> 52] ^= x;
		x ^= table[x >> 40 & 4095];
	}
	return x;
}

static HOT uint64_t plain_work(unsigned n, unsigned rounds)
{
	uint64_t began = tk_tsc_fenced(), x = 1;

	for (unsigned i = 0; i < n; i++)
		x = work(rounds, x);
	keep(x);
	return tk_tsc_fenced() - began;
}

static HOT uint64_t timed_work(unsigned n, unsigned rounds)
{
	uint64_t began = tk_tsc_fenced(), x = 1;

	for (unsigned i = 0; i < n; i++) {
		uint64_t start = tk_start(ordered);

		x = work(rounds, x);
		tk_stop(ordered, start);
	}
	keep(x);
	return tk_tsc_fenced() - began;
}

/* Median of paired differences, ticks a span; and of the plain work. */
static void measure_work(unsigned rounds, double *added, double *plain)
{
	enum { PAIRS = 301 };
	const unsigned n = 40000 / rounds + 4;
	double differences[PAIRS], plains[PAIRS];
	unsigned seed = (unsigned)getpid();

	for (unsigned i = 0; i < PAIRS; i++) {
		double a = 0, b = 0;

		if (rand_r(&seed) & 1) {
			a = (double)plain_work(n, rounds);
			b = (double)timed_work(n, rounds);
		} else {
			b = (double)timed_work(n, rounds);
			a = (double)plain_work(n, rounds);
		}
		tk_rest(REST_US);
		differences[i] = (b - a) / n;
		plains[i] = a / n;
	}
	*added = tk_quantile(differences, PAIRS, 0.5);
	*plain = tk_quantile(plains, PAIRS, 0.5);
}

/* ---- one process ---- */

#define ROW (VARIANTS + 2 * WORKS)

static void disable_off_timer(void)
{
	/* A timer as `timekeeper disable` leaves it: we set the flag ourselves. */
	static uint8_t flags[65536];

	flags[tk_meta_timer(off)] = 1;
	tk_self.disabled = flags;
}

static void once(double *row)
{
	char name[32];

	tk_pin(0);
	if (tk_open("overhead", NULL)) {
		fprintf(stderr, "overhead: %s\n", tk_why());
		exit(1);
	}
	ordered = tk_timer("ordered");
	fast = tk_timer_stamped("fast", TK_STAMP_FAST);
	off = tk_timer("off");
	number = tk_value_timer("number", NULL);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		many[i] = tk_timer(name);
	}
	for (unsigned i = 1000; i < 1024; i++)
		many[i] = many[i - 1000];
	bop = bop_timer_new();
	if (tk_join(NULL) || !bop) {
		fprintf(stderr, "overhead: %s\n", tk_why());
		exit(1);
	}
	disable_off_timer();
	if (collecting) { /* let the collector find this process and its timers */
		for (unsigned i = 0; i < VARIANTS; i++)
			variants[i](TK_BATCH);
		tk_flush();
		usleep(800000);
	}
	tk_measure(variants, VARIANTS, rounds_each, REST_US, row);
	for (unsigned i = 0; i < WORKS; i++)
		measure_work(work_rounds[i], &row[VARIANTS + 2 * i], &row[VARIANTS + 2 * i + 1]);
	tk_close();
}

/* ---- the collector beside it ---- */

static int run(const char *poll, bool collect, unsigned processes, double *all,
	       struct tk_watched *watched)
{
	struct tk_watch watch;
	int ret;

	memset(watched, 0, sizeof(*watched));
	collecting = collect;
	if (!collect)
		return tk_in_processes(once, ROW, processes, all);
	for (unsigned i = 0; i < TRIES; i++) {
		ret = tk_watch_start(&watch, "overhead", poll);
		if (ret)
			return ret;
		ret = tk_in_processes(once, ROW, processes, all);
		tk_watch_stop(&watch, watched);
		if (ret || !watched->lost)
			return ret;
	}
	return 0;
}

/* @return 0: none of n runs lost a record in a gap of the drain's own making */
static int count_own(unsigned n, unsigned processes, double *all)
{
	struct tk_watched said;
	struct tk_watch watch;
	unsigned with = 0;

	collecting = true;
	for (unsigned i = 0; i < n; i++) {
		if (tk_watch_start(&watch, "overhead", NULL) ||
		    tk_in_processes(once, ROW, processes, all)) {
			fprintf(stderr, "overhead: a process failed\n");
			return 1;
		}
		tk_watch_stop(&watch, &said);
		printf("run %u: ", i + 1);
		tk_watch_print(stdout, &said);
		with += said.own > 0 || !said.records;
	}
	printf("%u of %u runs lost records in gaps of the drain's own making\n", with, n);
	return with > 0;
}

/* ---- the report ---- */

/* Every row that is printed, for whoever asked for JSON; NULL: nobody did. */
static json_t *rows;
static const char *setting;

/* @bound: 0: there is none. */
static void keep_row(const char *what, const char *unit, double m, double lo, double hi,
		     double bound, bool met)
{
	json_t *row;

	if (!rows)
		return;
	row = json_pack("{s:s,s:s,s:s,s:f,s:f,s:f}", "setting", setting, "what", what, "unit", unit,
			"median", m, "low", lo, "high", hi);
	if (bound > 0) {
		json_object_set_new(row, "bound", json_real(bound));
		json_object_set_new(row, "met", json_boolean(met));
	}
	json_array_append_new(rows, row);
}

/* @return 0 or -errno */
static int write_json(const char *path, double tick_ns)
{
	json_t *all = json_pack("{s:i,s:f,s:O}", "schema", 1, "tick_ns", tick_ns, "rows", rows);
	int err;

	errno = 0;
	err = json_dump_file(all, path, JSON_INDENT(1)) ? (errno ? -errno : -EIO) : 0;
	json_decref(all);
	return err;
}

static double over_processes(const double *all, unsigned processes, unsigned a, int b, double *lo,
			     double *hi)
{
	double v[64];

	for (unsigned p = 0; p < processes; p++)
		v[p] = all[p * ROW + a] / (b < 0 ? 1 : all[p * ROW + (unsigned)b]);
	tk_bootstrap(v, processes, lo, hi);
	return tk_quantile(v, processes, 0.5);
}

static void print_ratio(const double *all, unsigned processes, const char *what, unsigned a,
			unsigned b, double floor, bool at_least)
{
	double lo, hi, m = over_processes(all, processes, a, (int)b, &lo, &hi);
	bool met = at_least ? m >= floor : m <= floor;

	keep_row(what, "ratio", m, lo, hi, floor, met);
	printf("%-52s %7.3f  [%.3f, %.3f]", what, m, lo, hi);
	if (floor > 0)
		printf("  %s %.2f  %s", at_least ? ">=" : "<=", floor, met ? "met" : "MISSED");
	putchar('\n');
}

static void print_ticks(const double *all, unsigned processes, const char *what, unsigned a,
			int minus, double tick_ns, double floor)
{
	double v[64], lo, hi, m;

	for (unsigned p = 0; p < processes; p++)
		v[p] = all[p * ROW + a] - (minus < 0 ? 0 : all[p * ROW + (unsigned)minus]);
	tk_bootstrap(v, processes, &lo, &hi);
	m = tk_quantile(v, processes, 0.5);
	keep_row(what, "ticks", m, lo, hi, floor, m <= floor);
	printf("%-52s %7.2f  [%.2f, %.2f] cycles, %.2f ns", what, m, lo, hi, m * tick_ns);
	if (floor > 0)
		printf("  <= %.1f  %s", floor, m <= floor ? "met" : "MISSED");
	putchar('\n');
}

static void report(const char *title, const double *all, unsigned processes, double tick_ns,
		   double ordered_floor)
{
	char what[64];

	setting = title;
	printf("\n%s\n", title);
	print_ticks(all, processes, "bare pair rdtsc ... rdtscp", BARE_ORDERED, -1, tick_ns, 0);
	print_ticks(all, processes, "ordered span", SPAN_ORDERED, -1, tick_ns, 0);
	print_ratio(all, processes, "ordered span / its bare pair", SPAN_ORDERED, BARE_ORDERED,
		    ordered_floor, false);
	print_ratio(all, processes, "ordered span, explicit lane / its bare pair", SPAN_LANE,
		    BARE_ORDERED, 0, false);
	print_ratio(all, processes, "ordered span with latency / its bare pair", SPAN_LATENCY,
		    BARE_ORDERED, 0, false);
	print_ratio(all, processes, "bop-timekeeper's timer / ordered span", SPAN_BOP, SPAN_ORDERED,
		    1.6, true);
	print_ratio(all, processes, "fast span / two bare rdtsc", SPAN_FAST, BARE_FAST, 1.13,
		    false);
	print_ratio(all, processes, "1,024 timers on a thread / 1 timer", SPAN_1024, SPAN_ORDERED,
		    1.15, false);
	/* With a reader the lane's lines come from another core's cache: reported, not judged. */
	print_ticks(all, processes, "push alone, everything in it", PUSH, LOOP, tick_ns,
		    collecting ? 0 : 4);
	print_ticks(all, processes, "push alone, explicit lane", PUSH_LANE, LOOP, tick_ns,
		    collecting ? 0 : 3);
	print_ticks(all, processes, "value, beyond its bare rdtsc", VALUE, BARE_STAMP, tick_ns, 0);
	print_ticks(all, processes, "disabled timer", SPAN_DISABLED, LOOP, tick_ns, 1.5);
	for (unsigned i = 0; i < WORKS; i++) {
		double lo, hi,
			m = over_processes(all, processes, VARIANTS + 2 * i + 1, -1, &lo, &hi);

		snprintf(what, sizeof(what), "added to host work of %.0f ns, a span", m * tick_ns);
		print_ticks(all, processes, what, VARIANTS + 2 * i, -1, tick_ns, 0);
	}
}

static double tick_length(void)
{
	struct tk_tsc_freq freq;

	return tk_tsc_freq_measure(20000000, &freq) ? 0 : 1e9 / freq.hz;
}

struct asked {
	unsigned processes, own;
	const char *json;
};

static bool parse(int argc, char **argv, struct asked *a)
{
	for (int i = 1; i < argc; i++) {
		bool own = !strcmp(argv[i], "--own") && i + 1 < argc;

		if (own || !strcmp(argv[i], "--quick")) {
			a->processes = 3;
			rounds_each = 100;
			a->own = own ? (unsigned)strtoul(argv[++i], NULL, 10) : a->own;
		} else if (!strcmp(argv[i], "--json") && i + 1 < argc) {
			a->json = argv[++i];
			rows = json_array();
		} else {
			return false;
		}
	}
	return true;
}

static int measure_all(const struct asked *a, double tick_ns, double *all)
{
	static const struct {
		const char *title, *poll;
		bool collect;
		double floor;
	} settings[] = {
		{ "nobody reads", NULL, false, 1.12 },
		{ "the collector reads at its default pace", NULL, true, 1.12 },
		{ "the collector spins", "spin", true, 1.15 },
	};

	printf("# batches of %u, %u rounds, medians, in %u processes: median [95 %% bootstrap]\n",
	       TK_BATCH, rounds_each, a->processes);
	for (unsigned i = 0; i < 3; i++) {
		struct tk_watched watched;

		if (settings[i].collect && sysconf(_SC_NPROCESSORS_ONLN) < 2) {
			printf("\n%s: left out, it needs a second cpu\n", settings[i].title);
			continue;
		}
		fprintf(stderr, "measuring: %s (up to a minute)\n", settings[i].title);
		if (run(settings[i].poll, settings[i].collect, a->processes, all, &watched)) {
			fprintf(stderr, "overhead: a process failed\n");
			return 1;
		}
		report(settings[i].title, all, a->processes, tick_ns, settings[i].floor);
		if (settings[i].collect)
			tk_watch_print(stdout, &watched);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct asked a = { .processes = 11 };
	double tick_ns = tick_length();
	double *all;
	int err;

	if (!parse(argc, argv, &a)) {
		fprintf(stderr, "usage: overhead [--quick] [--json FILE] | --own N\n");
		return 2;
	}
	all = calloc((size_t)a.processes * ROW, sizeof(*all));
	if (!all)
		return 1;
	tk_describe_machine(stdout);
	err = a.own ? count_own(a.own, a.processes, all) : measure_all(&a, tick_ns, all);
	free(all);
	if (!err && a.json)
		err = write_json(a.json, tick_ns);
	if (err < 0)
		fprintf(stderr, "overhead: %s cannot be written: %s\n", a.json, strerror(-err));
	json_decref(rows);
	return err != 0;
}
