/* SPDX-License-Identifier: MIT */
/* Help, man page and completion, all from the tables in options.c. */
#include <stdarg.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/machine/printable.h"

static const char *const exit_codes[] = {
	[TK_EXIT_OK] = "fine",
	[TK_EXIT_FAILED] = "failed; a line on standard error says why. doctor: a check failed",
	[TK_EXIT_USAGE] = "the command line was not understood, or no timer matches the pattern",
	[TK_EXIT_NOTHING] = "nothing to show",
	[TK_EXIT_VERSION] = "only segments of another format version",
	[TK_EXIT_WARN] = "doctor: nothing failed, but there are warnings",
	[TK_EXIT_UNKNOWN] = "doctor: neither, but something could not be checked",
};

static const struct {
	const char *name, *text;
} environment[] = {
	{ "TIMEKEEPER_DIR", "where segments are, for watched programs and for this one" },
	{ "NO_COLOR", "if not empty, the display uses no colours" },
};

static const char about[] =
	"Shows the latency of running programs that are instrumented with libtimekeeper. It reads "
	"their shared memory and cannot disturb them: start it, stop it, kill it, or run several "
	"at "
	"once.";

static bool applies(const struct tk_option *o, enum tk_command_id command)
{
	return o->commands >> command & 1;
}

static void usage(FILE *out, const struct tk_command *c)
{
	fprintf(out, "timekeeper %s [options]%s%s", c->name, c->operands[0] ? " " : "",
		c->operands);
}

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

enum tk_exit tk_usage(enum tk_command_id command, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tk_printable(text, sizeof(text), text);
	fprintf(stderr, "usage: timekeeper %s [options]: %s; see `timekeeper %s --help`\n",
		tk_commands[command].name, text, tk_commands[command].name);
	return TK_EXIT_USAGE;
}

void tk_help_program(FILE *out)
{
	fprintf(out, "usage: timekeeper [command] [options]\n\n");
	tk_wrap(out, about, 0, 0);
	fprintf(out, "\ncommands:\n");
	for (int i = 0; i < TK_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", tk_commands[i].name, tk_commands[i].summary);
	fprintf(out, "\n`timekeeper COMMAND --help` shows a command's options and "
		     "examples.\n\nenvironment:\n");
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		fprintf(out, "  %-16s %s\n", environment[i].name, environment[i].text);
	fprintf(out, "\nexit code:\n");
	for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++)
		fprintf(out, "  %zu  %s\n", i, exit_codes[i]);
}

void tk_help_command(FILE *out, enum tk_command_id command)
{
	const struct tk_command *c = &tk_commands[command];

	fprintf(out, "usage: ");
	usage(out, c);
	fprintf(out, "\n\n");
	tk_wrap(out, c->text, 0, 0);
	fprintf(out, "\noptions:\n");
	for (const struct tk_option *o = tk_options; o->name; o++)
		if (applies(o, command))
			option_help(out, o);
	fprintf(out, "\nexamples:\n");
	for (size_t i = 0; i < 4 && c->examples[i][0]; i++)
		fprintf(out, "  %s\n      %s\n", c->examples[i][0], c->examples[i][1]);
}

/* Roff takes a leading dot or quote as a request, and a bare minus as a hyphen. */
static void roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
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
	roff(out, text);
	fputc('\n', out);
}

static void man_option(FILE *out, const struct tk_option *o)
{
	fprintf(out, ".TP\n");
	if (o->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
	fputs("\\fB\\-\\-", out);
	roff(out, o->name);
	fputs("\\fR", out);
	if (o->argument)
		fprintf(out, " \\fI%s\\fR", o->argument);
	fputc('\n', out);
	roff_line(out, "", o->help);
	if (o->choices)
		roff_line(out, "\nOne of: ", o->choices);
}

static void man_command(FILE *out, enum tk_command_id command)
{
	const struct tk_command *c = &tk_commands[command];

	fprintf(out, ".SS timekeeper %s%s%s\n", c->name, c->operands[0] ? " " : "", c->operands);
	roff_line(out, "", c->text);
	for (const struct tk_option *o = tk_options; o->name; o++)
		if (applies(o, command))
			man_option(out, o);
	for (size_t i = 0; i < 4 && c->examples[i][0]; i++) {
		roff_line(out, ".PP\n", c->examples[i][1]);
		roff_line(out, ".PP\n.RS\n.nf\n", c->examples[i][0]);
		fprintf(out, ".fi\n.RE\n");
	}
}

void tk_help_man(FILE *out)
{
	fprintf(out,
		".TH TIMEKEEPER 1 \"\" \"timekeeper %s\" \"User Commands\"\n.SH NAME\n"
		"timekeeper \\- watch the latency of running programs\n.SH SYNOPSIS\n",
		TK_PROGRAM_VERSION);
	for (int i = 0; i < TK_COMMANDS; i++) {
		fprintf(out, "%s", i ? ".br\n" : "");
		fprintf(out, ".B timekeeper %s\n[\\fIoptions\\fR] %s\n", tk_commands[i].name,
			tk_commands[i].operands);
	}
	roff_line(out, ".SH DESCRIPTION\n", about);
	fprintf(out, ".SH COMMANDS\n");
	for (int i = 0; i < TK_COMMANDS; i++)
		man_command(out, (enum tk_command_id)i);
	fprintf(out, ".SH ENVIRONMENT\n");
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++) {
		fprintf(out, ".TP\n.B %s\n", environment[i].name);
		roff_line(out, "", environment[i].text);
	}
	fprintf(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++) {
		fprintf(out, ".TP\n.B %zu\n", i);
		roff_line(out, "", exit_codes[i]);
	}
}

static void bash_words(FILE *out, enum tk_command_id command)
{
	for (const struct tk_option *o = tk_options; o->name; o++)
		if (applies(o, command))
			fprintf(out, " --%s", o->name);
}

void tk_help_bash(FILE *out)
{
	fprintf(out, "_timekeeper()\n{\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		     "\tlocal words\n\n\tcase $prev in\n");
	for (const struct tk_option *o = tk_options; o->name; o++) {
		if (!o->choices)
			continue;
		fputc('\t', out);
		if (o->letter)
			fprintf(out, "-%c|", o->letter);
		fprintf(out, "--%s) COMPREPLY=($(compgen -W \"", o->name);
		for (const char *c = o->choices; *c; c++)
			fputc(*c == '|' ? ' ' : *c, out);
		fprintf(out, "\" -- \"$cur\")); return ;;\n");
	}
	fprintf(out, "\t--dir|--root) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n\tesac\n"
		     "\tcase ${COMP_WORDS[1]} in\n");
	for (int i = 0; i < TK_COMMANDS; i++) {
		fprintf(out, "\t%s) words=\"", tk_commands[i].name);
		bash_words(out, (enum tk_command_id)i);
		fprintf(out, "\" ;;\n");
	}
	fprintf(out, "\t*) words=\"");
	bash_words(out, TK_CMD_TOP);
	fprintf(out, "\" ;;\n\tesac\n\tif [ \"$COMP_CWORD\" -eq 1 ] || "
		     "[ \"$prev\" = help ]; then\n\t\twords=\"$words");
	for (int i = 0; i < TK_COMMANDS; i++)
		fprintf(out, " %s", tk_commands[i].name);
	fprintf(out, "\"\n\tfi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
		     "complete -F _timekeeper timekeeper\n");
}
