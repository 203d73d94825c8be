/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows/rows.h - rows of statistics, and how they are printed: as a table, JSON
 * lines or CSV.
 *
 * Rows have types, told apart by `type`. A row of type "timer" is one measure of one timer of one
 * process, or of all processes of an app, in which
 *
 *	records = count + set_aside + without + lost
 *
 * A row of type "process" is one process, or those of an app, in which records = delivered + lost,
 * and delivered is what its timers' rows delivered and `unknown`. docs: `timekeeper help stat`.
 * TK_ROWS_SCHEMA changes with any change of a column's meaning; columns may be added without.
 *
 * gather.h makes rows of intervals.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_ROWS_H
#define TK_COLLECTOR_COMMANDS_ROWS_ROWS_H

#include <stdio.h>

#include "collector/cli/options.h"
#include "collector/engine/views/intervals.h"

#define TK_ROWS_SCHEMA 2

/** One measure of a row. Without samples, or where memory was short, values are NAN. */
struct tk_row_measure {
	uint64_t count, aside, without;
	double value[TK_STATS_MAX]; /* in the order of the list of statistics */
	/* Where the gatherer was asked for them, and memory sufficed: the samples, a histogram for
	 * each clock and epoch. */
	const struct tk_bins_rated *samples;
	size_t n_samples;
};

/** One timer of one process, or of `processes` of an app. */
struct tk_row {
	char name[64], app[64]; /* of several processes, the name is without labels */
	char segment[128];      /* "": of several processes */
	const char *dir;        /* of its segment; or NULL */
	uint32_t uid;
	uint32_t pid; /* 0: of several */
	uint32_t processes;
	struct tk_unit unit; /* of its samples; of values, it has the first measure alone */
	bool alive;          /* at least one of them */
	bool found_dead;
	bool unsettled;
	uint64_t records, lost;
	uint64_t since_start; /* 0: not asked for */
	size_t order;         /* by name: its place among the rows */
	struct tk_row_measure of[TK_MEASURES];
};

struct tk_rows {
	uint64_t number;      /* of the newest interval */
	int64_t t_ns;         /* its end, CLOCK_REALTIME */
	uint64_t interval_ns; /* what the rows are about: that interval, or all in the window */
	size_t n, n_processes;
	struct tk_row **row;
	struct tk_interval_process *process;
};

/** What rows may be sorted by besides a statistic, whose place in the list is from 0 on. */
enum tk_rows_order {
	TK_ROWS_BY_NAME = -1,
	TK_ROWS_BY_APP = -2,
	TK_ROWS_BY_RECORDS = -3,
	TK_ROWS_BY_LOST = -4,
	TK_ROWS_BY_COUNT = -5
};

/** What is printed of them. */
struct tk_rows_style {
	enum tk_format format;
	const struct tk_stats_list *stats;
	bool asked;         /* the list was: a table shows all of it, however narrow it is */
	bool by_app;        /* rows are of apps */
	bool total;         /* they have since_start */
	bool alerts;        /* there may be rows of alerts, which have columns of their own */
	uint64_t window_ns; /* they are about so long, for the heading; 0: about an interval */
};

/** What `stat` shows unless --stats asks for others. */
extern const char tk_rows_stats[];

/** Print all rows. @first: nothing was printed before. */
void tk_rows_print(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
		   bool first);

/** What an alert has come to: a row of type "alert". Texts as in struct tk_row. */
struct tk_row_alert {
	const char *rule, *state, *timer, *kind, *app, *segment, *dir, *unit;
	uint32_t pid, uid;
	uint64_t count, lost;
	double value, limit; /* in that unit; value NAN: not known */
};

/** Print it, as JSON line or CSV. @about: for which interval */
void tk_rows_print_alert(FILE *out, const struct tk_rows_style *style, const struct tk_rows *about,
			 const struct tk_row_alert *a, bool first);

/* Shared by the files of this folder. */

/** A comma, and a text in quotes; NULL: "". */
void tk_rows_csv_text(FILE *out, const char *text);

/** Records a second. */
double tk_rows_rate(const struct tk_rows *rows, uint64_t records);

/** Whether a measure has a row of its own: if it had a sample, and at least one measure has. */
bool tk_rows_has(const struct tk_row *row, enum tk_measure m);

void tk_rows_table(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
		   bool first);

#endif
