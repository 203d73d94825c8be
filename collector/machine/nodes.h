/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/nodes.h - NUMA nodes and their cpus, as far as this process may use them.
 *
 * The one file that knows libnuma. A machine without NUMA is one node, number 0. Any thread, after the
 * first call.
 */
#ifndef TK_COLLECTOR_MACHINE_NODES_H
#define TK_COLLECTOR_MACHINE_NODES_H

#include <sched.h>
#include <stdbool.h>

/** How many nodes there are, whether or not this process may have memory of them. */
int tk_nodes(void);

/** Whether there is such a node. */
bool tk_node_exists(int node);

/** @return -1 if it is not known */
int tk_node_of_cpu(int cpu);

/** Those cpus of the node that this process may run on. @return how many */
int tk_node_cpus(int node, cpu_set_t *cpus);

/** 10 for a node and itself, as ACPI has it; INT_MAX where it is not known. */
int tk_node_distance(int a, int b);

/**
 * Have memory lie where it is first touched, as ever, and stay there. The kernel's NUMA balancing
 * otherwise unmaps this process's pages every few seconds, to see who faults them in again. For the
 * calling thread, and those that it starts from now on.
 */
void tk_nodes_stop_balancing(void);

#endif
