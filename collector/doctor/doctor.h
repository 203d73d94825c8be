/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/doctor.h - is this machine, and one cpu of it, fit to measure on?
 *
 * doctor chooses a cpu, runs the checks of every family (checks/) and of the counter (tsc/check.h)
 * on it, and keeps what they find. print.h shows that.
 *
 * One thread; a few ms, and some 30 us for each thread of the system (checks/tasks.c).
 */
#ifndef TK_COLLECTOR_DOCTOR_DOCTOR_H
#define TK_COLLECTOR_DOCTOR_DOCTOR_H

#include "collector/doctor/checks/check.h"
#include "tsc/check.h"

#define TK_FINDINGS_MAX 64

struct tk_doctor {
	struct tk_subject subject;
	char cpu_why[96]; /* why this cpu */
	size_t n;
	struct tk_finding findings[TK_FINDINGS_MAX]; /* n of them */
};

/** Every family: a table that ends with id NULL; then NULL. Exported for tests. */
extern const struct tk_check *const tk_doctor_families[];

/**
 * Choose the cpu: `cpu`, or for -1 the first that is isolated, else the last one online (of the
 * real machine: that this process may run on).
 * @why: a sentence
 * @return 0; -EINVAL: it is not online; or what kept the list of cpus from being read
 */
int tk_doctor_begin(struct tk_doctor *d, const char *root, int cpu, char why[], size_t len);

/** Every check of the families; those of d->subject.noise only if it is not NULL. */
void tk_doctor_run(struct tk_doctor *d);

/**
 * Check the counter (tsc/check.h), and add what was found. 20 ms: the frequency is measured.
 * @return it in Hz; 0 if this counter is no clock, or another machine's
 */
double tk_doctor_tsc(struct tk_doctor *d);
/**
 * Add a report as "tsc.…"; of another machine (a root) only what its files say. Exported for tests:
 * they make reports of their own.
 */
void tk_doctor_add_tsc(struct tk_doctor *d, const struct tk_tsc_report *r);

/** The worst: fail, warn, unknown, ok. */
enum tk_verdict tk_doctor_verdict(const struct tk_doctor *d);

#endif
