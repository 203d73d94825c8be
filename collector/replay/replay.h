/* SPDX-License-Identifier: MIT */
/*
 * collector/replay/replay.h - a recording, played: snapshots as a collector gives them, of what was
 * recorded.
 *
 *	struct tk_replay *r = tk_replay_open(&wanted, why);
 *
 *	while (!tk_replay_is_over(r))
 *		if (tk_replay_play(r, 33000000))	33 ms have passed
 *			...draw tk_replay_snapshot(r, &view)
 *
 * There is no clock and no thread in it: whoever plays says how much time has passed. The first
 * picture is that of the first interval. Memory is bounded as that of a live display: a budget for
 * history, TK_REGISTRY_LIVING_MAX timers, and a line of each log.
 *
 * The time line of the snapshots is the recorded clock on the wall. In a log that has only times
 * since its beginning, it begins at TK_REPLAY_ZERO_NS.
 *
 * One thread.
 */
#ifndef TK_COLLECTOR_REPLAY_REPLAY_H
#define TK_COLLECTOR_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/engine/views/snapshot.h"

#define TK_REPLAY_ZERO_NS INT64_C(1000000000000000000)

struct tk_replay_wanted {
	const char *const *files; /* recordings; played side by side, or one after the other */
	size_t n_files;
	const char *app; /* only this one; NULL: all */
	/* Only intervals that begin from then on: of the clock on the wall, or, if it is relative,
	 * since the first interval. */
	int64_t from_ns;
	bool from_is_relative;
	double unit_ns;         /* what 1 is worth in a log that does not say it; 0: 1 ns */
	double speed;           /* so many seconds of the recording in one */
	uint64_t history_bytes; /* 0: as a collector has */
};

struct tk_replay;

/**
 * Open recordings, and read on to their first interval.
 * @return NULL and errno: ENODATA: there is no interval in them, and nothing that could not be
 * read; else a sentence in `why` says what is wrong
 */
struct tk_replay *tk_replay_open(const struct tk_replay_wanted *w, char why[256]);

/**
 * So much time has passed: play on. Reads so many lines at the most that a call takes some tens of
 * milliseconds; what it does not get to is played later.
 * @return whether a snapshot would show something new
 */
bool tk_replay_play(struct tk_replay *r, uint64_t passed_ns);

/** Whether there is more to read at once: it cannot be read as fast as it should be played. */
bool tk_replay_is_behind(const struct tk_replay *r);

/** Whether all was played. What was shown last stays. */
bool tk_replay_is_over(const struct tk_replay *r);

/** The present of the recording, as struct tk_view has times. */
int64_t tk_replay_now_ns(const struct tk_replay *r);

/** @return a snapshot, to be freed by tk_snapshot_free(); NULL and errno ENOMEM */
struct tk_snapshot *tk_replay_snapshot(struct tk_replay *r, const struct tk_view *view);

/**
 * What could not be read or shown so far, as a line for people.
 * @return whether there was anything
 */
bool tk_replay_damage(const struct tk_replay *r, char *text, size_t size);

/** @r: may be NULL. */
void tk_replay_close(struct tk_replay *r);

#endif
