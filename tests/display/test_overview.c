/* SPDX-License-Identifier: MIT */
/*
 * The overview: order, selection, folds, columns. Screens to compare with are in golden/overview-*
 * (UPDATE_GOLDEN=1 rewrites them).
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/display/overview/columns.h"
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

/* Rows of the same names look alike otherwise, in root's display. */
Test(overview, another_users_row_of_the_same_name_is_told_apart)
{
	open_workers(6, false);
	tk_grid_resize(&s.grid, 160, 24);
	tk_draw(&s.view, s.snapshot, &s.grid);
	cr_assert(scene_shows(&s, "gateway ×6 ") && !scene_shows(&s, "×6 of "));
	struct tk_snap_timer *fold = &s.snapshot->timers[s.snapshot->n_timers];
	memcpy(fold[1].name, fold[0].name, sizeof(fold->name));
	fold[0].uid = 1000;
	fold[1].uid = 2000;
	tk_draw(&s.view, s.snapshot, &s.grid);
	cr_assert(scene_shows(&s, "gateway ×6 of 1000 "));
	cr_assert(scene_shows(&s, "gateway ×6 of 2000 "));
	cr_assert(scene_shows(&s, "gateway ×6 "), "of the third nobody else has one");
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

Test(overview, who_has_died_folds_after_a_minute)
{
	open_workers(6, false);
	while (strcmp(row(s.view.selected)->name, "service-002") != 0)
		scene_key(&s, TK_KEY_DOWN);
	scene_key(&s, TK_KEY_ENTER);
	cr_assert_eq(s.view.n_rows, 9);
	s.fake.dead = true; /* the last worker with the last timer */
	for (int seconds = 0; seconds < 120; seconds++) {
		s.fake.died_ago_ns = 1 + seconds * SECOND;
		scene_fetch(&s);
		cr_assert_eq(s.view.n_rows, seconds < 60 ? 9 : 8, "after %d s", seconds);
		cr_assert(scene_shows(&s, "×5 †1"));
		s.fake.now_ns += SECOND;
	}
}

Test(overview, where_all_have_died_enter_shows_them)
{
	open_workers(6, false);
	scene_key(&s, TK_KEY_ENTER);
	for (size_t i = 0; i < s.snapshot->n_timers; i++) {
		s.snapshot->timers[i].alive = false;
		s.snapshot->timers[i].died_ns = s.snapshot->t_ns - 3600 * SECOND;
	}
	for (size_t i = 0; i < s.snapshot->n_folds; i++)
		s.snapshot->timers[s.snapshot->n_timers + i].living = 0;
	tk_view_sync(&s.view, s.snapshot);
	cr_assert_eq(s.view.n_rows, 9);
}

Test(overview, the_filter_leaves_its_rows_and_says_so)
{
	scene_open_overview(&s, 80, 24, 300);
	scene_type(&s, "/-29");
	cr_assert(scene_shows(&s, "by p99 /-29_"));
	scene_key(&s, TK_KEY_ENTER);
	cr_assert(scene_shows(&s, "by p99 /-29 "));
	cr_assert(scene_shows(&s, " 1/10\n"));
	scene_key(&s, TK_KEY_END);
	cr_assert(scene_shows(&s, " 10/10\n"));
	scene_key(&s, TK_KEY_ESCAPE);
	cr_assert_eq(s.view.n_rows, 300);
}

/* It was that of the selected timer, which nobody could tell from the whole. */
Test(overview, the_status_line_has_the_rate_of_all_who_live)
{
	char want[32];

	scene_open_overview(&s, 100, 24, 3);
	for (size_t i = 0; i < 3; i++) {
		struct tk_snap_timer *t = &s.snapshot->timers[i];

		t->alive = i < 2;
		t->last[TK_PROCESSING].records = 10 + i;
		t->last[TK_PROCESSING].interval_ns = SECOND / 10;
	}
	snprintf(want, sizeof(want), "  %d /s in all", 100 + 110);
	for (int key = 0; key < 3; key++) {
		tk_draw(&s.view, s.snapshot, &s.grid);
		cr_assert(scene_shows(&s, want));
		s.view.selected = (size_t)key;
	}
	for (size_t i = 0; i < 2; i++)
		s.snapshot->timers[i].alive = false;
	tk_draw(&s.view, s.snapshot, &s.grid);
	cr_assert(scene_shows(&s, "POST-MORTEM"));
	cr_assert(!scene_shows(&s, "in all"));
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

Test(overview, at_40x10)
{
	golden_at(40, 10, "overview-40x10");
}
