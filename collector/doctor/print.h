/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/print.h - what doctor found, as a table, as JSON, and as a script.
 *
 * The graph of gaps uses block elements where the locale and the terminal can show them, else "#".
 * One thread.
 */
#ifndef TK_COLLECTOR_DOCTOR_PRINT_H
#define TK_COLLECTOR_DOCTOR_PRINT_H

#include <stdio.h>

#include "collector/doctor/doctor.h"

void tk_doctor_table(const struct tk_doctor *d, FILE *out);

/** {"schema":1,"cpu","cpu_why","verdict","checks":[...],"noise"}. @return 0 or negative errno */
int tk_doctor_json(const struct tk_doctor *d, FILE *out);

/** A POSIX shell script of the fixes, for what is not ok. timekeeper never runs it itself. */
void tk_doctor_script(const struct tk_doctor *d, FILE *out);

#endif
