/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/say.h - sentences for people: where they go, and how they are laid out.
 *
 * Any thread.
 */
#ifndef TK_COLLECTOR_CLI_SAY_H
#define TK_COLLECTOR_CLI_SAY_H

#include <stdio.h>

/**
 * Write "timekeeper: ", the sentence and a newline to standard error; the format has neither. The
 * whole sentence is made printable: it may quote names that come from outside.
 */
void tk_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Say the sentence. @return TK_EXIT_FAILED, so that a command that fails can return this */
int tk_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Print a paragraph, wrapped at 80 columns. The first line continues at column `at`; the following
 * ones are indented by `indent`.
 */
void tk_wrap(FILE *out, const char *text, int indent, int at);

#endif
