/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/commands.h - the program `timekeeper`: its commands, with their functions and
 * options (table.c). A function that runs a command stands in a file that has the command's name.
 */
#ifndef TK_COLLECTOR_COMMANDS_COMMANDS_H
#define TK_COLLECTOR_COMMANDS_COMMANDS_H

#include "collector/cli/options.h"

extern const struct tk_program tk_program;

#endif
