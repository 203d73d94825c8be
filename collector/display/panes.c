/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes.c - the graphs: one timer's latency, its business, its messages per
 * second.
 *
 * All panes give the same columns to labels, so that one moment is one column in all of them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector/display/canvas/axis.h"
#include "collector/display/draw.h"

#define LABEL_W     9  /* value labels and the axis */
#define GUTTER_W    7  /* names at the right ends of the curves */
#define GUTTER_FROM 50 /* columns inside a pane from which there is a gutter */
#define AXIS_H      2  /* the time axis and its labels */
#define AXIS_FROM   6  /* rows inside a pane from which there is one */
#define MARK_W      3  /* columns a mark must have on average */
#define TEXT_FROM   5  /* rows of a rate pane from which its text has a row of its own */

static const struct tk_style plain = { TK_DEFAULT, TK_PLAIN };
static const struct tk_style faint = { TK_DEFAULT, TK_DIM };
static const struct tk_style axis_style = { TK_STEEL, TK_PLAIN };
static const struct tk_style mark_style = { TK_RED, TK_PLAIN };

struct points {
	const struct tk_datapoint *p;
	size_t n;
};

static struct points points_of(const struct tk_view_state *v, const struct tk_snapshot *s,
			       enum tk_measure m)
{
	if (v->key == 0 || s->detail_key != v->key)
		return (struct points){ 0 };
	return (struct points){ s->points[m], s->n_points[m] };
}

/* The last point with records, or NULL. */
static const struct tk_datapoint *last_of(struct points d)
{
	while (d.n > 0 && d.p[d.n - 1].count == 0)
		d.n--;
	return d.n ? &d.p[d.n - 1] : NULL;
}

/* --- frame and axes -------------------------------------------------------------------------- */

/* The right end of the window, on a multiple of a dot's width: points keep their places while
 * time goes on. */
static int64_t window_end(const struct tk_view_state *v, const struct tk_snapshot *s, int dots)
{
	int64_t to = v->to_ns ? v->to_ns : s->t_ns, dot = v->span_ns / (dots > 0 ? dots : 1);

	return dot > 0 ? (to + dot - 1) / dot * dot : to;
}

/* The plot within a pane whose first `text` rows inside the frame are taken. */
static struct tk_plot plot_in(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r,
			      int text)
{
	int w = r.w - 2, h = r.h - 2;
	int gutter = w >= GUTTER_FROM ? GUTTER_W : 0, axis = h >= AXIS_FROM ? AXIS_H : 0;

	return (struct tk_plot){ .grid = g,
				 .area = { r.x + 1 + LABEL_W, r.y + 1 + text, w - LABEL_W - gutter,
					   h - text - axis },
				 .x0 = -(double)v->span_ns,
				 .x1 = 0 };
}

static bool has_time_axis(struct tk_rect pane)
{
	return pane.h - 2 >= AXIS_FROM;
}

static void draw_values(const struct tk_plot *p, char *(*format)(char out[TK_UNITS_MAX], double))
{
	struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
	int n = tk_axis_values(t, p->y0, p->y1, p->area.h, p->log_y, format);
	int x = p->area.x - 1, above = p->area.y + p->area.h + 1;

	tk_grid_fill(p->grid, (struct tk_rect){ x, p->area.y, 1, p->area.h }, 0x2502, axis_style);
	for (int i = p->area.h > 1 ? 0 : n - 1; i < n; i++) {
		int row = tk_plot_row(p, t[i].at);
		if (row > above - 1 - (p->area.h > 3))
			continue; /* no room beside the label below */
		tk_grid_put(p->grid, x, row, 0x2524, axis_style);
		tk_grid_text_right(p->grid, x - LABEL_W + 1, x, row, plain, t[i].label);
		above = row;
	}
}

static void draw_times(const struct tk_view_state *v, const struct tk_plot *p, int64_t to)
{
	struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
	bool wall = v->wall || v->to_ns;
	int n = tk_axis_times(t, to, v->span_ns, p->area.w, wall);
	int y = p->area.y + p->area.h, right = p->area.x + p->area.w, free_to = right;

	tk_grid_put(p->grid, p->area.x - 1, y, 0x2514, axis_style);
	tk_grid_fill(p->grid, (struct tk_rect){ p->area.x, y, p->area.w, 1 }, 0x2500, axis_style);
	for (int i = 0; i < n; i++) { /* from the right */
		int col = tk_plot_col(p, t[i].at), w = tk_text_width(t[i].label);
		int x = col - w / 2 + w > right ? right - w : col - w / 2;
		if (col < 0 || x < p->area.x - LABEL_W || x + w > free_to)
			continue;
		tk_grid_put(p->grid, col, y, 0x252C, axis_style);
		tk_grid_text(p->grid, x, y + 1, w, plain, t[i].label);
		free_to = x - 1;
	}
}

/* Vertical lines; none where they would stand so close that they hide the curves. */
static void draw_marks(const struct tk_snapshot *s, const struct tk_plot *p, int64_t to, bool axis)
{
	int y = p->area.y + p->area.h, free_to = p->area.x + p->area.w;

	if (s->n_marks > (size_t)(p->area.w / MARK_W))
		return;
	for (size_t i = s->n_marks; i-- > 0;) { /* newest first: its name has the room */
		double x = (double)(s->marks[i].t_ns - to);
		int col = tk_plot_col(p, x), w = tk_text_width(s->marks[i].name);
		if (col < 0)
			continue;
		tk_plot_vline(p, x, mark_style);
		if (!axis)
			continue;
		tk_grid_put(p->grid, col, y, 0x2534, mark_style);
		if (col + 1 + w < free_to)
			tk_grid_text(p->grid, col + 1, y, w, mark_style, s->marks[i].name);
		free_to = col;
	}
}

/* --- a measure ------------------------------------------------------------------------------- */

/* The extremes of all curves that are on. @return whether there are any values. */
static bool extremes(const struct tk_view_state *v, struct points d, double *lo, double *hi)
{
	*lo = INFINITY;
	*hi = -INFINITY;
	for (size_t i = 0; i < d.n; i++)
		for (enum tk_curve k = 0; k < TK_CURVES; k++) {
			double y = v->curves >> k & 1 ? tk_curve_value(&d.p[i], k) : NAN;
			if (!isfinite(y))
				continue;
			*lo = fmin(*lo, y);
			*hi = fmax(*hi, y);
		}
	return *lo <= *hi;
}

/* When a datapoint is: in the middle of its interval. */
static double when(const struct tk_datapoint *d, int64_t to)
{
	return (double)(d->t_ns - to) - (double)d->interval_ns / 2;
}

static void draw_curves(const struct tk_view_state *v, const struct tk_plot *p, struct points d,
			int64_t to)
{
	for (int k = TK_CURVES - 1; k >= 0; k--) {
		if (!(v->curves >> k & 1))
			continue;
		struct tk_plot_pen pen = tk_plot_pen(p, tk_curve_line((enum tk_curve)k));
		for (size_t i = 0; i < d.n; i++)
			tk_plot_to(&pen, when(&d.p[i], to),
				  tk_curve_value(&d.p[i], (enum tk_curve)k));
	}
}

/* The free row nearest to `row`, which is below `rows`, and they 64 at most; -1: none. */
static int free_row(uint64_t used, int row, int rows)
{
	for (int off = 0; off < rows; off++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		if (row - off >= 0 && !(used >> (row - off) & 1))
			return row - off;
		if (row + off < rows && !(used >> (row + off) & 1))
			return row + off;
	}
	return -1;
}

/* Each curve's name where it ends. */
static void name_curves(const struct tk_view_state *v, const struct tk_plot *p,
			const struct tk_datapoint *last)
{
	uint64_t used = 0;
	int rows = p->area.h < 64 ? p->area.h : 64;

	for (enum tk_curve k = 0; k < TK_CURVES; k++) {
		double y = v->curves >> k & 1 ? tk_curve_value(last, k) : NAN;
		if (!isfinite(y))
			continue;
		int row = tk_plot_row(p, y) - p->area.y;
		row = free_row(used, row < rows ? row : rows - 1, rows);
		if (row < 0)
			return;
		used |= UINT64_C(1) << row;
		tk_grid_text(p->grid, p->area.x + p->area.w + 1, p->area.y + row, GUTTER_W - 1,
			     tk_curve_line(k).style, tk_curve_name(k));
	}
}

/* "avg: 2.25 µs", in ASCII with the glyph that draws it. @return columns. */
static int value_text(const struct tk_grid *g, const struct tk_datapoint *d, enum tk_curve k,
		      char out[64])
{
	char ns[TK_UNITS_MAX], glyph[8] = "";

	if (g->charset == TK_CHARSET_ASCII)
		snprintf(glyph, sizeof(glyph), "[%c] ", tk_curve_line(k).glyph);
	snprintf(out, 64, "%s%s: %s", glyph, tk_curve_name(k),
		 tk_units_ns(ns, tk_curve_value(d, k)));
	return tk_text_width(out);
}

/* The last point's values, each in its curve's colour; they are the legend too. */
static void draw_last(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r,
		      const struct tk_datapoint *d, const char *intro)
{
	char text[64];
	int x = r.x + 1, right = r.x + r.w - 1;

	x += tk_grid_text(g, x, r.y + 1, right - x, plain, intro);
	for (enum tk_curve k = 0, first = 1; k < TK_CURVES; k++) {
		if (!(v->curves >> k & 1))
			continue;
		if (!first)
			x += tk_grid_text(g, x, r.y + 1, right - x, faint, " - ");
		first = 0;
		value_text(g, d, k, text);
		x += tk_grid_text(g, x, r.y + 1, right - x, tk_curve_line(k).style, text);
	}
}

/* Columns that all the values of draw_last() take. */
static int last_width(const struct tk_view_state *v, const struct tk_grid *g,
		      const struct tk_datapoint *d)
{
	char text[64];
	int w = 0;

	for (enum tk_curve k = 0; k < TK_CURVES; k++)
		if (v->curves >> k & 1)
			w += value_text(g, d, k, text) + 3;
	return w ? w - 3 : 0;
}

static const char *const measure_name[TK_MEASURES] = {
	[TK_PROCESSING] = "Business",
	[TK_LATENCY] = "Latency",
};

/* Frame, title and text; the longest wording for which there is room. */
static void draw_head(const struct tk_view_state *v, const struct tk_snap_timer *t,
		      struct tk_grid *g, struct tk_rect r, enum tk_measure m, struct points d)
{
	const struct tk_datapoint *last = last_of(d);
	char title[96] = "", intro[192] = "", ns[TK_UNITS_MAX];
	double sum = 0, count = 0;

	for (size_t i = 0; i < d.n; i++) {
		sum += d.p[i].sum_ns;
		count += (double)d.p[i].count;
	}
	tk_units_ns(ns, count > 0 ? sum / count : NAN);
	snprintf(intro, sizeof(intro), "%s report for %s: Last point: ", measure_name[m], t->name);
	bool wide = tk_text_width(intro) + (last ? last_width(v, g, last) : 0) <= r.w - 2;
	if (wide)
		snprintf(title, sizeof(title), "Running avg: %s", ns);
	else
		snprintf(title, sizeof(title), r.w < 40 ? "%s: %s" : "%s, running avg: %s",
			 measure_name[m], ns);
	tk_grid_box(g, r, plain, title);
	if (last)
		draw_last(v, g, r, last, wide ? intro : "");
	else if (wide)
		tk_grid_text(g, r.x + 1, r.y + 1, r.w - 2, plain, intro);
}

/* Spans that no curve can show: they are in the frame, where they cannot be overlooked. */
static void draw_odd(const struct tk_snap_timer *t, struct tk_grid *g, struct tk_rect r)
{
	char n[TK_UNITS_MAX], text[96];
	int right = r.x + r.w - 2;

	if (t->across) {
		snprintf(text, sizeof(text), " %s across a clock change ",
			 tk_units_count(n, (double)t->across));
		right -= tk_grid_text_right(g, r.x + r.w / 2, right, r.y,
					    TK_STYLE(TK_VERMILION, TK_BOLD), text);
	}
	if (t->negative) {
		snprintf(text, sizeof(text), " %s below zero ",
			 tk_units_count(n, (double)t->negative));
		tk_grid_text_right(g, r.x + r.w / 2, right, r.y, TK_STYLE(TK_VERMILION, TK_BOLD),
				   text);
	}
}

/* Why there is no curve. */
static const char *reason(const struct tk_view_state *v, const struct tk_snap_timer *t,
			  enum tk_measure m)
{
	if (v->curves == 0)
		return "all curves are off: press a, m, M, e or 2 to 5";
	if (t->total[m].count > 0)
		return v->to_ns ? "no records in this window: 0 goes back to now"
				: "no records lately: Z shows more time, ◀ earlier";
	return m == TK_LATENCY ? "no latency yet: no span came with an origin" : "no records yet";
}

static void draw_reason(const struct tk_plot *p, const char *why)
{
	int x = p->area.x - LABEL_W, w = p->area.w + LABEL_W, need = tk_text_width(why);

	if (need < w)
		x += (w - need) / 2;
	tk_grid_text(p->grid, x, p->area.y + p->area.h / 2, w, faint, why);
}

void tk_draw_measure(const struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		     struct tk_rect r, enum tk_measure m)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	struct points d = points_of(v, s, m);
	struct tk_plot p = plot_in(v, g, r, 1);

	if (!t || r.h < 2)
		return;
	draw_head(v, t, g, r, m, d);
	draw_odd(t, g, r);
	if (p.area.w < 1 || p.area.h < 1)
		return;
	if (!extremes(v, d, &p.y0, &p.y1)) {
		draw_reason(&p, reason(v, t, m));
		return;
	}
	tk_axis_range(&p.y0, &p.y1, v->log_y);
	p.log_y = v->log_y;
	int64_t to = window_end(v, s, tk_plot_dots_x(&p));
	draw_values(&p, tk_units_ns);
	if (has_time_axis(r))
		draw_times(v, &p, to);
	draw_marks(s, &p, to, has_time_axis(r));
	draw_curves(v, &p, d, to);
	if (r.w - 2 >= GUTTER_FROM)
		name_curves(v, &p, last_of(d));
}

/* --- messages per second --------------------------------------------------------------------- */

static void draw_rate_curve(const struct tk_plot *p, struct points d, int64_t to)
{
	struct tk_plot_pen pen = tk_plot_pen(p, (struct tk_plot_line){ plain, 0xFF, '*' });

	for (size_t i = 0; i < d.n; i++)
		tk_plot_to(&pen, when(&d.p[i], to), tk_datapoint_rate(&d.p[i]));
}

static void draw_rate_head(const struct tk_snap_timer *t, struct points d, struct tk_grid *g,
			   struct tk_rect r, bool own_row)
{
	char text[128], title[160], now[TK_UNITS_MAX], all[TK_UNITS_MAX], lost[TK_UNITS_MAX];
	const struct tk_datapoint *total = &t->total[TK_PROCESSING];

	snprintf(text, sizeof(text), "Last point: %s - in all: %s - lost: %s",
		 tk_units_rate(now, d.n ? tk_datapoint_rate(&d.p[d.n - 1]) : 0),
		 tk_units_count(all, (double)total->pushed),
		 tk_units_count(lost, (double)total->lost));
	snprintf(title, sizeof(title), "Msg/s%s%s", own_row ? "" : ": ", own_row ? "" : text);
	tk_grid_box(g, r, plain, title);
	if (own_row)
		tk_grid_text(g, r.x + 1, r.y + 1, r.w - 2, plain, text);
}

void tk_draw_rate(const struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		  struct tk_rect r)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	struct points d = points_of(v, s, TK_PROCESSING);
	bool own_row = r.h >= TEXT_FROM;
	struct tk_plot p = plot_in(v, g, r, own_row);

	if (!t || r.h < 2)
		return;
	if (d.n == 0) /* a timer may have spans of one measure only; the rate is in both */
		d = points_of(v, s, TK_LATENCY);
	draw_rate_head(t, d, g, r, own_row);
	if (p.area.w < 1 || p.area.h < 1)
		return;
	for (size_t i = 0; i < d.n; i++)
		p.y1 = fmax(p.y1, tk_datapoint_rate(&d.p[i]));
	tk_axis_range(&p.y0, &p.y1, false);
	int64_t to = window_end(v, s, tk_plot_dots_x(&p));
	draw_values(&p, tk_units_rate);
	if (has_time_axis(r))
		draw_times(v, &p, to);
	draw_marks(s, &p, to, false);
	draw_rate_curve(&p, d, to);
}
