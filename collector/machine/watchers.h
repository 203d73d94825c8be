/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/watchers.h - which running collectors drain a lane, as /proc tells.
 *
 * A collector registers nowhere: watched programs must not know. But its draining threads have
 * names (TK_WATCHER_NAME), and a process that reads a lane has its slots mapped. So this finds
 * every thread with such a name, and every file that the processes of those threads have mapped
 * shared.
 *
 * Processes come and go while /proc is read: what is gone is left out. What may not be read (the
 * mappings of another user's process) is counted. Any process may call its threads so: what is
 * found is for people to see, not to rely on. One thread; some 10 us for each thread of the system.
 */
#ifndef TK_COLLECTOR_MACHINE_WATCHERS_H
#define TK_COLLECTOR_MACHINE_WATCHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** The name of a thread that drains begins so; the number of its node follows. */
#define TK_WATCHER_NAME "tk-drain."

/** A thread that drains. */
struct tk_watcher {
	uint32_t pid, tid;
	int drains; /* the node whose lanes it drains, by its name */
	int cpu;    /* where it ran last; -1: unknown */
	int node;   /* that cpu's; -1: unknown */
	bool pinned;
	bool picked; /* by tk_watchers_pick() */
};

/** A file that the process of a drainer has mapped. */
struct tk_mapping {
	uint32_t pid;
	dev_t dev;
	ino_t ino;
};

struct tk_watchers {
	struct tk_watcher *list;
	size_t n;
	struct tk_mapping *mappings; /* sorted */
	size_t n_mappings;
	unsigned hidden; /* processes with drainers whose mappings may not be read */
};

/** Find them now. @return 0 or -errno; free in either case */
int tk_watchers_find(struct tk_watchers *w);
void tk_watchers_free(struct tk_watchers *w);

/**
 * Pick those that drain a lane whose slots are this file and lie on `node`: of each process that
 * has it mapped, the drainers of that node, or all of them if it has none for it.
 */
void tk_watchers_pick(struct tk_watchers *w, dev_t dev, ino_t ino, int node);

/** @return the cpu on which a thread ran last; -1: the thread is gone, or not visible */
int tk_watchers_thread_cpu(uint32_t pid, uint32_t tid);

/* --- what /proc says; exported for tests --- */

/** @return the node of a drainer, by its thread's name; -1: it is no drainer's */
int tk_watchers_node_of_name(const char *comm);

/** @return the cpu in a stat file; -1: it cannot be parsed */
int tk_watchers_stat_cpu(const char *stat);

/** Parse a line of a maps file. @return whether it is of a file that is mapped shared */
bool tk_watchers_maps_line(const char *line, struct tk_mapping *m);

#endif
