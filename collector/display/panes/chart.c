/* SPDX-License-Identifier: MIT */
#include "collector/display/panes/chart.h"

#include <stdio.h>

#include "collector/display/panes/legend.h"

#define GUTTER_FROM 50 /* columns inside a pane from which there is a legend */
#define AXIS_H      2  /* rows: the time axis and its labels */
#define AXIS_FROM   6  /* rows inside a pane from which there is a time axis */
#define MARK_FROM   3  /* rows of a plot from which marks do not hide the curves */
#define MARK_W      3  /* columns from one mark to the next, at least */

static const struct tk_style axis_style = { TK_STEEL, TK_PLAIN };

struct tk_chart_points tk_chart_points(const struct tk_view_state *v, const struct tk_snapshot *s,
				       enum tk_measure m)
{
	if (v->key == 0 || s->detail_key != v->key)
		return (struct tk_chart_points){ 0 };
	return (struct tk_chart_points){ s->points[m], s->n_points[m] };
}

const struct tk_datapoint *tk_chart_window(const struct tk_view_state *v,
					   const struct tk_snapshot *s, enum tk_measure m)
{
	return v->key == 0 || s->detail_key != v->key ? NULL : &s->window[m];
}

double tk_chart_x(const struct tk_chart *c, const struct tk_datapoint *d)
{
	return (double)(d->t_ns - c->to_ns) - (double)d->interval_ns / 2;
}

bool tk_chart_gap(const struct tk_datapoint *older, const struct tk_datapoint *newer)
{
	int64_t apart = newer->t_ns - (int64_t)newer->interval_ns - older->t_ns;

	return apart > (int64_t)(older->interval_ns + newer->interval_ns) / 4;
}

/*
 * The right end of the window, rounded up to a multiple of the time that one dot stands for: points
 * stay in their columns until the window has moved by a whole dot.
 */
static int64_t window_end(const struct tk_view_state *v, const struct tk_snapshot *s, int dots)
{
	int64_t to = tk_view_end(v, s), dot = v->span_ns / (dots > 0 ? dots : 1);

	return dot > 0 ? (to + dot - 1) / dot * dot : to;
}

struct tk_chart tk_chart(const struct tk_view_state *v, const struct tk_snapshot *s,
			 struct tk_grid *g, struct tk_rect r, int text)
{
	int w = r.w - 2, h = r.h - 2;
	struct tk_chart c = { .view = v,
			      .snapshot = s,
			      .text = text,
			      .gutter = w >= GUTTER_FROM ? tk_legend_width(v, g) : 0,
			      .time_axis = h >= AXIS_FROM };

	c.plot = (struct tk_plot){ .grid = g,
				   .area = { r.x + 1 + TK_CHART_LABEL_W, r.y + 1 + text,
					     w - TK_CHART_LABEL_W - c.gutter,
					     h - text - (c.time_axis ? AXIS_H : 0) },
				   .x0 = -(double)v->span_ns,
				   .x1 = 0 };
	c.to_ns = window_end(v, s, tk_plot_dots_x(&c.plot));
	return c;
}

bool tk_chart_is_empty(const struct tk_chart *c)
{
	return c->plot.area.w < 1 || c->plot.area.h < 1;
}

void tk_chart_scale(struct tk_chart *c, double lo, double hi, bool log_y)
{
	struct tk_plot *p = &c->plot;

	c->axis = tk_axis(lo, hi, p->area.h, tk_plot_dots_y(p) / p->area.h, log_y);
	p->y0 = c->axis.lo;
	p->y1 = c->axis.hi;
	p->log_y = log_y;
}

void tk_chart_clip(const struct tk_chart *c, const struct tk_datapoint *d, struct tk_style style)
{
	int col = tk_plot_col(&c->plot, tk_chart_x(c, d));

	if (col >= 0 && c->plot.area.h > 1) /* where there is one row, it is for the rest */
		tk_grid_put(c->plot.grid, col, c->plot.area.y, 0x25B2, style);
}

static void draw_values(const struct tk_chart *c, char *(*format)(char out[TK_UNITS_MAX], double))
{
	const struct tk_plot *p = &c->plot;
	struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
	int n = tk_axis_values(&c->axis, t, format), x = p->area.x - 1;

	tk_grid_fill(p->grid, (struct tk_rect){ x, p->area.y, 1, p->area.h }, 0x2502, axis_style);
	for (int i = p->area.h > 1 ? 0 : n - 1; i < n; i++) {
		int row = tk_plot_row(p, t[i].at);

		tk_grid_put(p->grid, x, row, 0x2524, axis_style);
		tk_grid_text_right(p->grid, x - TK_CHART_LABEL_W + 1, x, row, TK_STYLE_PLAIN,
				   t[i].label);
	}
}

static void draw_times(const struct tk_chart *c)
{
	const struct tk_view_state *v = c->view;
	const struct tk_plot *p = &c->plot;
	struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
	bool wall = v->wall || v->to_ns || v->end_ns;
	int n = tk_axis_times(t, c->to_ns, v->span_ns, p->area.w, wall);
	int y = p->area.y + p->area.h, right = p->area.x + p->area.w, free_to = right;

	tk_grid_put(p->grid, p->area.x - 1, y, 0x2514, axis_style);
	tk_grid_fill(p->grid, (struct tk_rect){ p->area.x, y, p->area.w, 1 }, 0x2500, axis_style);
	for (int i = 0; i < n; i++) { /* from the right */
		int col = tk_plot_col(p, t[i].at), w = tk_text_width(t[i].label);
		int x = col - w / 2 + w > right ? right - w : col - w / 2;
		if (col < 0 || x < p->area.x - TK_CHART_LABEL_W || x + w > free_to)
			continue;
		tk_grid_put(p->grid, col, y, 0x252C, axis_style);
		tk_grid_text(p->grid, x, y + 1, w, TK_STYLE_PLAIN, t[i].label);
		free_to = x - 1;
	}
}

/* One colour a name, but never that of an alarm. */
static struct tk_style style_of(const char *name)
{
	static const uint8_t colors[] = { TK_ORANGE, TK_BLUE,  TK_PURPLE, TK_VERMILION,
					  TK_OLIVE,  TK_STEEL, TK_GREEN,  TK_GRAY };
	unsigned h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return TK_STYLE(colors[h % sizeof(colors)], TK_DIM);
}

/*
 * Write into the upper edge of the pane, to the right, beside what is there.
 * @return whether there is room
 */
static bool tell(const struct tk_chart *c, const char *text)
{
	const struct tk_plot *p = &c->plot;
	int y = p->area.y - c->text - 1, right = p->area.x + p->area.w + c->gutter - 1;
	int w = tk_text_width(text);

	while (right > p->area.x && tk_grid_at(p->grid, right - 1, y)->ch != 0x2500)
		right--;
	for (int x = right - w; x < right; x++)
		if (x < p->area.x || tk_grid_at(p->grid, x, y)->ch != 0x2500)
			return false;
	tk_grid_text(p->grid, right - w, y, w, TK_STYLE_DIM, text);
	return true;
}

/* Marks of this window that are not drawn. */
static void tell_marks(const struct tk_chart *c, size_t drawn, size_t there)
{
	const struct tk_snapshot *s = c->snapshot;
	char n[TK_UNITS_MAX], text[128];

	if (there + s->marks_dropped == drawn && !s->marks_forgotten)
		return;
	if (there + s->marks_dropped == 0) {
		tell(c, " marks forgotten ");
		return;
	}
	tk_units_count(n, (double)there + (double)s->marks_dropped);
	snprintf(text, sizeof(text), " %zu of %s marks drawn%s ", drawn, n,
		 s->marks_forgotten ? ", older ones forgotten" : "");
	if (tell(c, text))
		return;
	snprintf(text, sizeof(text), " %zu of %s%s marks drawn ", drawn, n,
		 s->marks_forgotten ? "+" : "");
	tell(c, text);
}

/* So many that they do not hide the curves: one in MARK_W columns, the newest. */
static void draw_marks(const struct tk_chart *c, bool names)
{
	const struct tk_snapshot *s = c->snapshot;
	const struct tk_plot *p = &c->plot;
	int y = p->area.y + p->area.h, free_to = p->area.x + p->area.w, next = free_to;
	size_t drawn = 0, there = 0;

	for (size_t i = s->n_marks; i-- > 0;) { /* newest first: its name gets the room */
		double x = (double)(s->marks[i].t_ns - c->to_ns);
		int col = tk_plot_col(p, x), w = tk_text_width(s->marks[i].name);
		struct tk_style style = style_of(s->marks[i].name);
		there += col >= 0;
		if (col < 0 || col > next)
			continue;
		next = col - MARK_W;
		drawn++;
		tk_plot_vline(p, x, style);
		if (!names)
			continue;
		tk_grid_put(p->grid, col, y, 0x2534, style);
		if (col + 1 + w < free_to)
			tk_grid_text(p->grid, col + 1, y, w, style, s->marks[i].name);
		free_to = col;
	}
	if (names)
		tell_marks(c, drawn, there);
}

void tk_chart_axes(const struct tk_chart *c, char *(*format)(char out[TK_UNITS_MAX], double),
		   bool names)
{
	draw_values(c, format);
	if (c->time_axis)
		draw_times(c);
	if (c->plot.area.h >= MARK_FROM)
		draw_marks(c, names && c->time_axis);
}
