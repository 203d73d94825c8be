/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/head.h - the head of a pane: which timer, of which process, and its
 * figures of all samples in view.
 *
 * The names stand in the upper edge of the frame. The figures follow them there where all fit, and
 * have a row of their own where they do not. Nothing is cut: what has no room is left out whole,
 * but for a timer's name, which loses its middle.
 */
#ifndef TK_COLLECTOR_DISPLAY_PANES_HEAD_H
#define TK_COLLECTOR_DISPLAY_PANES_HEAD_H

#include "collector/display/panes/panes.h"

/** Rows inside the frame that the head takes: 0 or 1. It does not change with the figures. */
int tk_head_rows(const struct tk_pane *p, const struct tk_view_state *v,
		 const struct tk_snapshot *s, const struct tk_grid *g, struct tk_rect r);

/**
 * The frame and the head.
 * @param clipped  some values are beyond the plot: a ▲ beside max says how far they may go
 */
void tk_head_draw(const struct tk_pane *p, const struct tk_view_state *v,
		  const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r, bool clipped);

#endif
