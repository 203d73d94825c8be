/* SPDX-License-Identifier: MIT */
/*
 * collector/display/overview/overview.h - the overview: all timers as a table, of the last 10 s.
 */
#ifndef TK_COLLECTOR_DISPLAY_OVERVIEW_OVERVIEW_H
#define TK_COLLECTOR_DISPLAY_OVERVIEW_OVERVIEW_H

#include "collector/display/canvas/grid.h"
#include "collector/display/view/view.h"

/** Draw it into r. Sets v->page. */
void tk_overview_draw(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		      struct tk_rect r);

#endif
