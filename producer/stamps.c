/* SPDX-License-Identifier: MIT */
/* Stamps other than the inline ones, origins, and ticks to nanoseconds. */
#include "producer/library.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tsc/convert.h"
#include "tsc/floor.h"
#include "tsc/freq.h"

/* Where the counter is forbidden, clock_gettime() kills too: it reads it, without a system call. */
static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0, 0 };

	if (__builtin_expect(__atomic_load_n(&tk_library.counter_forbidden, __ATOMIC_RELAXED), 0))
		(void)syscall(SYS_clock_gettime, id, &t);
	else
		clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline bool system_clock(void)
{
	return __atomic_load_n(&tk_library.clock, __ATOMIC_RELAXED) == TK_TIMEBASE_SYSTEM;
}

static inline bool no_clock(void)
{
	return __atomic_load_n(&tk_library.no_clock, __ATOMIC_RELAXED);
}

uint64_t tk_now(void)
{
	if (__builtin_expect(system_clock(), 0))
		return clock_ns(CLOCK_MONOTONIC);
	return __builtin_expect(no_clock(), 0) ? 0 : tk_tsc_fast();
}

/* Called for timers that are stamped neither ordered nor fast. */
uint64_t tk_stamp_start(tk_timer_t timer)
{
	return tk_meta_kind(timer) == TK_STAMP_FENCED ? tk_tsc_fenced() : tk_now();
}

uint64_t tk_stamp_stop(tk_timer_t timer, uint32_t *cpu)
{
	if (tk_meta_kind(timer) == TK_STAMP_FENCED)
		return tk_tsc_fenced_cpu(cpu);
	*cpu = TK_CPU_UNKNOWN;
	return tk_now();
}

/* ---- what a pair of stamps costs ---- */

static uint32_t floors[TK_STAMPS]; /* under the library's lock */
static bool floors_known;

/*
 * Once a process: a segment that is opened again, or by a forked child, takes what was measured. Nothing
 * is subtracted from hand-made stamps, nor under the system's clock: what those cost is in no table.
 */
void tk_stamps_measure_floor(uint32_t floor[TK_STAMPS])
{
	struct tk_tsc_floor modes[TK_TSC_FLOOR_MODES];

	memset(floor, 0, TK_STAMPS * sizeof(*floor));
	if (system_clock())
		return;
	if (!floors_known) {
		tk_tsc_floor_measure(modes);
		floors[TK_STAMP_ORDERED] = modes[TK_TSC_FLOOR_ORDERED].subtract;
		floors[TK_STAMP_FAST] = modes[TK_TSC_FLOOR_FAST].subtract;
		floors[TK_STAMP_FENCED] = modes[TK_TSC_FLOOR_FENCED].subtract;
		floors_known = true;
	}
	memcpy(floor, floors, sizeof(floors));
}

/* ---- ticks to ns ---- */

/*
 * The rate is that of two readings, the first taken when the segment was opened. A conversion is
 * fitted when the window has doubled since the last, so there are never more than 64: they are
 * appended, never changed, and read without a lock.
 */
#define FITS 64

static struct tk_tsc_pair first;
static struct tk_tsc_conv fits[FITS];
static double fitted_hz[FITS];
static unsigned n_fits;
static uint64_t next_fit; /* ticks */

static void fit(void)
{
	struct tk_tsc_pair now;
	double hz;

	tk_tsc_pair_read(&now);
	hz = tk_tsc_pair_hz(&first, &now, NULL);
	if (n_fits == FITS || tk_tsc_conv_init(&fits[n_fits], hz, 0, 0))
		return;
	fitted_hz[n_fits] = hz;
	__atomic_store_n(&next_fit, now.tsc + (now.tsc - first.tsc), __ATOMIC_RELAXED);
	/* Pairs with the acquire load in current_fit(). */
	__atomic_store_n(&n_fits, n_fits + 1, __ATOMIC_RELEASE);
}

void tk_stamps_begin(void)
{
	if (!first.tsc && !system_clock())
		tk_tsc_pair_read(&first);
}

void tk_stamps_end(void)
{
	if (!n_fits && !system_clock())
		fit();
}

/* -1: none, and ticks are ns. */
static int current_fit(void)
{
	if (system_clock() || no_clock())
		return -1;
	if (tk_tsc_fast() >= __atomic_load_n(&next_fit, __ATOMIC_RELAXED)) {
		tk_library_lock();
		tk_stamps_begin();
		if (tk_tsc_fast() >= next_fit)
			fit();
		tk_library_unlock();
	}
	return (int)__atomic_load_n(&n_fits, __ATOMIC_ACQUIRE) - 1;
}

int64_t tk_ns(int64_t ticks)
{
	int i = current_fit();

	return i < 0 ? ticks : tk_tsc_delta_ns(&fits[i], ticks);
}

struct tk_origin tk_origin_now(void)
{
	struct tk_origin origin;

	origin.ticks = tk_now();
	origin.real_ns = (int64_t)clock_ns(CLOCK_REALTIME);
	return origin;
}

struct tk_origin tk_origin_from_real(int64_t real_ns)
{
	struct tk_origin now = tk_origin_now();
	int i = current_fit();
	/* Nonsense wraps, and saturates, as every latency does. */
	double ago = (double)(int64_t)((uint64_t)now.real_ns - (uint64_t)real_ns) *
		     (i < 0 ? 1 : fitted_hz[i] / 1e9);

	ago = ago > 9e18 ? 9e18 : ago < -9e18 ? -9e18 : ago;
	now.ticks -= (uint64_t)(int64_t)ago;
	now.real_ns = real_ns;
	return now;
}

struct tk_origin tk_origin_from_ticks(uint64_t ticks)
{
	struct tk_origin now = tk_origin_now();

	now.real_ns -= tk_ns((int64_t)(now.ticks - ticks));
	now.ticks = ticks;
	return now;
}
