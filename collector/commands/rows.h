/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows.h - one timer, kind and interval as a line of text: table, JSON or CSV.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_H
#define TK_COLLECTOR_COMMANDS_ROWS_H

#include <stdio.h>

#include "collector/cli/options.h"
#include "collector/engine/snapshot.h"

/** What comes before the rows of an interval: the table's heading; CSV's once (first). */
void tk_rows_heading(FILE *out, enum tk_format format, int64_t t_ns, bool first);

/** One row. An interval without records has no min, average, percentiles and max: null, empty, -.
 */
void tk_rows_print(FILE *out, enum tk_format format, const struct tk_snap_timer *t,
		   enum tk_measure m, const struct tk_datapoint *d);

#endif
