/* SPDX-License-Identifier: MIT */
/*
 * What each key does, and that the table of keys, the footer and the help agree.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/canvas/curve.h"
#include "tests/display/scene.h"

#define SECOND INT64_C(1000000000)

static struct scene s;

static void open_scene(void)
{
	scene_open(&s, 160, 45, TK_CHARSET_BRAILLE);
}

static void close_scene(void)
{
	scene_close(&s);
}

TestSuite(view, .init = open_scene, .fini = close_scene);
TestSuite(keys, .init = open_scene, .fini = close_scene);

static const char *selected_name(void)
{
	const struct tk_snap_timer *t = tk_view_timer(&s.view, s.snapshot);

	return t ? t->name : "(none)";
}

/* --- the table ------------------------------------------------------------------------------- */

Test(view, timers_that_never_recorded_are_listed_on_request)
{
	struct tk_view_state v;

	tk_view_init(&v, "");
	cr_assert(!tk_view_request(&v, 0).silent);
	tk_keys_press(&v, &(struct tk_snapshot){ 0 }, 'n');
	cr_assert(tk_view_request(&v, 0).silent);
	tk_view_fini(&v);
}

Test(keys, every_key_has_one_entry)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);

	cr_assert_leq(n, TK_KEYS_MAX);
	for (size_t i = 0; i < n; i++) {
		cr_assert(k[i].keys[0] && k[i].help[0] && k[i].codes[0]);
		cr_assert_eq(!k[i].footer, !k[i].footer_keys);
		for (int c = 0; c < 2 && k[i].codes[c]; c++)
			cr_assert_eq(tk_keys_find(k[i].codes[c]), &k[i]);
	}
	cr_assert_null(tk_keys_find(0x6642));
	cr_assert_null(tk_keys_find(0));
	cr_assert_null(tk_keys_find(TK_KEY_RESIZE));
}

Test(keys, an_ascii_key_is_named_as_it_is)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);

	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < 2; c++)
			if (k[i].codes[c] > ' ' && k[i].codes[c] < 127 && k[i].codes[c] != '=')
				cr_assert(strchr(k[i].keys, (int)k[i].codes[c]), "%s", k[i].keys);
}

Test(keys, help_shows_every_entry)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);

	scene_type(&s, "h");
	for (size_t i = 0; i < n; i++) {
		cr_assert(scene_shows(&s, k[i].help), "%s", k[i].help);
		cr_assert(scene_shows(&s, k[i].keys), "%s", k[i].keys);
	}
	scene_type(&s, "h");
	cr_assert(!scene_shows(&s, "h closes"));
}

Test(keys, a_wide_footer_shows_every_entry_and_a_narrow_one_how_to_get_help)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);

	tk_grid_resize(&s.grid, 300, 45);
	scene_fetch(&s);
	for (size_t i = 0; i < n; i++)
		if (k[i].footer && tk_keys_is_here(&s.view, &k[i]))
			cr_assert(scene_shows(&s, k[i].footer), "%s", k[i].footer);
	tk_grid_resize(&s.grid, 40, 10);
	scene_fetch(&s);
	cr_assert(scene_shows(&s, "h help  q quit"));
}

Test(keys, a_small_screen_scrolls_the_help_to_its_end)
{
	tk_grid_resize(&s.grid, 40, 10);
	scene_type(&s, "h");
	cr_assert(scene_shows(&s, "select the timer above"));
	for (int i = 0; i < 100; i++)
		scene_key(&s, TK_KEY_DOWN);
	cr_assert(scene_shows(&s, "set aside  in no statistic"));
	cr_assert(!scene_shows(&s, "select the timer above"));
	scene_key(&s, TK_KEY_UP); /* scrolls up at once: help_top stopped at the end */
	cr_assert(!scene_shows(&s, "set aside"));
	cr_assert_str_eq(selected_name(), "Gateway-ingest");
}

Test(keys, the_help_has_what_came_of_each_drainer)
{
	s.fake.n_drainers = 2;
	scene_type(&s, "h");
	cr_assert(scene_shows(&s, "cpu 3 pinned, node 0: 12 lanes on 2 MiB, gap 1.205 ms, "
				  "0 faults, 0 switches"));
	cr_assert(scene_shows(&s, "cpu 7, node 1: 1 lane on 2 MiB, gap 2.409 ms, "
				  "1 fault, 12 switches"));
}

/* --- what they do ---------------------------------------------------------------------------- */

Test(view, begins_with_the_band_and_max_live_30_s)
{
	size_t n_panes;

	cr_assert_eq(s.view.curves, 1u << TK_CURVE_P50 | 1u << TK_CURVE_P99 | 1u << TK_CURVE_MAX);
	tk_panes(&n_panes);
	cr_assert_eq(tk_panes_shown(&s.view, s.snapshot), (1u << n_panes) - 1);
	cr_assert_eq(s.view.to_ns, 0);
	struct tk_view want = tk_view_request(&s.view, s.fake.now_ns);
	cr_assert_eq(want.from_ns, s.fake.now_ns - 30 * SECOND);
	cr_assert_eq(want.to_ns, 0);
	cr_assert_eq(want.key, s.view.key);
	cr_assert_neq(want.key, 0);
}

Test(view, letters_and_digits_toggle_curves)
{
	static const struct {
		char key;
		enum tk_curve curve;
	} all[] = { { 'a', TK_CURVE_AVG }, { 'm', TK_CURVE_MIN },  { 'M', TK_CURVE_MAX },
		    { 'e', TK_CURVE_P50 }, { '1', TK_CURVE_P50 },  { '2', TK_CURVE_P90 },
		    { '3', TK_CURVE_P99 }, { '4', TK_CURVE_P999 }, { '5', TK_CURVE_P9999 } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		unsigned before = s.view.curves;
		tk_keys_press(&s.view, s.snapshot, (unsigned char)all[i].key);
		cr_assert_eq(s.view.curves, before ^ 1u << all[i].curve);
		tk_keys_press(&s.view, s.snapshot, (unsigned char)all[i].key);
		cr_assert_eq(s.view.curves, before);
	}
}

Test(view, a_hidden_pane_gives_its_room_to_the_other)
{
	struct tk_layout both = tk_draw_layout(&s.view, s.snapshot, &s.grid);

	scene_type(&s, "l");
	struct tk_layout one = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	cr_assert_eq(one.pane[scene_pane("Latency")].h, 0);
	cr_assert_eq(one.pane[scene_pane("Processing")].h,
		     both.pane[scene_pane("Latency")].h + both.pane[scene_pane("Processing")].h);
	cr_assert(!scene_shows(&s, "Latency of "));
	scene_type(&s, "p");
	s.view.panes &= 1u << scene_pane("Msg/s"); /* and any pane added later */
	struct tk_layout none = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	cr_assert_eq(none.pane[scene_pane("Msg/s")].h, none.panes.h);
	scene_type(&s, "lp");
	cr_assert(scene_shows(&s, "Latency of Gateway-ingest, gateway[4242]: p50 "));
	cr_assert(scene_shows(&s, "Processing of Gateway-ingest, gateway[4242]: p50 "));
}

Test(view, a_measure_without_records_takes_no_room)
{
	while (strcmp(selected_name(), "Sequencer-loop") != 0)
		scene_key(&s, TK_KEY_DOWN);
	struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	cr_assert_eq(l.pane[scene_pane("Latency")].h, 0);
	while (strcmp(selected_name(), "Simulator-0-reset") != 0)
		scene_key(&s, TK_KEY_DOWN);
	cr_assert(
		scene_shows(&s, "no records yet")); /* no measure has samples: both panes say so */
	cr_assert(scene_shows(&s, "no latency yet"));
}

Test(view, the_interval_changes_by_20_ms_and_stays_above_20_ms)
{
	scene_type(&s, "+");
	cr_assert_eq(s.view.interval_ns, 120000000);
	scene_type(&s, "---");
	cr_assert_eq(s.view.interval_ns, 60000000);
	scene_type(&s, "-----");
	cr_assert_eq(s.view.interval_ns, 20000000);
	scene_type(&s, "+");
	cr_assert_eq(s.view.interval_ns, 40000000);
	s.view.interval_ns = 60 * (uint64_t)SECOND;
	scene_type(&s, "+");
	cr_assert_eq(s.view.interval_ns, 60 * (uint64_t)SECOND);
}

Test(view, pause_freezes_and_resuming_shows_now)
{
	int64_t paused_at = s.fake.now_ns;
	char *before, *after;

	scene_type(&s, " ");
	before = scene_text(&s, true);
	cr_assert(scene_shows(&s, " PAUSED "));
	cr_assert(scene_shows(&s, "Latency of ")); /* not a blank screen */
	s.fake.now_ns += 7 * SECOND;
	tk_draw(&s.view, s.snapshot, &s.grid); /* top takes no snapshot while paused */
	after = scene_text(&s, true);
	cr_assert_str_eq(before, after);
	free(before);
	free(after);
	scene_type(&s, "3"); /* even with a new snapshot, the window stays */
	cr_assert_eq(s.view.to_ns, paused_at);
	cr_assert_leq(s.snapshot->points[0][s.snapshot->n_points[0] - 1].t_ns, paused_at);
	scene_type(&s, " ");
	cr_assert_eq(s.view.to_ns, 0);
	const struct tk_datapoint *p = s.snapshot->points[0];
	size_t n = s.snapshot->n_points[0];
	cr_assert_gt(p[n - 1].t_ns, s.fake.now_ns - SECOND);
	for (size_t i = 1; i < n; i++) /* no gap where the pause was */
		cr_assert_eq(p[i].t_ns - p[i - 1].t_ns, 100000000);
}

Test(view, zoom_and_pan_stay_within_what_there_is)
{
	scene_type(&s, "zzzzzzzzzz");
	cr_assert_eq(s.view.span_ns, SECOND);
	scene_type(&s, "ZZ");
	cr_assert_eq(s.view.span_ns, 5 * SECOND);
	cr_assert_eq(s.view.to_ns, 0);
	scene_type(&s, "[[[[");
	cr_assert_eq(s.view.to_ns, s.fake.now_ns - 5 * SECOND);
	cr_assert(scene_shows(&s, " PAST "));
	for (int i = 0; i < 1000; i++)
		tk_keys_press(&s.view, s.snapshot, TK_KEY_LEFT);
	cr_assert_eq(s.view.to_ns, s.snapshot->reach_ns + 5 * SECOND);
	scene_key(&s, TK_KEY_RIGHT);
	cr_assert_eq(s.view.to_ns, s.snapshot->reach_ns + 5 * SECOND + 5 * SECOND / 4);
	for (int i = 0; i < 1000; i++)
		tk_keys_press(&s.view, s.snapshot, TK_KEY_RIGHT);
	cr_assert_eq(s.view.to_ns, 0); /* caught up: live again */
	scene_type(&s, "[0");
	cr_assert_eq(s.view.to_ns, 0);
	scene_type(&s, "ZZZZZZZZZZZZZZZZZZZZ");
	cr_assert_eq(s.view.span_ns, 86400 * SECOND);
	scene_type(&s, "["); /* everything is in the window already */
	cr_assert_eq(s.view.to_ns, 0);
}

/* It does not scroll away while somebody looks at it, nor is it called live. */
Test(view, the_window_of_a_dead_process_ends_when_it_died)
{
	int64_t died = s.fake.now_ns - 180 * SECOND;

	s.fake.dead = true;
	s.fake.died_ago_ns = 180 * SECOND;
	scene_fetch(&s);
	cr_assert(scene_shows(&s, " LIVE "));
	scene_key(&s, TK_KEY_END);
	for (int i = 0; i < 3; i++) {
		const struct tk_datapoint *p = s.snapshot->points[0];
		size_t n = s.snapshot->n_points[0];

		cr_assert_eq(tk_view_request(&s.view, s.fake.now_ns).to_ns, died);
		cr_assert(n && p[n - 1].t_ns <= died && p[n - 1].t_ns > died - SECOND);
		cr_assert(scene_shows(&s, " POST-MORTEM   died 22:10:20, 3 min ago "));
		cr_assert_not(scene_shows(&s, "LIVE"));
		cr_assert_not(scene_shows(&s, "          now"), "on the time axis");
		s.fake.now_ns += 10 * SECOND;
		s.fake.died_ago_ns += 10 * SECOND;
		scene_fetch(&s);
	}
	scene_type(&s, "[");
	cr_assert_eq(s.view.to_ns, died - s.view.span_ns / 4);
	cr_assert(scene_shows(&s, " PAST "));
	scene_type(&s, "]]");
	cr_assert_eq(s.view.to_ns, 0);
	scene_type(&s, " ");
	cr_assert_eq(s.view.to_ns, died);
	cr_assert(scene_shows(&s, " PAUSED "));
	scene_type(&s, " k");
	cr_assert(scene_shows(&s, " LIVE "));
	cr_assert_eq(tk_view_request(&s.view, 0).to_ns, 0);
}

Test(view, when_a_process_died_may_not_be_known)
{
	s.fake.dead = true;
	scene_fetch(&s);
	scene_key(&s, TK_KEY_END);
	cr_assert(scene_shows(&s, " POST-MORTEM   when it died is not known "));
}

Test(view, zoom_in_the_past_keeps_the_middle)
{
	scene_type(&s, "[[[[[[[[");
	int64_t middle = s.view.to_ns - s.view.span_ns / 2;
	scene_type(&s, "z");
	cr_assert_eq(s.view.to_ns - s.view.span_ns / 2, middle);
	scene_type(&s, "ZZ");
	cr_assert_eq(s.view.to_ns - s.view.span_ns / 2, middle);
}

Test(view, log_and_clock_toggle)
{
	scene_type(&s, "gt");
	cr_assert(s.view.log_y && s.view.wall);
	cr_assert(scene_shows(&s, "22:13:"));
	scene_type(&s, "gt");
	cr_assert(!s.view.log_y && !s.view.wall);
	cr_assert(scene_shows(&s, "now"));
}

Test(view, the_selection_moves_and_stops_at_the_ends)
{
	scene_key(&s, TK_KEY_UP);
	cr_assert_str_eq(selected_name(), "Gateway-ingest");
	scene_type(&s, "jj");
	cr_assert_str_eq(selected_name(), "Sequencer-handle_sim");
	scene_type(&s, "k");
	cr_assert_str_eq(selected_name(), "Gateway-respond");
	scene_key(&s, TK_KEY_PAGE_DOWN);
	scene_key(&s, TK_KEY_PAGE_DOWN);
	cr_assert_eq(s.view.selected, 19);
	scene_key(&s, TK_KEY_PAGE_UP);
	cr_assert_eq(s.view.selected, 0);
}

Test(view, the_selection_survives_sorting_and_new_timers)
{
	scene_type(&s, "jjjj");
	uint64_t key = s.view.key;
	for (int i = 0; i < TK_SORTS; i++) {
		scene_type(&s, "s");
		cr_assert_eq(s.view.key, key);
		cr_assert_eq(tk_view_timer(&s.view, s.snapshot)->key, key);
	}
	s.fake.n_timers = 300;
	scene_fetch(&s);
	cr_assert_eq(s.view.key, key);
	s.fake.n_timers = 2; /* it is gone: the last timer is selected */
	scene_fetch(&s);
	cr_assert_eq(s.view.selected, 1);
	s.fake.n_segments = 0;
	scene_fetch(&s);
	cr_assert_eq(s.view.key, 0);
}

Test(view, sorting_orders_the_list_and_puts_the_dead_last)
{
	s.fake.dead = true;
	scene_type(&s, "s");
	for (int by = TK_SORT_RATE; by <= TK_SORT_LATENCY; by++) {
		double last = INFINITY;
		for (size_t i = 0; i + 1 < s.view.n_rows; i++) {
			const struct tk_snap_timer *t = &s.snapshot->timers[s.view.rows[i]];
			double v = tk_view_value(t, by == TK_SORT_RATE ? TK_BY_RATE : TK_BY_WORST);
			cr_assert((v <= last || isnan(v)) && t->alive);
			last = isnan(v) ? -INFINITY : v; /* what has none comes last */
		}
		cr_assert(!s.snapshot->timers[s.view.rows[s.view.n_rows - 1]].alive);
		scene_type(&s, "s");
	}
	for (size_t i = 0; i < s.view.n_rows;
	     i++) /* by name: in the order of the snapshot, dead or alive */
		cr_assert_eq(s.view.rows[i], i);
}

Test(view, the_filter_narrows_the_list)
{
	scene_type(&s, "/SIM");
	cr_assert(s.view.editing);
	cr_assert_eq(s.view.n_rows, 7);
	cr_assert_str_eq(selected_name(), "Sequencer-handle_sim");
	scene_type(&s, "q"); /* types a letter and does not quit */
	cr_assert(!s.view.quit);
	cr_assert_eq(s.view.n_rows, 0);
	cr_assert_null(tk_view_timer(&s.view, s.snapshot));
	cr_assert(scene_shows(&s, "No timer has \"SIMq\" in its name."));
	scene_key(&s, TK_KEY_BACKSPACE);
	scene_key(&s, TK_KEY_DOWN); /* moves the selection while a filter is typed */
	cr_assert_str_eq(selected_name(), "Simulator-0-loop");
	scene_key(&s, TK_KEY_ENTER);
	cr_assert(!s.view.editing);
	cr_assert_eq(s.view.n_rows, 7);
	scene_key(&s, TK_KEY_ESCAPE);
	cr_assert_eq(s.view.n_rows, 20);
	cr_assert_str_eq(selected_name(), "Simulator-0-loop");
}

Test(view, the_filter_takes_any_character_and_has_an_end)
{
	scene_type(&s, "/");
	for (int i = 0; i < 100; i++)
		scene_key(&s, 0x6642);
	cr_assert_eq(strlen(s.view.filter), 63);
	scene_key(&s, TK_KEY_BACKSPACE); /* deletes a whole character */
	cr_assert_eq(strlen(s.view.filter), 60);
	for (int i = 0; i < 100; i++)
		scene_key(&s, TK_KEY_BACKSPACE);
	cr_assert_eq(strlen(s.view.filter), 0);
	cr_assert_eq(s.view.n_rows, 20);
}

Test(view, q_quits_and_escape_closes_the_help_first)
{
	scene_type(&s, "/loop");
	scene_key(&s, TK_KEY_ENTER);
	scene_type(&s, "h");
	scene_key(&s, TK_KEY_ESCAPE);
	cr_assert(!s.view.help);
	cr_assert_str_eq(s.view.filter, "loop");
	scene_type(&s, "q");
	cr_assert(s.view.quit);
}

Test(view, unknown_keys_do_nothing)
{
	struct tk_view_state before = s.view;

	for (uint32_t code = 1; code < 0x400; code++)
		if (!tk_keys_find(code))
			tk_keys_press(&s.view, s.snapshot, code);
	tk_keys_press(&s.view, s.snapshot, TK_KEY_RESIZE);
	tk_keys_press(&s.view, s.snapshot, 0xFFFFFFFF);
	before.rows = s.view.rows; /* tk_view_sync() may have moved it */
	cr_assert_eq(memcmp(&before, &s.view, sizeof(before)), 0);
}
