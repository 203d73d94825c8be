/* SPDX-License-Identifier: MIT */
#include "collector/display/keys.h"

#include "collector/display/canvas/curve.h"
#include "collector/display/canvas/key.h"

/* clang-format off */
static const struct tk_key table[] = {
	{ { TK_KEY_UP, 'k' }, TK_DO_SELECT, -1, "▲ k", "select the timer above", "▲▼", "select", 1 },
	{ { TK_KEY_DOWN, 'j' }, TK_DO_SELECT, 1, "▼ j", "select the timer below", NULL, NULL, 0 },
	{ { TK_KEY_PAGE_UP }, TK_DO_PAGE, -1, "PgUp", "a page up in the list", NULL, NULL, 0 },
	{ { TK_KEY_PAGE_DOWN }, TK_DO_PAGE, 1, "PgDn", "a page down in the list", NULL, NULL, 0 },
	{ { 'a' }, TK_DO_CURVE, TK_CURVE_AVG, "a", "average", "a", "avg", 2 },
	{ { 'm' }, TK_DO_CURVE, TK_CURVE_MIN, "m", "minimum", "m", "min", 2 },
	{ { 'M' }, TK_DO_CURVE, TK_CURVE_MAX, "M", "maximum", "M", "max", 2 },
	{ { 'e', '1' }, TK_DO_CURVE, TK_CURVE_P50, "e 1", "median (p50)", "e", "med", 2 },
	{ { '2' }, TK_DO_CURVE, TK_CURVE_P90, "2", "90th percentile", "2-5", "p90..p99.99", 5 },
	{ { '3' }, TK_DO_CURVE, TK_CURVE_P99, "3", "99th percentile", NULL, NULL, 0 },
	{ { '4' }, TK_DO_CURVE, TK_CURVE_P999, "4", "99.9th percentile", NULL, NULL, 0 },
	{ { '5' }, TK_DO_CURVE, TK_CURVE_P9999, "5", "99.99th percentile", NULL, NULL, 0 },
	{ { 'l' }, TK_DO_PANE, TK_LATENCY, "l", "the latency pane", "l", "latency", 3 },
	{ { 'b' }, TK_DO_PANE, TK_PROCESSING, "b", "the business (processing) pane", "b", "business", 3 },
	{ { '+', '=' }, TK_DO_INTERVAL, 1, "+", "20 ms more per datapoint", "+ -", "interval", 4 },
	{ { '-' }, TK_DO_INTERVAL, -1, "-", "20 ms less per datapoint", NULL, NULL, 0 },
	{ { ' ' }, TK_DO_PAUSE, 0, "Space", "freeze the view; collecting goes on", "Space", "pause", 2 },
	{ { 'z' }, TK_DO_ZOOM, -1, "z", "zoom in: less time", "z Z", "zoom", 6 },
	{ { 'Z' }, TK_DO_ZOOM, 1, "Z", "zoom out: more time", NULL, NULL, 0 },
	{ { TK_KEY_LEFT, '[' }, TK_DO_PAN, -1, "◀ [", "earlier", "◀ ▶", "pan", 6 },
	{ { TK_KEY_RIGHT, ']' }, TK_DO_PAN, 1, "▶ ]", "later", NULL, NULL, 0 },
	{ { '0', TK_KEY_END }, TK_DO_LIVE, 0, "0 End", "back to now", "0", "now", 7 },
	{ { 'g' }, TK_DO_LOG, 0, "g", "logarithmic scale", "g", "log", 7 },
	{ { 't' }, TK_DO_TIMES, 0, "t", "time of day, or time ago", "t", "clock", 9 },
	{ { 's' }, TK_DO_SORT, 0, "s", "sort by name, rate, latency", "s", "sort", 7 },
	{ { '/' }, TK_DO_FILTER, 0, "/", "only timers with this in their name", "/", "filter", 7 },
	{ { TK_KEY_ESCAPE }, TK_DO_ESCAPE, 0, "Esc", "close the help, drop the filter", NULL, NULL, 0 },
	{ { 'h', '?' }, TK_DO_HELP, 0, "h ?", "this help", "h", "help", 0 },
	{ { 'q' }, TK_DO_QUIT, 0, "q", "quit", "q", "quit", 0 },
};
/* clang-format on */

const struct tk_key *tk_keys(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct tk_key *tk_key_find(uint32_t code)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);

	for (; code && n > 0; k++, n--)
		for (size_t i = 0; i < sizeof(k->codes) / sizeof(k->codes[0]); i++)
			if (k->codes[i] == code)
				return k;
	return NULL;
}
