/* SPDX-License-Identifier: MIT */
/*
 * What stands in the rows of the overview besides figures of the last 10 s: last values with their
 * age, timers that never recorded, sparklines.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/overview/columns.h"
#include "collector/stats/registry.h"
#include "tests/display/golden.h"

#define SECOND INT64_C(1000000000)

static struct scene s;

static void close_scene(void)
{
	scene_close(&s);
}

TestSuite(cells, .fini = close_scene);

static const struct tk_snap_timer *row(size_t i)
{
	return &s.snapshot->timers[s.view.rows[i]];
}

/* --- rare timers, and those that never recorded ---------------------------------------------- */

/* The row of a timer as text; its style in *style. */
static void line_of(size_t i, char out[1024], struct tk_style *style)
{
	int y = 2; /* below the title */

	while (tk_grid_at(&s.grid, 2, y - 1)->ch != 't') /* the heading "timer" */
		y++;
	y += (int)i;
	*style = tk_grid_at(&s.grid, 2, y)->style;
	for (int x = 0; x < s.grid.w; x++)
		out += tk_utf8_encode(out, tk_grid_at(&s.grid, x, y)->ch);
}

Test(cells, a_rare_timer_keeps_its_last_value_with_its_age)
{
	scene_open_overview(&s, 80, 24, 3);
	s.fake.quiet = 1; /* the others were seen 62 minutes ago */
	s.fake.now_ns += 2 * SECOND;
	scene_fetch(&s);
	for (int w = 40; w <= 200; w += 5) {
		char text[1024], p99[TK_UNITS_MAX];
		struct tk_style style;

		cr_assert_eq(tk_grid_resize(&s.grid, w, 24), 0);
		tk_draw(&s.view, s.snapshot, &s.grid);
		line_of(0, text, &style);
		cr_assert_null(strstr(text, "ago"), "%s", text);
		for (size_t i = 1; i < 3; i++) {
			line_of(i, text, &style);
			cr_assert(strstr(text, " 1h ago "), "%d columns: %s", w, text);
			tk_text_ns(p99, row(i)->seen[TK_LATENCY].p99_ns);
			*strchr(p99, ' ') = 0;
			cr_assert(strstr(text, p99), "%d columns: %s in %s", w, p99, text);
			cr_assert(style.attr & TK_DIM);
		}
	}
}

Test(cells, who_asks_for_timers_that_never_recorded_is_told_when_they_are_too_many)
{
	scene_open_overview(&s, 120, 24, 20);
	cr_assert(!scene_shows(&s, "never recorded"));
	scene_type(&s, "n");
	cr_assert(scene_shows(&s, "by p99, also never recorded"));
	s.fake.n_timers = TK_REGISTRY_SILENT_MAX;
	scene_fetch(&s);
	cr_assert(scene_shows(&s, "never recorded: only while fewer than 32,768 timers live"));
	scene_type(&s, "n");
	cr_assert(!scene_shows(&s, "never recorded"));
}

Test(cells, of_rare_timers)
{
	scene_open_overview(&s, 80, 24, 24);
	s.fake.workers = 6;
	s.fake.dead = true;
	s.fake.quiet = 12;
	scene_fetch(&s);
	s.fake.now_ns += 2 * SECOND;
	scene_fetch(&s);
	scene_key(&s, TK_KEY_END);
	scene_key(&s, TK_KEY_ENTER);
	scene_golden(&s, "overview-rare", false);
}

/* --- sparklines ------------------------------------------------------------------------------ */

/* The last columns of a row, as steps: '0' to '6', '-' where there is no value. */
static void steps_of(size_t i, char out[TK_TREND + 1])
{
	static const char ascii[] = "_.:-=+*#";

	for (int x = 0; x < TK_TREND; x++) {
		uint32_t ch = tk_grid_at(&s.grid, s.grid.w - TK_TREND + x, (int)i + 3)->ch;
		const char *at = s.grid.charset == TK_CHARSET_ASCII ? strchr(ascii, (int)ch) : NULL;

		out[x] =
			ch == ' ' ? '-' : (char)('0' + (at ? (uint32_t)(at - ascii) : ch - 0x2581));
	}
	out[TK_TREND] = 0;
}

/* A spike by a thousand is seen, and what moves by less than a third is a flat line. */
static void check_sparks(enum tk_charset charset)
{
	scene_open_overview(&s, 160, 45, 30);
	s.grid.charset = charset;
	scene_fetch(&s); /* with what the first screen asked for */
	for (size_t i = 0; i < 30; i++) {
		char steps[TK_TREND + 1];

		steps_of(i, steps);
		switch (row(i)->key % 6) {
		case 0:
			cr_assert_eq(strspn(steps, "012"), TK_TREND, "%s", steps);
			break;
		case 1:
			cr_assert_str_eq(steps, "01233444555556666666");
			break;
		case 2:
			cr_assert_str_eq(steps, "66666665555544433210");
			break;
		case 3:
			cr_assert_str_eq(steps, "00000006000000000000");
			break;
		case 4:
			cr_assert_str_eq(steps, "000000000000--------");
			break;
		default:
			cr_assert_str_eq(steps, "--------------------");
		}
	}
}

Test(cells, wide_screens_have_a_sparkline_of_each_row)
{
	check_sparks(TK_CHARSET_BRAILLE);
	scene_close(&s);
	check_sparks(TK_CHARSET_ASCII);
}

Test(cells, what_is_not_on_the_screen_has_no_sparkline)
{
	scene_open_overview(&s, 160, 45, 300);
	cr_assert_eq(tk_view_request(&s.view, 0).n_trend, (size_t)s.view.page);
	scene_key(&s, TK_KEY_END);
	cr_assert_eq(tk_view_request(&s.view, 0).trend[s.view.page - 1], s.view.key);
	scene_type(&s, "v");
	cr_assert_eq(tk_view_request(&s.view, 0).n_trend, 0, "charts need none");
	scene_type(&s, "v");
	cr_assert_eq(tk_grid_resize(&s.grid, 127, 45), 0);
	scene_fetch(&s);
	cr_assert_eq(tk_view_request(&s.view, 0).n_trend, 0, "no room");
}

/* --- values ---------------------------------------------------------------------------------- */

static bool shows_a_time(const char *text)
{
	static const char *const units[] = { "ns ", "µs ", "us ", "ms " };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strstr(text, units[i]))
			return true;
	return false;
}

/* Figures of values have no unit of time at any width; the unit stands behind the name. */
Test(cells, of_values_are_numbers)
{
	char text[1024];
	struct tk_style style;
	bool named = false;

	scene_open_overview(&s, 160, 24, 3);
	for (size_t i = 0; i < s.snapshot->n_timers + s.snapshot->n_folds; i++)
		s.snapshot->timers[i].unit = (struct tk_unit){ true, "bytes" };
	for (int w = 40; w <= 200; w += 5) {
		cr_assert_eq(tk_grid_resize(&s.grid, w, 24), 0);
		tk_draw(&s.view, s.snapshot, &s.grid);
		for (size_t i = 0; i < 3; i++) {
			line_of(i, text, &style);
			cr_assert(!shows_a_time(text), "%s", text);
			named = named || strstr(text, " (bytes)");
		}
	}
	cr_assert(named);
}

/* A chart's frame, axis, figures and legend. */
Test(cells, of_charts_of_values_are_numbers)
{
	scene_open(&s, 160, 45, 3);
	for (size_t i = 0; i < s.snapshot->n_timers; i++) {
		s.snapshot->timers[i].unit = (struct tk_unit){ true, "bytes" };
		s.snapshot->timers[i].total[TK_LATENCY] = (struct tk_datapoint){ 0 };
	}
	tk_draw(&s.view, s.snapshot, &s.grid);
	for (int y = 0, panes = 0; y < s.grid.h - 2;
	     y++) { /* below them is the collector's status */
		char text[1024], *out = text;

		for (int x = 0; x < s.grid.w; x++)
			out += tk_utf8_encode(out, tk_grid_at(&s.grid, x, y)->ch);
		panes += strstr(text, "Value of") && strstr(text, "in bytes");
		cr_assert(!shows_a_time(text), "%s", text);
		if (y == s.grid.h - 3)
			cr_assert_eq(panes, 1);
	}
}
