/* SPDX-License-Identifier: MIT */
/* SVG: percentiles of intervals over time, a panel for each of TK_REPORT_DRAWN rows. See
 * report.h. */
#include <math.h>
#include <stdio.h>

#include "collector/report/report.h"
#include "collector/report/svg.h"

#define WIDTH 960.0
#define LEFT  80.0
#define RIGHT 20.0
#define TOP   50.0
#define PANEL 190.0 /* height of one, with what stands around it */
#define PLOT  130.0
#define TICKS 6

static void find_range(struct tk_svg_panel *p, const struct tk_report_times *t, size_t n)
{
	p->low = INFINITY;
	p->high = 1;
	for (size_t i = 0; i < t->n; i++) {
		for (size_t q = 0; q < n; q++) {
			p->low = fmin(p->low, t->point[i].ns[q]);
			p->high = fmax(p->high, t->point[i].ns[q]);
		}
	}
	p->low = isinf(p->low) ? 1 : fmax(p->low, 1);
	p->high = fmax(p->high, p->low);
	tk_svg_fit(p);
}

static void draw_seconds(const struct tk_report *r, FILE *out, const struct tk_svg_panel *p)
{
	double seconds = (double)(r->end_ns - r->first_ns) / 1e9;

	for (int i = 0; i <= TICKS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%.4g s", seconds * i / TICKS);
		tk_svg_tick(out, p, (double)i / TICKS, text);
	}
}

/* Each point is a level as wide as its intervals. */
static void draw_line(const struct tk_report *r, FILE *out, const struct tk_svg_panel *p,
		      const struct tk_report_times *t, size_t q)
{
	double length = fmax((double)(r->end_ns - r->first_ns), 1);
	struct tk_svg_line line;

	tk_svg_line_begin(&line, out, p, tk_svg_color(q));
	for (size_t i = 0; i < t->n; i++) {
		const struct tk_report_point *at = &t->point[i];

		tk_svg_line_to(&line, (double)(at->from_ns - r->first_ns) / length, at->ns[q]);
		tk_svg_line_to(&line, (double)(at->to_ns - r->first_ns) / length, at->ns[q]);
	}
	tk_svg_line_end(&line);
}

static void draw_panel(const struct tk_report *r, FILE *out, const struct tk_report_row *row,
		       double top)
{
	struct tk_svg_panel p = {
		LEFT, top + 24, WIDTH - LEFT - RIGHT, PLOT, 0, 0, row->shown.unit
	};
	char title[TK_REPORT_TITLE_MAX], text[TK_REPORT_TITLE_MAX + 64];

	find_range(&p, &row->times, r->wanted->stats->n_quantiles);
	tk_report_title(title, row);
	if (row->times.intervals > 1)
		snprintf(text, sizeof(text), "%s, the highest of %zu intervals each", title,
			 row->times.intervals);
	else
		snprintf(text, sizeof(text), "%s", title);
	tk_svg_text(out, LEFT, top + 16, "start", NULL, text);
	tk_svg_axis(out, &p);
	draw_seconds(r, out, &p);
	for (size_t q = 0; q < r->wanted->stats->n_quantiles; q++)
		draw_line(r, out, &p, &row->times, q);
}

static void draw_legend(const struct tk_report *r, FILE *out, const char *title)
{
	const struct tk_stats_list *stats = r->wanted->stats;

	tk_svg_text(out, LEFT, 20, "start", NULL, title);
	for (size_t i = 0; i < stats->n; i++) {
		char text[TK_STAT_NAME_MAX];

		if (stats->of[i].kind != TK_STAT_QUANTILE)
			continue;
		tk_svg_text(out, LEFT + 80 * (double)stats->of[i].place, 40, "start",
			    tk_svg_color(stats->of[i].place), tk_stat_title(text, &stats->of[i]));
	}
}

int tk_report_over_time(const struct tk_report *r, FILE *out)
{
	const struct tk_report_row *row[TK_REPORT_DRAWN];
	int n = tk_report_worst(r, row);

	if (n < 0)
		return n;
	tk_svg_begin(out, WIDTH, TOP + PANEL * n + 10);
	draw_legend(r, out,
		    (size_t)n < r->n ? "Percentiles over time: the timers with the highest P99; "
				       "--timer chooses others"
				     : "Percentiles over time");
	for (int i = 0; i < n; i++)
		draw_panel(r, out, row[i], TOP + PANEL * i);
	tk_svg_end(out);
	return 0;
}
