/* SPDX-License-Identifier: MIT */
/*
 * collector/display/view.h - what the user has chosen to see, and what each key does to it.
 *
 * Knows no terminal and no collector: keys and snapshots go in, a request for the next snapshot
 * (struct tk_view) and a drawing (draw.h) come out. One thread. A round:
 *
 *	tk_view_sync(v, snapshot);		the list follows the snapshot
 *	tk_draw(v, snapshot, grid);		draw.h
 *	tk_view_key(v, snapshot, key);		changes the choice
 *	request = tk_view_request(v, now);	for the next snapshot
 */
#ifndef TK_COLLECTOR_DISPLAY_VIEW_H
#define TK_COLLECTOR_DISPLAY_VIEW_H

#include "collector/display/canvas/curve.h"
#include "collector/display/keys.h"
#include "collector/engine/snapshot.h"

enum tk_sort { TK_SORT_NAME, TK_SORT_RATE, TK_SORT_LATENCY, TK_SORTS };

struct tk_view_state {
	uint64_t key;    /* of the selected timer; 0: none */
	unsigned curves; /* bits of enum tk_curve */
	bool pane[TK_MEASURES];
	enum tk_sort sort;
	bool log_y, wall; /* logarithmic values; time of day on the time axis */
	bool paused, help, editing, quit;
	int help_top;         /* first line of the help that is shown, where it does not fit */
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

/** The averages of both panes over the last 30 s, live. Always succeeds; frees nothing. */
void tk_view_init(struct tk_view_state *v, const char *where);
void tk_view_fini(struct tk_view_state *v);

/**
 * Sort and filter the snapshot's timers and find the selected one again; where it is gone, take
 * the nearest. To be called for every new snapshot and after every key.
 * @return 0, or -ENOMEM: the list is empty then.
 */
int tk_view_sync(struct tk_view_state *v, const struct tk_snapshot *s);

/** Do what a key does. A key without a meaning does nothing. */
void tk_view_key(struct tk_view_state *v, const struct tk_snapshot *s, uint32_t code);

/** The snapshot this view needs next; now_ns is CLOCK_REALTIME. */
struct tk_view tk_view_request(const struct tk_view_state *v, int64_t now_ns);

/** The selected timer, or NULL. */
const struct tk_snap_timer *tk_view_timer(const struct tk_view_state *v,
					  const struct tk_snapshot *s);

/** By what the list is sorted: p99 latency since attach, of the work where there is no latency. */
double tk_view_sort_latency(const struct tk_snap_timer *t);

/** Whether what a key switches is on. */
bool tk_view_is_on(const struct tk_view_state *v, const struct tk_key *k);

#endif
