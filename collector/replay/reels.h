/* SPDX-License-Identifier: MIT */
/*
 * collector/replay/reels.h - several recordings as one, in the order of time.
 *
 * Each is a log that is read as a stream (collector/hlog/hlog.h). The interval that ended first of
 * all that come next is the next one: so the parts of a rotated recording follow one another, and
 * recordings of the same time are played side by side. Within one log nothing is put in order.
 *
 * One thread. Memory: a line a log.
 */
#ifndef TK_COLLECTOR_REPLAY_REELS_H
#define TK_COLLECTOR_REPLAY_REELS_H

#include "collector/hlog/hlog.h"

/** One log, and what comes next in it. */
struct tk_reel {
	struct tk_hlog *log;
	const char *path;
	struct tk_hlog_item item; /* a histogram or a loss */
	bool has_item;
	int err;            /* it cannot be read further */
	double ns_per_tick; /* of the finest clock that it has told of; 0: it has told of none */
};

/** What is told of each fact or label in the logs, before the interval that follows it. */
typedef void tk_reels_note_fn(void *arg, const char *name, const char *value);

struct tk_reels {
	struct tk_reel *of;
	size_t n;
	const char *app; /* only intervals of this app; NULL: all */
	int64_t from_ns; /* only those that begin from then on, in the logs' times */
	tk_reels_note_fn *note;
	void *arg;
};

/**
 * Open all, and read what comes first. @r: app, from_ns, note and arg are set
 * @unit_ns: what 1 is worth in a log that does not say it; 0: 1 ns
 * @return 0, or a negative errno with a sentence in `why`. tk_reels_close() closes what was opened
 */
int tk_reels_open(struct tk_reels *r, const char *const *paths, size_t n, double unit_ns,
		  char why[256]);

/** @return the log whose next interval ended first; NULL: all are at their ends */
struct tk_reel *tk_reels_next(struct tk_reels *r);

/** Its item is used: read the next one. */
void tk_reels_pass(struct tk_reels *r, struct tk_reel *reel);

/** Leave out what begins before then: reads on to it. */
void tk_reels_skip(struct tk_reels *r, int64_t from_ns);

/** When its item's interval ended, as the log says it. */
int64_t tk_reel_end(const struct tk_reel *reel);

/**
 * What could not be read so far, as a line for people: of the first log that has such a thing.
 * @return whether there was anything
 */
bool tk_reels_damage(const struct tk_reels *r, char *text, size_t size);

void tk_reels_close(struct tk_reels *r);

#endif
