/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/text.h - texts and times as they stand in a log.
 *
 * Pure functions, whatever the locale.
 */
#ifndef TK_COLLECTOR_HLOG_TEXT_H
#define TK_COLLECTOR_HLOG_TEXT_H

#include <stddef.h>
#include <stdint.h>

/** What a text of `length` bytes takes at most, percent-encoded, with its NUL. */
#define TK_HLOG_ENCODED_MAX(length) (3 * (length) + 1)

/**
 * Percent-encode all but letters, digits, '-', '.', '_' and '~' (RFC 3986, 2.3): what comes out has
 * no comma, space, line break or slash. @return the end of what was written: its NUL
 */
char *tk_hlog_encode_text(char *out, const char *text);

/**
 * Decode in place. A percent sign that no two hexadecimal digits follow, and %00, stay as they are.
 */
void tk_hlog_decode_text(char *text);

/**
 * Read seconds, such as "-1764460000.123456789", as ns; digits beyond the ninth decimal are cut.
 * @end: behind what was read; may be NULL, then all of the text has to be a time
 * @return 0; -EINVAL: it is none (NaN, an exponent); -ERANGE: beyond 292 years
 */
int tk_hlog_parse_seconds(const char *text, const char **end, int64_t *ns);

#endif
