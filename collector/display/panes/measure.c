/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/measure.c - one measure of the selected timer as curves.
 */
#include <math.h>
#include <stdio.h>

#include "collector/display/canvas/curve.h"
#include "collector/display/panes/chart.h"
#include "collector/display/panes/head.h"
#include "collector/display/panes/legend.h"

/* The last point with samples, or NULL. */
static const struct tk_datapoint *last_of(struct tk_chart_points d)
{
	while (d.n > 0 && d.p[d.n - 1].count == 0)
		d.n--;
	return d.n ? &d.p[d.n - 1] : NULL;
}

/* Of values the number: their unit stands in the frame. */
static char *(*format_of(const struct tk_snap_timer *t))(char out[TK_UNITS_MAX], double)
{
	return t->unit.values ? tk_units_count : tk_units_ns;
}

static void draw_legend(const struct tk_chart *c, const struct tk_datapoint *last,
			const struct tk_snap_timer *t)
{
	struct tk_rect r = c->plot.area;

	if (c->gutter && last)
		tk_legend_draw(c->view, last, c->plot.grid,
			       (struct tk_rect){ r.x + r.w, r.y, c->gutter, r.h }, format_of(t));
}

/* --- values ---------------------------------------------------------------------------------- */

/* The curves that are on, of a measure's datapoints. */
struct curves {
	struct tk_chart_points d;
	unsigned on;
};

/* The extremes of all curves; a logarithmic scale has no zero. @return whether there are any */
static bool extremes(const struct curves *c, bool log_y, double *lo, double *hi)
{
	*lo = INFINITY;
	*hi = -INFINITY;
	for (size_t i = 0; i < c->d.n; i++)
		for (enum tk_curve k = 0; k < TK_CURVES; k++) {
			double y = c->on >> k & 1 ? tk_curve_value(&c->d.p[i], k) : NAN;

			if (!isfinite(y) || (log_y && y <= 0))
				continue;
			*lo = fmin(*lo, y);
			*hi = fmax(*hi, y);
		}
	return *lo <= *hi;
}

/* The highest of the curves but max: what the plot is for. Max, if it is the only one. */
static double typical(const void *arg, size_t i)
{
	const struct curves *c = arg;
	unsigned most = 1u << TK_CURVE_MAX, on = c->on == most ? most : c->on & ~most;
	double top = NAN;

	for (enum tk_curve k = 0; k < TK_CURVES; k++)
		if (on >> k & 1)
			top = fmax(top, tk_curve_value(&c->d.p[i], k));
	return top;
}

/* Make the axis. A logarithmic one has room for outliers. @return whether there are any values */
static bool scale(struct tk_chart *chart, const struct curves *c, bool *clipped)
{
	bool log_y = chart->view->log_y;
	double lo, hi, top;

	*clipped = false;
	if (!extremes(c, log_y, &lo, &hi))
		return false;
	top = log_y ? hi : tk_axis_top(lo, hi, typical, c->d.n, c);
	tk_chart_scale(chart, lo, top, log_y);
	*clipped = hi > chart->axis.hi;
	return true;
}

/* --- curves ---------------------------------------------------------------------------------- */

/* The band from p50 to p99, where both are on. */
static void draw_band(const struct tk_chart *c, const struct curves *all)
{
	const unsigned edges = 1u << TK_CURVE_P50 | 1u << TK_CURVE_P99;
	struct tk_plot_line line = { TK_STYLE(TK_PURPLE, TK_DIM), 0xFF, '.' };
	struct tk_plot_band b = tk_plot_band(&c->plot, line);

	if ((all->on & edges) != edges)
		return;
	for (size_t i = 0; i < all->d.n; i++) {
		const struct tk_datapoint *d = &all->d.p[i];

		if (i > 0 && tk_chart_gap(d - 1, d))
			b.down = false;
		tk_plot_band_to(&b, tk_chart_x(c, d), tk_curve_value(d, TK_CURVE_P50),
				tk_curve_value(d, TK_CURVE_P99));
	}
}

/*
 * Whether the points of a curve are not joined: lines between maxima that stand close together
 * would cover the band with a hatching that says nothing.
 */
static bool is_scattered(const struct tk_chart *c, struct tk_chart_points d, enum tk_curve k)
{
	return k == TK_CURVE_MAX && 2 * d.n > (size_t)c->plot.area.w;
}

static void draw_curve(const struct tk_chart *c, struct tk_chart_points d, enum tk_curve k)
{
	bool scattered = is_scattered(c, d, k);
	struct tk_plot_line line = tk_curve_line(k);
	struct tk_plot_pen pen = tk_plot_pen(&c->plot, line);

	for (size_t i = 0; i < d.n; i++) {
		if (scattered || (i > 0 && tk_chart_gap(&d.p[i - 1], &d.p[i])))
			pen.down = false;
		tk_plot_to(&pen, tk_chart_x(c, &d.p[i]), tk_curve_value(&d.p[i], k));
	}
	for (size_t i = 0; i < d.n; i++)
		if (tk_curve_value(&d.p[i], k) > c->axis.hi)
			tk_chart_clip(c, &d.p[i], line.style);
}

static void draw_curves(const struct tk_chart *c, const struct curves *all)
{
	for (int k = TK_CURVES - 1; k >= 0; k--)
		if (all->on >> k & 1)
			draw_curve(c, all->d, (enum tk_curve)k);
}

/* --- no curve -------------------------------------------------------------------------------- */

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
static void draw_seen(const struct tk_plot *p, const struct tk_seen *seen,
		      const struct tk_unit *unit, int64_t now)
{
	char avg[TK_UNITS_MAX], p99[TK_UNITS_MAX], ago[TK_UNITS_MAX], text[128];
	double s = floor((double)(now - seen->t_ns) / 1e9);

	if (!seen->t_ns || p->area.h < 3)
		return;
	if (s < 120)
		snprintf(ago, sizeof(ago), "%.0f s", s);
	else
		snprintf(ago, sizeof(ago), "%.0f min", floor(s / 60));
	snprintf(text, sizeof(text), "%s ago: avg %s, p99 %s", ago,
		 tk_units_sample(avg, seen->avg_ns, unit),
		 tk_units_sample(p99, seen->p99_ns, unit));
	struct tk_plot below = *p;
	below.area.y += 2;
	draw_reason(&below, text);
}

void tk_pane_measure(const struct tk_pane *pane, const struct tk_view_state *v,
		     const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	struct curves all = { tk_chart_points(v, s, pane->measure), v->curves };
	struct tk_chart c = tk_chart(v, s, g, r, tk_head_rows(pane, v, s, g, r));
	bool clipped = false, empty = tk_chart_is_empty(&c),
	     any = !empty && scale(&c, &all, &clipped);

	tk_head_draw(pane, v, s, g, r, clipped);
	if (any) {
		draw_band(&c, &all);
		tk_chart_axes(&c, format_of(t), true);
		draw_curves(&c, &all);
		draw_legend(&c, last_of(all.d), t);
	} else if (!empty) {
		draw_reason(&c.plot, reason(v, t, pane->measure));
		if (!v->to_ns)
			draw_seen(&c.plot, &t->seen[pane->measure], &t->unit, s->t_ns);
	}
}
