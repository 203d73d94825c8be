/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/where.h - where a lane lies, where its producer runs, and where it is drained.
 *
 * What `ls` shows of it. The kernel is asked now, as far as it answers; what it does not say is as it
 * was when the lane was made. One thread.
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
	int nodes[TK_MEMORY_SAMPLES]; /* where pages of it lie, each once, ascending */
	unsigned n_nodes;             /* 0: the kernel does not say */
	int node;          /* the one of them that was not asked for, if any; -1: unknown */
	bool running;      /* its producer */
	int producer_cpu;  /* where it runs, or ran when it joined; -1: unknown */
	int producer_node; /* -1: unknown */
	struct tk_watchers *watchers; /* those that drain it are picked */
	bool apart;                   /* not on its producer's node, or drained from another one */
};

/** Find that of an attached lane, which a thread writes whose number and cpu are in `owner`. */
void tk_where(struct tk_where *w, const struct tk_segment *s, uint32_t lane,
	      const struct tk_lane_owner *owner, enum tk_owner state, struct tk_watchers *watchers);

/** Add it to an object. */
void tk_where_json(const struct tk_where *w, json_t *lane);

/** As a line of a table; the heading of that; and what a mark in it means. */
void tk_where_print(FILE *out, const struct tk_where *w, const char *thread);
void tk_where_heading(FILE *out);
void tk_where_mark(FILE *out);

#endif
