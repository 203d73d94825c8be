/* SPDX-License-Identifier: MIT */
/* `timekeeper help`: help on the program or on a command, the man page, shell completion. */
#include <string.h>

#include "collector/cli/shells/shells.h"
#include "collector/commands/commands.h"

tk_command_run tk_cmd_help;

int tk_cmd_help(const struct tk_args *a, FILE *out)
{
	const char *name = a->n_operands ? a->operands[0] : NULL;
	const struct tk_command *command = name ? tk_command_find(&tk_program, name) : NULL;

	if (name && !command)
		return tk_usage(NULL, "unknown command %.80s", name);
	if (a->man)
		tk_help_man(out, &tk_program);
	else if (a->completion)
		tk_shell_print(out, &tk_program, (enum tk_shell)a->completion);
	else if (command)
		tk_help_command(out, command);
	else
		tk_help_program(out, &tk_program);
	return TK_EXIT_OK;
}
