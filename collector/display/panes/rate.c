/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/rate.c - messages per second of the selected timer.
 */
#include <math.h>
#include <stdio.h>

#include "collector/display/panes/chart.h"
#include "collector/display/panes/panes.h"

#define TEXT_FROM 5 /* rows of the pane from which its text has a row of its own */

static void draw_curve(const struct tk_chart *c, struct tk_chart_points d)
{
	struct tk_plot_pen pen =
		tk_plot_pen(&c->plot, (struct tk_plot_line){ TK_STYLE_PLAIN, 0xFF, '*' });

	for (size_t i = 0; i < d.n; i++) {
		double rate = tk_datapoint_rate(&d.p[i]);

		if (i > 0 && tk_chart_gap(&d.p[i - 1], &d.p[i]))
			pen.down = false;
		tk_plot_to(&pen, tk_chart_x(c, &d.p[i]), rate);
		if (rate > c->axis.hi)
			tk_chart_clip(c, &d.p[i], pen.line.style);
	}
}

static double rate_of(const void *arg, size_t i)
{
	return tk_datapoint_rate(&((const struct tk_chart_points *)arg)->p[i]);
}

/* In as many words as there is room for: the last point always, then what was lost, then more. */
static void words(const struct tk_snap_timer *t, double now, double most, int room, char out[192])
{
	const struct tk_datapoint *total = &t->total[TK_PROCESSING];
	char rate[TK_UNITS_MAX], all[TK_UNITS_MAX], lost[TK_UNITS_MAX], top[TK_UNITS_MAX];
	char clipped[48] = "";

	tk_units_rate(rate, now);
	tk_units_count(all, (double)total->records);
	tk_units_count(lost, (double)total->lost);
	if (most > 0)
		snprintf(clipped, sizeof(clipped), " - ▲most: %s", tk_units_rate(top, most));
	snprintf(out, 192, "Last point: %s%s - in all: %s - lost: %s", rate, clipped, all, lost);
	if (tk_text_width(out) > room)
		snprintf(out, 192, "%s%s - lost: %s", rate, clipped, lost);
	if (tk_text_width(out) > room)
		snprintf(out, 192, "%s%s", rate, clipped);
	if (tk_text_width(out) > room)
		snprintf(out, 192, "%s", rate);
}

/* @most: the highest rate, if it is beyond the plot; or 0 */
static void draw_head(const char *name, const struct tk_snap_timer *t, double now, double most,
		      struct tk_grid *g, struct tk_rect r, bool own_row)
{
	char text[192];
	int x = r.x + 1, room = r.w - 2;

	tk_grid_box(g, r, TK_STYLE_PLAIN, name);
	if (!own_row) {
		x += tk_text_width(name);
		x += tk_grid_text(g, x, r.y, 2, TK_STYLE_PLAIN, ": ");
		room -= tk_text_width(name) + 2;
	}
	words(t, now, most, room, text);
	tk_grid_text(g, x, r.y + own_row, room, TK_STYLE_PLAIN, text);
}

/* Of the last interval, however coarse the points are; in the past, of the window's last point. */
static double last_rate(const struct tk_view_state *v, const struct tk_snapshot *s,
			struct tk_chart_points d)
{
	if (!v->to_ns)
		return tk_datapoint_rate(&tk_view_timer(v, s)->last[TK_PROCESSING]);
	return d.n ? rate_of(&d, d.n - 1) : 0;
}

void tk_pane_rate(const struct tk_pane *pane, const struct tk_view_state *v,
		  const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r)
{
	struct tk_chart_points d = tk_chart_points(v, s, TK_PROCESSING);
	bool own_row = r.h >= TEXT_FROM;
	struct tk_chart c = tk_chart(v, s, g, r, own_row);
	double most = 0;

	if (d.n == 0) /* a timer may have samples of one measure only; both have the rate */
		d = tk_chart_points(v, s, TK_LATENCY);
	for (size_t i = 0; i < d.n; i++)
		most = fmax(most, rate_of(&d, i));
	if (!tk_chart_is_empty(&c))
		tk_chart_scale(&c, 0, tk_axis_top(0, most, rate_of, d.n, &d), false);
	draw_head(pane->name, tk_view_timer(v, s), last_rate(v, s, d), most > c.axis.hi ? most : 0,
		  g, r, own_row);
	if (tk_chart_is_empty(&c))
		return;
	tk_chart_axes(&c, tk_units_rate, false);
	draw_curve(&c, d);
}
