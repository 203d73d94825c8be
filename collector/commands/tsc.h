/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/tsc.h - `timekeeper tsc`: what the counter of this machine is worth.
 */
#ifndef TK_COLLECTOR_COMMANDS_TSC_H
#define TK_COLLECTOR_COMMANDS_TSC_H

#include <stdbool.h>
#include <stdio.h>

/**
 * Checks, frequency, references and offsets, as a table or as one JSON object. With @offsets the
 * cores are measured against each other (a thread on each in turn) and the result is kept in
 * $TIMEKEEPER_DIR, else /dev/shm/timekeeper-<uid>; without, what is kept there is shown.
 * Takes about 15 ms, and 1.3 ms a core with @offsets.
 * @return exit code: 0 usable, 1 not usable or not written
 */
int tk_cmd_tsc(bool offsets, bool json, FILE *out);

#endif
