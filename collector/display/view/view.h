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

/* What fills the screen: all timers as a table, or one of them as charts. */
enum tk_screen { TK_SCREEN_CHARTS, TK_SCREEN_OVERVIEW };

/* What the overview is sorted by; of the last 10 s. */
enum tk_by {
	TK_BY_WORST, /* the larger of both measures' p99 */
	TK_BY_NAME,
	TK_BY_RATE,
	TK_BY_PROCESSING_P50,
	TK_BY_PROCESSING_P99,
	TK_BY_LATENCY_P50,
	TK_BY_LATENCY_P99,
	TK_BY_MAX,
	TK_BY_LOST,
	TK_BYS
};

/* The value that a row is sorted by for now. */
struct tk_view_held {
	uint64_t key;
	double value;
};

#define TK_VIEW_UNFOLDED_MAX 64
#define TK_VIEW_SPARKS_MAX   128

/* What the list beside charts is sorted by. */
enum tk_sort { TK_SORT_NAME, TK_SORT_RATE, TK_SORT_LATENCY, TK_SORTS };

struct tk_view_state {
	uint64_t key;    /* of the selected timer; 0: none */
	unsigned curves; /* bits of enum tk_curve */
	unsigned panes;  /* bits: the panes wanted, by their places in the table of panes */
	enum tk_sort sort;
	bool silent;      /* list timers that never recorded, too */
	bool log_y, wall; /* logarithmic values; time of day on the time axis */
	bool paused, help, editing, quit;
	int help_top;    /* the first line of the help that is shown, where it must scroll */
	char filter[64]; /* UTF-8; empty: all timers */
	int64_t span_ns; /* width of the window */
	int64_t to_ns;   /* its right end; 0: the present, which ends when a process dies: */
	int64_t end_ns;  /* that of the selected timer is dead, and had its last interval; or 0 */
	uint64_t interval_ns; /* per datapoint, as wanted; 0: as the collector has it */
	const char *where;    /* the directory of segments, for the message that it is empty */

	enum tk_screen screen;
	bool decided;             /* which screen: until then, by the number of timers */
	int64_t first_ns;         /* when the first timer was seen */
	struct tk_recent *recent; /* whose windows the overview shows; the caller's */
	enum tk_by by;
	bool follows; /* the overview's selection follows its row; else it stays on the first */
	uint64_t unfolded[TK_VIEW_UNFOLDED_MAX]; /* keys of folded rows, the oldest first */
	size_t n_unfolded;
	struct tk_view_held *held; /* by key; order.c */
	size_t n_held;
	int64_t held_ns;
	enum tk_by held_by;

	/* The rows on the screen that have a sparkline, as they were last drawn. */
	uint64_t sparks[TK_VIEW_SPARKS_MAX];
	size_t n_sparks;

	/* The list as shown: indices into the snapshot's timers. tk_view_sync() fills it. */
	size_t *rows;
	size_t n_rows;
	size_t selected; /* an index into rows; 0 if there are none */
	int page;        /* lines the list had when it was last drawn */
};

/** All panes, the curves TK_CURVES_AT_FIRST, the last 30 s, live. Succeeds; frees nothing. */
void tk_view_init(struct tk_view_state *v, const char *where);
void tk_view_fini(struct tk_view_state *v);

/* --- the list ----------------------------------------------------------------------- */

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

/** Select the first row, end < 0, and stay on it; or the last one, end > 0. */
void tk_view_select_end(struct tk_view_state *v, const struct tk_snapshot *s, int end);

/** Whether a folded row shows the timers that it stands for; and change that. */
bool tk_view_is_unfolded(const struct tk_view_state *v, uint64_t fold);
void tk_view_toggle_fold(struct tk_view_state *v, uint64_t key);

/** What the overview sorts a row by; NAN: it has no such value. */
double tk_view_value(const struct tk_snap_timer *t, enum tk_by by);

/** What the number in each line of the list beside charts is: what it is sorted by, or the p99. */
enum tk_by tk_view_list_by(const struct tk_view_state *v);

/* --- the window (view.c) --------------------------------------------------------------------- */

/** The snapshot this view needs next; now_ns is CLOCK_REALTIME. */
struct tk_view tk_view_request(const struct tk_view_state *v, int64_t now_ns);

/** The window's right end. */
int64_t tk_view_end(const struct tk_view_state *v, const struct tk_snapshot *s);

/** Move the window by so many quarters of its width: later, or earlier if negative. */
void tk_view_pan(struct tk_view_state *v, const struct tk_snapshot *s, int quarters);

/** Widen the window by so many steps, or narrow it if negative. */
void tk_view_zoom(struct tk_view_state *v, const struct tk_snapshot *s, int steps);

/** Freeze the window where it is, or go back to now. */
void tk_view_pause(struct tk_view_state *v, const struct tk_snapshot *s);

/** Change the interval per datapoint by so many steps of 20 ms. */
void tk_view_change_interval(struct tk_view_state *v, const struct tk_snapshot *s, int steps);

#endif
