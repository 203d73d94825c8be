/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/curve.h - the curves of a datapoint, and how each looks.
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_CURVE_H
#define TK_COLLECTOR_DISPLAY_CANVAS_CURVE_H

#include "collector/display/canvas/plot.h"
#include "collector/stats/measure.h"

/* Drawn in reverse, so that the first is on top. */
enum tk_curve {
	TK_CURVE_P50,
	TK_CURVE_P90,
	TK_CURVE_P99,
	TK_CURVE_P999,
	TK_CURVE_P9999,
	TK_CURVE_MAX,
	TK_CURVE_MIN,
	TK_CURVE_AVG,
	TK_CURVES
};

/* Those that a view begins with: the band from p50 to p99, and max above it. */
#define TK_CURVES_AT_FIRST (1u << TK_CURVE_P50 | 1u << TK_CURVE_P99 | 1u << TK_CURVE_MAX)

/** "avg", "min", "p50", "p90", ... */
const char *tk_curve_name(enum tk_curve s);

/** Colour, dashes and ASCII glyph: the glyph is the key that switches the curve on and off. */
struct tk_plot_line tk_curve_line(enum tk_curve s);

/** Its value, in ns; NaN if the datapoint has no samples. */
double tk_curve_value(const struct tk_datapoint *d, enum tk_curve s);

#endif
