/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/panes.h - the panes: graphs of the selected timer, beside the list.
 *
 * To add a pane, write its drawing in a file of its own, declare it here and give it a row in
 * panes.c. The layout, the drawing of the screen, the key that switches it, the footer and the help
 * all follow from that row.
 */
#ifndef TK_COLLECTOR_DISPLAY_PANES_PANES_H
#define TK_COLLECTOR_DISPLAY_PANES_PANES_H

#include "collector/display/canvas/grid.h"
#include "collector/display/view/view.h"

struct tk_pane {
	const char *name;        /* in its title */
	const char *key;         /* switches it on and off, one character; NULL: it is always on */
	const char *footer;      /* what the footer says of the key */
	const char *help;        /* what the help says of it */
	enum tk_measure measure; /* whose samples it shows; TK_MEASURES: it needs none */
	int percent;             /* of the height; 0: an equal part of what the others leave */
	int min_h;               /* rows that it needs */
	/* Draw the selected timer, of which there is one, into r, which is 2 rows high or more. */
	void (*draw)(const struct tk_pane *p, const struct tk_view_state *v,
		     const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r);
};

#define TK_PANES_MAX 8 /* rows of the table, at most */

/** The table, from the top of the screen to the bottom. */
const struct tk_pane *tk_panes(size_t *n);

/** The panes to show, as bits of their places in the table. */
unsigned tk_panes_shown(const struct tk_view_state *v, const struct tk_snapshot *s);

/* The drawing of each: measure.c, rate.c. */
void tk_pane_measure(const struct tk_pane *p, const struct tk_view_state *v,
		     const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r);
void tk_pane_rate(const struct tk_pane *p, const struct tk_view_state *v,
		  const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r);

#endif
