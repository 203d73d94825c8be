/* SPDX-License-Identifier: MIT */
/*
 * collector/display/chrome.c - what frames the graphs: the status line, the footer, the help.
 *
 * Footer and help are made from the table of keys.
 */
#include <stdio.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/draw.h"

static const struct tk_style plain = { TK_DEFAULT, TK_PLAIN };
static const struct tk_style alarm_style = { TK_VERMILION, TK_BOLD };

/* --- the status line ------------------------------------------------------------------------- */

enum { FIELDS = 9, FIELD_MAX = 64 };

struct field {
	char text[FIELD_MAX];
	struct tk_style style;
	int rank; /* the lowest stay where there is no room for all */
};

static void state_field(const struct tk_view_state *v, struct field *f)
{
	*f = (struct field){ .style = TK_STYLE(TK_DEFAULT, TK_REVERSE), .rank = 0 };
	snprintf(f->text, FIELD_MAX, " %s ", v->paused ? "PAUSED" : v->to_ns ? "PAST" : "LIVE");
}

static void loss_field(const struct tk_snapshot *s, struct field *f)
{
	char n[TK_UNITS_MAX];
	double all = (double)s->delivered + (double)s->lost;

	*f = (struct field){ .style = s->lost ? alarm_style : plain, .rank = 1 };
	if (s->lost)
		snprintf(f->text, FIELD_MAX, "lost %s (%.2g %%)",
			 tk_units_count(n, (double)s->lost), 100 * (double)s->lost / all);
	else
		snprintf(f->text, FIELD_MAX, "lost 0");
}

/* The window and its grain, which may come from a coarser tier of the history. */
static void window_field(const struct tk_view_state *v, const struct tk_snapshot *s,
			 struct field *f)
{
	uint64_t interval = v->interval_ns ? v->interval_ns : s->interval_ns;
	char point[TK_UNITS_MAX], tier[TK_UNITS_MAX], coarse[40] = "";

	if (s->detail_key && s->tier_ns > interval)
		snprintf(coarse, sizeof(coarse), " (shown: %s)",
			 tk_units_ns(tier, (double)s->tier_ns));
	snprintf(f->text, FIELD_MAX, "%s/point%s", tk_units_ns(point, (double)interval), coarse);
	f->rank = 4;
}

static void span_field(const struct tk_view_state *v, struct field *f)
{
	int64_t s = v->span_ns / 1000000000;

	if (s % 3600 == 0)
		snprintf(f->text, FIELD_MAX, "window %d h", (int)(s / 3600));
	else if (s % 60 == 0)
		snprintf(f->text, FIELD_MAX, "window %d min", (int)(s / 60));
	else
		snprintf(f->text, FIELD_MAX, "window %d s", (int)s);
	f->rank = 6;
}

static void rate_field(const struct tk_snap_timer *t, struct field *f)
{
	char n[TK_UNITS_MAX];

	if (t)
		snprintf(f->text, FIELD_MAX, "%s",
			 tk_units_rate(n, tk_datapoint_rate(&t->last[TK_PROCESSING])));
	f->rank = 5;
}

static void people_field(const struct tk_snapshot *s, struct field *f)
{
	snprintf(f->text, FIELD_MAX, "%zu process%s, %zu timers", s->n_segments,
		 s->n_segments == 1 ? "" : "es", s->n_timers);
	f->rank = 7;
}

static void clock_field(const struct tk_snapshot *s, struct field *f)
{
	if (s->epoch > 1)
		snprintf(f->text, FIELD_MAX, "TSC %.4f GHz, clock changed %ux", s->hz / 1e9,
			 s->epoch - 1);
	else
		snprintf(f->text, FIELD_MAX, "TSC %.4f GHz", s->hz / 1e9);
	f->rank = 8;
}

static void fill_fields(const struct tk_view_state *v, const struct tk_snapshot *s,
			struct field f[FIELDS])
{
	char n[TK_UNITS_MAX];

	state_field(v, &f[0]);
	loss_field(s, &f[1]);
	f[2].rank = 2;
	snprintf(f[2].text, FIELD_MAX, "lag %s", tk_units_count(n, (double)s->lag));
	f[3].rank = 3;
	snprintf(f[3].text, FIELD_MAX, "gap %s", tk_units_ns(n, (double)s->longest_gap_ns));
	rate_field(tk_view_timer(v, s), &f[4]);
	window_field(v, s, &f[5]);
	span_field(v, &f[6]);
	people_field(s, &f[7]);
	clock_field(s, &f[8]);
}

/* The highest rank up to which everything fits in w columns. */
static int fitting_rank(const struct field f[FIELDS], int w)
{
	for (int rank = FIELDS; rank > 0; rank--) {
		int need = 0;
		for (int i = 0; i < FIELDS; i++)
			if (f[i].rank <= rank && f[i].text[0])
				need += tk_text_width(f[i].text) + 2;
		if (need - 2 <= w)
			return rank;
	}
	return 0;
}

void tk_draw_status(const struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		    struct tk_rect r)
{
	struct field f[FIELDS] = { 0 };
	int x = r.x;

	fill_fields(v, s, f);
	int rank = fitting_rank(f, r.w);
	if (rank < 3) /* not even those that must be seen: show what is reached of them */
		rank = 3;
	for (int i = 0; i < FIELDS; i++) {
		if (f[i].rank > rank || !f[i].text[0])
			continue;
		x += tk_grid_text(g, x, r.y, r.x + r.w - x, f[i].style, f[i].text);
		x += 2;
	}
}

/* --- the footer ------------------------------------------------------------------------------ */

static int footer_width(const struct tk_key *k)
{
	return tk_text_width(k->footer_keys) + 1 + tk_text_width(k->footer) + 2;
}

/* The keys for which there is room, as bits of their places in the table; *used: columns. */
static uint64_t footer_keys(int w, int *used)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);
	uint64_t set = 0;

	*used = -2; /* nothing behind the last */
	for (int rank = 0; rank < 10; rank++)
		for (size_t i = 0; i < n; i++) {
			if (!k[i].footer || k[i].rank != rank)
				continue;
			if (*used + footer_width(&k[i]) > w)
				return set;
			*used += footer_width(&k[i]);
			set |= UINT64_C(1) << i;
		}
	return set;
}

static void draw_keys(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);
	int used;
	uint64_t set = footer_keys(r.w, &used);
	int x = r.x + (r.w - used) / 2;

	for (size_t i = 0; i < n; i++) {
		if (!(set >> i & 1))
			continue;
		uint8_t attr = tk_view_is_on(v, &k[i]) ? TK_REVERSE : TK_BOLD;
		x += 1 + tk_grid_text(g, x, r.y, r.w, TK_STYLE(TK_DEFAULT, attr), k[i].footer_keys);
		x += 2 + tk_grid_text(g, x, r.y, r.w, plain, k[i].footer);
	}
}

void tk_draw_footer(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r)
{
	char text[TK_TEXT_DRAINER_MAX];

	if (!v->editing) {
		draw_keys(v, g, r);
		return;
	}
	snprintf(text, sizeof(text), "filter: %s_   Enter keeps it, Esc drops it", v->filter);
	tk_grid_text(g, r.x, r.y, r.w, TK_STYLE(TK_DEFAULT, TK_BOLD), text);
}

/* --- the help -------------------------------------------------------------------------------- */

enum { HELP_KEYS_W = 7, HELP_W = 44 };

static void draw_help_key(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect line,
			  const struct tk_key *k)
{
	tk_grid_text(g, line.x, line.y, HELP_KEYS_W - 1,
		     TK_STYLE(TK_DEFAULT, tk_view_is_on(v, k) ? TK_REVERSE : TK_BOLD), k->keys);
	tk_grid_text(g, line.x + HELP_KEYS_W, line.y, line.w - HELP_KEYS_W, plain, k->help);
}

/* Of the lines below the keys: a title, and one for each. */
static void help_drainer(const struct tk_snapshot *s, int line, char text[TK_TEXT_DRAINER_MAX])
{
	if (line == 0)
		snprintf(text, TK_TEXT_DRAINER_MAX,
			 "Who drains; pages of lanes; gap, faults, forced switches since warm");
	else
		tk_text_drainer(text, &s->drainers[line - 1]);
}

/* How many lines, and the columns of the longest. */
static int help_drainers(const struct tk_snapshot *s, int *width)
{
	int n = (int)s->n_drainers;
	char text[TK_TEXT_DRAINER_MAX];

	*width = 0;
	for (int line = 0; n && line <= n; line++) {
		help_drainer(s, line, text);
		if (tk_text_width(text) > *width)
			*width = tk_text_width(text);
	}
	return n ? n + 1 : 0;
}

static void draw_help_drainer(const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect line,
			      int i)
{
	char text[TK_TEXT_DRAINER_MAX];

	help_drainer(s, i, text);
	tk_grid_text(g, line.x, line.y, line.w, i ? plain : TK_STYLE(TK_DEFAULT, TK_BOLD), text);
}

void tk_draw_help(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);
	int columns = g->w >= 2 * HELP_W + 4 ? 2 : 1;
	int key_lines = ((int)n + columns - 1) / columns, width;
	int lines = key_lines + help_drainers(s, &width);
	int w = columns * HELP_W > width + 1 ? columns * HELP_W + 2 : width + 3;
	int h = lines + 2 < g->h ? lines + 2 : g->h;

	if (w > g->w)
		w = g->w;
	struct tk_rect box = { (g->w - w) / 2, (g->h - h) / 2, w, h };
	int last_top = lines - (h - 2);

	if (v->help_top > last_top)
		v->help_top = last_top;
	tk_grid_fill(g, box, ' ', plain);
	tk_grid_box(g, box, TK_STYLE(TK_DEFAULT, TK_BOLD),
		    last_top > 0 ? "Keys - ▲ ▼ scroll, h closes" : "Keys - h closes");
	for (int i = v->help_top; i < v->help_top + h - 2; i++) {
		struct tk_rect line = { box.x + 2, box.y + 1 + i - v->help_top, w - 4, 1 };

		if (i >= key_lines)
			draw_help_drainer(s, g, line, i - key_lines);
		if (columns > 1)
			line.w = HELP_W - 2;
		for (int c = 0; c < columns && i < key_lines; c++, line.x += HELP_W)
			if (c * key_lines + i < (int)n)
				draw_help_key(v, g, line, &k[c * key_lines + i]);
	}
}
