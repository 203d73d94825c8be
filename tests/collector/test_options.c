/* SPDX-License-Identifier: MIT */
/* One table: what it says is understood, shown by help, the man page and completion. */
#include "collector/cli/options.h"

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
	return tk_args_parse(&args, argc, argv, why);
}

static char *text_of(void (*print)(FILE *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	print(f);
	fclose(f);
	return text;
}

Test(options, no_command_is_top)
{
	cr_assert_eq(parse(""), 0);
	cr_assert_eq(args.command, TK_CMD_TOP);
	cr_assert_eq(args.cpu, -1);
	cr_assert_eq(parse("--oldest --charset ascii --history 64M"), 0);
	cr_assert_eq(args.command, TK_CMD_TOP);
	cr_assert(args.collector.oldest);
	cr_assert_eq(args.charset, 3);
	cr_assert_eq(args.collector.history_bytes, 64u << 20);
}

Test(options, stat)
{
	cr_assert_eq(parse("stat --format jsonl --count 5 -i 20ms --timer A* --poll spin --cpu 1"),
		     0);
	cr_assert_eq(args.command, TK_CMD_STAT);
	cr_assert_eq(args.format, TK_FORMAT_JSONL);
	cr_assert_eq(args.count, 5);
	cr_assert_eq(args.collector.interval_ns, 20000000);
	cr_assert_eq(args.collector.poll_ns, 1);
	cr_assert(tk_tsc_cpus_has(&args.collector.cpus, 1));
	cr_assert_str_eq(args.timer, "A*");
	cr_assert_eq(parse("stat --once"), 0);
	cr_assert_eq(args.count, 1);
}

Test(options, ls)
{
	cr_assert_eq(parse("ls --placement --pid 7"), 0);
	cr_assert_eq(args.command, TK_CMD_LS);
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
	cr_assert_eq(args.command, TK_CMD_TUNE);
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
	cr_assert_eq(args.command, TK_CMD_DOCTOR);
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
	for (const char *const *bad = (const char *const[]){ "", "1", "ms", "-1s", "1m", "1e99s",
							     "0s", "1 s", "nan", "infs", NULL };
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
		"enable a b",          "help nonsense",     "help --completion fish",
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

/* Two commands may mean different things by one name. */
static bool knows(int command, const char *name)
{
	for (const struct tk_option *o = tk_options; o->name; o++)
		if (!strcmp(o->name, name) && o->commands >> command & 1)
			return true;
	return false;
}

Test(options, every_option_is_in_its_help_and_parsed)
{
	for (int c = 0; c < TK_COMMANDS; c++) {
		char *text = NULL;
		size_t size = 0;
		FILE *f = open_memstream(&text, &size);

		tk_help_command(f, (enum tk_command_id)c);
		fclose(f);
		for (const struct tk_option *o = tk_options; o->name; o++) {
			char want[64], line[128];
			bool mine = knows(c, o->name);

			snprintf(want, sizeof(want), "--%s", o->name);
			cr_assert_eq(strstr(text, want) != NULL, mine, "%s %s", tk_commands[c].name,
				     want);
			snprintf(line, sizeof(line), "%s %s %s --help", tk_commands[c].name, want,
				 !o->argument                    ? ""
				 : o->type == TK_OPTION_INTERVAL ? "1s"
				 : o->type == TK_OPTION_POLL     ? "spin"
				 : o->type == TK_OPTION_TIME     ? "5ms"
				 : o->type == TK_OPTION_SLOTS    ? "1024"
				 : !o->choices                   ? "1"
				 : o->choices[0] == 't'          ? "csv"
								 : "ascii");
			cr_assert_eq(parse(line), mine ? 0 : -EINVAL, "%s: %s", line, why);
		}
		cr_assert(strstr(text, "examples:"));
		cr_assert_not_null(tk_commands[c].examples[0][0]);
		for (const char *l = text; l; l = strchr(l + 1, '\n'))
			cr_assert_leq(strcspn(l + 1, "\n"), 100);
		free(text);
	}
}

/* An example that is not understood teaches the wrong thing. */
Test(options, every_example_parses)
{
	for (int c = 0; c < TK_COMMANDS; c++) {
		for (int i = 0; i < 4 && tk_commands[c].examples[i][0]; i++) {
			char line[256];

			snprintf(line, sizeof(line), "%s",
				 tk_commands[c].examples[i][0] + strlen("timekeeper"));
			line[strcspn(line, ">")] = '\0';
			cr_assert_eq(parse(line), 0, "%s: %s", line, why);
			cr_assert_eq((int)args.command, c);
		}
	}
}

Test(options, man_page_and_completion_know_all)
{
	char *man = text_of(tk_help_man), *bash = text_of(tk_help_bash);
	char *program = text_of(tk_help_program);

	for (int c = 0; c < TK_COMMANDS; c++) {
		cr_assert(strstr(man, tk_commands[c].name));
		cr_assert(strstr(bash, tk_commands[c].name));
		cr_assert(strstr(program, tk_commands[c].name));
	}
	for (const struct tk_option *o = tk_options; o->name; o++) {
		char want[64] = "\\-\\-";
		char *to = want + strlen(want);

		for (const char *c = o->name; *c; c++) {
			if (*c == '-')
				*to++ = '\\';
			*to++ = *c;
		}
		*to = '\0';
		cr_assert(strstr(man, want), "%s", want);
		snprintf(want, sizeof(want), "--%s", o->name);
		cr_assert(strstr(bash, want), "%s", want);
	}
	free(man);
	free(bash);
	free(program);
}
