/* SPDX-License-Identifier: MIT */
/*
 * tests/display/top_fake.c - `timekeeper top` on the invented collector: for the test of the
 * terminal, and to look at by hand. Arguments: braille, block, ascii, nocolor, empty, lost, dead.
 */
#include <string.h>

#include "collector/cli/options.h"
#include "collector/display/canvas/terminal.h"
#include "tests/display/fake.h"

extern tk_command_run tk_cmd_top;

int main(int argc, char **argv)
{
	struct tk_args a = { 0 };

	tk_terminal_guard();
	tk_fake_live = tk_fake();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "braille") == 0)
			a.charset = TK_CHARSET_BRAILLE;
		else if (strcmp(argv[i], "block") == 0)
			a.charset = TK_CHARSET_BLOCK;
		else if (strcmp(argv[i], "ascii") == 0)
			a.charset = TK_CHARSET_ASCII;
		else if (strcmp(argv[i], "nocolor") == 0)
			a.no_color = true;
		else if (strcmp(argv[i], "empty") == 0)
			tk_fake_live.n_segments = 0;
		else if (strcmp(argv[i], "lost") == 0)
			tk_fake_live.lost = 5021;
		else if (strcmp(argv[i], "dead") == 0)
			tk_fake_live.dead = true;
	}
	return tk_cmd_top(&a, stdout);
}
