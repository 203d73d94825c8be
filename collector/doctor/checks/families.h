/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/checks/families.h - the tables of checks, one a file; each ends with id NULL.
 */
#ifndef TK_COLLECTOR_DOCTOR_CHECKS_FAMILIES_H
#define TK_COLLECTOR_DOCTOR_CHECKS_FAMILIES_H

#include "collector/doctor/checks/check.h"

extern const struct tk_check tk_isolation_checks[], tk_task_checks[], tk_interrupt_checks[],
	tk_power_checks[], tk_memory_checks[], tk_kernel_checks[], tk_load_checks[],
	tk_quota_checks[], tk_noise_checks[];

#endif
