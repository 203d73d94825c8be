/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/axis.h - round numbers for the edges and ticks of an axis.
 *
 * The edges of an axis are rounded, so that a graph that is redrawn ten times a second keeps its
 * scale while its extremes change a little. Pure functions; any thread.
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_AXIS_H
#define TK_COLLECTOR_DISPLAY_CANVAS_AXIS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/cli/text.h"

#define TK_AXIS_TICKS_MAX 24

struct tk_axis_tick {
	double at;
	char label[TK_UNITS_MAX];
};

/**
 * Widen *lo .. *hi, the extremes of the data (>= 0), to an axis that contains them. A linear axis
 * begins at zero if *lo is below a quarter of *hi. A logarithmic axis begins and ends at 1, 2 or 5
 * times a power of ten.
 */
void tk_axis_range(double *lo, double *hi, bool log_y);

/**
 * Ticks for values, ascending: at most one every two rows, and on a linear scale at most nine.
 * @param format  tk_units_ns or another function of that form
 * @return how many, 2 to TK_AXIS_TICKS_MAX. Where fewer than two round numbers lie between the
 * edges, the ticks are the edges.
 */
int tk_axis_values(struct tk_axis_tick ticks[TK_AXIS_TICKS_MAX], double lo, double hi, int rows,
		   bool log_y, char *(*format)(char out[TK_UNITS_MAX], double v));

/**
 * Ticks for the time axis from to_ns - span_ns to to_ns (CLOCK_REALTIME), newest first. A tick's
 * `at` is in nanoseconds relative to to_ns.
 * @param wall  label ticks with the local time of day; else with the time before to_ns, or "now"
 */
int tk_axis_times(struct tk_axis_tick ticks[TK_AXIS_TICKS_MAX], int64_t to_ns, int64_t span_ns,
		  int columns, bool wall);

#endif
