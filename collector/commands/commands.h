/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/commands.h - the sub-commands that are not a folder's or another header's.
 *
 * Each takes the parsed command line, writes results to `out` and everything else to standard
 * error, and returns what the program exits with.
 */
#ifndef TK_COLLECTOR_COMMANDS_COMMANDS_H
#define TK_COLLECTOR_COMMANDS_COMMANDS_H

#include "collector/cli/options.h"

/** Until --count intervals are printed, SIGINT or SIGTERM came, or nobody reads `out` any more. */
enum tk_exit tk_cmd_stat(const struct tk_args *a, FILE *out);
enum tk_exit tk_cmd_ls(const struct tk_args *a, FILE *out);
enum tk_exit tk_cmd_clean(const struct tk_args *a, FILE *out);
/** `enable` and `disable`. */
enum tk_exit tk_cmd_control(const struct tk_args *a, FILE *out);
/** Exits with the worst verdict. */
enum tk_exit tk_cmd_doctor(const struct tk_args *a, FILE *out);
/** Exits with 1, too, if no size loses nothing, or if --verify refutes the answer. */
enum tk_exit tk_cmd_tune(const struct tk_args *a, FILE *out);

#endif
