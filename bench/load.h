/* SPDX-License-Identifier: MIT */
/* bench/load.h - the watched program of bench/drain.c: records on demand, or at a rate. */
#ifndef TK_BENCH_LOAD_H
#define TK_BENCH_LOAD_H

#define LOAD_FILL 61440u /* records a round: fits a lane of 65,536 */

/** Open a segment with n timers (at most 1,024) and join it; node: of the lane, -1: this thread's
 * own. @return 0 or -errno. */
int load_open(unsigned n, int node);

/** For each byte read from `in`, record LOAD_FILL times and write the byte to `out`. */
void load_on_demand(int in, int out, unsigned n);

/** Record a million times a second, for ever; hz is the counter's rate. */
void load_at_1m(unsigned n, double hz);

#endif
