/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/plot.h - curves on a grid.
 *
 * This file knows points and cells; it knows nothing about timers.
 *
 * A plot is a rectangle of cells with a range of values on each axis. A cell is 2 × 4 dots in
 * braille, 2 × 2 in block elements, one character in ASCII. Dots are drawn straight into the grid's
 * cells, and a cell takes the colour of the last dot put there. Where the grid has no colour, a
 * curve has its letter in every sixteenth column. Curves are drawn with a pen, point by point, so
 * that the points need not be copied.
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_PLOT_H
#define TK_COLLECTOR_DISPLAY_CANVAS_PLOT_H

#include "collector/display/canvas/grid.h"

struct tk_plot {
	struct tk_grid *grid;
	struct tk_rect area;
	double x0, x1; /* x0 < x1 */
	double y0, y1; /* y0 < y1; both > 0 if log_y */
	bool log_y;
};

/* What a curve looks like. */
struct tk_plot_line {
	struct tk_style style;
	uint8_t dash; /* which of eight consecutive dots are drawn, as bits; ASCII draws all */
	char glyph;   /* the character that draws it in ASCII */
};

struct tk_plot_pen {
	const struct tk_plot *plot;
	struct tk_plot_line line;
	bool down;
	int x, y; /* the last point, in dots */
};

/** Dots across the plot, and down (exported for tests). */
int tk_plot_dots_x(const struct tk_plot *p);
int tk_plot_dots_y(const struct tk_plot *p);

/** The row of cells of a value, clamped to the plot. */
int tk_plot_row(const struct tk_plot *p, double y);

/** The column of cells of an x value; -1 if it is outside. */
int tk_plot_col(const struct tk_plot *p, double x);

/** A pen, lifted: the next tk_plot_to() draws a dot and no line. */
struct tk_plot_pen tk_plot_pen(const struct tk_plot *p, struct tk_plot_line line);

/**
 * Move the pen to x, y: draw a line from the last point if the pen is down, a dot if it is lifted.
 * A y that is not finite, or an x outside the plot, lifts the pen; other y are clamped. Points that
 * share a column draw the column from the lowest to the highest of them. Where the curve is steep,
 * the point itself is drawn even if it falls between two dashes.
 */
void tk_plot_to(struct tk_plot_pen *pen, double x, double y);

/* The area between two curves, as a light pattern. Draw it first: they keep their colours. */
struct tk_plot_band {
	const struct tk_plot *plot;
	struct tk_plot_line line;
	bool down;
	int x, top, bottom;            /* the last point, in dots */
	int filled_top, filled_bottom; /* what is filled in its column */
};

/** A band, lifted. */
struct tk_plot_band tk_plot_band(const struct tk_plot *p, struct tk_plot_line line);

/** Fill from the last point to x, between the values lo and hi. What lifts a pen lifts a band. */
void tk_plot_band_to(struct tk_plot_band *b, double x, double lo, double hi);

/** A dotted vertical line at x; nothing if x is outside. */
void tk_plot_vline(const struct tk_plot *p, double x, struct tk_style s);

#endif
