/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows/overhead.h - rows of `stat --overhead`: what being watched costs each
 * thread, as a percentage of a core, and all of them together.
 *
 * Records x the measured cost of a span of their timers' stamps (ring/span_cost.h), over the time
 * of the interval. A row of type "thread" is one lane in one interval; the row of type "overhead"
 * is all of them.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_OVERHEAD_H
#define TK_COLLECTOR_COMMANDS_ROWS_OVERHEAD_H

#include "collector/commands/rows/rows.h"
#include "ring/span_cost.h"

/** Print an interval's. @first: nothing was printed before */
void tk_overhead_print(FILE *out, enum tk_format format, const struct tk_interval *i, bool first);

#define TK_OVERHEAD_HOW_MAX 512

/** What a span costs, by its stamps, and how that was measured: a sentence. @return out */
char *tk_overhead_how(char out[TK_OVERHEAD_HOW_MAX], const struct tk_span_cost *cost);

#endif
