/* SPDX-License-Identifier: MIT */
/*
 * collector/display/view/order.h - between the files of this room: rows.c lists timers, order.c
 * sorts them, select.c finds the selected one again.
 */
#ifndef TK_COLLECTOR_DISPLAY_VIEW_ORDER_H
#define TK_COLLECTOR_DISPLAY_VIEW_ORDER_H

#include "collector/display/view/view.h"

/** Sort v->rows. @return 0, or -ENOMEM: nothing is sorted */
int tk_view_order(struct tk_view_state *v, const struct tk_snapshot *s);

/** Find the row of v->key. If it is gone, select the row that took its place. */
void tk_view_find_selected(struct tk_view_state *v, const struct tk_snapshot *s);

#endif
