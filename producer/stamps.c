/* SPDX-License-Identifier: MIT */
/* Stamps other than the inline ones, origins, and ticks to nanoseconds. */
#include "producer/library.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tsc/floor.h"
#include "tsc/rate.h"

/* Where reading the counter is forbidden, the vDSO's clock_gettime() kills too, because it reads
 * the counter: make the system call. */
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

/* The program calls these for timers that are stamped neither ordered nor fast. */
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
 * Once a process: a segment that is opened again, or by a forked child, takes what was measured.
 * Nothing is subtracted from hand-made stamps, nor under the system's clock: what those cost is in
 * no table.
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

/* A counter of another core may be behind by this many ticks: that is no step backward. */
#define BEHIND (UINT64_C(1) << 20)

static struct tk_tsc_rate rate; /* under the library's lock */

/* Written under the lock, read without. Each is whole by itself; two that do not match cost one
 * look too early or too late. */
static double ns_per_tick; /* 0: not known yet */
static uint64_t looked_tsc, wait_ticks;

static void look(void)
{
	struct tk_tsc_reading now;
	double ns;

	tk_tsc_reading_take(&now);
	if (!rate.last.pair.tsc)
		tk_tsc_rate_begin(&rate, &now);
	else if (tk_tsc_rate_look(&rate, &now)) {
		ns = 1e9 / rate.hz;
		__atomic_store(&ns_per_tick, &ns, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&wait_ticks, tk_tsc_rate_wait(&rate), __ATOMIC_RELAXED);
	__atomic_store_n(&looked_tsc, now.pair.tsc, __ATOMIC_RELAXED);
}

/* Also where the counter went far back: the difference wraps. */
static bool look_is_due(void)
{
	uint64_t since = tk_tsc_fast() - __atomic_load_n(&looked_tsc, __ATOMIC_RELAXED);

	return since + BEHIND >= __atomic_load_n(&wait_ticks, __ATOMIC_RELAXED) + BEHIND;
}

void tk_stamps_begin(void)
{
	if (!rate.last.pair.tsc && !system_clock())
		look();
}

void tk_stamps_end(void)
{
	if (!(rate.hz > 0) && !system_clock())
		look();
}

/* Of the segment's clock, as well as it is known by now. */
static double current_ns_per_tick(void)
{
	double ns;

	if (system_clock() || no_clock())
		return 1;
	if (look_is_due()) {
		tk_library_lock();
		tk_stamps_begin();
		if (look_is_due())
			look();
		tk_library_unlock();
	}
	__atomic_load(&ns_per_tick, &ns, __ATOMIC_RELAXED);
	return ns > 0 ? ns : 1;
}

/* Nonsense saturates. */
static int64_t whole(double x)
{
	return (int64_t)(x > 9e18 ? 9e18 : x < -9e18 ? -9e18 : x);
}

int64_t tk_ns(int64_t ticks)
{
	double ns = current_ns_per_tick();

	return ns == 1 ? ticks : whole((double)ticks * ns);
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
	/* Nonsense wraps, and saturates, as every latency does. */
	double ago = (double)(int64_t)((uint64_t)now.real_ns - (uint64_t)real_ns);

	now.ticks -= (uint64_t)whole(ago / current_ns_per_tick());
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
