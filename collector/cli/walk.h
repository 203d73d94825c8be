/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/walk.h - one look at every segment there is, for the commands that take one look.
 */
#ifndef TK_COLLECTOR_CLI_WALK_H
#define TK_COLLECTOR_CLI_WALK_H

#include "collector/cli/options.h"
#include "ring/segment_read.h"

struct tk_found {
	const char *dir; /* to be shown */
	int dirfd;
	const struct tk_segment *segment; /* attached until each() returns */
	enum tk_owner owner;
};

/**
 * Call each() for every segment that --dir, --app and --pid let through. Says on standard error
 * what else is there and is none, and where it looked if there is no segment at all.
 * @return TK_EXIT_OK if there was a segment; TK_EXIT_VERSION if only of other versions;
 * TK_EXIT_NOTHING if there was none; TK_EXIT_FAILED.
 */
enum tk_exit tk_walk(const struct tk_args *a, void (*each)(void *arg, const struct tk_found *f),
		     void *arg);

/** Say that there was no segment in `where`; refused: something was there, and said to be none. */
void tk_say_nothing(const char *where, bool refused, const struct tk_args *a);

/** "alive", "closed", "dead", "unknown". */
const char *tk_owner_name(uint32_t owner);

#endif
