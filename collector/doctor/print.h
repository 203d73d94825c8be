/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/print.h - what doctor found: for people, for programs, and as a script.
 *
 * The table's graph has block elements where the locale and the terminal have them. One thread.
 */
#ifndef TK_COLLECTOR_DOCTOR_PRINT_H
#define TK_COLLECTOR_DOCTOR_PRINT_H

#include <stdio.h>

#include "collector/doctor/doctor.h"

void tk_doctor_table(const struct tk_doctor *d, FILE *out);

/** {"schema":1,"cpu","cpu_why","verdict","checks":[...],"noise"}. @return 0 or negative errno */
int tk_doctor_json(const struct tk_doctor *d, FILE *out);

/** A POSIX shell script that does what can be done of what is not ok. It is never run from here. */
void tk_doctor_script(const struct tk_doctor *d, FILE *out);

#endif
