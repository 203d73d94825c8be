/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/checks/quota.h - CPU quotas of the cgroups that this process is in.
 *
 * A thread of a cgroup that has used up its quota stops until the period ends, on whichever cpu it
 * is. Every cgroup above may have a quota, too. Any thread.
 */
#ifndef TK_COLLECTOR_DOCTOR_CHECKS_QUOTA_H
#define TK_COLLECTOR_DOCTOR_CHECKS_QUOTA_H

#include <stdint.h>

/**
 * How often a quota stopped this process's cgroup, or one above it, so far.
 * @return 0; -ENODATA: no cgroup that counts this is visible; or the errno of /proc/self/cgroup
 */
int tk_quota_throttled(const char *root, uint64_t *times);

#endif
