/* SPDX-License-Identifier: MIT */
#include "collector/machine/nodes.h"

#include <limits.h>
#include <numa.h>
#include <string.h>

#include "tsc/affinity.h"

static bool has_numa(void)
{
	static int known; /* 0: not asked yet, 1: no, 2: yes */

	if (!known)
		known = numa_available() < 0 ? 1 : 2;
	return known == 2;
}

int tk_nodes(void)
{
	int n = 0;

	for (int node = 0; has_numa() && node <= numa_max_node(); node++)
		n += numa_bitmask_isbitset(numa_nodes_ptr, (unsigned)node) != 0;
	return n ? n : 1;
}

bool tk_node_exists(int node)
{
	if (node < 0 || !has_numa())
		return node == 0;
	return node <= numa_max_node() && numa_bitmask_isbitset(numa_nodes_ptr, (unsigned)node);
}

int tk_node_of_cpu(int cpu)
{
	if (!has_numa())
		return 0;
	return numa_node_of_cpu(cpu);
}

unsigned tk_node_cpus(int node, struct tk_tsc_cpus *cpus)
{
	struct tk_tsc_cpus allowed;

	memset(cpus, 0, sizeof(*cpus));
	if (!tk_node_exists(node) || tk_tsc_affinity(0, &allowed))
		return 0;
	for (unsigned cpu = 0; cpu < TK_TSC_CPUS; cpu++)
		if (tk_tsc_cpus_has(&allowed, cpu) && tk_node_of_cpu((int)cpu) == node)
			tk_tsc_cpus_add(cpus, cpu);
	return tk_tsc_cpus_count(cpus);
}

int tk_node_distance(int a, int b)
{
	int distance;

	if (!tk_node_exists(a) || !tk_node_exists(b))
		return INT_MAX;
	if (a == b || !has_numa())
		return 10;
	distance = numa_distance(a, b);
	return distance > 0 ? distance : INT_MAX;
}

void tk_node_prefer(void *from, size_t size, int node)
{
	if (tk_nodes() > 1 && tk_node_exists(node))
		numa_tonode_memory(from, size, node);
}

void tk_nodes_stop_balancing(void)
{
	if (tk_nodes() > 1)
		numa_set_localalloc();
}
