/* SPDX-License-Identifier: MIT */
/*
 * bench/called.h - spans through libtimekeeper-ffi, for bench/ffi. They are in a file that does not
 * include timekeeper.h: where its inline functions are, the exported ones of the same names are not
 * called.
 */
#ifndef TK_BENCH_CALLED_H
#define TK_BENCH_CALLED_H

#include <stdint.h>

#include "tsc/read.h"

/* A variant, as bench/measure.h has it, of n spans. */
#define SPANS(name, before, begin, end)                                  \
	__attribute__((noinline, aligned(64))) uint64_t name(unsigned n) \
	{                                                                \
		before;                                                  \
		uint64_t began = tk_tsc_fenced();                        \
                                                                         \
		for (unsigned i = 0; i < n; i++) {                       \
			uint64_t start = begin;                          \
                                                                         \
			end;                                             \
		}                                                        \
		return tk_tsc_fenced() - began;                          \
	}

uint64_t tk_inlined(unsigned n);
uint64_t tk_inlined_lane(unsigned n);
uint64_t tk_inlined_latency(unsigned n);
uint64_t tk_called(unsigned n);
uint64_t tk_called_on_lane(unsigned n);
uint64_t tk_called_latency(unsigned n);

/** What the called ones are of. */
void tk_set_called(uint32_t timer, uint64_t ticks, int64_t real_ns);

#endif
