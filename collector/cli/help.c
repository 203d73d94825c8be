/* SPDX-License-Identifier: MIT */
/* Help and man page, both made from the tables of commands and options. */
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"

#define RELEASED  "2026-11-30" /* when this version was */
#define ROFF_LINE 72

static void option_help(FILE *out, const struct tk_option *o)
{
	char left[64];
	char letter[8] = "    ";
	int n;

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	n = snprintf(left, sizeof(left), "  %s--%s%s%s", letter, o->name, o->argument ? " " : "",
		     o->argument ? o->argument : "");
	fprintf(out, "%-26s", left);
	if (n >= 26)
		fprintf(out, "\n%26s", "");
	tk_wrap(out, o->help, 26, 26);
	if (o->choices)
		fprintf(out, "%26s%s\n", "", o->choices);
}

static void facts(FILE *out, const char *heading, int width, const struct tk_fact *f)
{
	fprintf(out, "\n%s:\n", heading);
	for (; f->name; f++) {
		fprintf(out, "  %-*s ", width, f->name);
		tk_wrap(out, f->text, width + 3, width + 3);
	}
}

void tk_help_program(FILE *out, const struct tk_program *p)
{
	fprintf(out, "usage: timekeeper [command] [options]\n\n");
	tk_wrap(out, p->about, 0, 0);
	fprintf(out, "\ncommands:\n");
	for (const struct tk_command *c = p->commands; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fprintf(out, "\n`timekeeper COMMAND --help` shows a command's options and examples.\n");
	facts(out, "words", 10, p->words);
	facts(out, "environment", 16, p->environment);
	facts(out, "exit code", 2, p->exit_codes);
}

void tk_help_command(FILE *out, const struct tk_command *c)
{
	const struct tk_option *o;

	fprintf(out, "usage: timekeeper %s [options]%s%s\n\n", c->name, c->operands[0] ? " " : "",
		c->operands);
	tk_wrap(out, c->text, 0, 0);
	if (c->columns)
		facts(out, "columns", 11, c->columns);
	fprintf(out, "\noptions:\n");
	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		option_help(out, o);
	fprintf(out, "\nexamples:\n");
	for (size_t i = 0; i < TK_EXAMPLES_MAX && c->examples[i][0]; i++)
		fprintf(out, "  %s\n      %s\n", c->examples[i][0], c->examples[i][1]);
}

/* Roff takes a leading dot or quote as a request, and a bare minus as a hyphen. */
static void roff(FILE *out, const char *text, size_t n)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; n--; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '\'')
			fputs("\\(aq", out);
		else
			fputc(*text, out);
	}
}

static void roff_line(FILE *out, const char *request, const char *text)
{
	fputs(request, out);
	roff(out, text, strlen(text));
	fputc('\n', out);
}

/* How much of a text fits a line, up to a space; of a longer word, all. */
static size_t line_length(const char *text)
{
	const char *space;
	size_t n = strlen(text);

	while (n > ROFF_LINE && (space = memrchr(text, ' ', n)))
		n = (size_t)(space - text);
	return n;
}

/* Text that is filled: in lines that are no longer than a terminal's, for who reads the source. */
static void roff_text(FILE *out, const char *text)
{
	size_t n;

	for (; *text; text += n + (text[n] == ' ')) {
		n = line_length(text);
		roff(out, text, n);
		fputc('\n', out);
	}
}

static void man_option(FILE *out, const struct tk_option *o)
{
	fprintf(out, ".TP\n");
	if (o->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
	fputs("\\fB\\-\\-", out);
	roff(out, o->name, strlen(o->name));
	fputs("\\fR", out);
	if (o->argument)
		fprintf(out, " \\fI%s\\fR", o->argument);
	fputc('\n', out);
	roff_text(out, o->help);
	if (o->choices)
		roff_line(out, "\nOne of: ", o->choices);
}

static void man_facts(FILE *out, const struct tk_fact *f)
{
	for (; f->name; f++) {
		roff_line(out, ".TP\n.B ", f->name);
		roff_text(out, f->text);
	}
}

static void man_command(FILE *out, const struct tk_command *c)
{
	const struct tk_option *o;

	fprintf(out, ".SS timekeeper %s%s%s\n", c->name, c->operands[0] ? " " : "", c->operands);
	roff_text(out, c->text);
	if (c->columns)
		man_facts(out, c->columns);
	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		man_option(out, o);
}

/* The first example of all follows a heading, which begins a paragraph itself. */
static void man_examples(FILE *out, const struct tk_command *c, bool first)
{
	for (size_t i = 0; i < TK_EXAMPLES_MAX && c->examples[i][0]; i++) {
		if (i > 0 || !first)
			fputs(".PP\n", out);
		roff_text(out, c->examples[i][1]);
		roff_line(out, ".PP\n.RS\n.nf\n", c->examples[i][0]);
		fprintf(out, ".fi\n.RE\n");
	}
}

static void man_section(FILE *out, const char *heading, const struct tk_fact *f)
{
	fprintf(out, ".SH %s\n", heading);
	man_facts(out, f);
}

void tk_help_man(FILE *out, const struct tk_program *p)
{
	fprintf(out,
		".TH TIMEKEEPER 1 \"" RELEASED "\" \"timekeeper %s\" \"User Commands\"\n.SH NAME\n"
		"timekeeper \\- watch the latency of running programs\n.SH SYNOPSIS\n",
		TK_PROGRAM_VERSION);
	for (const struct tk_command *c = p->commands; c->name; c++)
		fprintf(out, "%s.B timekeeper %s\n[\\fIoptions\\fR]%s%s\n",
			c == p->commands ? "" : ".br\n", c->name, *c->operands ? " " : "",
			c->operands);
	fprintf(out, ".SH DESCRIPTION\n");
	roff_text(out, p->about);
	fprintf(out, ".SH COMMANDS\n");
	for (const struct tk_command *c = p->commands; c->name; c++)
		man_command(out, c);
	man_section(out, "KEYS", p->keys());
	man_section(out, "WORDS", p->words);
	fprintf(out, ".SH EXAMPLES\n");
	for (const struct tk_command *c = p->commands; c->name; c++)
		man_examples(out, c, c == p->commands);
	man_section(out, "FILES", p->files);
	man_section(out, "ENVIRONMENT", p->environment);
	man_section(out, "EXIT STATUS", p->exit_codes);
	fprintf(out, ".SH SEE ALSO\n.BR tk_open (3),\n.BR timekeeper (7)\n");
}
