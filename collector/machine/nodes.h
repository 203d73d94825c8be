/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/nodes.h - NUMA nodes and their cpus, as far as this process may use them.
 *
 * Only nodes.c knows libnuma. A machine without NUMA is one node, number 0. Any thread, once one
 * call has returned.
 */
#ifndef TK_COLLECTOR_MACHINE_NODES_H
#define TK_COLLECTOR_MACHINE_NODES_H

#include <stdbool.h>
#include <stddef.h>

#include "tsc/files.h"

/** @return how many nodes there are, whether or not this process may have memory of them */
int tk_nodes(void);

/** Whether there is such a node. */
bool tk_node_exists(int node);

/** @return the node of a cpu; -1: unknown */
int tk_node_of_cpu(int cpu);

/** Find the cpus of a node that this process may run on. @return how many */
unsigned tk_node_cpus(int node, struct tk_tsc_cpus *cpus);

/** @return the distance, in ACPI's units: 10 for a node and itself; INT_MAX: unknown */
int tk_node_distance(int a, int b);

/** Have pages of this range lie on a node if it has any left. Fails silently. */
void tk_node_prefer(void *from, size_t size, int node);

/**
 * Turn the kernel's NUMA balancing off for the calling thread and those that it starts from now on:
 * memory stays where it is first touched. Otherwise the kernel unmaps this process's pages every
 * few seconds, to see who faults them in again.
 */
void tk_nodes_stop_balancing(void);

#endif
