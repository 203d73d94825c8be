/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/chart.h - what all graphs have in common: place, axes, marks.
 *
 * All panes give the same columns to labels, so that one moment is in one column in all of them.
 */
#ifndef TK_COLLECTOR_DISPLAY_PANES_CHART_H
#define TK_COLLECTOR_DISPLAY_PANES_CHART_H

#include "collector/cli/text.h"
#include "collector/display/canvas/axis.h"
#include "collector/display/canvas/plot.h"
#include "collector/display/view/view.h"

/* A graph within the frame of a pane. */
struct tk_chart {
	const struct tk_view_state *view;
	const struct tk_snapshot *snapshot;
	struct tk_plot plot;
	struct tk_axis axis; /* of values; tk_chart_scale() makes it */
	int64_t to_ns;       /* the right end of the window */
	int text;            /* rows above the plot */
	int gutter;          /* columns to the right of the plot, for the legend */
	bool time_axis;      /* there is room for one below the plot */
};

#define TK_CHART_LABEL_W 9 /* columns to the left of the plot: labels of values, and the axis */

/** The chart in pane r, of which the first `text` rows inside the frame are left free. */
struct tk_chart tk_chart(const struct tk_view_state *v, const struct tk_snapshot *s,
			 struct tk_grid *g, struct tk_rect r, int text);

/** Whether the pane is so small that there is no room for the plot. */
bool tk_chart_is_empty(const struct tk_chart *c);

/** The axis of values, which contains lo .. hi. Before this, nothing can be drawn. */
void tk_chart_scale(struct tk_chart *c, double lo, double hi, bool log_y);

/** Put a ▲ at the upper edge, above a datapoint of which a value is beyond it. */
void tk_chart_clip(const struct tk_chart *c, const struct tk_datapoint *d, struct tk_style style);

/**
 * The axes with their labels, and the marks as vertical lines.
 * @param format  tk_units_ns or another function of that form
 * @param names   whether the marks' names are written on the time axis, if there is one
 */
void tk_chart_axes(const struct tk_chart *c, char *(*format)(char out[TK_UNITS_MAX], double),
		   bool names);

/** Where a datapoint lies on the x axis: in the middle of its interval. */
double tk_chart_x(const struct tk_chart *c, const struct tk_datapoint *d);

/**
 * Whether there is a gap between two datapoints: no collector ran, or no process. A line across
 * would tell what nobody has seen.
 */
bool tk_chart_gap(const struct tk_datapoint *older, const struct tk_datapoint *newer);

/* Datapoints, oldest first. */
struct tk_chart_points {
	const struct tk_datapoint *p;
	size_t n;
};

/** The datapoints of the selected timer; none if the snapshot has those of another timer. */
struct tk_chart_points tk_chart_points(const struct tk_view_state *v, const struct tk_snapshot *s,
				       enum tk_measure m);

/** All samples in view, of the selected timer; NULL if the snapshot has those of another timer. */
const struct tk_datapoint *tk_chart_window(const struct tk_view_state *v,
					   const struct tk_snapshot *s, enum tk_measure m);

#endif
