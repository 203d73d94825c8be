/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/plot.h - curves on a grid. Knows points and cells, and nothing of timers.
 *
 * A plot is a rectangle of cells with a range of values on each axis. A cell is 2 × 4 dots in
 * braille, 2 × 2 in block elements, one character in ASCII; dots are drawn straight into the
 * grid's cells, and a cell takes the colour of the last dot put there. Curves are drawn with
 * a pen, point after point, so that nothing has to be copied.
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
struct tk_line {
	struct tk_style style;
	uint8_t dash; /* which of eight dots in a row are drawn; ASCII draws all */
	char glyph;   /* ASCII's character for it */
};

struct tk_pen {
	const struct tk_plot *plot;
	struct tk_line line;
	bool down;
	int x, y; /* the last point, in dots */
};

/** Dots across and down. */
int tk_plot_dots_x(const struct tk_plot *p);
int tk_plot_dots_y(const struct tk_plot *p);

/** The row of cells of a value, clamped to the plot. */
int tk_plot_row(const struct tk_plot *p, double y);

/** The column of cells of a place on the x axis; -1 if it is outside. */
int tk_plot_col(const struct tk_plot *p, double x);

/** A pen that is up. */
struct tk_pen tk_pen(const struct tk_plot *p, struct tk_line line);

/**
 * Go on to x, y: a line from the last point if the pen is down, a dot if it was up. A value that
 * is not finite, or an x outside the plot, lifts the pen; y is clamped. Points that share a
 * column draw their extent, and dashes never hide the point itself where the curve is steep.
 */
void tk_pen_to(struct tk_pen *pen, double x, double y);

/** A dotted vertical line at x; nothing if it is outside. */
void tk_plot_vline(const struct tk_plot *p, double x, struct tk_style s);

#endif
