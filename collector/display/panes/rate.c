/* SPDX-License-Identifier: MIT */
/*
 * collector/display/panes/rate.c - messages per second of the selected timer.
 */
#include <math.h>
#include <stdio.h>

#include "collector/display/canvas/axis.h"
#include "collector/display/panes/chart.h"
#include "collector/display/panes/panes.h"

#define TEXT_FROM 5 /* rows of the pane from which its text has a row of its own */

static void draw_curve(const struct tk_chart *c, struct tk_chart_points d)
{
	struct tk_plot_pen pen =
		tk_plot_pen(&c->plot, (struct tk_plot_line){ TK_STYLE_PLAIN, 0xFF, '*' });

	for (size_t i = 0; i < d.n; i++) {
		if (i > 0 && tk_chart_gap(&d.p[i - 1], &d.p[i]))
			pen.down = false;
		tk_plot_to(&pen, tk_chart_x(c, &d.p[i]), tk_datapoint_rate(&d.p[i]));
	}
}

static void draw_head(const char *name, const struct tk_snap_timer *t, struct tk_chart_points d,
		      struct tk_grid *g, struct tk_rect r, bool own_row)
{
	char text[128], title[160], now[TK_UNITS_MAX], all[TK_UNITS_MAX], lost[TK_UNITS_MAX];
	const struct tk_datapoint *total = &t->total[TK_PROCESSING];

	snprintf(text, sizeof(text), "Last point: %s - in all: %s - lost: %s",
		 tk_units_rate(now, d.n ? tk_datapoint_rate(&d.p[d.n - 1]) : 0),
		 tk_units_count(all, (double)total->records),
		 tk_units_count(lost, (double)total->lost));
	snprintf(title, sizeof(title), "%s%s%s", name, own_row ? "" : ": ", own_row ? "" : text);
	tk_grid_box(g, r, TK_STYLE_PLAIN, title);
	if (own_row)
		tk_grid_text(g, r.x + 1, r.y + 1, r.w - 2, TK_STYLE_PLAIN, text);
}

void tk_pane_rate(const struct tk_pane *pane, const struct tk_view_state *v,
		  const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r)
{
	struct tk_chart_points d = tk_chart_points(v, s, TK_PROCESSING);
	bool own_row = r.h >= TEXT_FROM;
	struct tk_chart c = tk_chart(v, s, g, r, own_row);
	struct tk_plot *p = &c.plot;

	if (d.n == 0) /* a timer may have samples of one measure only; both have the rate */
		d = tk_chart_points(v, s, TK_LATENCY);
	draw_head(pane->name, tk_view_timer(v, s), d, g, r, own_row);
	if (tk_chart_is_empty(&c))
		return;
	for (size_t i = 0; i < d.n; i++)
		p->y1 = fmax(p->y1, tk_datapoint_rate(&d.p[i]));
	tk_axis_range(&p->y0, &p->y1, false);
	tk_chart_axes(&c, tk_units_rate, false);
	draw_curve(&c, d);
}
