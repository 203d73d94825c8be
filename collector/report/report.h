/* SPDX-License-Identifier: MIT */
/*
 * collector/report/report.h - what recordings hold, timer by timer: `timekeeper report`.
 *
 * Logs are read one after the other, each once, and added up: a row for each measure of each timer
 * of each app, over all processes and files. Histograms are added, so that percentiles are those of
 * all samples. Memory is bounded by TK_REPORT_ROWS and TK_REPORT_BYTES, whatever the logs hold.
 *
 * Main thread. What is wrong with a log is said on standard error, and the rest of it is used.
 */
#ifndef TK_COLLECTOR_REPORT_REPORT_H
#define TK_COLLECTOR_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/cli/lists/stats_list.h"
#include "collector/cli/options.h"
#include "collector/hlog/sum.h"
#include "collector/report/times.h"

#define TK_REPORT_ROWS  65536u
#define TK_REPORT_BYTES ((size_t)2 << 30) /* of counters */

/** A moment: of the clock on the wall, or since the first interval. */
struct tk_report_when {
	bool is_said, is_absolute;
	int64_t ns;
};

#define TK_REPORT_WHEN_TAKES "10s, 2026-11-30T02:00:00, that with Z, or @1764460000"

/**
 * Read "10s" (since the first interval), "2026-11-30T02:00:00" (with Z: UTC; without: local time),
 * or "@1764460000.5" (seconds since 1970). @text: NULL: nothing was said. @return 0 or -EINVAL
 */
int tk_report_when_parse(struct tk_report_when *w, const char *text);

struct tk_report_wanted {
	const char *app;                /* NULL: all */
	const struct tk_texts *timers;  /* patterns */
	struct tk_report_when from, to; /* intervals that begin from the one and before the other */
	double unit_ns;                 /* of logs that do not say it; 0: 1 ns */
	const struct tk_stats_list *stats;
	bool times; /* percentiles over time, too */
};

struct tk_report_names {
	char *app, *timer, *measure; /* measure "": of a log that is not ours */
	struct tk_unit unit;         /* of the samples */
};

/** One measure of a timer. */
struct tk_report_row {
	struct tk_report_names key;   /* as they stand in the log */
	struct tk_report_names shown; /* the same, printable */
	uint64_t count, lost;         /* lost: the timer's, the same in both of its measures */
	struct tk_hlog_sum sum;
	struct tk_report_times times;
	struct tk_report_row *then; /* which was added to after it, last time */
};

struct tk_report {
	const struct tk_report_wanted *wanted;
	void *tree;                 /* of tsearch(), while logs are read */
	struct tk_report_row *last; /* what was added to last */
	size_t n_tree, bytes;
	/* By app, timer and measure: those with samples, and timers whose samples were all lost. */
	struct tk_report_row **row;
	size_t n;
	int64_t first_ns, end_ns; /* of the intervals that count; both 0: there are none */
	int64_t zero_ns;          /* when the first interval of all began */
	bool has_zero;
	uint64_t lost_timers, lost_processes; /* a process's: all of its timers', and more */
	uint64_t missed;                      /* samples that a recorder could not write */
	bool damaged;                         /* and it was said */
};

/**
 * Read logs, and sort what was found.
 * @return 0; -errno: memory is short. tk_report_free() frees what there is, in either case
 */
int tk_report_read(struct tk_report *r, const struct tk_report_wanted *wanted, char *const *files,
		   size_t n_files);

void tk_report_free(struct tk_report *r);

#define TK_REPORT_TITLE_MAX 512

/** App, timer and measure of a row as one text, or "(no tag)". @return out */
char *tk_report_title(char out[TK_REPORT_TITLE_MAX], const struct tk_report_row *row);

#define TK_REPORT_DRAWN 12u

/**
 * The rows that are worth a line in a picture: those with the highest P99, in their order.
 * @return how many there are in `rows`, up to TK_REPORT_DRAWN; or -ENOMEM
 */
int tk_report_worst(const struct tk_report *r, const struct tk_report_row *rows[TK_REPORT_DRAWN]);

/**
 * The statistics of a row, in the order of the list; NAN for all if it has no sample.
 * @return 0 or -ENOMEM
 */
int tk_report_stats(const struct tk_report_row *row, const struct tk_stats_list *stats, double *ns);

/* --- formats: each writes the whole report; @return 0 or -ENOMEM ------------------------------ */

typedef int tk_report_print(const struct tk_report *r, FILE *out);

tk_report_print tk_report_table;     /* for people */
tk_report_print tk_report_json;      /* one object */
tk_report_print tk_report_csv;       /* a heading, and a line a row */
tk_report_print tk_report_hgrm;      /* HdrHistogram's percentile distribution, in ms */
tk_report_print tk_report_curves;    /* SVG: value over percentile */
tk_report_print tk_report_over_time; /* SVG: percentiles over time, a panel a row */

#endif
