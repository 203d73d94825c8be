/* SPDX-License-Identifier: MIT */
/*
 * A gate through which this process's system calls pass, and at which chosen ones fail: a seccomp
 * filter that asks a thread of the test. Closed only while the library is at work, so that the
 * host's own calls go through.
 */
#ifndef TK_TESTS_GATE_H
#define TK_TESTS_GATE_H

#include <stdbool.h>

/** Fail the call of number `nr` (-1: any) that comes after `after` others with `error`; or all of
 * them from there on. Skips the scenario where the kernel has no such filter. */
void gate_build(int nr, unsigned after, bool and_all_later, int error);

/** Whether the gate has refused something; the number of the last such call, or -1. */
int gate_refused(void);

#endif
