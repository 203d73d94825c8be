/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/measure.c - one measure of the selected timer as curves.
 */
#include <math.h>
#include <stdio.h>

#include "collector/display/canvas/axis.h"
#include "collector/display/canvas/curve.h"
#include "collector/display/panes/chart.h"
#include "collector/display/panes/panes.h"

/* The last point with samples, or NULL. */
static const struct tk_datapoint *last_of(struct tk_chart_points d)
{
	while (d.n > 0 && d.p[d.n - 1].count == 0)
		d.n--;
	return d.n ? &d.p[d.n - 1] : NULL;
}

/* The extremes of all curves that are on. @return whether there are any values. */
static bool extremes(const struct tk_view_state *v, struct tk_chart_points d, double *lo,
		     double *hi)
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

static void draw_curves(const struct tk_chart *c, struct tk_chart_points d)
{
	for (int k = TK_CURVES - 1; k >= 0; k--) {
		if (!(c->view->curves >> k & 1))
			continue;
		struct tk_plot_pen pen = tk_plot_pen(&c->plot, tk_curve_line((enum tk_curve)k));
		for (size_t i = 0; i < d.n; i++) {
			if (i > 0 && tk_chart_gap(&d.p[i - 1], &d.p[i]))
				pen.down = false;
			tk_plot_to(&pen, tk_chart_x(c, &d.p[i]),
				   tk_curve_value(&d.p[i], (enum tk_curve)k));
		}
	}
}

/* The curves that are on and have a value, the largest first. @return how many */
static int by_value(const struct tk_view_state *v, const struct tk_datapoint *d,
		    enum tk_curve out[TK_CURVES])
{
	int n = 0;

	for (enum tk_curve k = 0; k < TK_CURVES; k++) {
		double y = v->curves >> k & 1 ? tk_curve_value(d, k) : NAN;
		int i = n;

		if (!isfinite(y))
			continue;
		for (; i > 0 && tk_curve_value(d, out[i - 1]) < y; i--)
			out[i] = out[i - 1];
		out[i] = k;
		n++;
	}
	return n;
}

/*
 * The name of each curve in the gutter, and its last value where there is room. The order is that
 * of the values; a name stands where its curve ends, or as near below or above as the others allow.
 */
static void name_curves(const struct tk_chart *c, const struct tk_datapoint *last)
{
	const struct tk_plot *p = &c->plot;
	enum tk_curve k[TK_CURVES];
	int n = by_value(c->view, last, k), next = 0;

	for (int i = 0; i < n && next < p->area.h; i++, next++) {
		double y = tk_curve_value(last, k[i]);
		int row = tk_plot_row(p, y) - p->area.y, x = p->area.x + p->area.w + 1;
		struct tk_style style = tk_curve_line(k[i]).style;
		char ns[TK_UNITS_MAX];

		if (row > p->area.h - (n - i))
			row = p->area.h - (n - i);
		if (row > next)
			next = row;
		tk_grid_text(p->grid, x, p->area.y + next, c->gutter - 1, style,
			     tk_curve_name(k[i]));
		if (c->gutter >= TK_CHART_VALUES_W)
			tk_grid_text_right(p->grid, x, x + c->gutter - 1, p->area.y + next, style,
					   tk_units_ns(ns, y));
	}
}

/* "avg: 2.25 µs"; where letters tell curves apart, "[a] avg: 2.25 us". @return columns. */
static int value_text(const struct tk_grid *g, const struct tk_datapoint *d, enum tk_curve k,
		      char out[64])
{
	char ns[TK_UNITS_MAX], glyph[8] = "";

	if (g->charset == TK_CHARSET_ASCII || g->no_color)
		snprintf(glyph, sizeof(glyph), "[%c] ", tk_curve_line(k).glyph);
	snprintf(out, 64, "%s%s: %s", glyph, tk_curve_name(k),
		 tk_units_ns(ns, tk_curve_value(d, k)));
	return tk_text_width(out);
}

/* The columns of all the values that draw_values() writes. */
static int values_width(const struct tk_view_state *v, const struct tk_grid *g,
			const struct tk_datapoint *d)
{
	char text[64];
	int w = 0;

	for (enum tk_curve k = 0; k < TK_CURVES; k++)
		if (v->curves >> k & 1)
			w += value_text(g, d, k, text) + 3;
	return w ? w - 3 : 0;
}

/* The values of all samples in view, each in the colour of its curve: this is the legend, too. */
static void draw_values(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r,
			const struct tk_datapoint *d, const char *intro)
{
	char text[64];
	int x = r.x + 1, right = r.x + r.w - 1;

	x += tk_grid_text(g, x, r.y + 1, right - x, TK_STYLE_PLAIN, intro);
	const char *between = values_width(v, g, d) <= right - x ? " - " : " ";
	for (enum tk_curve k = 0, first = 1; k < TK_CURVES; k++) {
		if (!(v->curves >> k & 1))
			continue;
		if (!first)
			x += tk_grid_text(g, x, r.y + 1, right - x, TK_STYLE_DIM, between);
		first = 0;
		value_text(g, d, k, text);
		x += tk_grid_text(g, x, r.y + 1, right - x, tk_curve_line(k).style, text);
	}
}

/* Frame, title and text, in the longest wording for which there is room. */
static void draw_head(const char *name, const struct tk_view_state *v,
		      const struct tk_snap_timer *t, struct tk_grid *g, struct tk_rect r,
		      const struct tk_datapoint *all)
{
	char title[192] = "", intro[192] = "", ns[TK_UNITS_MAX];
	bool any = all && all->count;

	tk_units_ns(ns, any ? tk_datapoint_avg_ns(all) : NAN);
	snprintf(intro, sizeof(intro), "%s report for %s: All in view: ", name, t->name);
	bool wide = tk_text_width(intro) + (any ? values_width(v, g, all) : 0) <= r.w - 2;
	if (wide)
		snprintf(title, sizeof(title), "%s[%u], running avg: %s", t->app, t->pid, ns);
	else
		snprintf(title, sizeof(title), r.w < 40 ? "%s: %s" : "%s, running avg: %s", name,
			 ns);
	tk_grid_box(g, r, TK_STYLE_PLAIN, title);
	if (any)
		draw_values(v, g, r, all, wide ? intro : "");
	else if (wide)
		tk_grid_text(g, r.x + 1, r.y + 1, r.w - 2, TK_STYLE_PLAIN, intro);
}

/* Spans that are in no curve are told in the frame, so that nobody overlooks them. */
static void draw_odd(const struct tk_snap_timer *t, enum tk_measure m, struct tk_grid *g,
		     struct tk_rect r)
{
	uint64_t negative = t->negative[m], aside = t->total[m].aside;
	char n[TK_UNITS_MAX], text[96];
	int right = r.x + r.w - 2;

	if (aside > negative) {
		snprintf(text, sizeof(text), " %s across a clock change ",
			 tk_units_count(n, (double)(aside - negative)));
		right -= tk_grid_text_right(g, r.x + r.w / 2, right, r.y,
					    TK_STYLE(TK_VERMILION, TK_BOLD), text);
	}
	if (negative) {
		snprintf(text, sizeof(text), " %s below zero ",
			 tk_units_count(n, (double)negative));
		tk_grid_text_right(g, r.x + r.w / 2, right, r.y, TK_STYLE(TK_VERMILION, TK_BOLD),
				   text);
	}
}

/* Why there is no curve. */
static const char *reason(const struct tk_view_state *v, const struct tk_snap_timer *t,
			  enum tk_measure m)
{
	if (t->total[m].count == 0 && t->total[m].aside > 0)
		return "all samples are set aside: no curve has them";
	if (v->curves == 0)
		return "all curves are off: press a, m, M, e or 2 to 5";
	if (t->total[m].count > 0)
		return v->to_ns ? "no records in this window: 0 goes back to now"
				: "no records lately: Z shows more time, ◀ earlier";
	return m == TK_LATENCY ? "no latency yet: no span came with an origin" : "no records yet";
}

static void draw_reason(const struct tk_plot *p, const char *why)
{
	int x = p->area.x - TK_CHART_LABEL_W, w = p->area.w + TK_CHART_LABEL_W;
	int need = tk_text_width(why);

	if (need < w)
		x += (w - need) / 2;
	tk_grid_text(p->grid, x, p->area.y + p->area.h / 2, w, TK_STYLE_DIM, why);
}

/* What a rare timer showed last, and how long ago. */
static void draw_seen(const struct tk_plot *p, const struct tk_seen *seen, int64_t now)
{
	char avg[TK_UNITS_MAX], p99[TK_UNITS_MAX], ago[TK_UNITS_MAX], text[128];
	double s = floor((double)(now - seen->t_ns) / 1e9);

	if (!seen->t_ns || p->area.h < 3)
		return;
	if (s < 120)
		snprintf(ago, sizeof(ago), "%.0f s", s);
	else
		snprintf(ago, sizeof(ago), "%.0f min", floor(s / 60));
	snprintf(text, sizeof(text), "%s ago: avg %s, p99 %s", ago, tk_units_ns(avg, seen->avg_ns),
		 tk_units_ns(p99, seen->p99_ns));
	struct tk_plot below = *p;
	below.area.y += 2;
	draw_reason(&below, text);
}

void tk_pane_measure(const struct tk_pane *pane, const struct tk_view_state *v,
		     const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	struct tk_chart_points d = tk_chart_points(v, s, pane->measure);
	struct tk_chart c = tk_chart(v, s, g, r, 1);
	struct tk_plot *p = &c.plot;

	draw_head(pane->name, v, t, g, r, tk_chart_window(v, s, pane->measure));
	draw_odd(t, pane->measure, g, r);
	if (tk_chart_is_empty(&c))
		return;
	if (!extremes(v, d, &p->y0, &p->y1)) {
		draw_reason(p, reason(v, t, pane->measure));
		if (!v->to_ns)
			draw_seen(p, &t->seen[pane->measure], s->t_ns);
		return;
	}
	tk_axis_range(&p->y0, &p->y1, v->log_y);
	p->log_y = v->log_y;
	tk_chart_axes(&c, tk_units_ns, true);
	draw_curves(&c, d);
	if (c.gutter)
		name_curves(&c, last_of(d));
}
