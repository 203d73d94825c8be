/* SPDX-License-Identifier: MIT */
/*
 * collector/report/svg.h - pictures of a report: panels with ns on a logarithmic axis, and lines.
 *
 * Coordinates are pixels from the upper left corner. Main thread.
 */
#ifndef TK_COLLECTOR_REPORT_SVG_H
#define TK_COLLECTOR_REPORT_SVG_H

#include <stddef.h>
#include <stdio.h>

#include "collector/stats/measure.h"

/** A rectangle in which values of `low` to `high` ns are drawn. */
struct tk_svg_panel {
	double left, top, width, height;
	double low, high;
	struct tk_unit unit; /* of low and high */
};

/** Colours that are told apart, also by the colour-blind (Okabe and Ito); any i. */
const char *tk_svg_color(size_t i);

void tk_svg_begin(FILE *out, double width, double height);
void tk_svg_end(FILE *out);

/** A text. @anchor: start, middle or end; @color: NULL: black */
void tk_svg_text(FILE *out, double x, double y, const char *anchor, const char *color,
		 const char *text);

/** Widen low and high, which are above 0, to where the axis has a line. */
void tk_svg_fit(struct tk_svg_panel *p);

/** A frame, and a line with its value for each decade, or for 1, 2 and 5 of few. */
void tk_svg_axis(FILE *out, const struct tk_svg_panel *p);

/** A vertical line with a text below it. @x: 0 to 1 */
void tk_svg_tick(FILE *out, const struct tk_svg_panel *p, double x, const char *text);

/* A line, point by point. x: 0 to 1. Points that lie on each other are left out. */

struct tk_svg_line {
	FILE *out;
	const struct tk_svg_panel *panel;
	double x, y; /* of the last point */
	size_t n;
};

void tk_svg_line_begin(struct tk_svg_line *l, FILE *out, const struct tk_svg_panel *p,
		       const char *color);
void tk_svg_line_to(struct tk_svg_line *l, double x, double ns);
void tk_svg_line_end(struct tk_svg_line *l);

#endif
