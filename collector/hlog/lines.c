/* SPDX-License-Identifier: MIT */
#include "collector/hlog/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)

/* Make room for READ_BYTES behind what was read, and for a NUL. */
static int make_room(struct tk_hlog_lines *l)
{
	size_t held = l->end - l->begin;
	char *grown;

	if (l->begin && l->room) {
		memmove(l->buffer, l->buffer + l->begin, held);
		l->begin = 0;
		l->end = held;
	}
	if (l->room >= held + READ_BYTES + 1)
		return 0;
	grown = realloc(l->buffer, 2 * held + READ_BYTES + 1);
	if (!grown)
		return -ENOMEM;
	l->buffer = grown;
	l->room = 2 * held + READ_BYTES + 1;
	return 0;
}

static int read_more(struct tk_hlog_lines *l)
{
	int err = make_room(l);
	ssize_t got;

	if (err)
		return err;
	do
		got = read(l->fd, l->buffer + l->end, l->room - 1 - l->end);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	l->end += (size_t)got;
	l->ended = got == 0;
	return 0;
}

/* Drop the line that begins here, however long it is. */
static int pass_over(struct tk_hlog_lines *l, struct tk_hlog_line *line)
{
	static char nothing[1];
	char *end = NULL;
	int err = 0;

	*line = (struct tk_hlog_line){ .text = nothing, .too_long = true };
	while (!end && !l->ended && !err) {
		end = memchr(l->buffer + l->begin, '\n', l->end - l->begin);
		l->begin = end ? (size_t)(end + 1 - l->buffer) : l->end;
		if (!end)
			err = read_more(l);
	}
	return err ? err : 1;
}

static int take(struct tk_hlog_lines *l, struct tk_hlog_line *line, size_t size, size_t ending)
{
	line->text = l->buffer + l->begin;
	line->size = size;
	line->cut = ending == 0;
	l->begin += size + ending;
	if (line->size && line->text[line->size - 1] == '\r')
		line->size--;
	line->text[line->size] = '\0';
	return 1;
}

int tk_hlog_lines_next(struct tk_hlog_lines *l, struct tk_hlog_line *line)
{
	size_t looked = 0;

	*line = (struct tk_hlog_line){ 0 };
	l->number++;
	for (;;) {
		size_t held = l->end - l->begin;
		char *at = held ? l->buffer + l->begin : NULL;
		char *end = held > looked ? memchr(at + looked, '\n', held - looked) : NULL;
		int err;

		if (end && (size_t)(end - at) <= l->max)
			return take(l, line, (size_t)(end - at), 1);
		if (end || held > l->max)
			return pass_over(l, line);
		if (l->ended)
			return held ? take(l, line, held, 0) : 0;
		looked = held;
		err = read_more(l);
		if (err)
			return err;
	}
}

void tk_hlog_lines_free(struct tk_hlog_lines *l)
{
	free(l->buffer);
	l->buffer = NULL;
	l->room = l->begin = l->end = 0;
}
