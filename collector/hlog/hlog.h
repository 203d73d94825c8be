/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/hlog.h - read an HdrHistogram interval log: ours (`timekeeper record`), or another
 * program's.
 *
 * A log is lines of text. One line is one histogram:
 *
 *	Tag=app/timer/processing,12.000,1.000,0.004567,HISTFAAA...
 *	    tag                 start length max      base64 of a compressed histogram
 *
 * with times in seconds. The parts of our tags are percent-encoded. Lines that begin with # are
 * comments. HdrHistogram defines `#[StartTime: seconds` and `#[BaseTime: seconds`, and our own
 * (collector/hlog/write.h) tell labels, losses, exact bounds and the unit:
 *
 *	#[Timekeeper lost: app=gateway timer=Parse start=12.000000123 length=1.000000456 ...]
 *
 * Encodings V0, V1 and V2 are read, compressed or not. A log of another program counts ns, unless
 * the caller says otherwise, and its tag is the name of a timer.
 *
 *	struct tk_hlog *l = tk_hlog_open("run.hlog", 0);
 *	struct tk_hlog_item i;
 *
 *	while (tk_hlog_next(l, &i) > 0)
 *		if (i.kind == TK_HLOG_HISTOGRAM)
 *			tk_hlog_sum_add(&sum, &i);            (collector/hlog/sum.h)
 *	if (tk_hlog_damage(l, text, sizeof(text)))
 *		...say it, and exit with 1
 *
 * The file is read as a stream, once, from beginning to end. Nothing in it is trusted. A line that
 * cannot be read is passed over and counted, and reading goes on behind it; the first such line is
 * remembered with its number and what is wrong with it. Memory is bounded by TK_HLOG_LINE_MAX and
 * TK_HLOG_INFLATED_MAX (collector/hlog/decode.h), whatever the file holds.
 *
 * One thread per log. What an item points to is valid until the next call.
 */
#ifndef TK_COLLECTOR_HLOG_HLOG_H
#define TK_COLLECTOR_HLOG_HLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/hlog/shape.h"
#include "collector/stats/measure.h"

/** A longer line is passed over: no histogram needs it. */
#define TK_HLOG_LINE_MAX ((size_t)16 << 20)

enum tk_hlog_kind {
	TK_HLOG_HISTOGRAM, /* an interval of one timer and measure */
	TK_HLOG_LOST,      /* records of a timer that were lost, in an interval */
	TK_HLOG_NOTE,      /* a fact of the whole log, or a label: `name` and `value` */
};

struct tk_hlog_item {
	enum tk_hlog_kind kind;
	/*
	 * Of histograms and losses. Of a histogram that we did not write, app and measure are ""
	 * and timer is the tag, "" if there is none. Of a loss, measure is "": it is in both.
	 */
	const char *app, *timer, *measure; /* "processing", "latency", "value" */
	struct tk_unit unit;               /* of a histogram's samples: of a value, numbers */
	/* CLOCK_REALTIME, if the log has absolute times; else since its beginning. As exact as the
	 * log is: to the ns if it is ours. */
	int64_t start_ns;
	uint64_t length_ns;
	/* Of histograms: what is filled, ascending. */
	const struct tk_hlog_shape *shape;
	const struct tk_hlog_counted *counted;
	size_t n;
	uint64_t count; /* samples: the sum, below 2^63 */
	/* Of losses. records = delivered + lost. A process's losses whose timer is not known have
	 * timer "". */
	uint64_t records, lost;
	/*
	 * Of notes. "label.NAME": a label of --label; "machine.NAME", "clock.NAME", "log.NAME":
	 * facts; "missed.NAME": what could not be written, e.g. because the disk was full.
	 */
	const char *name, *value;
};

struct tk_hlog;

/**
 * @path: "-" is standard input
 * @unit_ns: what 1 is worth in a log that does not say it; 0: 1 ns
 * @return NULL and errno
 */
struct tk_hlog *tk_hlog_open(const char *path, double unit_ns);

/** @return 1: there is an item; 0: the end; a negative errno: the file cannot be read further */
int tk_hlog_next(struct tk_hlog *l, struct tk_hlog_item *item);

/**
 * What could not be read, as one line for people: "run.hlog:17: the histogram ends early (3 lines
 * in all could not be read)".
 * @return whether there was anything
 */
bool tk_hlog_damage(const struct tk_hlog *l, char *text, size_t size);

/**
 * What the log says of its own accuracy: samples may be off by this part of their value before they
 * came into the log's buckets. 0: it says nothing, as logs of other programs do.
 */
double tk_hlog_error(const struct tk_hlog *l);

/** @l: may be NULL. */
void tk_hlog_close(struct tk_hlog *l);

#endif
