/* SPDX-License-Identifier: MIT */
/*
 * collector/display/list.c - the list of timers.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/draw.h"

#define NAME_MIN 8 /* columns that the value leaves to a name, or is left out */
#define VALUE_W  8 /* columns of a value, whatever it is: the list keeps its width */

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

/* The value in a timer's line, of the last 10 s. */
static void line_value(const struct tk_view_state *v, const struct tk_snap_timer *t,
		       char out[TK_UNITS_MAX])
{
	double value = tk_view_value(t, tk_view_list_by(v));

	if (v->sort == TK_SORT_RATE && isfinite(value))
		tk_units_rate(out, value);
	else if (t->unit.values)
		tk_text_sample(out, value, &t->unit);
	else
		tk_units_ns_brief(out, value);
}

/* What stands behind a timer's name besides: pid if needed, and its state. */
static void line_state(const struct tk_snapshot *s, size_t i, char out[64])
{
	const struct tk_snap_timer *t = &s->timers[i];
	char pid[16] = "";

	if (ambiguous(s, i))
		snprintf(pid, sizeof(pid), " %u", t->pid);
	snprintf(out, 64, "%s%s%s", pid, t->disabled ? " off" : "", t->alive ? "" : " †");
}

static void draw_timer(const struct tk_view_state *v, const struct tk_snapshot *s,
		       struct tk_grid *g, struct tk_rect line, size_t row)
{
	const struct tk_snap_timer *t = &s->timers[v->rows[row]];
	bool selected = row == v->selected;
	struct tk_style style = selected ? TK_STYLE(TK_DEFAULT, TK_REVERSE) : TK_STYLE_PLAIN;
	char end[64], value[TK_UNITS_MAX];

	if (!selected && (!t->alive || t->disabled))
		style.attr |= TK_DIM;
	line_state(s, v->rows[row], end);
	line_value(v, t, value);
	int right = line.x + line.w, end_w = tk_text_width(end);
	int name_w = tk_text_width(t->name);
	if (selected) {
		tk_grid_fill(g, line, ' ', style);
		tk_grid_put(g, line.x, line.y, '>', style);
	}
	if (line.w - 2 - VALUE_W - end_w >= (name_w < NAME_MIN ? name_w : NAME_MIN)) {
		tk_grid_text_right(g, right - VALUE_W, right, line.y, style, value);
		right -= VALUE_W + 1;
	}
	int room = right - line.x - 1;
	if (end_w > room / 2)
		end_w = room / 2;
	tk_grid_text_elided(g, line.x + 1, line.y, room - end_w, style, t->name);
	tk_grid_text_right(g, right - end_w, right, line.y, style, end);
}

int tk_draw_list_width(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	int widest = 0;

	for (size_t i = 0; i < v->n_rows; i++) {
		char end[64];

		line_state(s, v->rows[i], end);
		int w = tk_text_width(s->timers[v->rows[i]].name) + tk_text_width(end);
		widest = w > widest ? w : widest;
	}
	return widest + 1 + VALUE_W + 3; /* the frame, and the mark of the selected one */
}

void tk_draw_list(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		  struct tk_rect r)
{
	char title[192];
	size_t lines = (size_t)(r.h - 2), top = 0;

	list_title(v, s, title);
	tk_grid_box(g, r, TK_STYLE_PLAIN, title);
	if (v->sort == TK_SORT_NAME && tk_text_width(title) + 4 < r.w - 2)
		tk_grid_text_right(g, r.x + 1, r.x + r.w - 1, r.y, TK_STYLE_PLAIN, "p99");
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
