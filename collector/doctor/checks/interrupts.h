/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/checks/interrupts.h - /proc/interrupts: how often each came to one cpu.
 *
 * Counts are since boot. The file is read line by line: with hundreds of cpus it has megabytes. Any
 * thread.
 */
#ifndef TK_COLLECTOR_DOCTOR_CHECKS_INTERRUPTS_H
#define TK_COLLECTOR_DOCTOR_CHECKS_INTERRUPTS_H

#include <stdint.h>

struct tk_interrupt_counts {
	uint64_t timer, others; /* the cpu's own timer (LOC), and all the rest */
};

/**
 * @return 0; -ENODATA: the file has no column for that cpu, or lists no timer; or why it could not
 * be read
 */
int tk_interrupts_count(const char *root, int cpu, struct tk_interrupt_counts *out);

#endif
