/* SPDX-License-Identifier: MIT */
/* Completion for fish: a line an option, with the condition under which it is offered. */
#include "collector/cli/shells/shells.h"

static void quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	tk_shell_text(out, text, "'\\");
	fputc('\'', out);
}

static void value(FILE *out, const struct tk_option *o)
{
	switch (tk_shell_value(o)) {
	case TK_COMPLETES_CHOICE:
		fputs(" -x -a '", out);
		tk_shell_choices(out, o);
		fputc('\'', out);
		break;
	case TK_COMPLETES_DIRECTORY:
		fputs(" -x -a '(__fish_complete_directories (commandline -ct))'", out);
		break;
	case TK_COMPLETES_FILE:
		fputs(" -r -F", out);
		break;
	default:
		fputs(" -x", out);
	}
}

static void option(FILE *out, const struct tk_command *c, const struct tk_option *o)
{
	fprintf(out, "complete -c timekeeper -n '__timekeeper_is %s' -l %s", c->name, o->name);
	if (o->letter)
		fprintf(out, " -s %c", o->letter);
	if (o->argument)
		value(out, o);
	fputs(" -d ", out);
	quoted(out, o->help);
	fputc('\n', out);
}

static void command_names(FILE *out, const struct tk_program *p, const char *condition)
{
	for (const struct tk_command *c = p->commands; c->name; c++) {
		fprintf(out, "complete -c timekeeper -n '%s' -a %s -d ", condition, c->name);
		quoted(out, c->summary);
		fputc('\n', out);
	}
}

static void operand(FILE *out, const struct tk_program *p, const struct tk_command *c)
{
	enum tk_completes what = tk_shell_operand(c);
	char condition[64];

	snprintf(condition, sizeof(condition), "__timekeeper_is %s", c->name);
	if (what == TK_COMPLETES_FILE)
		fprintf(out, "complete -c timekeeper -n '%s' -F\n", condition);
	else if (what == TK_COMPLETES_COMMAND)
		command_names(out, p, condition);
}

static void command(FILE *out, const struct tk_program *p, const struct tk_command *c)
{
	const struct tk_option *o;

	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		option(out, c, o);
	operand(out, p, c);
}

/* Which command is meant: the first word, or the first command where that is none. */
static void functions(FILE *out, const struct tk_program *p)
{
	fputs("function __timekeeper_command\n"
	      "\tset -l words (commandline -opc)\n"
	      "\tif set -q words[2]; and contains -- $words[2]",
	      out);
	for (const struct tk_command *c = p->commands; c->name; c++)
		fprintf(out, " %s", c->name);
	fprintf(out,
		"\n\t\techo $words[2]\n"
		"\telse\n"
		"\t\techo %s\n"
		"\tend\n"
		"end\n\n",
		p->commands->name);
	fputs("function __timekeeper_behind\n" /* of a `--` */
	      "\tcontains -- -- (commandline -opc)\n"
	      "end\n\n"
	      "function __timekeeper_is\n"
	      "\tnot __timekeeper_behind; and test (__timekeeper_command) = $argv[1]\n"
	      "end\n\n"
	      "function __timekeeper_begins\n"
	      "\ttest (count (commandline -opc)) = 1\n"
	      "end\n\n"
	      "function __timekeeper_run\n"
	      "\tset -l words (commandline -opc) (commandline -ct)\n"
	      "\tset -l at (contains -i -- -- $words)\n"
	      "\tset -l rest $words[(math $at + 1)..]\n"
	      "\tcomplete -C \"$rest\"\n"
	      "end\n\n",
	      out);
}

void tk_shell_fish(FILE *out, const struct tk_program *p)
{
	functions(out, p);
	fputs("complete -c timekeeper -f\n"
	      "complete -c timekeeper -n __timekeeper_behind -a '(__timekeeper_run)'\n",
	      out);
	command_names(out, p, "__timekeeper_begins");
	for (const struct tk_command *c = p->commands; c->name; c++)
		command(out, p, c);
}
