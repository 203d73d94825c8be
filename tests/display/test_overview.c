/* SPDX-License-Identifier: MIT */
/*
 * The overview: order, selection, folds, columns. Screens to compare with are in golden/overview-*
 * (UPDATE_GOLDEN=1 rewrites them).
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
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

TestSuite(overview, .fini = close_scene);

static const struct tk_snap_timer *row(size_t i)
{
	return &s.snapshot->timers[s.view.rows[i]];
}

/* --- which screen ---------------------------------------------------------------------------- */

Test(overview, several_timers_begin_with_it_and_one_with_charts)
{
	scene_open_overview(&s, 80, 24, 300);
	cr_assert_eq(s.view.screen, TK_SCREEN_OVERVIEW);
	cr_assert(scene_shows(&s, "300 timers, last 10 s, by p99"));
	cr_assert(scene_shows(&s, " 1/300"));
	scene_close(&s);
	scene_open_overview(&s, 80, 24, 1);
	cr_assert_eq(s.view.screen, TK_SCREEN_CHARTS);
	s.fake.n_timers = 2; /* at once: the first search was not complete */
	scene_fetch(&s);
	cr_assert_eq(s.view.screen, TK_SCREEN_OVERVIEW);
	scene_type(&s, "v"); /* the user decides from now on */
	cr_assert_eq(s.view.screen, TK_SCREEN_CHARTS);
	s.fake.n_timers = 20;
	scene_fetch(&s);
	cr_assert_eq(s.view.screen, TK_SCREEN_CHARTS);
	scene_type(&s, "\t");
	cr_assert_eq(s.view.screen, TK_SCREEN_OVERVIEW);
}

Test(overview, a_timer_that_comes_late_does_not_take_the_charts_away)
{
	scene_open_overview(&s, 80, 24, 1);
	s.fake.now_ns += 10 * SECOND;
	scene_fetch(&s);
	s.fake.n_timers = 2;
	scene_fetch(&s);
	cr_assert_eq(s.view.screen, TK_SCREEN_CHARTS);
}

/* --- order ----------------------------------------------------------------------------------- */

/* What is larger stands above what is smaller, and what has no value below both. */
static void check_order(void)
{
	for (size_t i = 1; i < s.view.n_rows; i++) {
		double above = tk_view_value(row(i - 1), s.view.by);
		double here = tk_view_value(row(i), s.view.by);

		cr_assert(isnan(here) || above >= here, "row %zu by %s", i,
			  tk_columns_by(s.view.by));
		if ((isnan(above) && isnan(here)) || (above >= here && above <= here))
			cr_assert_lt(strcmp(row(i - 1)->name, row(i)->name), 0);
	}
}

Test(overview, every_order_is_total)
{
	scene_open_overview(&s, 80, 24, 300);
	s.fake.quiet = 200;
	s.fake.now_ns += 3 * SECOND;
	scene_fetch(&s);
	for (int by = 0; by < TK_BYS; by++) {
		cr_assert_eq(s.view.n_rows, 300);
		check_order();
		scene_type(&s, "s");
	}
	cr_assert_eq(s.view.by, TK_BY_WORST);
}

Test(overview, the_order_holds_for_two_seconds)
{
	uint64_t keys[300];

	scene_open_overview(&s, 80, 24, 300);
	for (size_t i = 0; i < 300; i++)
		keys[i] = row(i)->key;
	s.fake.worst = 300; /* it would be first */
	for (int i = 0; i < 19; i++) {
		s.fake.now_ns += SECOND / 10;
		scene_fetch(&s);
		for (size_t k = 0; k < 300; k++)
			cr_assert_eq(row(k)->key, keys[k]);
	}
	s.fake.now_ns += SECOND / 10;
	scene_fetch(&s);
	cr_assert_eq(row(0)->key, 300);
	check_order();
}

Test(overview, the_worst_of_300_is_in_row_1_after_at_most_one_key)
{
	for (size_t worst = 1; worst <= 300; worst += 23) {
		scene_open_overview(&s, 80, 24, 300);
		s.fake.worst = worst;
		s.fake.now_ns += 2 * SECOND;
		scene_fetch(&s); /* no key at all */
		if (worst != 8)  /* this one has never run */
			cr_assert_eq(row(0)->key, worst);
		cr_assert_eq(s.view.selected, 0);
		scene_key(&s, TK_KEY_END);
		cr_assert_eq(s.view.selected, 299);
		scene_key(&s, TK_KEY_HOME);
		cr_assert_eq(s.view.selected, 0);
		cr_assert(scene_shows(&s, row(0)->name));
		if (worst + 23 <= 300)
			scene_close(&s);
	}
}

/* --- selection ------------------------------------------------------------------------------- */

Test(overview, the_selection_stays_on_the_first_row_until_it_is_moved_and_follows_its_timer_then)
{
	scene_open_overview(&s, 80, 24, 300);
	s.fake.worst = 200;
	s.fake.now_ns += 2 * SECOND;
	scene_fetch(&s);
	cr_assert_eq(s.view.key, 200);
	cr_assert_eq(s.view.selected, 0);
	scene_type(&s, "jj");
	uint64_t key = s.view.key;
	for (size_t worst = 1; worst < 300; worst += 17) {
		s.fake.worst = worst;
		s.fake.now_ns += 2 * SECOND;
		scene_fetch(&s);
		cr_assert_eq(s.view.key, key);
		cr_assert_eq(row(s.view.selected)->key, key);
	}
	scene_key(&s, TK_KEY_HOME);
	s.fake.worst = 77;
	s.fake.now_ns += 2 * SECOND;
	scene_fetch(&s);
	cr_assert_eq(s.view.key, 77);
}

Test(overview, enter_shows_the_charts_of_the_selected_timer_and_v_comes_back_to_it)
{
	scene_open_overview(&s, 80, 24, 20);
	scene_type(&s, "jjj");
	uint64_t key = s.view.key;
	scene_key(&s, TK_KEY_ENTER);
	cr_assert_eq(s.view.screen, TK_SCREEN_CHARTS);
	cr_assert_eq(s.view.key, key);
	cr_assert_eq(s.snapshot->detail_key, key);
	scene_type(&s, "v");
	cr_assert_eq(s.view.key, key);
	cr_assert_eq(row(s.view.selected)->key, key);
}

/* --- folds ----------------------------------------------------------------------------------- */

static void open_workers(size_t workers, bool stranger)
{
	scene_open_overview(&s, 80, 24, 18);
	s.fake.workers = workers;
	s.fake.stranger = stranger;
	scene_fetch(&s);
	s.fake.now_ns += 2 * SECOND;
	scene_fetch(&s);
}

Test(overview, six_workers_with_three_timers_are_three_rows)
{
	open_workers(6, false);
	cr_assert_eq(s.view.n_rows, 3);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(row(i)->processes, 6);
	cr_assert(scene_shows(&s, "service-000 ×6"));
}

Test(overview, enter_unfolds_below_the_row_and_folds_again)
{
	open_workers(6, false);
	scene_type(&s, "j");
	uint64_t key = s.view.key;
	scene_key(&s, TK_KEY_ENTER);
	cr_assert_eq(s.view.n_rows, 9);
	cr_assert_eq(row(1)->key, key);
	for (size_t i = 2; i < 8; i++)
		cr_assert_eq(row(i)->fold, key);
	cr_assert_eq(s.view.selected, 1);
	cr_assert(scene_shows(&s, "  gateway[5003]"));
	scene_type(&s, "jjk"); /* on one of them: it folds into its row */
	uint64_t one = s.view.key;
	cr_assert_neq(one, key);
	scene_type(&s, "v");
	cr_assert_eq(s.view.key, one);
	scene_type(&s, "vk");
	cr_assert_eq(s.view.key, key);
	scene_key(&s, TK_KEY_ENTER);
	cr_assert_eq(s.view.n_rows, 3);
	cr_assert_eq(s.view.key, key);
}

Test(overview, charts_of_a_folded_row_are_of_one_of_its_timers)
{
	open_workers(6, false);
	uint64_t key = s.view.key;
	scene_type(&s, "v");
	cr_assert_eq(tk_view_timer(&s.view, s.snapshot)->fold, key);
	scene_type(&s, "v");
	cr_assert_eq(s.view.key, key);
}

Test(overview, another_users_app_of_the_same_name_does_not_enter)
{
	open_workers(6, true);
	cr_assert_eq(s.view.n_rows, 6);
	for (size_t i = 0; i < 6; i++)
		cr_assert(row(i)->processes == 5 || row(i)->uid == 2000);
}

Test(overview, a_folded_row_counts_who_lives_and_who_has_ended)
{
	open_workers(6, false);
	s.fake.dead = true;
	scene_fetch(&s);
	cr_assert(scene_shows(&s, "service-002 ×5 †1"));
	cr_assert(scene_shows(&s, "service-001 ×6 "));
	tk_grid_resize(&s.grid, 160, 24);
	scene_fetch(&s);
	cr_assert(scene_shows(&s, "gateway ×5"));
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

Test(overview, a_rare_timer_keeps_its_last_value_with_its_age)
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

Test(overview, who_asks_for_timers_that_never_recorded_is_told_when_they_are_too_many)
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

/* --- columns --------------------------------------------------------------------------------- */

Test(overview, columns_fill_the_width_and_keep_room_for_names)
{
	const struct tk_column *c[TK_COLUMNS_MAX];
	size_t before = 0;

	scene_open_overview(&s, 80, 24, 20);
	for (int w = 40; w <= 220; w++)
		for (int by = 0; by < TK_BYS; by++) {
			int name_w, used;
			size_t n = tk_columns_fit(w, (enum tk_by)by, c, &name_w);

			used = name_w;
			for (size_t i = 0; i < n; i++)
				used += c[i]->width + TK_COLUMN_GAP;
			cr_assert_eq(used, w);
			cr_assert_geq(name_w, w < 80 ? 26 : TK_COLUMN_NAME);
			cr_assert(n >= before || by > 0, "%d columns", w);
			before = n;
		}
}

Test(overview, it_draws_at_every_size_and_no_value_is_cut)
{
	scene_open_overview(&s, 80, 24, 300);
	s.fake.quiet = 280;
	scene_fetch(&s);
	for (int w = 40; w <= 200; w += 3)
		for (int h = 10; h <= 60; h += 5) {
			cr_assert_eq(tk_grid_resize(&s.grid, w, h), 0);
			tk_draw(&s.view, s.snapshot, &s.grid);
			cr_assert(scene_shows(&s, "1/300"), "%dx%d", w, h);
			cr_assert(scene_shows(&s, "lost"), "%dx%d", w, h);
		}
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

Test(overview, wide_screens_have_a_sparkline_of_each_row)
{
	check_sparks(TK_CHARSET_BRAILLE);
	scene_close(&s);
	check_sparks(TK_CHARSET_ASCII);
}

Test(overview, what_is_not_on_the_screen_has_no_sparkline)
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

/* --- pictures -------------------------------------------------------------------------------- */

static void golden_at(int w, int h, const char *name)
{
	scene_open_overview(&s, w, h, 300);
	s.fake.workers = 6;
	s.fake.quiet = 270;
	s.fake.worst = 123;
	scene_fetch(&s);
	s.fake.now_ns += 2 * SECOND;
	scene_fetch(&s);
	scene_type(&s, "j\n");
	scene_golden(&s, name, false);
}

Test(overview, at_160x45)
{
	golden_at(160, 45, "overview-160x45");
}

Test(overview, at_100x30)
{
	golden_at(100, 30, "overview-100x30");
}

Test(overview, at_80x24)
{
	golden_at(80, 24, "overview-80x24");
}

Test(overview, of_rare_timers)
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

Test(overview, at_40x10)
{
	golden_at(40, 10, "overview-40x10");
}
