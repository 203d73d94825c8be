/* SPDX-License-Identifier: MIT */
#include "collector/doctor/checks/noise.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/checks/families.h"
#include "collector/doctor/checks/interrupts.h"
#include "collector/doctor/checks/quota.h"
#include "collector/machine/now.h"
#include "collector/stats/histogram.h"
#include "tsc/files.h"
#include "tsc/read.h"

#define THRESHOLD_NS 1000
#define CALIBRATIONS 4001u
#define MEDIANS      10 /* the threshold for slow clocks, in medians of the loop */
#define US           1e3
#define MS           1e6

/* Gaps that show in a program's tail; gaps in which a lane of 64 Ki slots may overrun (1.5 ms). */
#define WARN_GAP_NS (50 * US)
#define FAIL_GAP_NS (1 * MS)
#define WARN_LOST   1e-3
#define FAIL_LOST   1e-2
/* Ticks a second: what a tickless kernel still sends, and half of the slowest tick (HZ=100). */
#define WARN_TICKS 2.0
#define FAIL_TICKS 50.0

static inline __attribute__((always_inline)) uint64_t now(bool tsc)
{
	uint32_t cpu;

	return tsc ? tk_tsc_ordered(&cpu) : tk_now_ns(CLOCK_MONOTONIC);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* No difference is negative: on one cpu neither CLOCK_MONOTONIC nor the counter steps back (a check
 * of doctor: tsc.backward_step). */
static uint64_t threshold(const struct tk_noise *n)
{
	uint64_t gap[CALIBRATIONS], last = now(n->tsc), t, least;

	for (unsigned i = 0; i < CALIBRATIONS; i++, last = t) {
		t = now(n->tsc);
		gap[i] = t - last;
	}
	qsort(gap, CALIBRATIONS, sizeof(gap[0]), ascending);
	least = (uint64_t)(THRESHOLD_NS * n->hz / 1e9);
	t = MEDIANS * gap[CALIBRATIONS / 2];
	return t > least ? t : least;
}

struct spin {
	struct tk_noise *n;
	struct tk_hist gaps; /* in ticks */
};

static void *spin(void *arg)
{
	struct spin *s = arg;
	struct tk_noise *n = s->n;
	uint64_t begin, last, t, end;

	n->threshold = threshold(n);
	begin = last = now(n->tsc);
	end = begin + (uint64_t)((double)n->seconds * n->hz);
	do {
		t = now(n->tsc);
		if (__builtin_expect(t - last >= n->threshold, 0)) {
			tk_hist_add(&s->gaps, t - last);
			n->lost += t - last;
		}
		last = t;
	} while (t < end);
	n->elapsed = t - begin;
	return NULL;
}

/* The thread starts on the cpu, so that it never ran elsewhere. */
static int spin_on(struct spin *s, int cpu)
{
	pthread_attr_t attr;
	pthread_t thread;
	struct tk_tsc_cpus one = { 0 };
	int err;

	if (cpu >= TK_TSC_CPUS)
		return -EINVAL;
	tk_tsc_cpus_add(&one, (unsigned int)cpu);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(one.bits), (const cpu_set_t *)one.bits);
	err = pthread_create(&thread, &attr, spin, s);
	pthread_attr_destroy(&attr);
	if (!err)
		pthread_join(thread, NULL);
	return -err;
}

double tk_noise_bin_ns(int bin)
{
	static const double steps[] = { 1, 2, 5 };

	return steps[bin % 3] * pow(10, bin / 3);
}

static void fill_bins(struct tk_noise *n, const struct tk_hist *gaps)
{
	uint32_t last = tk_hist_index(gaps->max);
	int bin = 0;

	for (uint32_t i = tk_hist_index(gaps->min); i <= last; i++) {
		double ns = tk_noise_ns(n, (double)tk_hist_lowest(i));

		while (bin + 1 < TK_NOISE_BINS && ns >= tk_noise_bin_ns(bin + 1))
			bin++;
		n->bins[bin] += gaps->buckets[i];
	}
}

static void sum_up(struct tk_noise *n, const struct tk_hist *gaps)
{
	double ticks[TK_PERCENTILES];

	if (gaps->count == 0)
		return;
	tk_hist_percentiles(gaps, ticks);
	n->p50 = ticks[TK_P50];
	n->p99 = ticks[TK_P99];
	n->p999 = ticks[TK_P999];
	n->count = gaps->count;
	n->shortest = gaps->min;
	n->longest = gaps->max;
	fill_bins(n, gaps);
}

/* Each of the kernel's counters has 32 bits, so that sums of them are known modulo 2^32. */
int tk_noise_count(uint64_t *count, uint64_t before, uint64_t after)
{
	uint32_t delta = (uint32_t)(after - before);

	*count = delta;
	return delta > INT32_MAX ? -ESTALE : 0;
}

void tk_noise_measure(struct tk_noise *n, int cpu, uint64_t seconds, double hz)
{
	struct tk_interrupt_counts before, after;
	uint64_t throttled;
	struct spin s;

	memset(n, 0, sizeof(*n));
	memset(&s, 0, sizeof(s)); /* touches every page: no faults while it spins */
	s.n = n;
	n->seconds = seconds;
	n->tsc = hz > 0;
	n->hz = n->tsc ? hz : 1e9;
	n->quota_error = tk_quota_throttled("", &throttled);
	n->interrupts_error = tk_interrupts_count("", cpu, &before);
	n->error = spin_on(&s, cpu);
	sum_up(n, &s.gaps);
	if (!n->quota_error)
		n->quota_error = tk_quota_throttled("", &n->throttled);
	if (!n->quota_error)
		n->throttled -= throttled < n->throttled ? throttled : n->throttled;
	if (!n->interrupts_error)
		n->interrupts_error = tk_interrupts_count("", cpu, &after);
	if (n->interrupts_error)
		return;
	n->interrupts_error = tk_noise_count(&n->timer, before.timer, after.timer);
	if (!n->interrupts_error)
		n->interrupts_error = tk_noise_count(&n->others, before.others, after.others);
}

/* --- checks ---------------------------------------------------------------------------------- */

static bool measured(const struct tk_subject *s, struct tk_finding *f, int err)
{
	if (!err)
		return true;
	tk_check_found(f, TK_VERDICT_UNKNOWN, "not measured: %s", strerror(-err));
	if (s->noise->error == -EINVAL)
		tk_check_fix(
			f, TK_FIX_TEXT,
			"this process may not run on cpu %d: start it in the cpuset that has the "
			"cpu (echo $$ > .../cgroup.procs)",
			s->cpu);
	return false;
}

static void check_ticks(const struct tk_subject *s, struct tk_finding *f)
{
	const struct tk_noise *n = s->noise;
	double rate = (double)n->timer / (double)n->seconds;

	if (!measured(s, f, n->error ? n->error : n->interrupts_error))
		return;
	tk_check_found(f,
		       rate > FAIL_TICKS   ? TK_VERDICT_FAIL
		       : rate > WARN_TICKS ? TK_VERDICT_WARN
					   : TK_VERDICT_OK,
		       "%.1f a second of the timer, %.1f others, over %ju busy s", rate,
		       (double)n->others / (double)n->seconds, (uintmax_t)n->seconds);
	if (f->verdict)
		tk_check_fix_tick(s, f);
}

static enum tk_verdict judge_gaps(double max_ns, double lost)
{
	if (max_ns >= FAIL_GAP_NS || lost >= FAIL_LOST)
		return TK_VERDICT_FAIL;
	return max_ns >= WARN_GAP_NS || lost >= WARN_LOST ? TK_VERDICT_WARN : TK_VERDICT_OK;
}

static void check_gaps(const struct tk_subject *s, struct tk_finding *f)
{
	const struct tk_noise *n = s->noise;
	double max, lost;

	if (!measured(s, f, n->error))
		return;
	max = tk_noise_ns(n, (double)n->longest);
	lost = (double)n->lost / (double)n->elapsed;
	tk_check_found(
		f, judge_gaps(max, lost),
		"%ju gaps in %ju s, p99.9 %.1f us, longest %.1f us, %.4f %% of the time lost",
		(uintmax_t)n->count, (uintmax_t)n->seconds, tk_noise_ns(n, n->p999) / US, max / US,
		100 * lost);
	if (f->verdict && n->throttled)
		tk_check_fix(
			f, TK_FIX_TEXT,
			"a CPU quota of its cgroup stopped this thread %ju times (load.quota): "
			"raise or remove it, and measure again",
			(uintmax_t)n->throttled);
	else if (f->verdict)
		tk_check_fix(
			f, TK_FIX_TEXT,
			"fix what the checks above found and measure again; gaps that then remain "
			"come from the hypervisor or the firmware");
}

const struct tk_check tk_noise_checks[] = {
	{ "noise.ticks", "/proc/interrupts",
	  "Each tick takes some microseconds from what runs, and shows in its tail. A cpu with "
	  "nohz_full and one busy task needs none.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_ticks,
	  .timed = true },
	{ "noise.gaps", "a thread that only reads the clock",
	  "A gap lengthens the span it falls into, whatever the program did. A collector that is "
	  "away for 1.5 ms loses records of a full-speed thread with 64 Ki slots.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_gaps,
	  .timed = true },
	{ .id = NULL },
};
