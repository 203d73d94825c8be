/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows/asked.h - which rows a command line asks for, and how they are printed.
 *
 * From --by, --stats, --sort, --window, --total, --idle and --format to what a collector, a
 * gatherer (gather.h) and the printing (rows.h) are told. Main thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_ASKED_H
#define TK_COLLECTOR_COMMANDS_ROWS_ASKED_H

#include "collector/commands/rows/gather.h"

/** A window has so many intervals at most: their histograms are kept. */
#define TK_WINDOW_MAX 600u

/** `how` and `style` point into it: do not copy it. */
struct tk_rows_asked {
	struct tk_stats_list stats;
	struct tk_gather_how how;
	struct tk_rows_style style;
};

/**
 * Fill it in, and what a collector must be told for it: histograms, idle timers, totals.
 * @interval_ns: of the collector @return TK_EXIT_OK, or TK_EXIT_USAGE: a sentence says what does
 * not go together
 */
int tk_rows_ask(struct tk_rows_asked *r, const struct tk_args *a, uint64_t interval_ns,
		struct tk_collector_options *o);

/**
 * Whether rows of a timer are wanted: one that --timer matches. Of processes that were dead before
 * this collector came, only with --oldest. @timer: NULL: a process
 */
bool tk_rows_wanted(const struct tk_args *a, const char *timer, bool found_dead);

/**
 * For commands that print one interval, as totals: print what it came to. It is gone then.
 * @return 0 or -ENOMEM: rows miss some of it
 */
int tk_rows_print_once(FILE *out, const struct tk_args *a, struct tk_interval *i);

#endif
