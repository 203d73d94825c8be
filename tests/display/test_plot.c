/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/display/canvas/axis.h"
#include "collector/display/canvas/plot.h"

enum { W = 30, H = 12 };

static struct tk_grid g;
static const enum tk_charset charsets[] = { TK_CHARSET_BRAILLE, TK_CHARSET_BLOCK,
					    TK_CHARSET_ASCII };
static const struct tk_plot_line solid = { .dash = 0xFF, .glyph = '*' };
static const struct tk_plot_line sparse = { .dash = 0x11, .glyph = '*' };

/* A plot of 20 × 8 cells in a grid that has room around it, x and y from 0 to 100. */
static struct tk_plot open_plot(enum tk_charset charset)
{
	g.charset = charset;
	cr_assert_eq(tk_grid_resize(&g, W, H), 0);
	return (struct tk_plot){ .grid = &g, .area = { 5, 2, 20, 8 }, .x1 = 100, .y1 = 100 };
}

static bool inked(int x, int y)
{
	return tk_grid_at(&g, x, y)->ch != ' ';
}

static int ink(void)
{
	int n = 0;

	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			n += inked(x, y);
	return n;
}

/* The row of the first cell that is not blank. */
static int only_row(void)
{
	for (int i = 0; i < W * H; i++)
		if (g.cells[i].ch != ' ')
			return i / W;
	return -1;
}

Test(plot, a_point_lands_in_the_cell_its_value_says)
{
	srand(1);
	for (int i = 0; i < 3000; i++) {
		struct tk_plot p = open_plot(charsets[i % 3]);
		double x = rand() % 10000 / 100.0, y = rand() % 10001 / 100.0;
		struct tk_plot_pen pen = tk_plot_pen(&p, sparse);
		tk_plot_to(&pen, x, y);
		cr_assert_eq(ink(), 1);
		int row = tk_plot_row(&p, y), col = tk_plot_col(&p, x);
		cr_assert(inked(col, row));
		cr_assert_eq(col, 5 + (int)(x / 5));
		/* The value is at most half a dot from the middle of its dot. */
		double dot = 100.0 / (tk_plot_dots_y(&p) - 1);
		double top = 100 - (row - 2) * (tk_plot_dots_y(&p) / 8) * dot + dot / 2;
		double bottom = top - (tk_plot_dots_y(&p) / 8) * dot;
		cr_assert(y <= top + 1e-9 && y >= bottom - 1e-9, "%f in %f..%f", y, bottom, top);
	}
	tk_grid_free(&g);
}

Test(plot, greater_values_are_never_lower)
{
	for (int k = 0; k < 6; k++) {
		int last = H;
		for (double y = 0.5; y <= 100; y += 0.5) {
			struct tk_plot p = open_plot(charsets[k % 3]);
			p.log_y = k >= 3;
			p.y0 = p.log_y ? 0.5 : 0;
			struct tk_plot_pen pen = tk_plot_pen(&p, solid);
			tk_plot_to(&pen, 50, y);
			int row = only_row();
			cr_assert_leq(row, last);
			last = row;
		}
		cr_assert_eq(last, 2); /* the greatest is at the top */
	}
	tk_grid_free(&g);
}

Test(plot, nothing_is_drawn_outside_its_area)
{
	static const double wild[] = {
		-1e300, -1, 0, 50, 100, 101, 1e300, INFINITY, -INFINITY, NAN
	};
	size_t n = sizeof(wild) / sizeof(wild[0]);

	for (size_t k = 0; k < 3; k++) {
		struct tk_plot p = open_plot(charsets[k]);
		for (size_t i = 0; i < n * n * n * n; i++) {
			struct tk_plot_pen pen = tk_plot_pen(&p, solid);
			tk_plot_to(&pen, wild[i % n], wild[i / n % n]);
			tk_plot_to(&pen, wild[i / n / n % n], wild[i / n / n / n]);
		}
		for (size_t i = 0; i < n; i++)
			tk_plot_vline(&p, wild[i], solid.style);
		for (int y = 0; y < H; y++)
			for (int x = 0; x < W; x++)
				cr_assert(!inked(x, y) || (x >= 5 && x < 25 && y >= 2 && y < 10));
		cr_assert_gt(ink(), 0);
	}
	tk_grid_free(&g);
}

Test(plot, a_gap_breaks_the_line)
{
	struct tk_plot p = open_plot(TK_CHARSET_BRAILLE);
	struct tk_plot_pen pen = tk_plot_pen(&p, solid);

	tk_plot_to(&pen, 10, 50);
	tk_plot_to(&pen, 20, 50);
	tk_plot_to(&pen, 50, NAN);
	tk_plot_to(&pen, 80, 50);
	tk_plot_to(&pen, 90, 50);
	int row = tk_plot_row(&p, 50);
	for (int x = 5; x < 25; x++) {
		double v = (x - 5 + 0.5) * 5;
		bool in_line = (v > 10 && v < 20) || (v > 80 && v < 90);
		bool outside = v < 5 || (v > 25 && v < 75) || v > 95;
		cr_assert(!in_line || inked(x, row));
		cr_assert(!outside || !inked(x, row));
	}
	tk_grid_free(&g);
}

Test(plot, points_that_share_a_column_draw_their_extent)
{
	for (size_t k = 0; k < 3; k++) {
		struct tk_plot p = open_plot(charsets[k]);
		struct tk_plot_pen pen = tk_plot_pen(&p, solid);
		tk_plot_to(&pen, 50, 10);
		tk_plot_to(&pen, 50.1, 90);
		tk_plot_to(&pen, 50.2, 50);
		for (int row = tk_plot_row(&p, 90); row <= tk_plot_row(&p, 10); row++)
			cr_assert(inked(tk_plot_col(&p, 50), row));
	}
	tk_grid_free(&g);
}

Test(plot, dashes_never_hide_a_spike)
{
	for (int at = 0; at < 40; at++) { /* at every phase of the dashes */
		struct tk_plot p = open_plot(TK_CHARSET_BRAILLE);
		struct tk_plot_pen pen = tk_plot_pen(&p, sparse);
		double x = at * 2.5 + 1;
		tk_plot_to(&pen, x - 1, 10);
		tk_plot_to(&pen, x, 100);
		tk_plot_to(&pen, x + 1, 10);
		cr_assert(inked(tk_plot_col(&p, x), 2), "spike at dot %d", at);
	}
	tk_grid_free(&g);
}

Test(plot, dash_patterns_differ)
{
	struct tk_plot p = open_plot(TK_CHARSET_BRAILLE);
	struct tk_plot_pen a = tk_plot_pen(&p, solid), b = tk_plot_pen(&p, sparse);

	tk_plot_to(&a, 0, 80);
	tk_plot_to(&a, 99, 80);
	tk_plot_to(&b, 0, 20);
	tk_plot_to(&b, 99, 20);
	int full = 0, dotted = 0;
	for (int x = 5; x < 25; x++) {
		full += __builtin_popcount(tk_grid_at(&g, x, tk_plot_row(&p, 80))->ch & 0xFF);
		dotted += inked(x, tk_plot_row(&p, 20));
	}
	cr_assert_eq(full, 40);
	cr_assert_eq(dotted, 10);
	tk_grid_free(&g);
}

static char *format(char out[TK_UNITS_MAX], double v)
{
	return tk_units_ns(out, v);
}

Test(axis, ranges_contain_the_data_and_ticks_the_range)
{
	srand(2);
	for (int i = 0; i < 20000; i++) {
		double lo = pow(10, rand() % 1200 / 100.0),
		       hi = lo * (1 + pow(10, rand() % 600 / 100.0 - 3));
		double y0 = i % 7 ? lo : 0, y1 = i % 11 ? hi : y0;
		bool log_y = i % 2;
		struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
		tk_axis_range(&y0, &y1, log_y);
		cr_assert(y0 < y1 && y0 >= 0);
		cr_assert(!log_y || y0 > 0);
		cr_assert(y0 <= (i % 7 ? lo : log_y ? 0.1 : 0) * 1.000001);
		cr_assert(i % 11 == 0 || y1 >= hi * 0.999999);
		int n = tk_axis_values(t, y0, y1, 1 + i % 50, log_y, format);
		cr_assert(n >= 2 && n <= TK_AXIS_TICKS_MAX, "%d ticks", n);
		for (int k = 0; k < n; k++) {
			cr_assert(t[k].at >= y0 * 0.99999 && t[k].at <= y1 * 1.00001);
			cr_assert(k == 0 || t[k].at > t[k - 1].at);
		}
	}
}

Test(axis, time_ticks_are_inside_and_round)
{
	struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
	const int64_t to = INT64_C(1700000003123456789);

	setenv("TZ", "UTC", 1);
	for (int64_t span = 1000000000; span <= INT64_C(86400000000000); span = span * 3 / 2)
		for (int columns = 10; columns < 300; columns += 7)
			for (int wall = 0; wall < 2; wall++) {
				int n = tk_axis_times(t, to, span, columns, wall);
				cr_assert(n >= 1 && n <= TK_AXIS_TICKS_MAX);
				for (int i = 0; i < n; i++)
					cr_assert(t[i].at <= 0 && t[i].at >= -(double)span);
				if (!wall)
					cr_assert_str_eq(t[0].label, "now");
			}
	tk_axis_times(t, to, INT64_C(30000000000), 60, true);
	cr_assert_str_eq(t[0].label, "22:13:20"); /* 3.12 s before to */
	cr_assert_eq(t[0].at, -3123456789.0);
}
