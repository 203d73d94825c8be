/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/figures.h - what a drainer counts of itself, for whoever shows it.
 *
 * Plain data. On an isolated core, faults, involuntary and gaps should stay near zero: they say
 * what kept the drainer from its lanes.
 */
#ifndef TK_COLLECTOR_DRAIN_FIGURES_H
#define TK_COLLECTOR_DRAIN_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

/** As of the last interval. Counters are since the drainer was warm (collector/drain/drainer.h). */
struct tk_drainer_figures {
	int cpu; /* where it ran last; -1: unknown */
	int node;
	uint32_t tid;
	bool pinned;
	uint32_t lanes, small_lanes; /* all; those that do not lie on hugepages */
	uint64_t polls;
	uint64_t faults;      /* page faults, minor and major */
	uint64_t involuntary; /* context switches */
	uint64_t gap_ns;      /* the longest between two polls, in this interval */
	bool gap_lost;        /* records were lost in it */
	uint64_t own_ns;      /* the longest CPU time between two polls: a gap of its own making */
	uint64_t lost_own;    /* records lost in gaps that were, by more than half */
	uint64_t longest_gap_ns; /* and of all since then */
	uint64_t stock;          /* bytes that are populated ahead of its tallies (stock.h) */
	uint64_t waited;         /* samples that waited for memory, ever (stats/spill.h) */
};

#endif
