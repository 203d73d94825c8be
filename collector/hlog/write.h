/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/write.h - the lines of a log, as texts. collector/hlog/file.h puts them into a
 * file.
 *
 * A log begins with a header, then has, for each interval, a comment with its exact bounds and a
 * line for each timer and measure that had samples. All that HdrHistogram does not define stands in
 * comments of one form, with names and values percent-encoded:
 *
 *	#[Timekeeper KIND: name=value name=value]
 *
 *	log		version, unit_ps, error_ppm, interval, timekeeper
 *	label		what --label said
 *	command		what was started to be recorded: 0=program 1=argument ...
 *	machine, clock	facts
 *	interval	number, start, length: of the lines that follow, in seconds since 1970
 *	lost		app, timer, records, lost, aside: of a timer in that interval; without timer
 *			of a process, which has those of its timers, and those that are in no timer
 *	value		unit: of the line of values that follows
 *	missed		lines, samples, from, to, why: what could not be written
 *
 * What values are worth. A sample is counted in a bucket of ticks (collector/stats/histogram.h).
 * The bucket's middle, in whole picoseconds, is counted in a bucket of an HdrHistogram with 3
 * digits. Neither is split, so that counts are equal. What is read back differs from the sample by
 * at most
 *
 *	below 256 ticks (at 2.6 GHz: 98 ns)	0.049 % + 0.5 ps
 *	from there on				0.44 %  + 0.5 ps
 *
 * 0.44 % is 1/256 of ours and 1/2048 of theirs. That ticks are whole is not in it, nor what the
 * clock's rate is wrong by (`timekeeper tsc`).
 *
 * Lines of the measure `value` count plain numbers and no picoseconds: whole numbers below 256 are
 * exact, and larger ones within the same error.
 *
 * One thread per writer.
 */
#ifndef TK_COLLECTOR_HLOG_WRITE_H
#define TK_COLLECTOR_HLOG_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "collector/stats/bins.h"

#define TK_HLOG_UNIT_PS   1
#define TK_HLOG_DIGITS    3
#define TK_HLOG_ERROR_PPM 3907 /* 1/256, rounded up */

/** Memory for a line, and what it says. All zero to begin. */
struct tk_hlog_writer {
	struct libdeflate_compressor *z;
	uint8_t *raw, *deflated;
	size_t deflated_room;
	char *text; /* whole lines; `size` bytes */
	size_t size, room;
	int err; /* -ENOMEM: the text is not complete */
};

/** @return 0 or -ENOMEM */
int tk_hlog_writer_open(struct tk_hlog_writer *w);
void tk_hlog_writer_close(struct tk_hlog_writer *w);

/** Forget the text; begin another. */
void tk_hlog_clear(struct tk_hlog_writer *w);

/* Each of these appends to the text. What they have no memory for is in `err`. */

/** The lines that readers of HdrHistogram logs expect. @start_ns: CLOCK_REALTIME */
void tk_hlog_put_header(struct tk_hlog_writer *w, int64_t start_ns);

/** A comment: begin it, any facts, end it. */
void tk_hlog_put_comment(struct tk_hlog_writer *w, const char *kind);
void tk_hlog_put_fact(struct tk_hlog_writer *w, const char *name, const char *value);
void tk_hlog_put_number(struct tk_hlog_writer *w, const char *name, uint64_t value);
void tk_hlog_put_time(struct tk_hlog_writer *w, const char *name, int64_t ns);
void tk_hlog_put_end(struct tk_hlog_writer *w);

struct tk_hlog_where {
	const char *app, *timer;
	enum tk_measure measure;
	int64_t start_ns; /* since the log's start */
	uint64_t length_ns;
};

/** The line of a histogram, which has a sample and no bare ones. */
void tk_hlog_put_histogram(struct tk_hlog_writer *w, const struct tk_hlog_where *at,
			   const struct tk_bins *b, double ns_per_tick);

/** The same of values, whose measure is not looked at, and before it its unit, if it has a name. */
void tk_hlog_put_values(struct tk_hlog_writer *w, const struct tk_hlog_where *at,
			const struct tk_unit *unit, const struct tk_bins *b);

#endif
