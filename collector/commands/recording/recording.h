/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/recording/recording.h - closed intervals into a log: `timekeeper record`.
 *
 * A recording takes intervals as the collector closed them, and writes for each a comment with its
 * exact bounds, a comment for each timer and process that lost records, and a line for each timer
 * and measure that had samples (collector/hlog/write.h). Several processes of one app have lines of
 * the same tag: who reads adds them up. An interval in which nothing happened writes nothing.
 *
 * A disk that is full does not end a recording. It says so once; what could not be written since is
 * counted, and is said, on standard error and in the log, when there is room again.
 *
 * Main thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_RECORDING_RECORDING_H
#define TK_COLLECTOR_COMMANDS_RECORDING_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/cli/options.h"
#include "collector/engine/views/intervals.h"
#include "collector/hlog/file.h"
#include "collector/hlog/write.h"
#include "collector/stats/bins.h"

#define TK_RECORDING_CLOCKS 64u

/** What could not be written since the disk was full. */
struct tk_recording_missed {
	uint64_t lines, samples;
	int64_t from_ns, to_ns;
	int err; /* 0: nothing was missed */
};

struct tk_recording {
	const struct tk_args *args;
	struct tk_hlog_file file;
	struct tk_hlog_writer writer;
	struct tk_bins bins;
	int64_t start_ns;     /* of the file: its times are since then */
	int64_t end_ns;       /* of the last interval */
	bool begun;           /* the file has its header */
	bool bounds_are_said; /* of the interval that is being written */
	struct tk_recording_missed missed;
	uint32_t clocks[TK_RECORDING_CLOCKS]; /* whose rate the file has */
	size_t n_clocks;
	/* Ever: lines, their samples, samples that had no histogram, records lost, and how often
	 * the disk was full. */
	uint64_t lines, samples, without_histogram, lost, gaps;
};

/**
 * Begin: lock the file and write its header.
 * @now_ns: CLOCK_REALTIME, before the collector begins
 * @return 0, or a negative errno and a sentence
 */
int tk_recording_open(struct tk_recording *r, const struct tk_args *a, const char *path,
		      int64_t now_ns, char why[256]);

/**
 * Write an interval; begin another file if it is time. @return 0, also if the disk is full; or a
 * negative errno, and it was said: nothing more can be written
 */
int tk_recording_put(struct tk_recording *r, const struct tk_interval *i);

/**
 * End: say what was missed to the end. @return 0, or a negative errno, and it was said: the log is
 * not complete
 */
int tk_recording_close(struct tk_recording *r);

#endif
