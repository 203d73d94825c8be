/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows/rows.h - what an interval came to, as lines of text: table, JSON lines or
 * CSV.
 *
 * Two types of rows, told apart by `type`. A row of type "timer" is one measure of one timer of one
 * process, in which
 *
 *	records = count + set_aside + without + lost
 *
 * A row of type "process" is one process, in which records = delivered + lost, and delivered is
 * what its timers' rows delivered and `unknown`. docs: `timekeeper help stat`. TK_ROWS_SCHEMA
 * changes with any change of a column's meaning; columns may be added without.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_ROWS_H
#define TK_COLLECTOR_COMMANDS_ROWS_ROWS_H

#include <stdio.h>

#include "collector/cli/options.h"
#include "collector/engine/views/intervals.h"

#define TK_ROWS_SCHEMA 2

/** What comes before the rows of an interval: the table's heading; CSV's once (first). */
void tk_rows_heading(FILE *out, enum tk_format format, const struct tk_interval *i, bool first);

/**
 * The rows of a timer: one for each measure that had a sample, at least one. Without samples, and
 * where memory was short, statistics are not known: null, empty, -.
 */
void tk_rows_timer(FILE *out, enum tk_format format, const struct tk_interval *i,
		   const struct tk_interval_timer *t);

/** The row of a process. For people, only where something was lost, unknown or refused. */
void tk_rows_process(FILE *out, enum tk_format format, const struct tk_interval *i,
		     const struct tk_interval_process *p);

/* Shared by rows.c and table.c. */

/** What a row says of its samples, in the order of all formats. */
enum {
	TK_ROWS_SUM,
	TK_ROWS_MIN,
	TK_ROWS_AVG,
	TK_ROWS_P50,
	TK_ROWS_MAX = TK_ROWS_P50 + TK_PERCENTILES,
	TK_ROWS_VALUES
};

extern const char *const tk_rows_kinds[TK_MEASURES];

/** NAN: not known. */
void tk_rows_values(const struct tk_datapoint *d, double v[TK_ROWS_VALUES]);

void tk_rows_table_heading(FILE *out, const struct tk_interval *i, bool first);
void tk_rows_table_timer(FILE *out, const struct tk_interval_timer *t, enum tk_measure m);
void tk_rows_table_process(FILE *out, const struct tk_interval_process *p);

#endif
