/* SPDX-License-Identifier: MIT */
/* SVG: the value at each percentile, of up to TK_REPORT_DRAWN rows. See report.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "collector/report/report.h"
#include "collector/report/svg.h"

#define WIDTH  960.0
#define LEFT   80.0
#define RIGHT  40.0
#define TOP    50.0
#define HEIGHT 420.0
#define LEGEND 18.0 /* a line of it */

struct curves {
	const struct tk_report_row *row[TK_REPORT_DRAWN];
	struct tk_hlog_cells cells[TK_REPORT_DRAWN];
	size_t n;
	struct tk_svg_panel panel;
	double nines; /* the axis reaches to 1 - 10^-nines */
};

/* How many nines a part of the samples is: 0.99 is 2. */
static double nines_of(uint64_t below, uint64_t count)
{
	return log10((double)count / (double)(count - below));
}

/* One axis has one unit: that of times, if there are any. @return how many rows are left */
static int choose_unit(struct curves *c, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (i == 0 || tk_unit_order(&c->row[i]->key.unit, &c->panel.unit) < 0)
			c->panel.unit = c->row[i]->key.unit;
	for (int i = 0; i < n; i++)
		if (tk_unit_order(&c->row[i]->key.unit, &c->panel.unit) == 0)
			c->row[kept++] = c->row[i];
	return n < 0 ? n : kept;
}

static int gather(struct curves *c, const struct tk_report *r)
{
	int n = choose_unit(c, tk_report_worst(r, c->row));

	for (int i = 0; i < n; i++) {
		struct tk_hlog_cells *cells = &c->cells[c->n++];

		if (tk_hlog_sum_cells(&c->row[i]->sum, cells))
			return -ENOMEM;
		double low = cells->cell[0].ns, high = cells->cell[cells->n - 1].ns;
		c->panel.low = i && c->panel.low < low ? c->panel.low : low;
		c->panel.high = high > c->panel.high ? high : c->panel.high;
		c->nines = fmax(c->nines, nines_of(cells->count - 1, cells->count));
	}
	c->panel.low = fmax(c->panel.low, 1);
	c->panel.high = fmax(c->panel.high, c->panel.low);
	c->nines = fmax(c->nines, 1);
	return n < 0 ? n : 0;
}

/* 0, 90, 99, 99.9 % and so on. */
static void draw_percentiles(const struct curves *c, FILE *out)
{
	tk_svg_tick(out, &c->panel, 0, "0 %");
	for (int n = 1; n <= (int)c->nines; n++) {
		char text[32];

		snprintf(text, sizeof(text), "%.*f %%", n > 2 ? n - 2 : 0, 100 - pow(10, 2 - n));
		tk_svg_tick(out, &c->panel, n / c->nines, text);
	}
}

/* The samples of a cell are those from `below` on. */
static void draw_curve(const struct curves *c, FILE *out, size_t i)
{
	const struct tk_hlog_cells *cells = &c->cells[i];
	uint64_t below = 0;
	struct tk_svg_line line;

	tk_svg_line_begin(&line, out, &c->panel, tk_svg_color(i));
	for (size_t k = 0; k < cells->n; k++) {
		tk_svg_line_to(&line, nines_of(below, cells->count) / c->nines, cells->cell[k].ns);
		below += cells->cell[k].count;
	}
	tk_svg_line_to(&line, nines_of(cells->count - 1, cells->count) / c->nines,
		       cells->cell[cells->n - 1].ns);
	tk_svg_line_end(&line);
}

static void draw_legend(const struct curves *c, FILE *out, size_t i)
{
	char title[TK_REPORT_TITLE_MAX];

	tk_svg_text(out, LEFT, TOP + HEIGHT + 48 + LEGEND * (double)i, "start", tk_svg_color(i),
		    tk_report_title(title, c->row[i]));
}

static void draw(const struct curves *c, FILE *out, size_t of)
{
	char title[160];

	tk_svg_begin(out, WIDTH, TOP + HEIGHT + 60 + LEGEND * (double)c->n);
	snprintf(title, sizeof(title), "Value by percentile%s",
		 c->n < of ? ": the timers with the highest P99; --timer chooses others" : "");
	tk_svg_text(out, LEFT, 28, "start", NULL, title);
	tk_svg_axis(out, &c->panel);
	draw_percentiles(c, out);
	for (size_t i = 0; i < c->n; i++) {
		draw_curve(c, out, i);
		draw_legend(c, out, i);
	}
	tk_svg_end(out);
}

int tk_report_curves(const struct tk_report *r, FILE *out)
{
	struct curves c = { .panel = { LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT, 0, 0, { 0 } } };
	int err = gather(&c, r);

	if (!err) {
		tk_svg_fit(&c.panel);
		draw(&c, out, r->n);
	}
	for (size_t i = 0; i < c.n; i++)
		tk_hlog_cells_free(&c.cells[i]);
	return err;
}
