/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/checks/isolation.h - does the scheduler leave this cpu alone?
 *
 * A cpu is isolated in one of two ways: since boot, by the kernel parameter isolcpus=, or since
 * somebody made a cgroup2 cpuset whose cpuset.cpus.partition is "isolated". A partition may be
 * invalid: then it isolates nothing, and the kernel says why in that file.
 *
 * Reads files below a root, "" on a real machine. Any thread; well below a millisecond, and one for
 * each hundred cgroups that have a cpuset.
 */
#ifndef TK_COLLECTOR_DOCTOR_CHECKS_ISOLATION_H
#define TK_COLLECTOR_DOCTOR_CHECKS_ISOLATION_H

#include <stddef.h>

#include "tsc/files.h"

/**
 * @why: by what it is isolated; or the reason why not, a sentence to go on after a colon
 * @return 0 isolated, -EPERM not isolated, or what kept the kernel's list from being read
 */
int tk_cpu_isolated(const char *root, int cpu, char why[], size_t len);

/** All that are isolated, either way; what cannot be read has none. */
void tk_cpus_isolated(const char *root, struct tk_tsc_cpus *out);

/** A cgroup2 cpuset that is, or was to be, a partition with a certain cpu in it. */
struct tk_partition {
	char path[256];  /* of its directory, below root */
	char state[192]; /* as the kernel has it: "isolated", "root", "isolated invalid (...)" */
};

/**
 * The partition that has this cpu; of several, a valid isolated one, else one that is invalid.
 * @return 0, or -ENOENT if none has it
 */
int tk_partition_find(const char *root, int cpu, struct tk_partition *out);

#endif
