/* SPDX-License-Identifier: MIT */
#include "collector/display/keys.h"

#include <assert.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/canvas/curve.h"
#include "collector/display/canvas/key.h"
#include "collector/display/panes/panes.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* --- what keys do ---------------------------------------------------------------------------- */

/* Where the help is open, the keys that move the selection scroll it. Drawing bounds help_top. */
static bool scroll_help(struct tk_view_state *v, int lines)
{
	if (v->help)
		v->help_top = v->help_top + lines < 0 ? 0 : v->help_top + lines;
	return v->help;
}

static void move_lines(struct tk_view_state *v, const struct tk_snapshot *s, int lines)
{
	if (!scroll_help(v, lines))
		tk_view_select(v, s, lines);
}

static void move_pages(struct tk_view_state *v, const struct tk_snapshot *s, int pages)
{
	if (!scroll_help(v, 8 * pages))
		tk_view_select(v, s, (long)pages * v->page);
}

static void move_to_end(struct tk_view_state *v, const struct tk_snapshot *s, int end)
{
	if (!scroll_help(v, end * 1000))
		tk_view_select_end(v, s, end);
}

static void switch_screen(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->follows = true;
	v->screen = v->screen == TK_SCREEN_CHARTS ? TK_SCREEN_OVERVIEW : TK_SCREEN_CHARTS;
}

/* Unfold or fold what stands for several processes; of one, show charts. */
static void enter(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);

	if (!t)
		return;
	if (!t->processes) {
		switch_screen(v, s, arg);
		return;
	}
	v->follows = true;
	tk_view_toggle_fold(v, t->key);
}

static void toggle_curve(struct tk_view_state *v, const struct tk_snapshot *s, int curve)
{
	(void)s;
	v->curves ^= 1u << curve;
}

static bool curve_is_on(const struct tk_view_state *v, int curve)
{
	return v->curves >> curve & 1;
}

static void toggle_pane(struct tk_view_state *v, const struct tk_snapshot *s, int pane)
{
	(void)s;
	v->panes ^= 1u << pane;
}

static bool pane_is_on(const struct tk_view_state *v, int pane)
{
	return v->panes >> pane & 1;
}

static void pause(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)arg;
	tk_view_pause(v, s);
}

static bool is_paused(const struct tk_view_state *v, int arg)
{
	(void)arg;
	return v->paused;
}

static void go_live(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->paused = false;
	v->to_ns = 0;
}

static void toggle_log(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->log_y = !v->log_y;
}

static bool log_is_on(const struct tk_view_state *v, int arg)
{
	(void)arg;
	return v->log_y;
}

static void toggle_silent(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->silent = !v->silent;
}

static bool silent_is_on(const struct tk_view_state *v, int arg)
{
	(void)arg;
	return v->silent;
}

static void toggle_wall(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->wall = !v->wall;
}

static void next_sort(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	if (v->screen == TK_SCREEN_OVERVIEW)
		v->by = (v->by + 1) % TK_BYS;
	else
		v->sort = (v->sort + 1) % TK_SORTS;
}

static void begin_filter(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->editing = true;
}

static void toggle_help(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->help = !v->help;
	v->help_top = 0;
}

static bool help_is_on(const struct tk_view_state *v, int arg)
{
	(void)arg;
	return v->help;
}

static void escape(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	if (!v->help)
		v->filter[0] = 0;
	v->help = false;
}

/* What is drawn after each key is sent whole after this one: terminal.c. */
static void repaint(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)v, (void)s, (void)arg;
}

static void quit(struct tk_view_state *v, const struct tk_snapshot *s, int arg)
{
	(void)s, (void)arg;
	v->quit = true;
}

/* --- the table ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct tk_key before_panes[] = {
	{ { TK_KEY_UP, 'k' }, move_lines, NULL, -1, "▲ k", "select the timer above",
	  "▲▼", "select", 1, TK_KEY_ON_BOTH },
	{ { TK_KEY_DOWN, 'j' }, move_lines, NULL, 1, "▼ j", "select the timer below",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { TK_KEY_PAGE_UP }, move_pages, NULL, -1, "PgUp", "a page up in the list",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { TK_KEY_PAGE_DOWN }, move_pages, NULL, 1, "PgDn", "a page down in the list",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { TK_KEY_HOME }, move_to_end, NULL, -1, "Home", "the first row, and stay there",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { TK_KEY_END }, move_to_end, NULL, 1, "End", "the last row",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { 'v', '\t' }, switch_screen, NULL, 0, "v Tab", "overview of all timers, or charts",
	  "v", "view", 1, TK_KEY_ON_BOTH },
	{ { TK_KEY_ENTER, '\r' }, enter, NULL, 0, "Enter", "unfold processes; charts of one",
	  "Enter", "unfold", 2, TK_KEY_ON_OVERVIEW },
	{ { 'a' }, toggle_curve, curve_is_on, TK_CURVE_AVG, "a", "average",
	  "a", "avg", 2, TK_KEY_ON_CHARTS },
	{ { 'm' }, toggle_curve, curve_is_on, TK_CURVE_MIN, "m", "minimum",
	  "m", "min", 2, TK_KEY_ON_CHARTS },
	{ { 'M' }, toggle_curve, curve_is_on, TK_CURVE_MAX, "M", "maximum",
	  "M", "max", 2, TK_KEY_ON_CHARTS },
	{ { 'e', '1' }, toggle_curve, curve_is_on, TK_CURVE_P50, "e 1", "median (p50)",
	  "e", "p50", 2, TK_KEY_ON_CHARTS },
	{ { '2' }, toggle_curve, curve_is_on, TK_CURVE_P90, "2", "90th percentile",
	  "2-5", "p90..p99.99", 5, TK_KEY_ON_CHARTS },
	{ { '3' }, toggle_curve, curve_is_on, TK_CURVE_P99, "3", "99th percentile",
	  NULL, NULL, 0, TK_KEY_ON_CHARTS },
	{ { '4' }, toggle_curve, curve_is_on, TK_CURVE_P999, "4", "99.9th percentile",
	  NULL, NULL, 0, TK_KEY_ON_CHARTS },
	{ { '5' }, toggle_curve, curve_is_on, TK_CURVE_P9999, "5", "99.99th percentile",
	  NULL, NULL, 0, TK_KEY_ON_CHARTS },
};

static const struct tk_key after_panes[] = {
	{ { '+', '=' }, tk_view_change_interval, NULL, 1, "+", "20 ms more per datapoint",
	  "+ -", "interval", 4, TK_KEY_ON_BOTH },
	{ { '-' }, tk_view_change_interval, NULL, -1, "-", "20 ms less per datapoint",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { ' ' }, pause, is_paused, 0, "Space", "freeze the view; collecting goes on",
	  "Space", "pause", 2, TK_KEY_ON_BOTH },
	{ { 'z' }, tk_view_zoom, NULL, -1, "z", "zoom in: less time",
	  "z Z", "zoom", 6, TK_KEY_ON_CHARTS },
	{ { 'Z' }, tk_view_zoom, NULL, 1, "Z", "zoom out: more time",
	  NULL, NULL, 0, TK_KEY_ON_CHARTS },
	{ { TK_KEY_LEFT, '[' }, tk_view_pan, NULL, -1, "◀ [", "earlier",
	  "◀ ▶", "pan", 6, TK_KEY_ON_CHARTS },
	{ { TK_KEY_RIGHT, ']' }, tk_view_pan, NULL, 1, "▶ ]", "later",
	  NULL, NULL, 0, TK_KEY_ON_CHARTS },
	{ { '0' }, go_live, NULL, 0, "0", "back to now", "0", "now", 7, TK_KEY_ON_CHARTS },
	{ { 'g' }, toggle_log, log_is_on, 0, "g", "logarithmic scale",
	  "g", "log", 7, TK_KEY_ON_CHARTS },
	{ { 'n' }, toggle_silent, silent_is_on, 0, "n", "also timers that never recorded",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { 't' }, toggle_wall, NULL, 0, "t", "time of day, or time ago",
	  "t", "clock", 9, TK_KEY_ON_CHARTS },
	{ { 's' }, next_sort, NULL, 0, "s", "sort by the next column",
	  "s", "sort", 7, TK_KEY_ON_BOTH },
	{ { '/' }, begin_filter, NULL, 0, "/", "only timers with this in their name",
	  "/", "filter", 7, TK_KEY_ON_BOTH },
	{ { TK_KEY_ESCAPE }, escape, NULL, 0, "Esc", "close the help, drop the filter",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { TK_KEY_REPAINT }, repaint, NULL, 0, "^L", "repaint the whole screen",
	  NULL, NULL, 0, TK_KEY_ON_BOTH },
	{ { 'h', '?' }, toggle_help, help_is_on, 0, "h ?", "this help",
	  "h", "help", 0, TK_KEY_ON_BOTH },
	{ { 'q' }, quit, NULL, 0, "q", "quit", "q", "quit", 0, TK_KEY_ON_BOTH },
};
/* clang-format on */

static_assert(ROWS(before_panes) + TK_PANES_MAX + ROWS(after_panes) <= TK_KEYS_MAX,
	      "too many keys");

/* Put the keys of the panes between the others. @return rows of all. */
static size_t compose(struct tk_key all[TK_KEYS_MAX])
{
	size_t n_panes, n = ROWS(before_panes);
	const struct tk_pane *p = tk_panes(&n_panes);

	memcpy(all, before_panes, sizeof(before_panes));
	for (size_t i = 0; i < n_panes; i++)
		if (p[i].key)
			all[n++] = (struct tk_key){ .codes = { (unsigned char)p[i].key[0] },
						    .press = toggle_pane,
						    .is_on = pane_is_on,
						    .arg = (int)i,
						    .keys = p[i].key,
						    .help = p[i].help,
						    .footer_keys = p[i].key,
						    .footer = p[i].footer,
						    .rank = 3,
						    .on = TK_KEY_ON_CHARTS };
	memcpy(&all[n], after_panes, sizeof(after_panes));
	return n + ROWS(after_panes);
}

const struct tk_key *tk_keys(size_t *n)
{
	static struct tk_key all[TK_KEYS_MAX];
	static size_t n_all;

	if (n_all == 0)
		n_all = compose(all);
	*n = n_all;
	return all;
}

const struct tk_key *tk_keys_find(uint32_t code)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);

	for (; code && n > 0; k++, n--)
		for (size_t i = 0; i < ROWS(k->codes); i++)
			if (k->codes[i] == code)
				return k;
	return NULL;
}

bool tk_keys_is_here(const struct tk_view_state *v, const struct tk_key *k)
{
	return k->on == TK_KEY_ON_BOTH ||
	       (k->on == TK_KEY_ON_CHARTS) == (v->screen == TK_SCREEN_CHARTS);
}

bool tk_keys_is_on(const struct tk_view_state *v, const struct tk_key *k)
{
	return k->is_on && k->is_on(v, k->arg);
}

/* --- a key is pressed ------------------------------------------------------------------------ */

static void edit_filter(struct tk_view_state *v, uint32_t code)
{
	size_t n = strlen(v->filter);
	char utf8[5];

	if (code == TK_KEY_ENTER || code == '\r') {
		v->editing = false;
	} else if (code == TK_KEY_ESCAPE) {
		v->editing = false;
		v->filter[0] = 0;
	} else if (code == TK_KEY_BACKSPACE) {
		while (n > 0 && (v->filter[n - 1] & 0xC0) == 0x80)
			n--;
		v->filter[n ? n - 1 : 0] = 0;
	} else if (code >= ' ' && code < TK_KEY_UP) {
		size_t more = tk_utf8_encode(utf8, code);
		if (n + more < sizeof(v->filter))
			memcpy(v->filter + n, utf8, more + 1);
	}
}

void tk_keys_press(struct tk_view_state *v, const struct tk_snapshot *s, uint32_t code)
{
	const struct tk_key *k = tk_keys_find(code);
	bool moves = k && code >= TK_KEY_UP && code != TK_KEY_BACKSPACE;

	v->decided = true;
	if (v->editing && !moves)
		edit_filter(v, code);
	else if (k && tk_keys_is_here(v, k))
		k->press(v, s, k->arg);
	tk_view_sync(v, s);
}
