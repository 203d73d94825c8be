/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/legend.h - which curve is which: a column right of the plot, and how
 * a curve is named.
 */
#ifndef TK_COLLECTOR_DISPLAY_PANES_LEGEND_H
#define TK_COLLECTOR_DISPLAY_PANES_LEGEND_H

#include "collector/cli/text.h"
#include "collector/display/canvas/curve.h"
#include "collector/display/view/view.h"

#define TK_LEGEND_VALUE_W 8 /* columns of a value: "721.2 µs" */

/** Whether curves are told apart by letters: there are no colours, or it is ASCII. */
bool tk_legend_has_letters(const struct tk_grid *g);

/** Columns of a legend for the curves that are on, whatever their values; 0: none is on. */
int tk_legend_width(const struct tk_view_state *v, const struct tk_grid *g);

/**
 * The curves that are on, with their values in one datapoint, one a row from the top of r, the
 * largest first, as `format` writes values. What has no row is left out.
 */
void tk_legend_draw(const struct tk_view_state *v, const struct tk_datapoint *d, struct tk_grid *g,
		    struct tk_rect r, char *(*format)(char out[TK_UNITS_MAX], double));

#endif
