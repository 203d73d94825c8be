/* SPDX-License-Identifier: MIT */
/*
 * collector/display/layout.h - which part of the screen belongs to what.
 *
 * The list of timers is as wide as its names need, up to 30 % of the width. To its right, the panes
 * are stacked in the order of their table, with the shares of the height that the table gives them;
 * a pane that is not shown leaves its room to the others. Below all: a status line and the footer.
 * Where there is too little height, panes with a fixed share go first.
 */
#ifndef TK_COLLECTOR_DISPLAY_LAYOUT_H
#define TK_COLLECTOR_DISPLAY_LAYOUT_H

#include "collector/display/canvas/grid.h"
#include "collector/display/panes/panes.h"

#define TK_LAYOUT_MIN_W 40
#define TK_LAYOUT_MIN_H 10

/* A rectangle of no height is not shown. All others are disjoint and inside the screen. */
struct tk_layout {
	struct tk_rect list;
	struct tk_rect pane[TK_PANES_MAX]; /* in the order of the table */
	struct tk_rect panes;              /* all of them together */
	struct tk_rect note, status, footer;
};

/**
 * w and h are not below the minimum.
 * @param names  the columns that the list needs for its names
 * @param shown  the panes to show, as tk_panes_shown() has them
 * @param note   whether there is a note to show above the status line
 */
struct tk_layout tk_layout(int w, int h, int names, unsigned shown, bool note);

#endif
