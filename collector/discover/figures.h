/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/figures.h - what is known of one segment, for whoever shows it. Plain data.
 */
#ifndef TK_COLLECTOR_DISCOVER_FIGURES_H
#define TK_COLLECTOR_DISCOVER_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct tk_source_figures {
	char name[128]; /* of its directory */
	char app[64];
	uint32_t pid;
	uint32_t owner; /* enum tk_owner */
	uint32_t lanes;
	uint64_t delivered, lost, lag; /* records */
	uint64_t unsettled;            /* of those lost: not yet known to be which timer's */
	uint64_t
		/* of those delivered: of unknown timers, or beyond what is kept */
		unknown;
	uint32_t behind;  /* lanes that still hold records from before they were attached */
	uint64_t refused; /* records of threads without a lane */
	bool found_dead;  /* it had ended when the collector came */
	uint32_t uid;     /* who owns it */
	uint64_t place;   /* a number for the directory that it is in, */
	const char *dir;  /* and its path: the collector's; or NULL */
};

/** What one thread of it pushed into its lane: collector/engine/threads.h. */
struct tk_thread_figures {
	char name[16]; /* of the lane's newest thread, printable */
	uint32_t tid, lane;
	uint64_t pushed, reported_pushed; /* records; of them, in closed intervals */
	double cost_ns, reported_ns;      /* what they cost the thread; likewise */
};

#endif
