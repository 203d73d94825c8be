/* SPDX-License-Identifier: MIT */
/*
 * Charts: what holds of every pane at every size, and what its head, legend, curves and marks say.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/display/canvas/curve.h"
#include "collector/display/panes/chart.h"
#include "collector/display/panes/head.h"
#include "collector/display/panes/legend.h"
#include "tests/display/scene.h"

static struct scene s;

static uint32_t ch(int x, int y)
{
	return tk_grid_at(&s.grid, x, y)->ch;
}

static struct tk_snap_timer *selected(void)
{
	return &s.snapshot->timers[s.view.rows[s.view.selected]];
}

/* No datapoint for ten seconds, as while no collector or no process ran. */
Test(charts, nothing_is_drawn_across_what_nobody_saw)
{
	scene_open(&s, 100, 40, TK_CHARSET_BRAILLE);
	s.fake.no_marks = true;
	scene_fetch(&s);
	for (int m = 0; m < TK_MEASURES; m++) {
		size_t n = 0;

		for (size_t i = 0; i < s.snapshot->n_points[m]; i++) {
			int64_t ago = s.snapshot->t_ns - s.snapshot->points[m][i].t_ns;
			if (ago < INT64_C(10000000000) || ago > INT64_C(20000000000))
				s.snapshot->points[m][n++] = s.snapshot->points[m][i];
		}
		s.snapshot->n_points[m] = n;
	}
	tk_draw(&s.view, s.snapshot, &s.grid);
	struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	struct tk_plot p = tk_chart(&s.view, s.snapshot, &s.grid, l.pane[0], 1).plot;
	for (int x = tk_plot_col(&p, -18e9); x <= tk_plot_col(&p, -12e9); x++)
		for (int y = l.panes.y; y < l.panes.y + l.panes.h; y++)
			cr_assert(ch(x, y) < 0x2801 || ch(x, y) > 0x28FF, "at %d, %d", x, y);
	scene_close(&s);
}

/* They are told in the pane of their measure, also if it has no other samples. */
Test(charts, samples_below_zero_are_told_where_they_belong)
{
	scene_open(&s, 100, 40, TK_CHARSET_BRAILLE);
	struct tk_snap_timer *t = selected();
	t->negative[TK_LATENCY] = t->total[TK_LATENCY].aside = 7;
	t->total[TK_LATENCY].count = 0;
	s.snapshot->n_points[TK_LATENCY] = 0;
	tk_draw(&s.view, s.snapshot, &s.grid);
	struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	size_t latency = scene_pane("Latency");
	cr_assert_gt(l.pane[latency].h, 2, "there is a pane");
	char *text = scene_text(&s, false), *told = strstr(text, "7 below zero");
	cr_assert_not_null(told);
	int row = 0;
	for (const char *c = text; c < told; c++)
		row += *c == '\n';
	cr_assert_eq(row, l.pane[latency].y);
	cr_assert_null(strstr(told + strlen("7 below zero"), "below zero"));
	cr_assert_not_null(strstr(text, "all samples are set aside"));
	free(text);
	scene_close(&s);
}

/* The chart of a pane that has the head in r. */
static struct tk_chart chart_in(struct tk_rect r, enum tk_measure m)
{
	size_t n;
	const struct tk_pane *p = tk_panes(&n);

	while (p->measure != m)
		p++;
	return tk_chart(&s.view, s.snapshot, &s.grid, r,
			tk_head_rows(p, &s.view, s.snapshot, &s.grid, r));
}

static void row_text(int x, int y, int w, char out[1024])
{
	for (int i = 0; i < w; i++)
		out += tk_utf8_encode(out, ch(x + i, y));
}

/* "us" stands where "µs" should, in ASCII. */
static const char *ns_text(char out[TK_UNITS_MAX], double ns)
{
	char *micro = strstr(tk_units_ns(out, ns), "µ");

	if (micro && s.grid.charset == TK_CHARSET_ASCII) {
		micro[0] = 'u';
		memmove(micro + 1, micro + 2, strlen(micro + 1));
	}
	return out;
}

static void check_not_cut(struct tk_rect r)
{
	for (int x = r.x; x < r.x + r.w; x++)
		for (int y = r.y; y < r.y + r.h; y++)
			cr_assert(ch(x, y) != 0x2026 && ch(x, y) != '~', "cut at %dx%d", s.grid.w,
				  s.grid.h);
}

/* What every size and every choice of curves must show of one pane. */
static void check_pane(struct tk_rect r, const char *name, enum tk_measure m)
{
	const struct tk_datapoint *w = &s.snapshot->window[m];
	char row[2][1024], ns[TK_UNITS_MAX], full[128];

	check_not_cut(r);
	row_text(r.x, r.y, r.w, row[0]);
	row_text(r.x, r.y + 1, r.w, row[1]);
	cr_assert(strstr(row[0], name) && strstr(row[0], "Gateway-ingest"));
	snprintf(full, sizeof(full), "%s of Gateway-ingest, gateway[4242]", name);
	cr_assert(s.grid.w < 80 || strstr(row[0], full), "%s", row[0]);
	ns_text(ns, w->p_ns[TK_P99]);
	cr_assert(strstr(row[0], ns) || strstr(row[1], ns), "%dx%d", s.grid.w, s.grid.h);
	ns_text(ns, w->max_ns);
	cr_assert(strstr(row[0], ns) || strstr(row[1], ns), "%dx%d", s.grid.w, s.grid.h);
	ns_text(ns, w->p_ns[TK_P50]);
	cr_assert(s.grid.w < 80 || strstr(row[0], ns) || strstr(row[1], ns));
}

/* "3 p99 30.08 us": the letter where curves have letters. @return the curve */
static enum tk_curve check_line(const char *text, const struct tk_datapoint *last)
{
	char name[16], number[16], unit[8], is[64], want[TK_UNITS_MAX], letter = 0;
	enum tk_curve k = 0;

	if (tk_legend_has_letters(&s.grid)) {
		letter = text[1];
		text += 2;
	}
	if (sscanf(text, " %15s %15s %7s", name, number, unit) != 3)
		return TK_CURVES;
	while (k < TK_CURVES && strcmp(name, tk_curve_name(k)) != 0)
		k++;
	cr_assert_lt(k, TK_CURVES, "%s", text);
	cr_assert(!letter || letter == tk_curve_line(k).glyph);
	snprintf(is, sizeof(is), "%s %s", number, unit);
	cr_assert_str_eq(is, ns_text(want, tk_curve_value(last, k)));
	return k;
}

/* One line a curve that is on, in one column, the largest first, each with its last value. */
static void check_legend(struct tk_rect r, enum tk_measure m)
{
	struct tk_chart c = chart_in(r, m);
	int x = c.plot.area.x + c.plot.area.w, rows = 0;
	const struct tk_datapoint *last = &s.snapshot->points[m][s.snapshot->n_points[m] - 1];
	double before = INFINITY;
	unsigned seen = 0;

	for (; c.gutter && rows < c.plot.area.h; rows++) {
		char text[1024];

		row_text(x, c.plot.area.y + rows, c.gutter, text);
		enum tk_curve k = check_line(text, last);
		if (k == TK_CURVES)
			break;
		cr_assert_neq(ch(x + c.gutter - 1, c.plot.area.y + rows), ' '); /* right-aligned */
		cr_assert_leq(tk_curve_value(last, k), before);
		before = tk_curve_value(last, k);
		cr_assert(s.view.curves >> k & 1 && !(seen >> k & 1));
		seen |= 1u << k;
	}
	int on = __builtin_popcount(s.view.curves);
	cr_assert(!c.gutter || rows == (on < c.plot.area.h ? on : c.plot.area.h));
}

static void check_at(int w, int h, unsigned curves)
{
	s.view.curves = curves;
	cr_assert_eq(tk_grid_resize(&s.grid, w, h), 0);
	tk_draw(&s.view, s.snapshot, &s.grid);
	struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	check_pane(l.pane[0], "Latency", TK_LATENCY);
	check_pane(l.pane[1], "Processing", TK_PROCESSING);
	check_not_cut(l.pane[2]);
	check_legend(l.pane[0], TK_LATENCY);
	check_legend(l.pane[1], TK_PROCESSING);
}

/* In colours, in letters and in ASCII; some choices of curves, and all of them. */
Test(charts, heads_and_legends_are_whole_at_every_size, .timeout = 120)
{
	for (int look = 0; look < 3; look++) {
		scene_open(&s, 80, 24, look == 2 ? TK_CHARSET_ASCII : TK_CHARSET_BRAILLE);
		s.grid.no_color = look == 1;
		s.fake.no_marks = true;
		scene_fetch(&s);
		for (unsigned curves = 1; curves < 1u << TK_CURVES; curves += 2 + curves)
			for (int w = 40; w <= 220; w += 4)
				for (int h = 10; h <= 60; h += 9)
					check_at(w, h, curves);
		for (int w = 40; w <= 220; w++)
			check_at(w, 24, (1u << TK_CURVES) - 1);
		scene_close(&s);
	}
}

/* One outlier of a thousand times its height, anywhere: the band keeps at least half of the plot,
 * a ▲ stands above it, and the head says how far it went. */
Test(charts, one_outlier_does_not_flatten_the_band)
{
	for (unsigned i = 0; i < 200; i++) {
		char told[64], ns[TK_UNITS_MAX];

		scene_open(&s, 80 + (int)i, 24 + (int)i % 30, TK_CHARSET_BRAILLE);
		s.fake.no_marks = true;
		scene_fetch(&s);
		struct tk_datapoint *d = s.snapshot->points[TK_LATENCY];
		size_t n = s.snapshot->n_points[TK_LATENCY], at = i * 7919u % n;
		double typical = 0;
		for (size_t k = 0; k < n; k++)
			typical = k == at ? typical : fmax(typical, d[k].p_ns[TK_P99]);
		d[at].max_ns = d[at].p_ns[TK_P9999] = d[at].p_ns[TK_P99] = typical * 1000;
		s.snapshot->window[TK_LATENCY].max_ns = typical * 1000;
		tk_draw(&s.view, s.snapshot, &s.grid);
		struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
		struct tk_chart c = chart_in(l.pane[0], TK_LATENCY);
		snprintf(told, sizeof(told), "▲max %s", tk_units_ns(ns, typical * 1000));
		cr_assert(scene_shows(&s, told));
		int x = tk_plot_col(&c.plot, tk_chart_x(&c, &d[at]));
		cr_assert(x < 0 || ch(x, c.plot.area.y) == 0x25B2);
		int top = c.plot.area.y + c.plot.area.h; /* of the band, but for the outlier */
		for (int y = top - 1; y > c.plot.area.y; y--)
			for (int k = c.plot.area.x; k < c.plot.area.x + c.plot.area.w; k++) {
				const struct tk_cell *cell = tk_grid_at(&s.grid, k, y);
				bool near = x >= 0 && abs(k - x) <= 2;
				if (!near && cell->ch > 0x2800 && cell->style.color == TK_PURPLE)
					top = y;
			}
		cr_assert_leq(2 * (top - c.plot.area.y), c.plot.area.h, "row %d of %d",
			      top - c.plot.area.y, c.plot.area.h);
		scene_close(&s);
	}
}

/* Maxima that stand close together are dots: they do not hatch the band. A few are joined. */
Test(charts, maxima_are_dots_above_the_band)
{
	scene_open(&s, 160, 45, TK_CHARSET_BRAILLE);
	s.fake.no_marks = true;
	s.view.curves = 1u << TK_CURVE_MAX;
	for (int few = 0; few < 2; few++, scene_type(&s, "zzzzz")) {
		scene_fetch(&s);
		struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
		struct tk_rect p = chart_in(l.pane[0], TK_LATENCY).plot.area;
		int dots = 0, n = (int)s.snapshot->n_points[TK_LATENCY];
		for (int y = p.y; y < p.y + p.h; y++)
			for (int x = p.x; x < p.x + p.w; x++)
				dots += ch(x, y) > 0x2800 && ch(x, y) <= 0x28FF
						? __builtin_popcount(ch(x, y) & 0xFF)
						: 0;
		cr_assert(few ? dots > 3 * n : dots <= n && dots > n / 2, "%d of %d", dots, n);
	}
	scene_close(&s);
}

/* In what cells look like: no two curves share colour and brightness, nor their letter. */
Test(charts, no_two_curves_look_alike)
{
	for (enum tk_curve a = 0; a < TK_CURVES; a++)
		for (enum tk_curve b = 0; b < a; b++) {
			struct tk_plot_line x = tk_curve_line(a), y = tk_curve_line(b);
			enum tk_color cx = (enum tk_color)x.style.color,
				      cy = (enum tk_color)y.style.color;
			cr_assert_neq(tk_grid_color(cx, true), tk_grid_color(cy, true));
			cr_assert(tk_grid_color(cx, false) != tk_grid_color(cy, false) ||
					  tk_grid_is_bright(cx) != tk_grid_is_bright(cy),
				  "%s and %s", tk_curve_name(a), tk_curve_name(b));
			cr_assert_neq(x.glyph, y.glyph);
			cr_assert_neq(x.dash, y.dash);
		}
}

/* Without colours, each curve that is on has its letter in the plot and in the legend. */
Test(charts, letters_tell_curves_apart)
{
	for (int ascii = 0; ascii < 2; ascii++) {
		scene_open(&s, 160, 60, ascii ? TK_CHARSET_ASCII : TK_CHARSET_BRAILLE);
		s.grid.no_color = !ascii;
		s.fake.no_marks = true;
		scene_type(&s, "ma245g");
		struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
		struct tk_chart c = chart_in(l.pane[0], TK_LATENCY);
		struct tk_rect p = c.plot.area;
		for (enum tk_curve k = 0; k < TK_CURVES; k++) {
			int drawn = 0, named = 0;
			uint32_t glyph = (unsigned char)tk_curve_line(k).glyph;
			for (int y = p.y; y < p.y + p.h; y++) {
				for (int x = p.x; x < p.x + p.w; x++)
					drawn += ch(x, y) == glyph;
				named += ch(p.x + p.w + 1, y) == glyph;
			}
			cr_assert(drawn > 0 && named == 1, "%c: %d, %d", (int)glyph, drawn, named);
		}
		scene_close(&s);
	}
}

/* Of a timer that several processes have, the head says which this is, and the figures of all. */
Test(charts, the_head_says_which_of_how_many_processes_and_has_the_figures_of_all)
{
	scene_open(&s, 160, 45, TK_CHARSET_BRAILLE);
	s.fake.workers = 6;
	s.fake.n_timers = 18;
	scene_fetch(&s);
	scene_type(&s, "j");
	for (int w = 70; w <= 220; w++) {
		char all[96], ns[TK_UNITS_MAX], own[TK_UNITS_MAX];

		cr_assert_eq(tk_grid_resize(&s.grid, w, 30), 0);
		tk_draw(&s.view, s.snapshot, &s.grid);
		cr_assert(scene_shows(&s, "2 of 6"), "%d", w);
		cr_assert(w < 100 || scene_shows(&s, "gateway[5001], 2 of 6 processes"));
		snprintf(all, sizeof(all), "p99 %s",
			 tk_units_ns(ns, s.snapshot->folded[TK_LATENCY].p_ns[TK_P99]));
		cr_assert(w < 80 || (scene_shows(&s, "all 6: ") && scene_shows(&s, all)), "%d", w);
		snprintf(all, sizeof(all), "p99 %s",
			 tk_units_ns(own, s.snapshot->window[TK_LATENCY].p_ns[TK_P99]));
		cr_assert(scene_shows(&s, all), "%d", w);
	}
	scene_close(&s);
}

Test(charts, no_value_is_cut_at_160_columns)
{
	scene_open(&s, 160, 45, TK_CHARSET_BRAILLE);
	scene_type(&s, "ma245jjjjjj");
	struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	for (int i = 0; i < 2; i++)
		for (int x = l.pane[i].x; x < l.pane[i].x + l.pane[i].w; x++)
			cr_assert_neq(ch(x, l.pane[i].y + 1), 0x2026);
	for (enum tk_curve k = 0; k < TK_CURVES; k++) {
		char ns[TK_UNITS_MAX];

		tk_units_ns(ns, tk_curve_value(&s.snapshot->window[TK_LATENCY], k));
		cr_assert(scene_shows(&s, ns), "%s", tk_curve_name(k));
	}
	scene_close(&s);
}

Test(charts, a_rare_timer_keeps_its_last_value)
{
	scene_open(&s, 100, 40, TK_CHARSET_BRAILLE);
	struct tk_snap_timer *t = selected();
	int64_t then = s.snapshot->t_ns - INT64_C(185000000000);
	t->seen[TK_PROCESSING] = (struct tk_seen){ then, 12000, 34000 };
	s.snapshot->n_points[TK_PROCESSING] = s.snapshot->n_points[TK_LATENCY] = 0;
	tk_draw(&s.view, s.snapshot, &s.grid);
	cr_assert(scene_shows(&s, "3 min ago: avg 12 µs, p99 34 µs"));
	scene_close(&s);
}

/* Marks are dim, one colour a name. Where they are dense, some are drawn, and how many is said. */
Test(charts, dense_marks_are_thinned_and_that_is_said)
{
	scene_open(&s, 160, 40, TK_CHARSET_BRAILLE);
	struct tk_snap_mark *m = calloc(1000, sizeof(*m));
	for (int i = 0; i < 1000; i++) { /* of the last 25 s */
		m[i].t_ns = s.snapshot->t_ns - (1000 - i) * INT64_C(25000000);
		snprintf(m[i].name, sizeof(m[i].name), "%s", i % 2 ? "commit" : "begin");
	}
	free(s.snapshot->marks);
	s.snapshot->marks = m;
	s.snapshot->n_marks = 1000;
	s.snapshot->marks_dropped = 234;
	s.snapshot->marks_forgotten = true;
	tk_draw(&s.view, s.snapshot, &s.grid);
	cr_assert(scene_shows(&s, " of 1234+ marks drawn"));
	tk_grid_resize(&s.grid, 200, 40);
	tk_draw(&s.view, s.snapshot, &s.grid);
	cr_assert(scene_shows(&s, " of 1234 marks drawn, older ones forgotten"));
	struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	struct tk_plot p = tk_chart(&s.view, s.snapshot, &s.grid, l.pane[0], 1).plot;
	int lines = 0, y = p.area.y + p.area.h;
	for (int x = p.area.x; x < p.area.x + p.area.w; x++) {
		const struct tk_cell *c = tk_grid_at(&s.grid, x, y);
		lines += c->ch == 0x2534;
		cr_assert(c->ch != 0x2534 || (c->style.attr == TK_DIM && c->style.color != TK_RED));
	}
	cr_assert(lines > p.area.w / 5 && lines <= p.area.w / 3, "%d of %d", lines, p.area.w);
	s.snapshot->n_marks = s.snapshot->marks_dropped = 0;
	tk_draw(&s.view, s.snapshot, &s.grid);
	cr_assert(scene_shows(&s, " marks forgotten ") && !scene_shows(&s, "0 of 0"));
	scene_close(&s);
}

/* --- the list beside them -------------------------------------------------------------------- */

/* As wide as its names need, up to 30 %; a number in each line; long names lose their middle; the
 * selected line, and no other, is in reverse video, over its whole width. */
static void check_list(struct tk_rect r)
{
	for (size_t i = 0; i < s.view.n_rows && (int)i < r.h - 2; i++) {
		const struct tk_snap_timer *t = &s.snapshot->timers[s.view.rows[i]];
		char text[1024], want[TK_UNITS_MAX];
		int y = r.y + 1 + (int)i, name_w = tk_text_width(t->name);

		row_text(r.x + 1, y, r.w - 2, text);
		tk_units_ns_brief(want, tk_view_value(t, TK_BY_WORST));
		size_t at = strlen(text) - strlen(want);
		cr_assert(r.w < 22 || strcmp(text + at, want) == 0, "%s: %s", text, want);
		cr_assert((strstr(text, t->name) != NULL) != (strstr(text, "\xE2\x80\xA6") != NULL),
			  "%s", text);
		cr_assert(name_w + 12 > r.w || strstr(text, t->name));
		cr_assert_eq(strncmp(text + 1, t->name, 3), 0, "%s", text);
		for (int x = r.x + 1; x < r.x + r.w - 1; x++)
			cr_assert_eq(tk_grid_at(&s.grid, x, y)->style.attr == TK_REVERSE,
				     i == s.view.selected);
	}
}

Test(list, is_as_wide_as_its_names_need_and_has_a_number_in_each_line)
{
	scene_open(&s, 80, 24, TK_CHARSET_BRAILLE);
	scene_type(&s, "jj");
	for (int w = 40; w <= 220; w++) {
		cr_assert_eq(tk_grid_resize(&s.grid, w, 24), 0);
		tk_draw(&s.view, s.snapshot, &s.grid);
		struct tk_rect r = tk_draw_layout(&s.view, s.snapshot, &s.grid).list;
		int longest = (int)strlen("Validate-transaction_format_v2") + 12;
		cr_assert_eq(r.w, w * 30 / 100 > longest ? longest : w * 30 / 100);
		check_list(r);
	}
	s.fake.n_timers = 1; /* a short name, too, leaves room for its number */
	s.fake.first_name = "io";
	scene_fetch(&s);
	struct tk_rect r = tk_draw_layout(&s.view, s.snapshot, &s.grid).list;
	cr_assert_eq(r.w, 2 + 12);
	char text[1024], want[TK_UNITS_MAX];
	row_text(r.x, r.y + 1, r.w, text);
	cr_assert(strstr(text, tk_units_ns_brief(want, tk_view_value(selected(), TK_BY_WORST))),
		  "%s", text);
	scene_close(&s);
}
