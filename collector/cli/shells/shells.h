/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/shells/shells.h - completion for shells, made from the tables of commands and
 * options.
 *
 * Each function prints a script that its shell loads. All of them complete the same: the names of
 * commands, a command's options, the words of a choice, directories and files; and behind `--` a
 * program to run, with what the shell knows of its arguments. Main thread.
 */
#ifndef TK_COLLECTOR_CLI_SHELLS_SHELLS_H
#define TK_COLLECTOR_CLI_SHELLS_SHELLS_H

#include <stdio.h>

#include "collector/cli/options.h"

/** The words of --completion, in this order. */
enum tk_shell { TK_SHELL_NONE, TK_SHELL_BASH, TK_SHELL_ZSH, TK_SHELL_FISH, TK_SHELLS };
#define TK_SHELL_WORDS "none|bash|zsh|fish"

/** Print completion for a shell; for none of them, nothing. */
void tk_shell_print(FILE *out, const struct tk_program *p, enum tk_shell shell);

/* --- for the files of this folder ------------------------------------------------------------- */

typedef void tk_shell_printer(FILE *out, const struct tk_program *p);
tk_shell_printer tk_shell_bash, tk_shell_zsh, tk_shell_fish;

/** What may stand in a place. */
enum tk_completes {
	TK_COMPLETES_NOTHING, /* a number, or a name that nobody knows beforehand */
	TK_COMPLETES_CHOICE,
	TK_COMPLETES_DIRECTORY,
	TK_COMPLETES_FILE,
	TK_COMPLETES_COMMAND, /* one of ours */
	TK_COMPLETES_PROGRAM, /* behind `--` */
};

/** What the value of an option may be, and an operand of a command. */
enum tk_completes tk_shell_value(const struct tk_option *o);
enum tk_completes tk_shell_operand(const struct tk_command *c);

/** The words of a choice, with a blank between two. */
void tk_shell_choices(FILE *out, const struct tk_option *o);

/** Text for within single quotes, with a backslash before those characters. */
void tk_shell_text(FILE *out, const char *text, const char *escaped);

#endif
