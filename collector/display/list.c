/* SPDX-License-Identifier: MIT */
/*
 * collector/display/list.c - the list of timers.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/draw.h"

#define VALUE_FROM 26 /* columns of the list from which it shows the value it is sorted by */

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

/* Whether several processes have a timer of this name. The snapshot is sorted by name. */
static bool ambiguous(const struct tk_snapshot *s, size_t i)
{
	return (i > 0 && strcmp(s->timers[i].name, s->timers[i - 1].name) == 0) ||
	       (i + 1 < s->n_timers && strcmp(s->timers[i].name, s->timers[i + 1].name) == 0);
}

/* The right end of a timer's line: pid if needed, the value it is sorted by, its state. */
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
	struct tk_style style = selected ? TK_STYLE(TK_DEFAULT, TK_REVERSE) : TK_STYLE_PLAIN;
	char end[96];

	if (!selected && (!t->alive || t->disabled))
		style.attr |= TK_DIM;
	line_end(v, s, v->rows[row], line.w, end);
	int right = line.x + line.w, end_w = tk_text_width(end);
	if (end_w > line.w / 2)
		end_w = line.w / 2;
	if (selected) {
		tk_grid_fill(g, line, ' ', style);
		tk_grid_put(g, line.x, line.y, '>', style);
	}
	tk_grid_text_elided(g, line.x + 1, line.y, line.w - 1 - end_w, style, t->name);
	tk_grid_text_right(g, right - end_w, right, line.y, style, end);
}

int tk_draw_list_width(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	int widest = 0;

	for (size_t i = 0; i < v->n_rows; i++) {
		char end[96];

		line_end(v, s, v->rows[i], VALUE_FROM, end);
		int w = tk_text_width(s->timers[v->rows[i]].name) + tk_text_width(end);
		widest = w > widest ? w : widest;
	}
	return widest + 3; /* the frame, and the mark of the selected one */
}

void tk_draw_list(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		  struct tk_rect r)
{
	char title[192];
	size_t lines = (size_t)(r.h - 2), top = 0;

	list_title(v, s, title);
	tk_grid_box(g, r, TK_STYLE_PLAIN, title);
	v->page = r.h - 2;
	if (v->n_rows > lines) { /* keep the selected line in the middle, without empty lines */
		top = v->selected > lines / 2 ? v->selected - lines / 2 : 0;
		if (top > v->n_rows - lines)
			top = v->n_rows - lines;
	}
	for (size_t i = 0; i < lines && top + i < v->n_rows; i++)
		draw_timer(v, s, g, (struct tk_rect){ r.x + 1, r.y + 1 + (int)i, r.w - 2, 1 },
			   top + i);
	if (top > 0)
		tk_grid_put(g, r.x + r.w - 1, r.y + 1, 0x25B2, TK_STYLE_PLAIN);
	if (top + lines < v->n_rows)
		tk_grid_put(g, r.x + r.w - 1, r.y + r.h - 2, 0x25BC, TK_STYLE_PLAIN);
}
