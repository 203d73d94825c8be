/* SPDX-License-Identifier: MIT */
/*
 * collector/display/layout.h - which part of the screen belongs to what.
 *
 * The list of timers has a fifth of the width. To its right, latency and business have two fifths
 * of the height each and messages per second the last; a pane that is not shown leaves its room to
 * the others. Below all: a status line and the footer. Where there is too little height
 * the rate's pane goes first (the status line has the rate too).
 */
#ifndef TK_COLLECTOR_DISPLAY_LAYOUT_H
#define TK_COLLECTOR_DISPLAY_LAYOUT_H

#include "collector/display/canvas/grid.h"
#include "collector/engine/snapshot.h"

#define TK_LAYOUT_MIN_W 40
#define TK_LAYOUT_MIN_H 10

/* A rectangle of no height is not shown. All others are disjoint and inside the screen. */
struct tk_layout {
	struct tk_rect list;
	struct tk_rect pane[TK_MEASURES];
	struct tk_rect rate;
	struct tk_rect graphs; /* all the panes together */
	struct tk_rect note, status, footer;
};

/**
 * @param show  the panes wanted
 * @param note  whether there is something to say above the status line
 * w and h are not below the minimum.
 */
struct tk_layout tk_layout(int w, int h, const bool show[TK_MEASURES], bool note);

#endif
