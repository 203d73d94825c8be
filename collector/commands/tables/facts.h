/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/tables/facts.h - what the help and the man page say besides commands and
 * options: columns of stat's rows, words, files, variables, exit codes. Each ends with name NULL.
 */
#ifndef TK_COLLECTOR_COMMANDS_TABLES_FACTS_H
#define TK_COLLECTOR_COMMANDS_TABLES_FACTS_H

#include "collector/cli/options.h"

extern const struct tk_fact tk_facts_columns[], tk_facts_words[], tk_facts_files[];
extern const struct tk_fact tk_facts_environment[], tk_facts_exit_codes[];

#endif
