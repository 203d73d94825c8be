/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/say.h - sentences for people: what they may contain, and how they are laid out.
 *
 * Names of files, patterns and directories may hold anything, escape sequences for the terminal
 * included; whatever comes from outside is made printable on its way. Any thread.
 */
#ifndef TK_COLLECTOR_CLI_SAY_H
#define TK_COLLECTOR_CLI_SAY_H

#include <stddef.h>
#include <stdio.h>

/** On standard error: "timekeeper: ", the sentence, a newline. The format has neither. */
void tk_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Copy text, cut to size. A byte that is not part of a printable UTF-8 character (as
 * tk_name_valid() has it) becomes '?'. `to` may be `text`.
 */
void tk_printable(char *to, size_t size, const char *text);

/** A paragraph in 80 columns, its lines indented; the first goes on at column `at`. */
void tk_wrap(FILE *out, const char *text, int indent, int at);

#endif
