/* SPDX-License-Identifier: MIT */
/* `timekeeper`: parse the command line, prepare the process, and run the command. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/commands/commands.h"
#include "collector/display/canvas/terminal.h"
#include "collector/launch/inherited.h"
#include "ring/guard.h"

/* Output that did not arrive is a failure, whatever the command says. */
static int delivered(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	return tk_failed("cannot write: %s", strerror(errno));
}

/* Where a standard stream is closed, no file that is opened may get its number: sentences would be
 * written into it. */
static void keep_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* `timekeeper --help` is help on the program, although it means the default command. */
static void show_help(const struct tk_args *a, bool named)
{
	if (named)
		tk_help_command(stdout, a->command);
	else
		tk_help_program(stdout, &tk_program);
}

int main(int argc, char **argv)
{
	bool named = argc > 1 && tk_command_find(&tk_program, argv[1]);
	struct tk_args args;
	char why[256];

	tk_inherited_remember();
	keep_standard_streams();
	if (tk_args_parse(&args, &tk_program, argc, argv, why) < 0) {
		fprintf(stderr, "%s\n", why);
		return TK_EXIT_USAGE;
	}
	if (args.version) {
		printf("timekeeper %s\n", TK_PROGRAM_VERSION);
		return delivered(TK_EXIT_OK);
	}
	if (args.help) {
		show_help(&args, named);
		return delivered(TK_EXIT_OK);
	}
	/*
	 * The terminal's handler goes first: the reader's handler for SIGBUS then runs before it,
	 * and a segment that was truncated does not count as a crash.
	 */
	tk_terminal_guard();
	tk_guard_install();
	tk_inherited_raise_descriptors();
	return delivered(args.command->run(&args, stdout));
}
