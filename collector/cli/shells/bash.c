/* SPDX-License-Identifier: MIT */
/* Completion for bash: a function for readline. Where it offers nothing, readline offers files. */
#include "collector/cli/shells/shells.h"

/* What may follow an option: the words of a choice, a directory, a file, which readline completes,
 * or nothing that is known. */
static void value(FILE *out, const struct tk_option *o)
{
	fputs("\t\t", out);
	if (o->letter)
		fprintf(out, "-%c|", o->letter);
	fprintf(out, "--%s) ", o->name);
	switch (tk_shell_value(o)) {
	case TK_COMPLETES_CHOICE:
		fputs("COMPREPLY=($(compgen -W \"", out);
		tk_shell_choices(out, o);
		fputs("\" -- \"$cur\")); ", out);
		break;
	case TK_COMPLETES_DIRECTORY:
		fputs("COMPREPLY=($(compgen -d -- \"$cur\")); ", out);
		break;
	case TK_COMPLETES_FILE:
		break;
	default:
		fputs("compopt +o default; ", out);
	}
	fputs("return ;;\n", out);
}

/* A command's options and their values. Where its operands are files, only a - asks for options. */
static void command(FILE *out, const char *pattern, const struct tk_command *c)
{
	const struct tk_option *o;

	fprintf(out, "\t%s)\n\t\tcase $prev in\n", pattern);
	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		if (o->argument)
			value(out, o);
	fputs("\t\tesac\n", out);
	if (tk_shell_operand(c) == TK_COMPLETES_FILE)
		fputs("\t\t[[ $cur = -* ]] || return\n", out);
	fputs("\t\twords=\"", out);
	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		fprintf(out, " --%s", o->name);
	fputs("\" ;;\n", out);
}

void tk_shell_bash(FILE *out, const struct tk_program *p)
{
	fprintf(out, "_timekeeper()\n{\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		     "\tlocal words\n\n"
		     "\tcase \" ${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n"
		     "\t*\" -- \"*)\n" /* a program to run, and its arguments */
		     "\t\t[ \"$prev\" != -- ] || COMPREPLY=($(compgen -c -- \"$cur\"))\n"
		     "\t\treturn ;;\n\tesac\n\tcase ${COMP_WORDS[1]} in\n");
	for (const struct tk_command *c = p->commands; c->name; c++)
		command(out, c->name, c);
	command(out, "*", p->commands);
	fprintf(out, "\tesac\n\tif [ \"$COMP_CWORD\" -eq 1 ]");
	for (const struct tk_command *c = p->commands; c->name; c++)
		if (tk_shell_operand(c) == TK_COMPLETES_COMMAND)
			fprintf(out, " || [ \"$prev\" = %s ]", c->name);
	fprintf(out, "; then\n\t\twords=\"$words");
	for (const struct tk_command *c = p->commands; c->name; c++)
		fprintf(out, " %s", c->name);
	fprintf(out, "\"\n\tfi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
		     "complete -o default -F _timekeeper timekeeper\n");
}
