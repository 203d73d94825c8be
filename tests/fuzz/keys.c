/* SPDX-License-Identifier: MIT */
/*
 * The display under any keys, on a terminal of any size, watching a collector that changes under
 * it. What it shows is text, whatever timers and notes are called; what it has chosen is there.
 *
 *	below 80	that character
 *	80..9f		a key that is no character
 *	a0..af		another size: u8, u8
 *	b0..bf		other timers: u8 how many, u8 bits
 *	c0..cf		any key code: u32
 *	d0..df		so many seconds pass: u16
 *	e0..ef		the first timer is called: a string
 *	f0 on		a note: a string
 */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/options.h"
#include "tests/display/scene.h"
#include "tests/fuzz/fuzz.h"

#define STEPS 32u

static void check_view(const struct scene *s)
{
	const struct tk_view_state *v = &s->view;

	REQUIRE(v->n_rows <= s->snapshot->n_timers);
	REQUIRE(v->n_rows ? v->selected < v->n_rows && v->key : !v->selected && !v->key);
	REQUIRE(memchr(v->filter, 0, sizeof(v->filter)));
	REQUIRE(v->span_ns >= 1000000000 && v->span_ns <= 86400 * INT64_C(1000000000));
	REQUIRE(v->help_top >= 0 && v->to_ns >= 0 && v->sort < TK_SORTS);
	REQUIRE(!v->interval_ns ||
		(v->interval_ns >= TK_INTERVAL_MIN_NS && v->interval_ns <= TK_INTERVAL_MAX_NS));
}

/* The grid, and the same as text: as many lines as it has rows. */
static void check_screen(const struct scene *s)
{
	char *text = scene_text(s, false), *rest = text;
	int lines = 0;

	for (char *line; (line = strsep(&rest, "\n")) && rest; lines++)
		REQUIRE(fuzz_printable(line, false));
	REQUIRE(lines == s->grid.h);
	for (int i = 0; i < s->grid.w * s->grid.h; i++)
		REQUIRE(s->grid.cells[i].style.color < TK_COLORS);
	free(text);
}

static void rename_to(char name[64], const char **what, struct fuzz_input *in)
{
	char *text = fuzz_string(in);

	strncpy(name, text, 63);
	*what = name;
	free(text);
}

static void step(struct scene *s, struct fuzz_input *in)
{
	static char name[64], note[64];
	uint32_t what = (uint32_t)fuzz_number(in, 1), more;

	switch (what >> 4) {
	case 8:
	case 9:
		tk_keys_press(&s->view, s->snapshot, TK_KEY_UP + what % 32);
		break;
	case 10:
		more = (uint32_t)fuzz_number(in, 2);
		REQUIRE(tk_grid_resize(&s->grid, 1 + (int)(more % 128),
				       1 + (int)(more / 256 % 40)) == 0);
		break;
	case 11:
		s->fake.n_timers = fuzz_number(in, 1);
		more = (uint32_t)fuzz_number(in, 1);
		s->fake.n_segments = more & 1;
		s->fake.dead = more & 2;
		s->fake.lost = more >> 2;
		s->grid.no_color = more & 4;
		s->grid.charset = (enum tk_charset)(TK_CHARSET_BRAILLE + more / 8 % 3);
		break;
	case 12:
		tk_keys_press(&s->view, s->snapshot, (uint32_t)fuzz_number(in, 4));
		break;
	case 13:
		s->fake.now_ns += (int64_t)fuzz_number(in, 2) * 1000000000;
		break;
	case 14:
		rename_to(name, &s->fake.first_name, in);
		break;
	case 15:
		rename_to(note, &s->fake.note, in);
		break;
	default:
		tk_keys_press(&s->view, s->snapshot, what);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct scene s;

	scene_open(&s, 60, 14, TK_CHARSET_BRAILLE);
	for (unsigned i = 0; i < STEPS && in.left; i++) {
		step(&s, &in);
		check_view(&s);
		tk_view_sync(&s.view, s.snapshot);
		if (i % 8 == 7 || !in.left) {
			scene_fetch(&s);
			check_view(&s);
			check_screen(&s);
		}
	}
	scene_close(&s);
	return 0;
}
