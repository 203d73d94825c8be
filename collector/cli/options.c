/* SPDX-License-Identifier: MIT */
#include "collector/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "collector/machine/printable.h"

#define OPTIONS_MAX 64
#define LENGTH_MAX  768 /* of a usage line */

/* Every command takes these. */
static const struct tk_option common[] = {
	{ .name = "help",
	  .letter = 'h',
	  .type = TK_OPTION_FLAG,
	  .help = "show help and exit",
	  .offset = offsetof(struct tk_args, help) },
	{ .name = "version",
	  .letter = 'V',
	  .type = TK_OPTION_FLAG,
	  .help = "show the version and exit",
	  .offset = offsetof(struct tk_args, version) },
};

#define COMMON (sizeof(common) / sizeof(common[0]))

const struct tk_option *tk_option_of(const struct tk_command *c, size_t i)
{
	size_t own = 0;

	while (c->options && own <= i && c->options[own])
		own++;
	if (i < own)
		return c->options[i];
	return i - own < COMMON ? &common[i - own] : NULL;
}

const struct tk_command *tk_command_find(const struct tk_program *p, const char *name)
{
	for (const struct tk_command *c = p->commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* The usage line, as printable text; the sentence gets two thirds of it at the most. */
__attribute__((format(printf, 4, 0))) static void
usage_line(char *line, size_t size, const struct tk_command *c, const char *format, va_list args)
{
	char text[LENGTH_MAX];
	int room = (int)(size * 2 / 3);

	vsnprintf(text, sizeof(text), format, args);
	if (c)
		snprintf(line, size,
			 "usage: timekeeper %s [options]%s%s: %.*s; see `timekeeper %s --help`",
			 c->name, c->operands[0] ? " " : "", c->operands, room, text, c->name);
	else
		snprintf(line, size,
			 "usage: timekeeper [command] [options]: %.*s; see `timekeeper --help`",
			 room, text);
	tk_printable(line, size, line);
}

int tk_usage(const struct tk_command *command, const char *format, ...)
{
	char line[LENGTH_MAX];
	va_list args;

	va_start(args, format);
	usage_line(line, sizeof(line), command, format, args);
	va_end(args);
	fprintf(stderr, "%s\n", line);
	return TK_EXIT_USAGE;
}

__attribute__((format(printf, 3, 4))) static int refuse(const struct tk_command *c, char why[256],
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	usage_line(why, 256, c, format, args);
	va_end(args);
	return -EINVAL;
}

static int refuse_value(const struct tk_command *c, char why[256], const struct tk_option *o,
			const char *value)
{
	char takes[64];

	return refuse(c, why, "--%s takes %s, not %.80s", o->name, tk_option_takes(o, takes),
		      *value ? value : "nothing");
}

/* The options of one command, as getopt_long() wants them. */
struct getopt_table {
	const struct tk_option *by_place[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX];
	char shorts[3 * OPTIONS_MAX];
	int n;
};

#define LONG_FIRST 0x100 /* getopt_long() returns this for the first long option; no letter does */

static void fill_table(struct getopt_table *t, const struct tk_command *c)
{
	const struct tk_option *o;
	size_t used = 0;

	memset(t, 0, sizeof(*t));
	if (c->runs)
		t->shorts[used++] = '+'; /* options end where something else begins */
	t->shorts[used++] = ':';         /* tell a missing value from an unknown option */
	for (; t->n < OPTIONS_MAX - 1 && (o = tk_option_of(c, (size_t)t->n)); t->n++) {
		t->longs[t->n] =
			(struct option){ o->name, o->argument ? 1 : 0, NULL, LONG_FIRST + t->n };
		t->by_place[t->n] = o;
		if (!o->letter)
			continue;
		t->shorts[used++] = o->letter;
		if (o->argument)
			t->shorts[used++] = ':';
	}
}

static const struct tk_option *option_got(const struct getopt_table *t, int got)
{
	for (int i = 0; i < t->n; i++)
		if (got == LONG_FIRST + i || got == t->by_place[i]->letter)
			return t->by_place[i];
	return NULL;
}

static int parse_options(struct tk_args *a, int argc, char **argv, char why[256])
{
	struct getopt_table t;
	int got;

	fill_table(&t, a->command);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((got = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		const char *word = optind > 0 ? argv[optind - 1] : "";
		const char letter[] = { '-', (char)optopt, '\0' };
		const struct tk_option *o = option_got(&t, got);

		if (got == ':')
			return refuse(a->command, why, "a value is missing after %.80s", word);
		if (got == '?' || !o)
			return refuse(a->command, why, "unknown option %.80s",
				      optopt ? letter : word);
		if (tk_option_store(a, o, optarg) < 0)
			return refuse_value(a->command, why, o, optarg);
	}
	return 0;
}

/* A program to run stands behind `--`, so that a word too much is not taken for one. */
static int check_operands(const struct tk_args *a, bool dashes, char why[256])
{
	const struct tk_command *c = a->command;

	if (c->runs && dashes && !a->n_operands)
		return refuse(c, why, "missing COMMAND after --");
	if (c->runs && !dashes && a->n_operands)
		return refuse(c, why, "too much: %.80s; a COMMAND to run comes after --",
			      a->operands[0]);
	if (a->n_operands < c->min_operands)
		return refuse(c, why, "missing %s", c->operands);
	if (!c->runs && a->n_operands > c->max_operands)
		return refuse(c, why, "too much: %.80s", a->operands[c->max_operands]);
	return 0;
}

/* Check what no option can check by itself. */
static int check_whole(struct tk_args *a, char why[256])
{
	const struct tk_command *c = a->command;

	if (a->until_exit && a->n_operands)
		return refuse(c, why, "--until-exit is for programs that run already");
	if (a->collector.isolated && tk_tsc_cpus_empty(&a->collector.cpus))
		return refuse(c, why, "--isolated needs to know which: --cpu LIST");
	if (a->once)
		a->count = 1;
	return 0;
}

int tk_args_parse(struct tk_args *a, const struct tk_program *p, int argc, char **argv,
		  char why[256])
{
	memset(a, 0, sizeof(*a));
	a->cpu = -1;
	a->command = p->commands;
	if (argc > 1 && argv[1][0] != '-') {
		a->command = tk_command_find(p, argv[1]);
		if (!a->command)
			return refuse(NULL, why, "unknown command %.80s", argv[1]);
		argc--;
		argv++;
	}
	if (parse_options(a, argc, argv, why) < 0)
		return -EINVAL;
	a->operands = argv + optind;
	a->n_operands = argc - optind;
	if (a->help || a->version)
		return 0;
	if (check_operands(a, optind > 1 && !strcmp(argv[optind - 1], "--"), why) < 0)
		return -EINVAL;
	return check_whole(a, why);
}
