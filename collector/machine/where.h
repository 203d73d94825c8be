/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/where.h - where a lane lies, where its producer runs, and where it is drained.
 *
 * For `ls`. The kernel is asked now; what it does not say is as it was when the lane was made. One
 * thread.
 */
#ifndef TK_COLLECTOR_MACHINE_WHERE_H
#define TK_COLLECTOR_MACHINE_WHERE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "collector/machine/watchers.h"
#include "ring/memory.h"
#include "ring/segment_read.h"

struct tk_where {
	const struct tk_segment_lane *lane;
	int nodes[TK_MEMORY_SAMPLES]; /* nodes on which pages of it lie, each once, ascending */
	unsigned n_nodes;             /* 0: the kernel does not say */
	int node;          /* one of them, not the one asked for if there is another; -1: unknown */
	bool running;      /* its producer runs */
	int producer_cpu;  /* where the producer runs, or ran when it joined; -1: unknown */
	int producer_node; /* -1: unknown */
	struct tk_watchers *watchers; /* those that drain it are picked */
	bool apart; /* it is not on its producer's node, or is drained from another one */
};

/**
 * Fill in what is known of an attached lane; the number and cpu of its writing thread are in
 * `owner`.
 */
void tk_where(struct tk_where *w, const struct tk_segment *s, uint32_t lane,
	      const struct tk_lane_owner *owner, enum tk_owner state, struct tk_watchers *watchers);

/** Add it to a JSON object. */
void tk_where_json(const struct tk_where *w, json_t *lane);

/** Print it as a line of a table; the heading of the table; what a mark in it means. */
void tk_where_print(FILE *out, const struct tk_where *w, const char *thread);
void tk_where_heading(FILE *out);
void tk_where_mark(FILE *out);

#endif
