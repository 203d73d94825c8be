/* SPDX-License-Identifier: MIT */
/*
 * collector/display/view/view.h - what the user has chosen to see.
 *
 * Knows no keys, no terminal and no collector: snapshots go in, a request for the next snapshot
 * (struct tk_view) and what has to be drawn come out. One thread. One round of the display:
 *
 *	tk_view_sync(v, snapshot);		the list follows the snapshot
 *	tk_draw(v, snapshot, grid);		draw.h
 *	tk_keys_press(v, snapshot, key);	keys.h: a key changes the choice
 *	request = tk_view_request(v, now);	for the next snapshot
 */
#ifndef TK_COLLECTOR_DISPLAY_VIEW_VIEW_H
#define TK_COLLECTOR_DISPLAY_VIEW_VIEW_H

#include "collector/engine/views/snapshot.h"

enum tk_sort { TK_SORT_NAME, TK_SORT_RATE, TK_SORT_LATENCY, TK_SORTS };

struct tk_view_state {
	uint64_t key;    /* of the selected timer; 0: none */
	unsigned curves; /* bits of enum tk_curve */
	unsigned panes;  /* bits: the panes wanted, by their places in the table of panes */
	enum tk_sort sort;
	bool log_y, wall; /* logarithmic values; time of day on the time axis */
	bool paused, help, editing, quit;
	int help_top;         /* the first line of the help that is shown, where it must scroll */
	char filter[64];      /* UTF-8; empty: all timers */
	int64_t span_ns;      /* width of the window */
	int64_t to_ns;        /* its right end; 0: now */
	uint64_t interval_ns; /* per datapoint, as wanted; 0: as the collector has it */
	const char *where;    /* the directory of segments, for the message that it is empty */

	/* The list as shown: indices into the snapshot's timers. tk_view_sync() fills it. */
	size_t *rows;
	size_t n_rows;
	size_t selected; /* an index into rows; 0 if there are none */
	int page;        /* lines the list had when it was last drawn */
};

/** All panes, the curve of the averages, the last 30 s, live. Always succeeds; frees nothing. */
void tk_view_init(struct tk_view_state *v, const char *where);
void tk_view_fini(struct tk_view_state *v);

/* --- the list (list.c) ----------------------------------------------------------------------- */

/**
 * Sort and filter the snapshot's timers and find the selected one again. If it is gone, select the
 * timer that took its place. Call it for every new snapshot and after every key.
 * @return 0, or -ENOMEM: the list is empty then.
 */
int tk_view_sync(struct tk_view_state *v, const struct tk_snapshot *s);

/** The selected timer, or NULL. */
const struct tk_snap_timer *tk_view_timer(const struct tk_view_state *v,
					  const struct tk_snapshot *s);

/** Move the selection `lines` down, or up if negative, not beyond the ends of the list. */
void tk_view_select(struct tk_view_state *v, const struct tk_snapshot *s, long lines);

/** What TK_SORT_LATENCY sorts by: the p99 since attach, of latency or, without any, processing. */
double tk_view_sort_latency(const struct tk_snap_timer *t);

/* --- the window (view.c) --------------------------------------------------------------------- */

/** The snapshot this view needs next; now_ns is CLOCK_REALTIME. */
struct tk_view tk_view_request(const struct tk_view_state *v, int64_t now_ns);

/** Move the window by so many quarters of its width: later, or earlier if negative. */
void tk_view_pan(struct tk_view_state *v, const struct tk_snapshot *s, int quarters);

/** Widen the window by so many steps, or narrow it if negative. */
void tk_view_zoom(struct tk_view_state *v, const struct tk_snapshot *s, int steps);

/** Freeze the window where it is, or go back to now. */
void tk_view_pause(struct tk_view_state *v, const struct tk_snapshot *s);

/** Change the interval per datapoint by so many steps of 20 ms. */
void tk_view_change_interval(struct tk_view_state *v, const struct tk_snapshot *s, int steps);

#endif
