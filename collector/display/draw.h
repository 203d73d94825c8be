/* SPDX-License-Identifier: MIT */
/*
 * collector/display/draw.h - one screen: a view of a snapshot, drawn into a grid.
 */
#ifndef TK_COLLECTOR_DISPLAY_DRAW_H
#define TK_COLLECTOR_DISPLAY_DRAW_H

#include "collector/display/layout.h"
#include "collector/display/view/view.h"

/**
 * Draw the whole screen. The grid has its size already; s is the snapshot of the last
 * tk_view_sync(). A grid below 40 × 10 shows one line, which says so. Takes a fraction of a
 * millisecond for a terminal of common size; never fails. Sets v->page and bounds v->help_top.
 */
void tk_draw(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g);

/** The layout that tk_draw() uses. Exported for tests. */
struct tk_layout tk_draw_layout(const struct tk_view_state *v, const struct tk_snapshot *s,
				const struct tk_grid *g);

/* The parts of the screen beside the panes, each in the file of its name. */
/* @return the columns that the list needs for its names */
int tk_draw_list_width(const struct tk_view_state *v, const struct tk_snapshot *s);
void tk_draw_list(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		  struct tk_rect r);
void tk_draw_status(const struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		    struct tk_rect r);
void tk_draw_footer(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r);
void tk_draw_help(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g);

#endif
