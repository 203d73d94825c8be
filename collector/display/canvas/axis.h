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
#include <stddef.h>
#include <stdint.h>

#include "collector/cli/text.h"

#define TK_AXIS_TICKS_MAX 24

struct tk_axis_tick {
	double at;
	char label[TK_UNITS_MAX];
};

/* An axis of values. Its first tick is its lower edge; the others follow by whole rows. */
struct tk_axis {
	double lo, hi; /* the values of the lowest and of the highest dot */
	bool log_y;
	double step; /* from tick to tick: a difference; on a logarithmic axis, a factor */
	int ticks;   /* how many */
};

/**
 * Make an axis that contains lo .. hi, the extremes of the data (>= 0), for a plot of so many rows
 * of cells with so many dots each. From tick to tick are `step`, a round number, and a whole number
 * of rows, so that ticks stand at even distances. A linear axis begins at zero if lo is below a
 * quarter of hi; a logarithmic one at 1, 2 or 5 times a power of ten.
 */
struct tk_axis tk_axis(double lo, double hi, int rows, int cell_dots, bool log_y);

/**
 * Where a linear axis ends, so that a few outliers do not flatten the rest: data beyond that is
 * clipped. One value in 32, and at least one of four, may be an outlier.
 * @param lo, hi   the extremes of all data
 * @param typical  values that the axis is for, those that are not finite left out
 * @return hi, or less if the data without the outliers would have less than half of the height
 */
double tk_axis_top(double lo, double hi, double (*typical)(const void *arg, size_t i), size_t n,
		   const void *arg);

/** The ticks with their labels, ascending. @return how many, 2 to TK_AXIS_TICKS_MAX */
int tk_axis_values(const struct tk_axis *a, struct tk_axis_tick ticks[TK_AXIS_TICKS_MAX],
		   char *(*format)(char out[TK_UNITS_MAX], double v));

/**
 * Ticks for the time axis from to_ns - span_ns to to_ns (CLOCK_REALTIME), newest first. A tick's
 * `at` is in nanoseconds relative to to_ns.
 * @param wall  label ticks with the local time of day; else with the time before to_ns, or "now"
 */
int tk_axis_times(struct tk_axis_tick ticks[TK_AXIS_TICKS_MAX], int64_t to_ns, int64_t span_ns,
		  int columns, bool wall);

#endif
