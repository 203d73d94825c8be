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

/* Every other dot between its edges, and none outside; none where it was lifted. */
Test(plot, a_band_fills_what_is_between_its_edges)
{
	for (size_t k = 0; k < 3; k++) {
		struct tk_plot p = open_plot(charsets[k]);
		struct tk_plot_band b = tk_plot_band(&p, solid);

		for (int x = 0; x <= 100; x++)
			if (x < 40 || x > 60)
				tk_plot_band_to(&b, x, 30 + x / 5.0, 60 + x / 5.0);
			else
				tk_plot_band_to(&b, x, NAN, 60);
		for (int y = 0; y < H; y++)
			for (int x = 0; x < W; x++) {
				double at = (x - 5 + 0.5) * 5, value = 100 - (y - 2 + 0.5) * 12.5;
				double lo = 30 + at / 5, hi = 60 + at / 5;
				bool lifted = at > 36 && at < 64, inside = x >= 5 && x < 25;

				if (value < lo - 14 || value > hi + 14 || !inside ||
				    (at > 45 && at < 55))
					cr_assert(!inked(x, y), "%d, %d", x, y);
				else if (value > lo + 14 && value < hi - 14 && !lifted && k < 2)
					cr_assert(inked(x, y), "%d, %d", x, y);
			}
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

/* Random data, in plots of all heights and charsets: all of it is on the axis, which wastes little;
 * ticks are round, on it, and a whole number of rows apart. */
Test(axis, contains_the_data_and_ticks_are_whole_rows_apart)
{
	srand(2);
	for (int i = 0; i < 40000; i++) {
		double lo = pow(10, rand() % 1200 / 100.0);
		double hi = lo * (1 + pow(10, rand() % 600 / 100.0 - 3));
		double from = i % 7 ? lo : 0, to = i % 11 ? hi : from;
		int rows = 1 + i % 50, dots = 1 << i % 3;
		bool log_y = i % 2;
		struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
		struct tk_axis a = tk_axis(from, to, rows, dots, log_y);
		struct tk_plot p = { .grid = &g,
				     .area = { 5, 2, 20, rows },
				     .x1 = 100,
				     .y0 = a.lo,
				     .y1 = a.hi,
				     .log_y = log_y };

		cr_assert(a.lo < a.hi && a.lo >= 0 && (!log_y || a.lo > 0));
		cr_assert(a.lo <= fmax(from, log_y ? 0.1 : 0) * 1.000001);
		cr_assert(to < a.hi * 1.000001, "%g in %g..%g", to, a.lo, a.hi);
		cr_assert(log_y || rows < 2 || i % 11 == 0 || hi - lo < hi * 0.05 ||
				  a.hi - a.lo < (to - a.lo) * (rows < 8 ? 2 : 1.5),
			  "%g to %g in %d rows: %g to %g", from, to, rows, a.lo, a.hi);
		int n = tk_axis_values(&a, t, format);
		cr_assert(n >= 2 && n <= (rows + 8) / 2 && n <= 10, "%d ticks", n);
		g.charset = charsets[2 - i % 3];
		cr_assert_eq(tk_plot_dots_y(&p), rows * dots);
		int apart = tk_plot_row(&p, t[0].at) - tk_plot_row(&p, t[1].at);
		cr_assert(rows < 3 || apart >= 2);
		for (int k = 0; k < n; k++) {
			cr_assert(t[k].at >= a.lo * 0.99999 && t[k].at <= a.hi * 1.00001);
			cr_assert_eq(tk_plot_row(&p, t[k].at), 2 + rows - 1 - k * apart,
				     "tick %d of %d: %g in %g..%g, %d rows", k, n, t[k].at, a.lo,
				     a.hi, rows);
		}
	}
}

/* Labels have eight columns: no tick of durations, or of rates, which begin at 0, needs more. */
Test(axis, labels_fit)
{
	for (double hi = 0.01; hi < 1e11; hi *= 1.09)
		for (int rows = 1; rows < 70; rows++)
			for (int log_y = 0; log_y < 2; log_y++) {
				struct tk_axis_tick t[TK_AXIS_TICKS_MAX];
				double lo = log_y ? hi / 3000 : 0;
				struct tk_axis a = tk_axis(lo, hi, rows, 4, log_y);
				int n = tk_axis_values(&a, t, log_y ? tk_units_ns : tk_units_rate);
				for (int i = 0; i < n; i++)
					cr_assert_leq(tk_text_width(t[i].label), 8, "%s",
						      t[i].label);
			}
}

/* The lowest value that is not 0 decides where a logarithmic axis begins. */
Test(axis, a_logarithmic_axis_begins_at_the_lowest_value)
{
	for (double lo = 1; lo < 1e9; lo *= 1.7)
		for (int rows = 2; rows < 40; rows++) {
			struct tk_axis a = tk_axis(lo, lo * 300, rows, 4, true);
			cr_assert(a.lo <= lo * 1.000001 && a.lo > lo / 2.6, "%g of %g", a.lo, lo);
		}
}

static double value_at(const void *values, size_t i)
{
	return ((const double *)values)[i];
}

Test(axis, outliers_do_not_flatten_the_rest)
{
	double v[300];

	srand(3);
	for (int i = 0; i < 5000; i++) {
		size_t n = 4 + (size_t)rand() % 297;
		double hi = 0, typical = 0, lo = INFINITY;

		for (size_t k = 0; k < n; k++) {
			v[k] = 100 + rand() % 900;
			lo = fmin(lo, v[k]);
			typical = fmax(typical, v[k]);
		}
		hi = typical;
		if (i % 2) /* one outlier, anywhere */
			hi = v[(size_t)rand() % n] = 1000.0 * typical;
		v[0] = i % 3 ? v[0] : NAN;
		double top = tk_axis_top(lo, hi, value_at, n, v);
		struct tk_axis a = tk_axis(lo, top, 2 + rand() % 40, 4, false);
		double second = 0; /* without the largest: that may be the outlier */
		for (size_t k = 0, skipped = 0; k < n; k++)
			if (v[k] < hi || skipped++)
				second = fmax(second, v[k]);
		cr_assert(i % 2 || top <= hi);
		cr_assert(a.hi >= second || n >= 64 || isnan(v[0]));
		cr_assert(second - a.lo >= (a.hi - a.lo) * 0.45, "%g of %g..%g", second, a.lo,
			  a.hi);
	}
	double few[] = { 1, 2, 1000 }; /* who knows which of three is the outlier? */
	cr_assert_eq(tk_axis_top(1, 1000, value_at, 3, few), 1000);
	cr_assert_eq(tk_axis_top(0, 0, value_at, 0, few), 0);
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
