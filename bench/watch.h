/* SPDX-License-Identifier: MIT */
/*
 * bench/watch.h - the real collector beside a bench: `timekeeper stat` on the second cpu, and the
 * sum of its output at the end. A figure that was taken while records were lost is void.
 */
#ifndef TK_BENCH_WATCH_H
#define TK_BENCH_WATCH_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct tk_watch {
	pid_t collector, reader;
	int answer;
	int messages; /* what the collector said on standard error */
};

struct tk_watched {
	uint64_t records; /* with a processing time */
	uint64_t lost;
	uint64_t own; /* of these, in gaps of the drain's own making */
};

/** Watch the processes of `app`. @poll: as for `stat --poll`; NULL: the default pace */
int tk_watch_start(struct tk_watch *w, const char *app, const char *poll);

/** Wait for the last interval, end the collector, and add up its output. */
void tk_watch_stop(struct tk_watch *w, struct tk_watched *said);

/** Print "valid", or "VOID" and why. */
void tk_watch_print(FILE *out, const struct tk_watched *said);

#endif
