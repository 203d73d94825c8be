/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/walk.h - visit every segment once, for the commands that look once and end.
 */
#ifndef TK_COLLECTOR_CLI_WALK_H
#define TK_COLLECTOR_CLI_WALK_H

#include "collector/cli/options.h"
#include "ring/segment_read.h"

struct tk_found {
	const char *dir; /* printable */
	int dirfd;
	const struct tk_segment *segment; /* attached until each() returns */
	enum tk_owner owner;
};

/**
 * What tk_walk() says of a directory entry that is no segment, where a command does not say more.
 */
#define TK_WALK_SKIPPED "skipped"

/**
 * Call each() for every segment that --dir, --app and --pid let through. Say on standard error, for
 * each other entry, why it is no segment and what became of it (outcome); and where this looked, if
 * there is no segment at all.
 * @return TK_EXIT_OK: there was a segment, or there was nothing at all and none_is_fine;
 * TK_EXIT_VERSION: there were only segments of other format versions; TK_EXIT_NOTHING: there was
 * none; TK_EXIT_FAILED.
 */
int tk_walk(const struct tk_args *a, void (*each)(void *arg, const struct tk_found *f), void *arg,
	    const char *outcome, bool none_is_fine);

/**
 * Say that there is no segment in `where`. refused: entries were there, and were said to be none.
 */
void tk_say_nothing(const char *where, bool refused, const struct tk_args *a);

#define TK_RUNNING     8u /* processes that are named; the rest is counted */
#define TK_RUNNING_MAX (TK_RUNNING * (TK_NAME_MAX + 16) + 32)

/**
 * What runs, whatever --app and --pid say, for those who asked for something else: "gateway[4242],
 * hello[17]", or "nothing that is instrumented". @return text
 */
char *tk_running(char text[TK_RUNNING_MAX], const struct tk_args *a);

/** "alive", "closed", "dead", "unknown". */
const char *tk_owner_name(uint32_t owner);

#endif
