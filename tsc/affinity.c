/* SPDX-License-Identifier: MIT */
#include "tsc/affinity.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

int tk_tsc_affinity(pid_t tid, struct tk_tsc_cpus *out)
{
	memset(out, 0, sizeof(*out));
	return sched_getaffinity(tid, sizeof(out->bits), (cpu_set_t *)out->bits) ? -errno : 0;
}

int tk_tsc_affinity_set(pid_t tid, const struct tk_tsc_cpus *cpus)
{
	const cpu_set_t *set = (const cpu_set_t *)cpus->bits;

	return sched_setaffinity(tid, sizeof(cpus->bits), set) ? -errno : 0;
}
