/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/printable.h - text from outside, made safe to show.
 *
 * Names of files, threads, patterns and directories may hold any bytes, among them escape sequences
 * that control a terminal. Everything that comes from outside passes through here before it is
 * shown. Any thread; no allocation; cannot fail.
 */
#ifndef TK_COLLECTOR_MACHINE_PRINTABLE_H
#define TK_COLLECTOR_MACHINE_PRINTABLE_H

#include <stddef.h>

/**
 * Copy `text` to to[size], cut between two characters where it is too long. Replace each byte that
 * is no part of a printable UTF-8 character (as tk_name_valid() defines it) by '?'. `to` may be
 * `text`.
 */
void tk_printable(char *to, size_t size, const char *text);

#endif
