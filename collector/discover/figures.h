/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/figures.h - what is known of one segment, for whoever shows it. Plain data.
 */
#ifndef TK_COLLECTOR_DISCOVER_FIGURES_H
#define TK_COLLECTOR_DISCOVER_FIGURES_H

#include <stdint.h>

struct tk_source_figures {
	char name[128]; /* of its directory */
	char app[64];
	uint32_t pid;
	uint32_t owner; /* enum tk_owner */
	uint32_t lanes;
	uint64_t delivered, lost, lag; /* records */
	uint64_t refused;              /* records of threads without a lane */
};

#endif
