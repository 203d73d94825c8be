/* SPDX-License-Identifier: MIT */
/* bench/rings/table.h - all rings, from entries.h. */
#ifndef TK_BENCH_RINGS_TABLE_H
#define TK_BENCH_RINGS_TABLE_H

#include "bench/rings/ring.h"

extern const struct ring *const ring_table[];
extern const unsigned ring_table_size;

/** The rings that could not be built because a library is missing, and the package that has it. */
extern const char *const ring_left_out[];
extern const unsigned ring_left_out_size;

/** NULL: there is none of that name. */
const struct ring *ring_named(const char *name);

#endif
