/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/axis.h - round numbers for the edges and ticks of an axis.
 *
 * Edges snap to round numbers so that a graph that is redrawn ten times a second stands still while
 * its extremes wobble. Pure functions; any thread.
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_AXIS_H
#define TK_COLLECTOR_DISPLAY_CANVAS_AXIS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/cli/text.h"

#define TK_TICKS_MAX 24

struct tk_tick {
	double at;
	char label[TK_UNITS_MAX];
};

/**
 * Widen *lo .. *hi, the extremes of the data (>= 0), to an axis that contains them. Linear: from
 * zero if the data comes near it. Log: from and to 1, 2 or 5 times a power of ten.
 */
void tk_axis_range(double *lo, double *hi, bool log_y);

/**
 * Ticks for values, ascending, at most every other row, and at most nine of a linear scale.
 * @param format  tk_units_ns or its like
 * @return how many, 2 to TK_TICKS_MAX; edges are taken where no round number falls between.
 */
int tk_axis_values(struct tk_tick ticks[TK_TICKS_MAX], double lo, double hi, int rows, bool log_y,
		   char *(*format)(char out[TK_UNITS_MAX], double v));

/**
 * Ticks for the time axis from to_ns - span_ns to to_ns (CLOCK_REALTIME), at nanoseconds relative
 * to to_ns.
 * @param wall  label with the local time of day; else with the distance from to_ns, "now"
 */
int tk_axis_times(struct tk_tick ticks[TK_TICKS_MAX], int64_t to_ns, int64_t span_ns, int columns,
		  bool wall);

#endif
