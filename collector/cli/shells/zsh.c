/* SPDX-License-Identifier: MIT */
/* Completion for zsh: a function for compinit, which finds it by the name _timekeeper. */
#include "collector/cli/shells/shells.h"

/* Within '[...]': a bracket ends the text, and a quote is spelled as the escape of one. */
static void text(FILE *out, const char *help)
{
	for (; *help; help++) {
		if (*help == '\'')
			fputs("'\\''", out);
		else
			tk_shell_text(out, (const char[]){ *help, '\0' }, "[]\\");
	}
}

/* How the option is written: `{-d+,--dir=}`. A second one is not offered, unless it adds up. */
static void names(FILE *out, const struct tk_option *o)
{
	const char *value = o->argument ? "=" : "";

	if (o->type == TK_OPTION_TEXTS)
		fputs("'*'", out);
	else if (o->letter)
		fprintf(out, "'(-%c --%s)'", o->letter, o->name);
	if (o->letter)
		fprintf(out, "{-%c%s,--%s%s}'", o->letter, o->argument ? "+" : "", o->name, value);
	else
		fprintf(out, "'--%s%s", o->name, value);
}

static void value(FILE *out, const struct tk_option *o)
{
	fprintf(out, ":%s:", o->argument);
	switch (tk_shell_value(o)) {
	case TK_COMPLETES_CHOICE:
		fputc('(', out);
		tk_shell_choices(out, o);
		fputc(')', out);
		break;
	case TK_COMPLETES_DIRECTORY:
		fputs("_files -/", out);
		break;
	case TK_COMPLETES_FILE:
		fputs("_files", out);
		break;
	default:
		fputc(' ', out);
	}
}

static void option(FILE *out, const struct tk_option *o)
{
	fputs(" \\\n\t\t\t", out);
	names(out, o);
	fputc('[', out);
	text(out, o->help);
	fputc(']', out);
	if (o->argument)
		value(out, o);
	fputc('\'', out);
}

static void operand(FILE *out, const struct tk_command *c)
{
	enum tk_completes what = tk_shell_operand(c);

	if (what == TK_COMPLETES_FILE)
		fputs(" \\\n\t\t\t'*:file:_files'", out);
	else if (what == TK_COMPLETES_COMMAND)
		fputs(" \\\n\t\t\t'1:command:_timekeeper_commands'", out);
}

static void command(FILE *out, const char *pattern, const struct tk_command *c)
{
	const struct tk_option *o;

	fprintf(out, "\t%s)\n\t\t_arguments -s -S", pattern);
	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		option(out, o);
	operand(out, c);
	fputs(" ;;\n", out);
}

static void commands(FILE *out, const struct tk_program *p)
{
	fputs("_timekeeper_commands() {\n\tlocal -a commands=(", out);
	for (const struct tk_command *c = p->commands; c->name; c++) {
		fprintf(out, "\n\t\t'%s:", c->name);
		text(out, c->summary);
		fputc('\'', out);
	}
	fputs("\n\t)\n\t_describe command commands\n}\n\n", out);
}

void tk_shell_zsh(FILE *out, const struct tk_program *p)
{
	fputs("#compdef timekeeper\n\n", out);
	commands(out, p);
	fputs("_timekeeper() {\n"
	      "\tlocal behind=${words[(i)--]}\n\n"
	      "\tif (( behind < CURRENT )); then\n" /* a program to run, and its arguments */
	      "\t\tshift $behind words\n"
	      "\t\t(( CURRENT -= behind ))\n"
	      "\t\t_normal\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
	      "\t\t_timekeeper_commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tif [[ $words[2] != -* ]]; then\n" /* no option: the name of a command */
	      "\t\tshift words\n"
	      "\t\t(( CURRENT-- ))\n"
	      "\tfi\n"
	      "\tcase $words[1] in\n",
	      out);
	for (const struct tk_command *c = p->commands; c->name; c++)
		command(out, c->name, c);
	command(out, "*", p->commands);
	fputs("\tesac\n}\n\n_timekeeper \"$@\"\n", out);
}
