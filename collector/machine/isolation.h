/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/isolation.h - what an isolated thread needs: a cpu on which the scheduler puts
 * no other task, and memory that may be locked.
 *
 * A cpu is isolated in one of two ways: since boot, by the kernel parameter isolcpus=, or since
 * somebody made a cgroup2 cpuset whose cpuset.cpus.partition is "isolated". A partition may be
 * invalid: then it isolates nothing, and the kernel says why in that file. Partitions outside of a
 * container cannot be seen from within, and version 1 of cpusets has another way; /proc/schedstat,
 * where the kernel has it, shows what the scheduler makes of all of them.
 *
 * Reads files below a root, "" on a real machine. Any thread; well below a millisecond, and one for
 * each hundred cgroups that have a cpuset.
 */
#ifndef TK_COLLECTOR_MACHINE_ISOLATION_H
#define TK_COLLECTOR_MACHINE_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>

#include "tsc/files.h"

/**
 * @why: what isolates it; or the reason why not, a sentence to follow a colon
 * @return 0: isolated, -EPERM: not isolated, -ENODATA: what could tell is outside of this
 * container, or the errno of reading the kernel's list
 */
int tk_cpu_isolated(const char *root, int cpu, char why[], size_t len);

/** Find all cpus that are isolated, either way. What cannot be read counts as none. */
void tk_cpus_isolated(const char *root, struct tk_tsc_cpus *out);

/** A cgroup2 cpuset that is a partition, or asked to be one, with a certain cpu in it. */
struct tk_partition {
	char path[256];  /* of its directory, below root */
	char state[192]; /* as the kernel has it: "isolated", "root", "isolated invalid (...)" */
};

/** What a partition's state comes to, the most telling last. */
enum tk_partition_standing {
	TK_PARTITION_NONE,
	TK_PARTITION_NOT_ISOLATED,
	TK_PARTITION_INVALID,
	TK_PARTITION_ISOLATED
};

enum tk_partition_standing tk_partition_standing(const char *state);

/** Where cgroup2 may be mounted: the second where version 1 has the first. NULL ends the list. */
extern const char *const tk_cgroup2_mounts[];

/** Whether this is a container (a cgroup namespace), from which partitions outside are hidden. */
bool tk_partitions_hidden(const char *root);

/**
 * The partition that has this cpu; of several, a valid isolated one, else one that is invalid.
 * @return 0, or -ENOENT if none has it
 */
int tk_partition_find(const char *root, int cpu, struct tk_partition *out);

/**
 * Whether this process may lock more memory than RLIMIT_MEMLOCK says: it has CAP_IPC_LOCK, and in
 * the first user namespace. In another one (a rootless container) root has it, too, and the kernel
 * does not ask that one.
 */
bool tk_may_lock_memory(const char *root);

#endif
