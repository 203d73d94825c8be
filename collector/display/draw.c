/* SPDX-License-Identifier: MIT */
/*
 * collector/display/draw.c - the screen as a whole: the list of timers, and what fills the room
 * when there is nothing to graph.
 */
#include "collector/display/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/text.h"

#define VALUE_FROM 26 /* columns of the list from which what it is sorted by is shown */

static const struct tk_style plain = { TK_DEFAULT, TK_PLAIN };

/* --- the list -------------------------------------------------------------------------------- */

static void list_title(const struct tk_view_state *v, const struct tk_snapshot *s, char out[192])
{
	static const char *const by[TK_SORTS] = { "", " by rate", " by p99" };
	char filter[96] = "", shown[48] = "";

	if (v->editing || v->filter[0]) {
		snprintf(filter, sizeof(filter), " /%s%s", v->filter, v->editing ? "_" : "");
		snprintf(shown, sizeof(shown), " %zu of %zu", v->n_rows, s->n_timers);
	}
	snprintf(out, 192, "Timers%s%s%s", by[v->sort], filter, shown);
}

/* Several processes have a timer of this name: which one is it? The snapshot is sorted by name. */
static bool ambiguous(const struct tk_snapshot *s, size_t i)
{
	return (i > 0 && strcmp(s->timers[i].name, s->timers[i - 1].name) == 0) ||
	       (i + 1 < s->n_timers && strcmp(s->timers[i].name, s->timers[i + 1].name) == 0);
}

/* What is written at the right end of a timer's line. */
static void line_end(const struct tk_view_state *v, const struct tk_snapshot *s, size_t i,
		     int width, char out[96])
{
	const struct tk_snap_timer *t = &s->timers[i];
	char value[TK_UNITS_MAX] = "", pid[16] = "";

	if (ambiguous(s, i))
		snprintf(pid, sizeof(pid), " %u", t->pid);
	if (width >= VALUE_FROM && v->sort == TK_SORT_RATE)
		tk_units_rate(value, tk_datapoint_rate(&t->total[TK_PROCESSING]));
	else if (width >= VALUE_FROM && v->sort == TK_SORT_LATENCY)
		tk_units_ns(value, tk_view_sort_latency(t) > 0 ? tk_view_sort_latency(t) : NAN);
	snprintf(out, 96, "%s%s%s%s%s", pid, value[0] ? " " : "", value, t->disabled ? " off" : "",
		 t->alive ? "" : " †");
}

static void draw_timer(const struct tk_view_state *v, const struct tk_snapshot *s,
		       struct tk_grid *g, struct tk_rect line, size_t row)
{
	const struct tk_snap_timer *t = &s->timers[v->rows[row]];
	bool selected = row == v->selected;
	struct tk_style style = TK_STYLE(TK_DEFAULT, selected ? TK_BOLD : TK_PLAIN);
	char end[96];

	if (!t->alive || t->disabled)
		style.attr |= TK_DIM;
	line_end(v, s, v->rows[row], line.w, end);
	int right = line.x + line.w, end_w = tk_text_width(end);
	if (end_w > line.w / 2)
		end_w = line.w / 2;
	if (selected)
		tk_grid_put(g, line.x, line.y, '>', style);
	tk_grid_text(g, line.x + 1, line.y, line.w - 1 - end_w, style, t->name);
	tk_grid_text_right(g, right - end_w, right, line.y, style, end);
}

static void draw_list(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		      struct tk_rect r)
{
	char title[192];
	size_t lines = (size_t)(r.h - 2), top = 0;

	list_title(v, s, title);
	tk_grid_box(g, r, plain, title);
	v->page = r.h - 2;
	if (v->n_rows > lines) { /* the selected line in the middle, but no empty lines */
		top = v->selected > lines / 2 ? v->selected - lines / 2 : 0;
		if (top > v->n_rows - lines)
			top = v->n_rows - lines;
	}
	for (size_t i = 0; i < lines && top + i < v->n_rows; i++)
		draw_timer(v, s, g, (struct tk_rect){ r.x + 1, r.y + 1 + (int)i, r.w - 2, 1 },
			   top + i);
	if (top > 0)
		tk_grid_put(g, r.x + r.w - 1, r.y + 1, 0x25B2, plain);
	if (top + lines < v->n_rows)
		tk_grid_put(g, r.x + r.w - 1, r.y + r.h - 2, 0x25BC, plain);
}

/* --- nothing to graph ------------------------------------------------------------------------ */

/* Break text at spaces into lines of at most r.w columns, centred in r. */
static void draw_centred(struct tk_grid *g, struct tk_rect r, const char *const *paragraphs)
{
	int y = r.y + (r.h > 6 ? r.h / 3 : 0);

	for (; *paragraphs; paragraphs++) {
		const char *text = *paragraphs;
		while (*text && y < r.y + r.h) {
			char line[256];
			size_t n = strlen(text) < sizeof(line) ? strlen(text) : sizeof(line) - 1;
			memcpy(line, text, n);
			line[n] = 0;
			while (tk_text_width(line) > r.w) { /* take the last word off */
				char *space = strrchr(line, ' ');
				if (!space)
					break;
				*space = 0;
			}
			int w = tk_text_width(line);
			int x = w < r.w ? r.x + (r.w - w) / 2 : r.x;
			tk_grid_text(g, x, y++, r.w, plain, line);
			text += strlen(line);
			text += strspn(text, " ");
		}
		y++;
	}
}

static void draw_empty(const struct tk_view_state *v, const struct tk_snapshot *s,
		       struct tk_grid *g, struct tk_rect r)
{
	char what[256];
	const char *todo = "Start a program that calls tk_open(), for example: ./run demo. "
			   "It appears here within a second.";

	if (s->n_segments == 0) {
		snprintf(what, sizeof(what), "No segments in %s.", v->where);
	} else if (s->n_timers == 0) {
		snprintf(what, sizeof(what), "%zu process%s, but no timers yet.", s->n_segments,
			 s->n_segments == 1 ? "" : "es");
		todo = "A timer appears when the program calls tk_timer() to define it.";
	} else {
		snprintf(what, sizeof(what), "No timer has \"%s\" in its name.", v->filter);
		todo = "Esc drops the filter, / changes it.";
	}
	tk_grid_box(g, r, plain, "");
	struct tk_rect inner = { r.x + 2, r.y + 1, r.w - 4, r.h - 2 };
	draw_centred(g, inner, (const char *const[]){ what, todo, NULL });
}

static void draw_note(const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r)
{
	char text[320];

	if (r.h == 0)
		return;
	if (s->n_notes > 1)
		snprintf(text, sizeof(text), "! %s (and %zu before)", s->notes[s->n_notes - 1],
			 s->n_notes - 1);
	else
		snprintf(text, sizeof(text), "! %s", s->notes[0]);
	tk_grid_text(g, r.x, r.y, r.w, TK_STYLE(TK_VERMILION, TK_PLAIN), text);
}

/* --- the screen ------------------------------------------------------------------------------ */

/* A pane is shown if it is wanted and its measure has records, or neither has. */
static void panes_shown(const struct tk_view_state *v, const struct tk_snapshot *s,
			bool show[TK_MEASURES])
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	bool none = !t || (t->total[TK_LATENCY].count == 0 && t->total[TK_PROCESSING].count == 0);

	for (int m = 0; m < TK_MEASURES; m++)
		show[m] = v->pane[m] && (none || t->total[m].count > 0);
}

struct tk_layout tk_draw_layout(const struct tk_view_state *v, const struct tk_snapshot *s,
				const struct tk_grid *g)
{
	bool show[TK_MEASURES];

	panes_shown(v, s, show);
	return tk_layout(g->w, g->h, show, s->n_notes > 0);
}

static void draw_too_small(struct tk_grid *g)
{
	char text[80];

	snprintf(text, sizeof(text), "terminal too small: %dx%d needed, have %dx%d",
		 TK_LAYOUT_MIN_W, TK_LAYOUT_MIN_H, g->w, g->h);
	if (tk_text_width(text) > g->w)
		snprintf(text, sizeof(text), "need %dx%d, have %dx%d", TK_LAYOUT_MIN_W,
			 TK_LAYOUT_MIN_H, g->w, g->h);
	tk_grid_text(g, 0, 0, g->w, plain, text);
}

void tk_draw(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g)
{
	tk_grid_clear(g);
	if (g->w < TK_LAYOUT_MIN_W || g->h < TK_LAYOUT_MIN_H) {
		draw_too_small(g);
		return;
	}
	struct tk_layout l = tk_draw_layout(v, s, g);
	draw_list(v, s, g, l.list);
	if (tk_view_timer(v, s)) {
		tk_draw_measure(v, s, g, l.pane[TK_LATENCY], TK_LATENCY);
		tk_draw_measure(v, s, g, l.pane[TK_PROCESSING], TK_PROCESSING);
		tk_draw_rate(v, s, g, l.rate);
	} else {
		draw_empty(v, s, g, l.graphs);
	}
	draw_note(s, g, l.note);
	tk_draw_status(v, s, g, l.status);
	tk_draw_footer(v, g, l.footer);
	if (v->help)
		tk_draw_help(v, s, g);
}
