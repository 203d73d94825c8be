/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/buffer.h - text that grows at its end: what an answer is written into.
 *
 * A scrape of 1,000 timers is 64,000 lines, so that these write without printf(). Without memory a
 * buffer is `failed`: all that is put then is dropped, and its owner looks once, at the end. One
 * thread per object.
 */
#ifndef TK_COLLECTOR_SERVE_BUFFER_H
#define TK_COLLECTOR_SERVE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** All zero: empty. */
struct tk_buffer {
	char *at; /* n bytes, without a NUL */
	size_t n, room;
	bool failed;
};

/** Make room for `more` bytes. @return whether there is */
bool tk_buffer_reserve(struct tk_buffer *b, size_t more);

static inline void tk_buffer_put(struct tk_buffer *b, const char *bytes, size_t n)
{
	if (b->room - b->n < n && !tk_buffer_reserve(b, n))
		return;
	if (n)
		memcpy(b->at + b->n, bytes, n);
	b->n += n;
}

static inline void tk_buffer_text(struct tk_buffer *b, const char *text)
{
	tk_buffer_put(b, text, strlen(text));
}

/** In decimal. */
void tk_buffer_count(struct tk_buffer *b, uint64_t v);

/** In as many of 15 digits as it has; NaN and infinities as Prometheus writes them. */
void tk_buffer_number(struct tk_buffer *b, double v);

/**
 * A time in seconds, exact, in the one form in which Prometheus, Go and Python write such a number:
 * "1.28e-07", "0.00025", "1.0".
 */
void tk_buffer_seconds(struct tk_buffer *b, uint64_t ns);

/** A whole number as a limit, in that form, too: "8.0", "1.048576e+06". */
void tk_buffer_whole(struct tk_buffer *b, uint64_t v);

/** key="value", with a comma before it unless the buffer is empty; the value is escaped. */
void tk_buffer_label(struct tk_buffer *b, const char *key, const char *value);

/** Free what it holds, and empty it. */
void tk_buffer_free(struct tk_buffer *b);

#endif
