/* SPDX-License-Identifier: MIT */
#include "collector/cli/shells/shells.h"

#include <string.h>

static tk_shell_printer *const printers[TK_SHELLS] = {
	[TK_SHELL_BASH] = tk_shell_bash,
	[TK_SHELL_ZSH] = tk_shell_zsh,
	[TK_SHELL_FISH] = tk_shell_fish,
};

void tk_shell_print(FILE *out, const struct tk_program *p, enum tk_shell shell)
{
	if (printers[shell])
		printers[shell](out, p);
}

enum tk_completes tk_shell_value(const struct tk_option *o)
{
	if (o->choices)
		return TK_COMPLETES_CHOICE;
	if (!strcmp(o->argument, "DIR"))
		return TK_COMPLETES_DIRECTORY;
	if (!strncmp(o->argument, "FILE", 4))
		return TK_COMPLETES_FILE;
	return TK_COMPLETES_NOTHING;
}

enum tk_completes tk_shell_operand(const struct tk_command *c)
{
	if (c->runs)
		return TK_COMPLETES_PROGRAM;
	if (!strncmp(c->operands, "FILE", 4))
		return TK_COMPLETES_FILE;
	if (!strcmp(c->operands, "[COMMAND]"))
		return TK_COMPLETES_COMMAND;
	return TK_COMPLETES_NOTHING;
}

void tk_shell_choices(FILE *out, const struct tk_option *o)
{
	for (const char *c = o->choices; *c; c++)
		fputc(*c == '|' ? ' ' : *c, out);
}

void tk_shell_text(FILE *out, const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (strchr(escaped, *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}
