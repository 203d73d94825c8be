/* SPDX-License-Identifier: MIT */
/* What comes from outside is made printable, whatever it is; the terminal sees no escape. */
#include "collector/cli/say.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/printable.h"
#include "ring/place.h"
#include "tests/random.h"

static const char *printable(const char *text)
{
	static char to[64];

	tk_printable(to, sizeof(to), text);
	return to;
}

Test(say, text_stays_as_it_is)
{
	cr_assert_str_eq(printable(""), "");
	cr_assert_str_eq(printable("Sequencer-handle_sim"), "Sequencer-handle_sim");
	cr_assert_str_eq(printable("na\xc3\xafve \xcf\x80 \xf0\x9f\x98\x80"),
			 "na\xc3\xafve \xcf\x80 \xf0\x9f\x98\x80");
}

Test(say, what_is_not_printable_is_replaced_byte_by_byte)
{
	cr_assert_str_eq(printable("a\x1b[31mb\n\x7f"), "a?[31mb??");
	cr_assert_str_eq(printable("\xc2\x9b"
				   "31m"),
			 "??31m", "CSI as one character");
	cr_assert_str_eq(printable("\x9b"
				   "31m"),
			 "?31m", "and as one byte");
	cr_assert_str_eq(printable("\xe2\x80\xae"), "???", "right to left override");
	cr_assert_str_eq(printable("\xc3"), "?", "cut in a character");
}

Test(say, it_is_cut_between_characters_and_may_be_done_in_place)
{
	char text[8] = "ab\xcf\x80x\n";

	tk_printable(text, 4, text);
	cr_assert_str_eq(text, "ab");
	tk_printable(text, sizeof(text), "ab\xcf\x80x\n");
	tk_printable(text, sizeof(text), text);
	cr_assert_str_eq(text, "ab\xcf\x80x?");
}

Test(say, random_bytes_become_a_valid_name)
{
	uint64_t state = 88172645463325252u;
	char text[32];

	for (int i = 0; i < 100000; i++) {
		size_t n = 1 + random_below(&state, sizeof(text) - 1);

		for (size_t k = 0; k < n; k++)
			text[k] = (char)(1 + random_below(&state, 255));
		text[n] = '\0';
		cr_assert(tk_name_valid(printable(text)) || !*text);
	}
}

Test(say, paragraphs_are_wrapped_at_80_columns)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	for (int i = 0; i < 3; i++)
		tk_wrap(f,
			"one two three four five six seven eight nine ten eleven twelve "
			"thirteen fourteen fifteen sixteen seventeen",
			10, 10);
	fclose(f);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		cr_assert_leq(strcspn(line, "\n"), 80);
	cr_assert(strstr(text, "\n          "), "lines after the first are indented");
	free(text);
}
