/* SPDX-License-Identifier: MIT */
/*
 * collector/display/help.c - the help: all keys, from their table, what signs and words on the
 * screen mean, and what became of each drainer.
 */
#include <stdio.h>

#include "collector/cli/text.h"
#include "collector/display/draw.h"
#include "collector/display/keys.h"

enum { HELP_KEYS_W = 7, HELP_W = 44 };

static void draw_help_key(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect line,
			  const struct tk_key *k)
{
	tk_grid_text(g, line.x, line.y, HELP_KEYS_W - 1,
		     TK_STYLE(TK_DEFAULT, tk_keys_is_on(v, k) ? TK_REVERSE : TK_BOLD), k->keys);
	tk_grid_text(g, line.x + HELP_KEYS_W, line.y, line.w - HELP_KEYS_W, TK_STYLE_PLAIN,
		     k->help);
}

static const char *const words[] = {
	"†          the process has ended; its timers stay",
	"died       POST-MORTEM: the window ends when the process did",
	"×6 †2      six processes of one app, one user, and two that ended",
	"35s ago    no sample in the last 10 s: figures of the last interval",
	"▁▂█        p99 of each second, from the row's least to its largest",
	"▒ ▲        in charts: p50 to p99; above the plot, max says how far",
	"n          never recorded: listed while fewer than 32,768 live",
	"lost       overwritten or dropped before they were read",
	"lag        records that are not read yet",
	"gap        longest time that a drainer was away from its lanes",
	"set aside  in no statistic: below zero, across a clock change",
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static bool knows_cost(const struct tk_snapshot *s)
{
	return s->span_cost.by_stamp[TK_STAMP_ORDERED] > 0;
}

/* What is said of a replay: two lines. */
static int replay_at(const struct tk_snapshot *s)
{
	return WORDS + knows_cost(s);
}

/* The line at which drainers begin: their title. */
static int drainers_at(const struct tk_snapshot *s)
{
	return replay_at(s) + (s->title[0] ? 2 : 0);
}

static void replay_line(const struct tk_snapshot *s, int line, char text[TK_TEXT_DRAINER_MAX])
{
	if (line == 0)
		snprintf(
			text, TK_TEXT_DRAINER_MAX,
			"replay     Space stops it; + and - do nothing: it has its intervals");
	else
		snprintf(text, TK_TEXT_DRAINER_MAX, "recorded   %s",
			 s->about[0] ? s->about : "where, the file does not say");
}

/* What recording takes from the watched programs, of one core: in the last interval. */
static void cost_line(const struct tk_snapshot *s, char text[TK_TEXT_DRAINER_MAX])
{
	double share = 0;
	char span[TK_UNITS_MAX];

	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];
		const struct tk_datapoint *d = &t->last[TK_PROCESSING];

		if (t->alive && d->interval_ns)
			share += (double)d->records *
				 tk_span_cost_of(&s->span_cost, t->stamp, t->tsc) /
				 (double)d->interval_ns;
	}
	snprintf(text, TK_TEXT_DRAINER_MAX,
		 "recording  takes %.2g %% of a core; a span %s, measured in a loop", share * 100,
		 tk_units_ns(span, s->span_cost.by_stamp[TK_STAMP_ORDERED]));
}

/*
 * One of the lines below the keys: the words; what recording costs; what is said of a replay; a
 * title, and then a line for each drainer.
 */
static void help_line(const struct tk_snapshot *s, int line, char text[TK_TEXT_DRAINER_MAX])
{
	if (line < WORDS)
		snprintf(text, TK_TEXT_DRAINER_MAX, "%s", words[line]);
	else if (line < replay_at(s))
		cost_line(s, text);
	else if (line < drainers_at(s))
		replay_line(s, line - replay_at(s), text);
	else if (line == drainers_at(s))
		snprintf(text, TK_TEXT_DRAINER_MAX,
			 "Who drains; pages of lanes; gap, faults, forced switches since warm");
	else
		tk_text_drainer(text, &s->drainers[line - drainers_at(s) - 1]);
}

/* The number of these lines; *width: the columns of the longest. */
static int help_lines(const struct tk_snapshot *s, int *width)
{
	int n = drainers_at(s) + (s->n_drainers ? 1 + (int)s->n_drainers : 0);
	char text[TK_TEXT_DRAINER_MAX];

	*width = 0;
	for (int line = 0; line < n; line++) {
		help_line(s, line, text);
		if (tk_text_width(text) > *width)
			*width = tk_text_width(text);
	}
	return n;
}

static void draw_help_line(const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect line,
			   int i)
{
	char text[TK_TEXT_DRAINER_MAX];

	help_line(s, i, text);
	tk_grid_text(g, line.x, line.y, line.w,
		     i == drainers_at(s) ? TK_STYLE_BOLD : TK_STYLE_PLAIN, text);
}

void tk_draw_help(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);
	int columns = g->w >= 2 * HELP_W + 4 ? 2 : 1;
	int key_lines = ((int)n + columns - 1) / columns, width;
	int lines = key_lines + help_lines(s, &width);
	int w = columns * HELP_W > width + 1 ? columns * HELP_W + 2 : width + 3;
	int h = lines + 2 < g->h ? lines + 2 : g->h;

	if (w > g->w)
		w = g->w;
	struct tk_rect box = { (g->w - w) / 2, (g->h - h) / 2, w, h };
	int last_top = lines - (h - 2);

	if (v->help_top > last_top)
		v->help_top = last_top;
	tk_grid_fill(g, box, ' ', TK_STYLE_PLAIN);
	tk_grid_box(g, box, TK_STYLE_BOLD,
		    last_top > 0 ? "Keys - ▲ ▼ scroll, h closes" : "Keys - h closes");
	for (int i = v->help_top; i < v->help_top + h - 2; i++) {
		struct tk_rect line = { box.x + 2, box.y + 1 + i - v->help_top, w - 4, 1 };

		if (i >= key_lines)
			draw_help_line(s, g, line, i - key_lines);
		if (columns > 1)
			line.w = HELP_W - 2;
		for (int c = 0; c < columns && i < key_lines; c++, line.x += HELP_W)
			if (c * key_lines + i < (int)n)
				draw_help_key(v, g, line, &k[c * key_lines + i]);
	}
}
