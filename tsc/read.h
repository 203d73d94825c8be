/* SPDX-License-Identifier: MIT */
/*
 * tsc/read.h - reading the time stamp counter. Installed: timekeeper.h includes it.
 *
 * The whole of what the hot path needs from the processor, and (with tsc/check.c and tsc/machine.c)
 * the only place that knows which processor it is: five functions, so that another architecture is
 * five functions.
 *
 * tk_tsc_fast()
 *	rdtsc. Costs about 18 cycles here. It is not ordered against anything: the processor may
 *	read the counter before earlier work is done or after later work has begun. Right for a
 *	start stamp (what precedes it is not being timed), and for both ends where a few ns of
 *	smear are accepted. As a stop stamp it can lie: around a 106 ns chain of cache misses it
 *	reported 10 ns.
 * tk_tsc_ordered(&cpu)
 *	rdtscp. Waits until every earlier instruction has executed and every earlier load is
 *	visible (Intel SDM vol. 2B, RDTSCP); later instructions may start before it. About 10
 *	cycles more than rdtsc. Gives the cpu it ran on, read together with the counter.
 * tk_tsc_fenced()
 *	lfence; rdtsc; lfence. Nothing crosses it in either direction (but for stores, which
 *	lfence does not order). For calibration, and for timers defined with TK_STAMP_FENCED.
 * tk_tsc_fenced_cpu(&cpu)
 *	rdtscp; lfence. The same at the stop end, with the cpu.
 * tk_relax()
 *	pause: for spinning.
 *
 * Units: ticks of the counter, whose rate tsc/freq.h measures. Any thread, any context, signal
 * handlers included. Nothing here can fail; whether the counter is worth reading is another
 * question, which tsc/check.h answers.
 */
#ifndef TK_TSC_READ_H
#define TK_TSC_READ_H

#include <stdint.h>

#if !defined(__x86_64__)
#error "timekeeper reads the x86-64 time stamp counter; other processors need these five functions"
#endif

/** A cpu number that is not known: plain rdtsc does not tell where it ran. */
#define TK_CPU_UNKNOWN 0xfffu

static inline __attribute__((always_inline)) uint64_t tk_tsc_fast(void)
{
	uint64_t low, high; /* rdtsc clears the upper halves */

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return high << 32 | low;
}

/*
 * Linux keeps `node << 12 | cpu` in TSC_AUX (arch/x86/include/asm/segment.h, vdso_getcpu). In
 * assembly because the builtin gives it through a pointer, which costs a store and a load.
 */
static inline __attribute__((always_inline)) uint64_t tk_tsc_ordered(uint32_t *cpu)
{
	uint64_t low, high; /* rdtscp clears the upper halves */
	uint32_t aux;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux) : : "memory");
	*cpu = aux & 0xfffu;
	return high << 32 | low;
}

static inline __attribute__((always_inline)) uint64_t tk_tsc_fenced(void)
{
	uint64_t tsc;

	__builtin_ia32_lfence();
	tsc = __builtin_ia32_rdtsc();
	__builtin_ia32_lfence();
	return tsc;
}

static inline __attribute__((always_inline)) uint64_t tk_tsc_fenced_cpu(uint32_t *cpu)
{
	uint64_t tsc = tk_tsc_ordered(cpu);

	__builtin_ia32_lfence();
	return tsc;
}

static inline __attribute__((always_inline)) void tk_relax(void)
{
	__builtin_ia32_pause();
}

#endif
