/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows/gather.h - closed intervals become rows: of one interval, of a sliding
 * window of them, or of all since the collector attached; a row for each process's timer, or one
 * for all processes of an app.
 *
 * Histograms are merged, never percentiles: a percentile of a row is that of all samples that it
 * is about. A window slides exactly: what an interval brought is taken out again when it leaves.
 * Samples of two clocks, or of two epochs of one, stay two histograms, and are read as a union in
 * ns. Timers fold only within one directory, owner and app; a fold goes on when a program is
 * started again.
 *
 * An interval costs some 4 us for each of its timers' histograms, and 0.1 us for each row in the
 * window. One thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_GATHER_H
#define TK_COLLECTOR_COMMANDS_ROWS_GATHER_H

#include "collector/commands/rows/rows.h"
#include "collector/engine/views/intervals.h"

/** The whole time since the collector attached, as a window. */
#define TK_GATHER_ALL UINT64_MAX

/** What rows are to be about. */
struct tk_gather_how {
	const struct tk_stats_list *stats; /* the caller's, as long as the gatherer */
	bool by_app;                       /* one row for all processes of an app */
	/* A window is rounded to whole intervals. 0: the newest interval alone. */
	uint64_t window_ns;
	/* Sort by the larger of both measures' statistic at this place in the list, or by one of
	 * enum tk_rows_order; ties by name. */
	int sort;
	bool samples; /* rows have their samples, whatever the statistics */
};

struct tk_gather;

/** Whether intervals must come with histograms (tk_collector_options.intervals_histograms). */
bool tk_gather_needs_histograms(const struct tk_gather_how *how);

/** @return NULL and errno ENOMEM */
struct tk_gather *tk_gather_new(const struct tk_gather_how *how);

/**
 * An interval was closed. It is the gatherer's from now on, with or without success.
 * @return 0 or -ENOMEM: rows miss some of it
 */
int tk_gather_add(struct tk_gather *g, struct tk_interval *i);

/** The rows as of the newest interval: valid until the next one is added. */
const struct tk_rows *tk_gather_rows(const struct tk_gather *g);

/** Rows of ended processes that were forgotten so far: TK_REGISTRY_DEAD_MAX are kept. */
uint64_t tk_gather_forgotten(const struct tk_gather *g);

/** @g: may be NULL. */
void tk_gather_free(struct tk_gather *g);

#endif
