/* SPDX-License-Identifier: MIT */
/* `timekeeper`: which command, and nothing else. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/commands/commands.h"
#include "collector/commands/top.h"
#include "collector/commands/tsc.h"
#include "collector/display/canvas/terminal.h"
#include "ring/guard.h"

static int show_help(const struct tk_args *a)
{
	if (a->man)
		tk_help_man(stdout);
	else if (a->completion)
		tk_help_bash(stdout);
	else if (a->n_operands)
		tk_help_command(stdout, (enum tk_command_id)tk_command_find(a->operands[0]));
	else
		tk_help_program(stdout);
	return TK_EXIT_OK;
}

static int show_top(const struct tk_args *a)
{
	struct tk_top_options top = {
		.collector = a->collector,
		.charset = (enum tk_charset)a->charset,
		.no_color = a->no_color,
	};

	return tk_cmd_top(&top);
}

static int run(const struct tk_args *a)
{
	switch (a->command) {
	case TK_CMD_TOP:
		return show_top(a);
	case TK_CMD_STAT:
		return (int)tk_cmd_stat(a, stdout);
	case TK_CMD_LS:
		return (int)tk_cmd_ls(a, stdout);
	case TK_CMD_CLEAN:
		return (int)tk_cmd_clean(a, stdout);
	case TK_CMD_ENABLE:
	case TK_CMD_DISABLE:
		return (int)tk_cmd_control(a, stdout);
	case TK_CMD_TSC:
		return tk_cmd_tsc(a->offsets, a->json, stdout);
	case TK_CMD_DOCTOR:
		return (int)tk_cmd_doctor(a, stdout);
	case TK_CMD_TUNE:
		return (int)tk_cmd_tune(a, stdout);
	case TK_CMD_HELP:
	case TK_COMMANDS:
		break;
	}
	return show_help(a);
}

/* What was printed counts when it has arrived. `stat` looks after its own output. */
static int delivered(const struct tk_args *a, int code)
{
	if (a->command == TK_CMD_STAT)
		return code;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	tk_say("cannot write: %s", strerror(errno));
	return TK_EXIT_FAILED;
}

/* Each segment that is watched takes two descriptors, and shells give only 1,024. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct tk_args args;
	char why[256];

	if (tk_args_parse(&args, argc, argv, why) < 0) {
		fprintf(stderr, "%s\n", why);
		return TK_EXIT_USAGE;
	}
	if (args.version) {
		printf("timekeeper %s\n", TK_PROGRAM_VERSION);
		return TK_EXIT_OK;
	}
	if (args.help) {
		if (argc > 1 && tk_command_find(argv[1]) >= 0)
			tk_help_command(stdout, args.command);
		else
			tk_help_program(stdout);
		return TK_EXIT_OK;
	}
	/* In this order: a segment that was truncated is no crash. */
	tk_terminal_guard();
	tk_guard_install();
	raise_descriptors();
	return delivered(&args, run(&args));
}
