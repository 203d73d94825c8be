/* SPDX-License-Identifier: MIT */
/*
 * The whole screen: what holds at every size, and screens to compare with (golden/; UPDATE_GOLDEN=1
 * rewrites them).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/display/golden.h"

static struct scene s;

/* --- every size ------------------------------------------------------------------------------ */

static uint32_t ch(int x, int y)
{
	return tk_grid_at(&s.grid, x, y)->ch;
}

static bool inside(struct tk_rect r)
{
	return r.x >= 0 && r.y >= 0 && r.w > 0 && r.x + r.w <= s.grid.w && r.y + r.h <= s.grid.h;
}

static bool disjoint(struct tk_rect a, struct tk_rect b)
{
	return a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
}

/* Check corners, sides and the lower edge. The upper edge has the title; arrows may stand on the
 * right side of the list. */
static void check_box(struct tk_rect r, bool arrows)
{
	int right = r.x + r.w - 1, bottom = r.y + r.h - 1;

	cr_assert(ch(r.x, r.y) == 0x250C && ch(right, r.y) == 0x2510, "%dx%d", s.grid.w, s.grid.h);
	cr_assert(ch(r.x, bottom) == 0x2514 && ch(right, bottom) == 0x2518, "%dx%d", s.grid.w,
		  s.grid.h);
	for (int y = r.y + 1; y < bottom; y++) {
		uint32_t c = ch(right, y);
		cr_assert_eq(ch(r.x, y), 0x2502, "%dx%d", s.grid.w, s.grid.h);
		cr_assert(c == 0x2502 || (arrows && (c == 0x25B2 || c == 0x25BC)), "%dx%d",
			  s.grid.w, s.grid.h);
	}
	for (int x = r.x + 1; x < right; x++)
		cr_assert_eq(ch(x, bottom), 0x2500, "%dx%d", s.grid.w, s.grid.h);
}

static void check_screen(void)
{
	struct tk_layout l = tk_draw_layout(&s.view, s.snapshot, &s.grid);
	struct tk_rect all[4 + TK_PANES_MAX] = { l.list };
	size_t n_panes, n = 1;
	int area = 0;

	tk_panes(&n_panes);
	for (size_t i = 0; i < n_panes; i++)
		all[n++] = l.pane[i];
	size_t boxes = n;
	all[n++] = l.note;
	all[n++] = l.status;
	all[n++] = l.footer;

	for (size_t i = 0; i < n; i++) {
		if (all[i].h == 0)
			continue;
		cr_assert(inside(all[i]), "%dx%d", s.grid.w, s.grid.h);
		area += all[i].w * all[i].h;
		for (size_t k = i + 1; k < n; k++)
			cr_assert(all[k].h == 0 || disjoint(all[i], all[k]), "%dx%d", s.grid.w,
				  s.grid.h);
		if (i < boxes)
			check_box(all[i], i == 0);
	}
	cr_assert_eq(area, s.grid.w * s.grid.h, "%dx%d: room left over", s.grid.w, s.grid.h);
}

/* All sizes from 40 × 10 on; a `step` above 1 leaves some out to save time. */
static void sweep(int step)
{
	for (int w = 40; w <= 220; w += step)
		for (int h = 10; h <= 70; h += step) {
			cr_assert_eq(tk_grid_resize(&s.grid, w, h), 0);
			tk_draw(&s.view, s.snapshot, &s.grid);
			check_screen();
		}
}

Test(sweep, charts_at_every_size, .timeout = 120)
{
	scene_open(&s, 80, 24, TK_CHARSET_BRAILLE);
	sweep(1);
	scene_close(&s);
}

Test(sweep, everything_on_at_many_sizes, .timeout = 120)
{
	scene_open(&s, 80, 24, TK_CHARSET_BLOCK);
	s.fake.n_timers = 400;
	s.fake.lost = 123456;
	s.fake.note = "the segment web.12.9f is of version 9 and this program knows 1: skipped";
	scene_type(&s, "ma245gsG");
	sweep(3);
	scene_type(&s, "l");
	sweep(7);
	scene_type(&s, "p");
	sweep(7);
	scene_close(&s);
}

Test(sweep, hostile_names_at_many_sizes, .timeout = 120)
{
	static const char *const names[] = {
		"時計時計時計時計時計時計時計時計時計時計時",
		"e\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81",
		"\xFF\xFE\xC0\x80\xED\xA0\x80",
		"\033[2J\033]0;x\007\n\r\t",
		"",
		"an-ordinary-name-of-the-full-sixty-three-bytes-that-are-allowed",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		scene_open(&s, 80, 24, TK_CHARSET_BRAILLE);
		s.fake.first_name = names[i];
		scene_fetch(&s);
		sweep(5);
		char *text = scene_text(&s, false);
		cr_assert_null(strchr(text, '\033'));
		cr_assert_null(strchr(text, '\007'));
		free(text);
		scene_close(&s);
	}
}

Test(sweep, small_screens_say_what_they_need)
{
	scene_open(&s, 80, 24, TK_CHARSET_BRAILLE);
	for (int w = 1; w < 60; w++)
		for (int h = 1; h < 14; h++) {
			tk_grid_resize(&s.grid, w, h);
			tk_draw(&s.view, s.snapshot, &s.grid);
			bool says = scene_shows(&s, "terminal too small: 40x10 needed, have ");
			bool brief = scene_shows(&s, "need 40x10, have ");
			bool fits = w >= 40 && h >= 10;
			cr_assert(fits ? !says && !brief : w < 22 || says || brief, "%dx%d", w, h);
		}
	scene_close(&s);
}

/* Whatever panes are shown, they fill the height in the order of the table. */
Test(layout, panes_share_the_height)
{
	size_t n;
	const struct tk_pane *p = tk_panes(&n);

	for (unsigned shown = 0; shown < 1u << n; shown++)
		for (int h = TK_LAYOUT_MIN_H; h < 100; h++) {
			struct tk_layout l = tk_layout(80, h, 20, shown, false);
			int y = l.panes.y;
			for (size_t i = 0; i < n; i++) {
				cr_assert(shown >> i & 1 || l.pane[i].h == 0);
				cr_assert(l.pane[i].h >= 0 && l.pane[i].y == y);
				/* A fixed share yields to the others; it is never cut short. */
				cr_assert(!p[i].percent || l.pane[i].h == 0 ||
					  l.pane[i].h >= p[i].min_h);
				y += l.pane[i].h;
			}
			cr_assert_eq(y, shown ? l.panes.y + l.panes.h : l.panes.y, "%u, %d", shown,
				     h);
		}
}

/* --- pictures -------------------------------------------------------------------------------- */

static void golden(const char *name, bool ansi)
{
	scene_golden(&s, name, ansi);
	scene_close(&s);
}

Test(golden, charts)
{
	scene_open(&s, 160, 45, TK_CHARSET_BRAILLE);
	golden("charts", false);
}

Test(golden, all_curves)
{
	scene_open(&s, 160, 50, TK_CHARSET_BRAILLE);
	scene_type(&s, "ma245g");
	golden("all-curves", false);
}

Test(golden, colours)
{
	scene_open(&s, 100, 30, TK_CHARSET_BRAILLE);
	s.fake.lost = 5021;
	scene_type(&s, "m");
	golden("colours", true);
}

Test(golden, no_colours)
{
	scene_open(&s, 100, 30, TK_CHARSET_BRAILLE);
	s.grid.no_color = true;
	scene_type(&s, "m");
	char *text = scene_text(&s, true);
	cr_assert_null(strstr(text, "38;5;")); /* attributes, yes; colours, no */
	free(text);
	golden("no-colours", true);
}

Test(golden, block_elements)
{
	scene_open(&s, 80, 24, TK_CHARSET_BLOCK);
	scene_type(&s, "mb");
	golden("block", false);
}

Test(golden, ascii)
{
	scene_open(&s, 80, 24, TK_CHARSET_ASCII);
	s.fake.dead = true;
	scene_type(&s, "ml");
	char *text = scene_text(&s, true);
	for (const char *c = text; *c; c++)
		cr_assert(*c > 0);
	free(text);
	golden("ascii", false);
}

Test(golden, smallest)
{
	scene_open(&s, 40, 10, TK_CHARSET_BRAILLE);
	golden("smallest", false);
}

Test(golden, help)
{
	scene_open(&s, 100, 30, TK_CHARSET_BRAILLE);
	scene_type(&s, "h");
	golden("help", false);
}

/* "Live": records a second of all timers times the cost of a span, as the help says it. */
Test(help, what_recording_costs)
{
	char want[64];
	double share = 0;

	scene_open(&s, 100, 40, TK_CHARSET_BRAILLE);
	scene_type(&s, "h");
	cr_assert(!scene_shows(&s, "% of a core"));
	s.fake.span_ns = 20;
	scene_fetch(&s);
	for (size_t i = 0; i < s.snapshot->n_timers; i++) {
		const struct tk_snap_timer *t = &s.snapshot->timers[i];

		if (t->alive)
			share += tk_datapoint_rate(&t->last[TK_PROCESSING]) * 20e-9;
	}
	snprintf(want, sizeof(want), "takes %.2g %% of a core; a span 20 ns", share * 100);
	cr_assert(scene_shows(&s, want), "%s", want);
}

Test(golden, drainers)
{
	scene_open(&s, 80, 24, TK_CHARSET_BRAILLE);
	s.fake.n_drainers = 2;
	scene_type(&s, "h");
	for (int i = 0; i < 100; i++)
		scene_key(&s, TK_KEY_DOWN);
	golden("drainers", false);
}

Test(golden, paused)
{
	scene_open(&s, 100, 30, TK_CHARSET_BRAILLE);
	scene_type(&s, " ");
	golden("paused", false);
}

Test(golden, past_and_coarse)
{
	scene_open(&s, 100, 30, TK_CHARSET_BRAILLE);
	scene_type(&s, "ZZZZ[");
	golden("past", false);
}

Test(golden, empty)
{
	scene_open(&s, 80, 24, TK_CHARSET_BRAILLE);
	s.fake.n_segments = 0;
	scene_fetch(&s);
	golden("empty", false);
}

Test(golden, no_timers)
{
	scene_open(&s, 80, 24, TK_CHARSET_BRAILLE);
	s.fake.n_timers = 0;
	scene_fetch(&s);
	golden("no-timers", false);
}

Test(golden, filter_sort_dead_and_lost)
{
	scene_open(&s, 140, 30, TK_CHARSET_BRAILLE);
	s.fake.dead = true;
	s.fake.lost = 5021;
	s.fake.note = "web.12.9f: version 9, but this program knows version 1: skipped";
	scene_type(&s, "ss/a");
	golden("filter", false);
}

Test(golden, gaps_break_the_line)
{
	scene_open(&s, 100, 24, TK_CHARSET_BRAILLE);
	s.fake.no_marks = true;
	scene_type(&s, "jjjjj");
	golden("gaps", false);
}
