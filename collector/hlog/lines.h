/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/lines.h - a file as lines of a bounded length.
 *
 * One thread per object.
 */
#ifndef TK_COLLECTOR_HLOG_LINES_H
#define TK_COLLECTOR_HLOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** All zero but `fd` and `max` to begin. */
struct tk_hlog_lines {
	int fd;
	size_t max; /* a longer line is passed over */
	char *buffer;
	size_t room, begin, end; /* what was read and not taken yet */
	uint64_t number;         /* of the line that was taken last, from 1 on */
	bool ended;
};

struct tk_hlog_line {
	char *text; /* ends with NUL in place of its line break; may be changed */
	size_t size;
	bool too_long; /* it is longer than `max`, and was passed over */
	bool cut;      /* the file ends in it, without a line break */
};

/** @return 1: there is a line; 0: the end; or a negative errno */
int tk_hlog_lines_next(struct tk_hlog_lines *l, struct tk_hlog_line *line);

void tk_hlog_lines_free(struct tk_hlog_lines *l);

#endif
