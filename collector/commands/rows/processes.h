/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows/processes.h - what intervals say of processes, summed up: over several
 * intervals, and over all processes of an app. For gather.c.
 *
 * All zero to begin. One thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_PROCESSES_H
#define TK_COLLECTOR_COMMANDS_ROWS_PROCESSES_H

#include "collector/engine/views/intervals.h"

struct tk_process_sum {
	struct tk_interval_process p;
	uint64_t number; /* of the newest interval that it is in */
};

struct tk_processes {
	struct tk_process_sum *list; /* one for each segment, once summed up */
	size_t n, room;
	struct tk_interval_process *sum;
	size_t n_sums;
};

/** Forget what was added. */
void tk_processes_clear(struct tk_processes *ps);

/** @return 0 or -ENOMEM: they are not in the sums */
int tk_processes_add(struct tk_processes *ps, const struct tk_interval *i);

/**
 * Write `sum`: one for each segment, and by_app one for all segments of one app, owner and
 * directory, which has neither segment nor pid. Counts add up; what is true at an interval's end is
 * the newest. Of the ended, the TK_REGISTRY_DEAD_MAX newest are kept.
 * @return 0 or -ENOMEM: there are none
 */
int tk_processes_sum_up(struct tk_processes *ps, bool by_app);

void tk_processes_free(struct tk_processes *ps);

#endif
