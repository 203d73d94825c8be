/* SPDX-License-Identifier: MIT */
/*
 * collector/display/overview/columns.h - the columns of the overview, right of the names.
 *
 * To add a column, give it a row in columns.c.
 */
#ifndef TK_COLLECTOR_DISPLAY_OVERVIEW_COLUMNS_H
#define TK_COLLECTOR_DISPLAY_OVERVIEW_COLUMNS_H

#include "collector/display/view/view.h"

#define TK_COLUMNS_MAX 16
#define TK_COLUMN_TEXT 96 /* bytes of a cell */
#define TK_COLUMN_NAME 32 /* columns for names, at least, before there are columns of rank 1 */
#define TK_COLUMN_GAP  1  /* before each column */

struct tk_column {
	const char *group;   /* what it is of, above its heading; NULL: nothing */
	const char *heading; /* in the line of headings */
	int width;
	int rank; /* 0: always there; 1: where there are 80 columns; more: where room is left */
	enum tk_by by; /* what sorts by it; TK_BYS: nothing does */
	/* What stands in it; the empty text: nothing is known. */
	void (*value)(const struct tk_column *c, const struct tk_snapshot *s,
		      const struct tk_snap_timer *t, char out[TK_COLUMN_TEXT]);
};

/**
 * The columns for which there is room in `w` columns, from left to right. Where there is none for
 * both measures, one column has the p99 that rows are sorted by.
 * @return how many; *name_w: what is left for names
 */
size_t tk_columns_fit(int w, enum tk_by by, const struct tk_column *out[TK_COLUMNS_MAX],
		      int *name_w);

/**
 * Whether a row has no sample of the last 10 s, but had some before. Its columns of p99 have what
 * the last interval with samples had, and an age belongs beside them: " 35s ago".
 */
bool tk_columns_is_past(const struct tk_snap_timer *t);
void tk_columns_ago(const struct tk_snapshot *s, const struct tk_snap_timer *t,
		    char out[TK_COLUMN_TEXT]);

/** Whether it needs the trends of the rows that are drawn. */
bool tk_columns_is_spark(const struct tk_column *c);

/** What the overview is sorted by, in words. */
const char *tk_columns_by(enum tk_by by);

#endif
