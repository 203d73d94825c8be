/* SPDX-License-Identifier: MIT */
/* One table: what it says is understood, shown by help, the man page and completion. */
#include "collector/cli/shells/shells.h"
#include "collector/commands/commands.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct tk_args args;
static char why[256];

static int parse(const char *line)
{
	static char words[512];
	static char *argv[32] = { (char *)"timekeeper" };
	int argc = 1;

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	return tk_args_parse(&args, &tk_program, argc, argv, why);
}

static char *text_of(void (*print)(FILE *, const struct tk_program *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	print(f, &tk_program);
	fclose(f);
	return text;
}

Test(options, no_command_is_top)
{
	cr_assert_eq(parse(""), 0);
	cr_assert_str_eq(args.command->name, "top");
	cr_assert_eq(args.cpu, -1);
	cr_assert_eq(parse("--oldest --charset ascii --history 64M"), 0);
	cr_assert_str_eq(args.command->name, "top");
	cr_assert(args.collector.oldest);
	cr_assert_eq(args.charset, 3);
	cr_assert_eq(args.collector.history_bytes, 64u << 20);
}

Test(options, stat)
{
	cr_assert_eq(parse("stat --format jsonl --count 5 -i 20ms --timer A* --poll spin --cpu 1"),
		     0);
	cr_assert_str_eq(args.command->name, "stat");
	cr_assert_eq(args.format, TK_FORMAT_JSONL);
	cr_assert_eq(args.count, 5);
	cr_assert_eq(args.collector.interval_ns, 20000000);
	cr_assert_eq(args.collector.poll_ns, 1);
	cr_assert(tk_tsc_cpus_has(&args.collector.cpus, 1));
	cr_assert_eq(args.timers.n, 1);
	cr_assert_str_eq(args.timers.text[0], "A*");
	cr_assert_eq(parse("stat -t A* --timer B"), 0);
	cr_assert_eq(args.timers.n, 2);
	cr_assert_str_eq(args.timers.text[1], "B");
	cr_assert_eq(parse("stat --once"), 0);
	cr_assert_eq(args.count, 1);
}

Test(options, ls)
{
	cr_assert_eq(parse("ls --placement --pid 7"), 0);
	cr_assert_str_eq(args.command->name, "ls");
	cr_assert(args.placement);
	cr_assert_eq(parse("stat --placement"), -EINVAL);
}

Test(options, operands)
{
	cr_assert_eq(parse("disable Seq* --pid 7"), 0);
	cr_assert_eq(args.n_operands, 1);
	cr_assert_str_eq(args.operands[0], "Seq*");
	cr_assert_eq(args.collector.pid, 7);
}

Test(options, tune)
{
	cr_assert_eq(parse("tune --rate 2.5M --burst 1K --stall 5ms --slots 65536 --verify"), 0);
	cr_assert_str_eq(args.command->name, "tune");
	cr_assert_eq(args.rate, 2500000);
	cr_assert_eq(args.burst, 1000);
	cr_assert_eq(args.stall_ns, 5000000);
	cr_assert_eq(args.slots, 65536);
	cr_assert(args.verify);
	for (const char *const *bad =
		     (const char *const[]){ "--rate 0", "--rate 2G", "--rate x", "--burst -1",
					    "--stall 0", "--stall spin", "--slots 0", "--slots 128",
					    "--slots 65535", "--slots 2^16", "--slots 33554432",
					    "--seconds 0", NULL };
	     *bad; bad++) {
		char line[64];

		snprintf(line, sizeof(line), "tune %s", *bad);
		cr_assert_eq(parse(line), -EINVAL, "%s", line);
	}
}

Test(options, doctor)
{
	cr_assert_eq(parse("doctor"), 0);
	cr_assert_str_eq(args.command->name, "doctor");
	cr_assert_eq(args.cpu, -1);
	cr_assert_eq(args.seconds, 0);
	cr_assert_eq(parse("doctor --cpu 3 --seconds 5 --json --fix-script --root /x"), 0);
	cr_assert_eq(args.cpu, 3);
	cr_assert_eq(args.seconds, 5);
	cr_assert(args.json && args.fix_script);
	cr_assert_str_eq(args.root, "/x");
	cr_assert_eq(parse("doctor --poll spin"), -EINVAL);
	cr_assert_eq(parse("doctor --seconds 0"), -EINVAL);
}

Test(options, times)
{
	uint64_t ns;

	cr_assert_eq(tk_parse_time("1.5ms", &ns), 0);
	cr_assert_eq(ns, 1500000);
	cr_assert_eq(tk_parse_time("2s", &ns), 0);
	cr_assert_eq(ns, 2000000000);
	/* As the display writes it, as people do, and with either letter for micro. */
	for (const char *const *good =
		     (const char *const[]){ "100us", "100\u00b5s", "100\u03bcs", "100 \u00b5s",
					    "100 us", "0.1ms", "1e2us", "100000 ns", "0.0001 s",
					    NULL };
	     *good; good++) {
		cr_assert_eq(tk_parse_time(*good, &ns), 0, "%s", *good);
		cr_assert_eq(ns, 100000, "%s", *good);
	}
	for (const char *const *bad =
		     (const char *const[]){ "",        "1",     "ms",    "-1s",     "+1s",
					    "1m",      "1e99s", "0s",    "1  s",    " 1s",
					    "1 ",      "1s ",   "0x1s",  "0x64us",  "0x1p6us",
					    "nan",     "infs",  "100US", "100usec", "1min",
					    "1s500ms", "1,5ms", NULL };
	     *bad; bad++)
		cr_assert_eq(tk_parse_time(*bad, &ns), -EINVAL, "%s", *bad);
}

Test(options, bad_input_is_one_usage_line)
{
	static const char *const bad[] = {
		"--nonsense",          "stat --nonsense",   "stat -z",
		"stat --count",        "stat --count 0",    "stat --count x",
		"stat --count -1",     "stat --format xml", "stat --interval 100",
		"stat --interval 9ms", /* clamped in silence, it would not be what was asked for */
		"stat --interval 61s", "stat --pid 0",      "stat --cpu -1",
		"stat --cpu 3-1",      "stat --cpu x",      "stat --cpu 4096",
		"stat --isolated",     "doctor --cpu 1,2",  "tune --isolated",
		"stat extra",          "nonsense",          "enable",
		"enable a b",          "help a b",          "help --completion",
		"ls --force",          "top --timer x",     "top --history 1T",
		"clean --json",        "stat --on\nce",     NULL,
	};

	for (int i = 0; bad[i]; i++) {
		cr_assert_eq(parse(bad[i]), -EINVAL, "%s", bad[i]);
		cr_assert_eq(strncmp(why, "usage: timekeeper ", 18), 0, "%s", why);
		cr_assert_null(strchr(why, '\n'));
		cr_assert(strstr(why, "--help"), "%s", why);
	}
}

/* A value that an option takes. */
static const char *value_for(const struct tk_option *o)
{
	switch (o->type) {
	case TK_OPTION_FLAG:
		return "";
	case TK_OPTION_INTERVAL:
		return "1s";
	case TK_OPTION_POLL:
		return "spin";
	case TK_OPTION_TIME:
		return "5ms";
	case TK_OPTION_SLOTS:
		return "1024";
	case TK_OPTION_CHOICE:
		return strrchr(o->choices, '|') + 1;
	case TK_OPTION_STATS:
		return "p99.9,max";
	default:
		return "1";
	}
}

/* Its option of that name; NULL: it has none. */
static const struct tk_option *own(const struct tk_command *c, const char *name)
{
	const struct tk_option *o;

	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		if (!strcmp(o->name, name))
			return o;
	return NULL;
}

/* Whether the help names this option, and not just a longer one that begins alike. */
static bool names(const char *help, const char *option)
{
	size_t length = strlen(option);

	for (const char *at = help; (at = strstr(at, option)); at += length)
		if (!strchr("-abcdefghijklmnopqrstuvwxyz", at[length]) || !at[length])
			return true;
	return false;
}

/* Every option there is, of a command that does not take it, too. */
static void check_option(const struct tk_command *c, const struct tk_option *o, const char *help)
{
	const struct tk_option *mine = own(c, o->name);
	char want[64], line[128];

	snprintf(want, sizeof(want), "--%s", o->name);
	cr_assert_eq(names(help, want), mine != NULL, "%s %s", c->name, want);
	snprintf(line, sizeof(line), "%s %s %s --help", c->name, want, value_for(mine ? mine : o));
	cr_assert_eq(parse(line), mine ? 0 : -EINVAL, "%s: %s", line, why);
}

Test(options, every_option_is_in_its_help_and_parsed)
{
	const struct tk_option *o;

	for (const struct tk_command *c = tk_program.commands; c->name; c++) {
		char *text = NULL;
		size_t size = 0;
		FILE *f = open_memstream(&text, &size);

		tk_help_command(f, c);
		fclose(f);
		for (const struct tk_command *other = tk_program.commands; other->name; other++)
			for (size_t i = 0; (o = tk_option_of(other, i)); i++)
				check_option(c, o, text);
		cr_assert(strstr(text, "examples:"));
		cr_assert_not_null(c->examples[0][0]);
		for (const char *l = text; l; l = strchr(l + 1, '\n'))
			cr_assert_leq(strcspn(l + 1, "\n"), 100);
		free(text);
	}
}

Test(options, every_command_has_a_function_and_a_name_of_its_own)
{
	for (const struct tk_command *c = tk_program.commands; c->name; c++) {
		cr_assert_not_null(c->run);
		cr_assert_eq(tk_command_find(&tk_program, c->name), c);
	}
	cr_assert_null(tk_command_find(&tk_program, "nonsense"));
}

/* getopt_long() would take the first of two; and there is room for so many options. */
Test(options, no_command_has_two_options_of_one_name)
{
	const struct tk_option *o, *other;

	for (const struct tk_command *c = tk_program.commands; c->name; c++) {
		for (size_t i = 0; (o = tk_option_of(c, i)); i++) {
			cr_assert_lt(i, 63, "%s: options.c has no room for more", c->name);
			for (size_t k = 0; k < i && (other = tk_option_of(c, k)); k++) {
				cr_assert_str_neq(o->name, other->name, "%s", c->name);
				cr_assert(!o->letter || o->letter != other->letter, "%s: -%c",
					  c->name, o->letter);
			}
		}
	}
}

/* An example that is not understood teaches the wrong thing. */
Test(options, every_example_parses)
{
	for (const struct tk_command *c = tk_program.commands; c->name; c++) {
		for (int i = 0; i < TK_EXAMPLES_MAX && c->examples[i][0]; i++) {
			char line[256];

			snprintf(line, sizeof(line), "%s",
				 c->examples[i][0] + strlen("timekeeper"));
			line[strcspn(line, ">")] = '\0';
			cr_assert_eq(parse(line), 0, "%s: %s", line, why);
			cr_assert_eq(args.command, c);
		}
	}
}

/* "--name", as roff writes it. */
static void roff_name(char to[64], const char *name)
{
	to += sprintf(to, "\\-\\-");
	for (; *name; name++) {
		if (*name == '-')
			*to++ = '\\';
		*to++ = *name;
	}
	*to = '\0';
}

Test(options, man_page_and_completion_know_all)
{
	char *man = text_of(tk_help_man), *bash = text_of(tk_shell_bash);
	char *zsh = text_of(tk_shell_zsh), *fish = text_of(tk_shell_fish);
	char *program = text_of(tk_help_program);
	const struct tk_option *o;
	char want[64];

	for (const struct tk_command *c = tk_program.commands; c->name; c++) {
		cr_assert(strstr(man, c->name));
		cr_assert(strstr(bash, c->name));
		cr_assert(strstr(zsh, c->name));
		cr_assert(strstr(fish, c->name));
		cr_assert(strstr(program, c->name));
		for (size_t i = 0; (o = tk_option_of(c, i)); i++) {
			roff_name(want, o->name);
			cr_assert(strstr(man, want), "%s", want);
			snprintf(want, sizeof(want), "--%s", o->name);
			cr_assert(strstr(bash, want), "%s", want);
			cr_assert(strstr(zsh, want), "%s", want);
			snprintf(want, sizeof(want), "_is %s' -l %s", c->name, o->name);
			cr_assert(strstr(fish, want), "%s", want);
		}
	}
	for (const char *const *section =
		     (const char *const[]){ "COMMANDS", "KEYS", "WORDS", "EXAMPLES", "FILES",
					    "ENVIRONMENT", "EXIT STATUS", NULL };
	     *section; section++) {
		snprintf(want, sizeof(want), "\n.SH %s\n", *section);
		cr_assert(strstr(man, want), "%s", *section);
	}
	cr_assert(strstr(man, "\n.B z\nzoom in"));
	for (const struct tk_fact *f = tk_program.words; f->name; f++)
		cr_assert(strstr(program, f->name), "%s", f->name);
	free(man);
	free(bash);
	free(zsh);
	free(fish);
	free(program);
}
