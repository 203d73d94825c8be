/* SPDX-License-Identifier: MIT */
/*
 * tsc/affinity.h - on which cpus a thread may run.
 *
 * For machines with up to 4,096 possible cpus. A cpu_set_t has 1,024, and the kernel refuses to say
 * anything into a set that is smaller than its own. Any thread. A system call each.
 */
#ifndef TK_TSC_AFFINITY_H
#define TK_TSC_AFFINITY_H

#include <sys/types.h>

#include "tsc/files.h"

/** @tid: 0 is the calling thread. @return 0 or -errno, and *out is then empty */
int tk_tsc_affinity(pid_t tid, struct tk_tsc_cpus *out);

/** @return 0 or -errno; -EINVAL: none of them may be used */
int tk_tsc_affinity_set(pid_t tid, const struct tk_tsc_cpus *cpus);

#endif
