/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/options.h - what a collector is asked to do. All zero: the defaults.
 */
#ifndef TK_COLLECTOR_ENGINE_OPTIONS_H
#define TK_COLLECTOR_ENGINE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tsc/files.h"

#define TK_INTERVAL_MIN_NS UINT64_C(10000000)
#define TK_INTERVAL_MAX_NS UINT64_C(60000000000)

struct tk_collector_options {
	const char *dir; /* segments' directory; NULL: the user's own, and every user's for root */
	const char *app; /* only segments of this app; NULL: all */
	uint32_t pid;    /* only this process's; 0: all */
	uint64_t interval_ns;   /* per datapoint; 0: 100 ms */
	uint64_t poll_ns;       /* between drains; 0: adaptive, 50 us to 5 ms; or TK_POLL_SPIN */
	uint64_t history_bytes; /* 0: 256 MiB */
	/* Nobody looks back: keep the open interval and the total of each timer, and neither
	 * history nor coarser tiers. For who takes intervals as they are closed. */
	bool no_past;
	uint64_t
		/* keep closed intervals for tk_collector_next_interval(); 0: none */
		intervals_bytes;
	bool intervals_histograms; /* with their histograms */
	bool intervals_idle;       /* with a row for each living timer, also without a record */
	bool intervals_totals;     /* with what programs counted since they began */
	bool intervals_threads;    /* with what recording costs each watched thread */
	bool totals;               /* keep what tk_collector_total() needs of those that end */
	/* `dir` was made for this collector: all that is in it is read from its first record, and
	 * removed when it has ended and is read, even if its program asked to keep it. */
	bool own_dir;
	unsigned descriptors; /* leave so many for what else this program opens */
	bool oldest; /* begin at the oldest records that are still there */
	/* Put what was recorded before the collector came where its stamps say, not at the
	 * present (collector/engine/backlog.h). Not for who asked for intervals: these are of
	 * drain time. */
	bool place_backlog;
	bool raw;      /* do not subtract the cost of an empty span */
	bool isolated; /* refuse to run if one of `cpus` is not isolated */
	struct tk_tsc_cpus
		/* drain on these, a thread each; none: a thread for each node that has lanes */
		cpus;
};

#endif
