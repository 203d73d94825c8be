/* SPDX-License-Identifier: MIT */
#include "collector/engine/placing.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/drain/pace.h"
#include "collector/engine/core.h"
#include "collector/machine/isolation.h"
#include "collector/machine/list.h"
#include "collector/machine/nodes.h"
#include "tsc/affinity.h"

#ifndef PR_THP_DISABLE_EXCEPT_ADVISED
#define PR_THP_DISABLE_EXCEPT_ADVISED 2UL
#endif

/* How many drainers may be started: memory is divided among them. */
static unsigned drainers_expected(const struct tk_collector *c)
{
	unsigned named = 0;

	for (unsigned cpu = 0; cpu < TK_TSC_CPUS; cpu++)
		named += tk_tsc_cpus_has(&c->options.cpus, cpu);
	return named ? named : (unsigned)tk_nodes();
}

#define NODES_MAX 1024 /* as the kernel's configuration allows */

static struct tk_drainer *add(struct tk_collector *c, int node, int cpu)
{
	struct tk_drainer **list =
		tk_list_grow(c->own.drainers, c->own.n_drainers, sizeof(struct tk_drainer *));
	struct tk_drainer *d;

	if (!list)
		return NULL;
	c->own.drainers = list;
	d = tk_drainer_new(&c->own.clock, drainers_expected(c));
	if (!d)
		return NULL;
	d->cpu = cpu;
	d->node = node;
	d->poll_ns = c->options.poll_ns;
	list[c->own.n_drainers++] = d;
	return d;
}

static void remove_last(struct tk_collector *c)
{
	tk_drainer_free(c->own.drainers[--c->own.n_drainers]);
}

static int start_on_cpu(struct tk_collector *c, int cpu, char why[256])
{
	struct tk_drainer *d;
	struct tk_tsc_cpus one = { 0 };
	int err;

	d = add(c, tk_node_of_cpu(cpu), cpu);
	err = d ? 0 : -ENOMEM;
	tk_tsc_cpus_add(&one, (unsigned)cpu);
	if (d) {
		err = tk_drainer_start(d, &one);
		if (err)
			remove_last(c);
	}
	if (err)
		snprintf(why, 256, "the lanes cannot be drained on cpu %d: %s", cpu,
			 err == -EINVAL ? "it does not exist, is offline, or this process's cpuset "
					  "leaves it out"
					: strerror(-err));
	return err;
}

/* Move display and statistics away from the cpus where lanes are drained, if there are others. */
static void leave_cpus(struct tk_collector *c, const struct tk_tsc_cpus *from)
{
	struct tk_tsc_cpus cpus;

	if (tk_tsc_affinity(0, &c->own.opener))
		return;
	cpus = c->own.opener;
	for (unsigned i = 0; i < TK_TSC_CPUS / 64; i++)
		cpus.bits[i] &= ~from->bits[i];
	if (!tk_tsc_cpus_empty(&cpus))
		c->own.moved = tk_tsc_affinity_set(0, &cpus) == 0;
	else if (c->options.isolated)
		tk_notes_add(&c->own.notes,
			     "drainers are not left alone: this process may use no other cpu, "
			     "so its other threads run there, too; give its partition one "
			     "more cpu");
}

static int require_isolation(int cpu, char why[256])
{
	char reason[192];
	int err = tk_cpu_isolated("", cpu, reason, sizeof(reason));

	if (err)
		snprintf(why, 256, "cpu %d is not isolated: %s", cpu, reason);
	return err;
}

/* A page that has to be read back is a gap. Where RLIMIT_MEMLOCK is low, locking what there is
 * would make later allocations fail. */
static void lock_memory(struct tk_collector *c)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    !tk_may_lock_memory(""))
		errno = EPERM;
	else if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
		return;
	tk_notes_add(&c->own.notes,
		     "memory is not locked (%s): under memory pressure drainers may have to "
		     "wait for a page; `ulimit -l unlimited` allows it",
		     strerror(errno));
}

/* Drainers inherit a real-time priority from the program (chrt). */
static void warn_of_throttling(struct tk_collector *c)
{
	int policy = sched_getscheduler(0);
	char us[32];

	if (c->options.poll_ns != TK_POLL_SPIN || (policy != SCHED_FIFO && policy != SCHED_RR) ||
	    tk_tsc_file_read("", "/proc/sys/kernel/sched_rt_runtime_us", us, sizeof(us)) <= 0 ||
	    !strcmp(us, "-1"))
		return;
	tk_notes_add(&c->own.notes,
		     "spinning with real-time priority: the kernel stops such a thread for a part "
		     "of each second (kernel.sched_rt_runtime_us = %s), and lanes fill meanwhile; "
		     "use a poll interval, or an isolated cpu without that priority",
		     us);
}

/*
 * khugepaged unmaps pages before it joins them to a hugepage: a drainer that touches one meanwhile
 * waits, for up to milliseconds. So turn hugepages off for this process, but for those that stocks
 * ask for (drain/stock.c), which khugepaged has no part in. Linux before 6.18 knows no exception:
 * there, what is added to the first stock of drainers that were named has small pages, which cost
 * misses of the TLB and no fault.
 */
static void keep_pages_resident(struct tk_collector *c)
{
	lock_memory(c);
	if (prctl(PR_SET_THP_DISABLE, 1UL, PR_THP_DISABLE_EXCEPT_ADVISED, 0UL, 0UL))
		prctl(PR_SET_THP_DISABLE, 1UL, 0UL, 0UL, 0UL);
}

/* The threads that refill stocks run where this one does: not on the drainers' cpus, if there are
 * others. */
static int start_stocks(struct tk_collector *c, char why[256])
{
	int err = 0;

	for (size_t i = 0; i < c->own.n_drainers && !err; i++)
		err = tk_stock_start(&c->own.drainers[i]->stock);
	if (err)
		snprintf(why, 256, "no thread can be started for the drainers' memory: %s",
			 strerror(-err));
	return err;
}

int tk_placing_begin(struct tk_collector *c, char why[256])
{
	const struct tk_tsc_cpus *cpus = &c->options.cpus;
	int err = 0;

	warn_of_throttling(c);
	tk_nodes_stop_balancing();
	for (int cpu = 0; cpu < TK_TSC_CPUS && !err; cpu++) {
		if (!tk_tsc_cpus_has(cpus, (unsigned)cpu))
			continue;
		if (c->options.isolated)
			err = require_isolation(cpu, why);
		if (!err)
			err = start_on_cpu(c, cpu, why);
	}
	if (err || !c->own.n_drainers)
		return err;
	leave_cpus(c, cpus);
	err = start_stocks(c, why);
	if (err)
		return err;
	if (c->options.isolated)
		keep_pages_resident(c);
	return 0;
}

void tk_placing_end(struct tk_collector *c)
{
	if (c->own.moved)
		(void)tk_tsc_affinity_set(0, &c->own.opener);
}

/* The nearest node with cpus that we may use, itself or another; noted once for each node that has
 * none. */
static int nearest_with_cpus(struct tk_collector *c, int node, struct tk_tsc_cpus *cpus)
{
	struct tk_tsc_cpus some;
	int best = -1;

	if (tk_node_cpus(node, cpus))
		return node;
	for (int other = 0; other < NODES_MAX; other++)
		if (tk_node_cpus(other, &some) &&
		    (best < 0 || tk_node_distance(other, node) < tk_node_distance(best, node)))
			best = other;
	if (best >= 0)
		(void)tk_node_cpus(best, cpus);
	if ((unsigned)node < 64 && !(c->own.nodes_told >> node & 1)) {
		c->own.nodes_told |= UINT64_C(1) << node;
		tk_notes_add(&c->own.notes,
			     "lanes on node %d are drained from another one: this process may "
			     "use no cpu of that node (its cpuset, or the node has none)",
			     node);
	}
	return best;
}

static struct tk_drainer *start_on_node(struct tk_collector *c, int node,
					const struct tk_tsc_cpus *cpus)
{
	struct tk_drainer *d = add(c, node, -1);
	int err = d ? tk_drainer_start(d, cpus) : -ENOMEM;

	/* The cpuset may have changed since the cpus were listed. */
	if (err == -EINVAL)
		err = tk_drainer_start(d, NULL);
	if (!err)
		err = tk_stock_start(&d->stock);
	if (!err)
		return d;
	if (d) {
		tk_drainer_stop(d);
		remove_last(c);
	}
	if (!c->own.no_drainer)
		tk_notes_add(&c->own.notes,
			     "the lanes of node %d are not drained: no thread can be started: %s",
			     node, strerror(-err));
	c->own.no_drainer = true;
	return NULL;
}

static struct tk_drainer *nearest(const struct tk_collector *c, int node)
{
	struct tk_drainer *best = NULL;
	int least = INT_MAX;

	for (size_t i = 0; i < c->own.n_drainers; i++) {
		struct tk_drainer *d = c->own.drainers[i];
		int distance = tk_node_distance(d->node, node);

		if (best &&
		    (distance > least || (distance == least && d->kept.lanes >= best->kept.lanes)))
			continue;
		best = d;
		least = distance;
	}
	return best;
}

static bool is_served(const struct tk_collector *c, int node)
{
	for (size_t i = 0; i < c->own.n_drainers; i++)
		if (c->own.drainers[i]->node == node)
			return true;
	return false;
}

struct tk_drainer *tk_placing_choose(struct tk_collector *c, int node)
{
	bool named = c->own.n_drainers && c->own.drainers[0]->cpu >= 0;
	struct tk_drainer *d;
	struct tk_tsc_cpus cpus;

	if (!tk_node_exists(node))
		node = -1;
	if (tk_nodes() > 1 && node >= 0 && !named && !is_served(c, node)) {
		node = nearest_with_cpus(c, node, &cpus);
		d = node >= 0 && !is_served(c, node) ? start_on_node(c, node, &cpus) : NULL;
		if (d)
			return d;
	}
	d = nearest(c, node);
	return d ? d : start_on_node(c, tk_nodes() > 1 ? -1 : 0, NULL);
}
