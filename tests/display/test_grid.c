/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/display/canvas/grid.h"

static const struct tk_style plain = { TK_DEFAULT, TK_PLAIN };
static struct tk_grid g;

static void open_grid(void)
{
	g = (struct tk_grid){ .charset = TK_CHARSET_BRAILLE };
	cr_assert_eq(tk_grid_resize(&g, 10, 3), 0);
}

static void close_grid(void)
{
	tk_grid_free(&g);
}

TestSuite(grid, .init = open_grid, .fini = close_grid);

static void expect(const char *want, bool ansi)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	cr_assert_eq(tk_grid_write(&g, f, ansi), 0);
	fclose(f);
	cr_assert_str_eq(text, want);
	free(text);
}

Test(grid, nothing_is_drawn_outside)
{
	for (int x = -3; x < 14; x++)
		for (int y = -3; y < 7; y++) {
			if (tk_grid_at(&g, x, y))
				continue;
			tk_grid_put(&g, x, y, 'x', plain);
			tk_grid_put(&g, x, y, 0x6642, plain);
		}
	tk_grid_text(&g, -5, -1, 30, plain, "outside");
	tk_grid_box(&g, (struct tk_rect){ 20, 20, 5, 5 }, plain, "");
	expect("\n\n\n", false);
}

Test(grid, silly_sizes_are_refused)
{
	cr_assert_eq(tk_grid_resize(&g, 0, 5), -EINVAL);
	cr_assert_eq(tk_grid_resize(&g, 5, -1), -EINVAL);
	cr_assert_eq(tk_grid_resize(&g, 1 << 20, 1 << 20), -EINVAL);
	cr_assert_eq(g.w, 10);
}

Test(grid, long_text_ends_in_an_ellipsis)
{
	cr_assert_eq(tk_grid_text(&g, 0, 0, 6, plain, "abcdefgh"), 6);
	cr_assert_eq(tk_grid_text(&g, 0, 1, 8, plain, "abcdefgh"), 8);
	cr_assert_eq(tk_grid_text(&g, 0, 2, 0, plain, "abcdefgh"), 0);
	expect("abcde…\nabcdefgh\n\n", false);
}

Test(grid, wide_characters_are_cut_whole)
{
	cr_assert_eq(tk_grid_text(&g, 0, 0, 4, plain, "時計時計"), 3); /* 2 + ellipsis */
	cr_assert_eq(tk_grid_text(&g, 0, 1, 4, plain, "時計"), 4);
	tk_grid_put(&g, 1, 1, 'x', plain); /* the other half becomes a space */
	tk_grid_text(&g, 0, 2, 4, plain, "時計");
	tk_grid_put(&g, 2, 2, 'y', plain);
	expect("時…\n x計\n時y\n", false);
	tk_grid_clear(&g);
	tk_grid_put(&g, 9, 0, 0x6642, plain); /* no room for its second half */
	tk_grid_put(&g, 0, 1, 0x6642, plain);
	tk_grid_put(&g, 1, 1, 0x6642, plain); /* over the second half of the first */
	expect("\n 時\n\n", false);
}

Test(grid, combining_and_invalid_bytes_are_safe)
{
	tk_grid_text(&g, 0, 0, 10, plain,
		     "e\xCC\x81"
		     "f");
	tk_grid_text(&g, 0, 1, 10, plain, "a\xFF\033[2Jb");
	expect("e\xCC\x81"
	       "f\na\xEF\xBF\xBD\xEF\xBF\xBD[2Jb\n\n",
	       false);
}

/* "cafe" with an accent of its own is another name than "cafe". */
Test(grid, combining_characters_stay_with_their_base)
{
	cr_assert_eq(tk_grid_text(&g, 0, 0, 4, plain, "cafe\xCC\x81"), 4);
	cr_assert_eq(tk_grid_text(&g, 0, 1, 4, plain, "時\u0301x"), 3);
	cr_assert_eq(tk_grid_text(&g, 0, 2, 9, plain, "\u0301e\u0301\u0302\u0303\u0304x"), 2);
	expect("cafe\xCC\x81\n時\u0301x\ne\u0301\u0302\u0303x\n", false);
	tk_grid_text(&g, 3, 0, 1, plain, "a");
	tk_grid_text(&g, 1, 1, 1, plain, "b"); /* over a half: what combined with it goes, too */
	tk_grid_text(&g, 0, 2, 9, plain, "\u202Ea\u200Db\uFE0F"); /* override, joiner, variant */
	expect("cafa\n bx\nab\n", false);
}

Test(grid, ascii_drops_what_combines)
{
	g.charset = TK_CHARSET_ASCII;
	cr_assert_eq(tk_grid_text(&g, 0, 0, 10, plain, "cafe\xCC\x81x"), 5);
	expect("cafex\n\n\n", false);
}

Test(grid, ascii_has_a_twin_for_everything)
{
	g.charset = TK_CHARSET_ASCII;
	tk_grid_box(&g, (struct tk_rect){ 0, 0, 10, 3 }, plain, "5 µs…");
	tk_grid_text(&g, 1, 1, 8, plain, "▲▼†時計é");
	expect("+5 us~---+\n|^vx???  |\n+--------+\n", false);
}

Test(grid, ansi_says_colours_once_and_resets)
{
	tk_grid_text(&g, 0, 0, 10, TK_STYLE(TK_ORANGE, TK_BOLD), "ab");
	tk_grid_text(&g, 2, 0, 10, plain, "c");
	expect("\033[0;1;38;5;172mab\033[0mc\n\n\n", true);
	g.no_color = true;
	tk_grid_text(&g, 0, 0, 10, TK_STYLE(TK_ORANGE, TK_BOLD), "ab");
	expect("\033[0;1mab\033[0mc\n\n\n", true);
}

Test(grid, colours_are_all_different)
{
	for (int a = TK_DEFAULT; a < TK_COLORS; a++)
		for (int b = TK_DEFAULT; b < a; b++)
			cr_assert_neq(tk_grid_color((enum tk_color)a, true),
				      tk_grid_color((enum tk_color)b, true));
}

/* As much of the beginning as of the end, within the room, whatever it is. */
Test(grid, elided_text_keeps_both_ends)
{
	static const char *const texts[] = { "Simulator-0-loop", "", "ab", "時計時計時計x",
					     "éééé" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (int room = 0; room < 20; room++) {
			struct tk_grid small = { .charset = TK_CHARSET_BRAILLE };

			cr_assert_eq(tk_grid_resize(&small, 24, 1), 0);
			tk_grid_put(&small, 2 + room, 0, '|', TK_STYLE_PLAIN);
			int used =
				tk_grid_text_elided(&small, 2, 0, room, TK_STYLE_PLAIN, texts[i]);
			cr_assert_leq(used, room);
			cr_assert_eq(tk_grid_at(&small, 2 + room, 0)->ch, '|');
			cr_assert_eq(tk_grid_at(&small, 1, 0)->ch, ' ');
			if (i == 0 && room >= 3 && room < 16) {
				cr_assert_eq(tk_grid_at(&small, 2, 0)->ch, 'S');
				cr_assert_eq(tk_grid_at(&small, 1 + room, 0)->ch, 'p');
			}
			tk_grid_free(&small);
		}
}
