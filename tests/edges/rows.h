/* SPDX-License-Identifier: MIT */
/*
 * One line that `timekeeper stat --format jsonl` printed. All that the tests in this folder know of
 * the format stands in rows.c.
 */
#ifndef TK_TESTS_ROWS_H
#define TK_TESTS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum row_type {
	ROW_TIMER,   /* one measure of one timer in one interval */
	ROW_PROCESS, /* what one segment delivered and lost in one interval */
	ROW_UNREAD,  /* what an app's closed processes left that nobody read */
	ROW_OTHER,
};

struct row {
	enum row_type type;
	char app[64], segment[256], timer[64], measure[16];
	uint32_t pid;
	uint64_t interval; /* its number */
	uint64_t interval_ns;
	int64_t t_ns;
	uint64_t records;
	uint64_t count, set_aside, without, lost; /* of a timer; lost: of a process, too */
	uint64_t delivered, unknown, refused;     /* of a process */
	uint64_t attributed; /* what its timers' rows have of its lost records */
	bool unsettled;      /* the rest is yet to come */
	uint64_t processes;  /* of an app's unread */
	double rate, sum_ns, min_ns, max_ns;
};

/**
 * Take a line apart.
 * @return NULL, or what is wrong with it: no JSON object, or one of Columns' identities does not
 * hold.
 */
const char *row_read(struct row *row, const char *line, size_t length);

/** Whether the format has rows of processes; before schema 2 all there is stands in timers'
 * rows. */
extern bool rows_of_processes;

#endif
