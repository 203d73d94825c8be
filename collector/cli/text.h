/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/text.h - UTF-8 by columns, and numbers as people read them.
 *
 * Widths come from a table here and not from the C library, so that a layout is the same in every
 * locale. Any thread; nothing allocates, nothing fails: bytes that are not valid UTF-8, and control
 * characters, read as U+FFFD.
 */
#ifndef TK_COLLECTOR_CLI_TEXT_H
#define TK_COLLECTOR_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/engine/views/snapshot.h"

/** The next code point of *s, which moves past it; 0 at the end. Never reads past the NUL. */
uint32_t tk_utf8_next(const char **s);

/** Encode cp with a NUL. @return bytes before the NUL, 1 to 4. */
size_t tk_utf8_encode(char out[5], uint32_t cp);

/** Columns of a code point: 0 (it combines with the one before), 1 or 2. */
int tk_utf8_width(uint32_t cp);

/** Columns of a string. */
int tk_text_width(const char *s);

#define TK_UNITS_MAX 24 /* room for any text below */

/*
 * Four digits, for the display. It puts "us" in the place of "µs" where the terminal's charset is
 * ASCII (enum tk_charset).
 */

/** "577 ns", "6.088 µs", "2.018 ms", "1.5 s". @return out. */
char *tk_units_ns(char out[TK_UNITS_MAX], double ns);

/** The same in three digits, seven columns at the most: "577 ns", "6.09 µs". @return out. */
char *tk_units_ns_brief(char out[TK_UNITS_MAX], double ns);

/**
 * A sample of that unit: "6.088 µs" of a time; "1.2 Mbytes", "12 messages", "3.25 M" of a value.
 */
char *tk_units_sample(char out[TK_UNITS_MAX], double v, const struct tk_unit *unit);

/** "26.6", "1.2 k", "3.25 M"; whole numbers below 10,000 are written out. @return out. */
char *tk_units_count(char out[TK_UNITS_MAX], double n);

/** "26.6 /s", "1.2 M/s". @return out. */
char *tk_units_rate(char out[TK_UNITS_MAX], double per_s);

/*
 * Three digits in ASCII, seven columns at the most, for lines of text: they may go to a file or a
 * pipe, where nobody knows the charset, and their columns are counted in bytes.
 */

/** "577 ns", "6.09 us", "2.02 ms", "1.5 s". @return out. */
char *tk_text_ns(char out[TK_UNITS_MAX], double ns);

/** "26.6", "577", "1.2 k", "3.25 M". @return out. */
char *tk_text_count(char out[TK_UNITS_MAX], double n);

/** A sample: "6.09 us" of a time; of a value its number alone, whose unit stands elsewhere. */
char *tk_text_sample(char out[TK_UNITS_MAX], double v, const struct tk_unit *unit);

/** The same with its unit: "1.2 Mbytes", "12 messages". */
char *tk_text_sample_whole(char out[TK_UNITS_MAX], double v, const struct tk_unit *unit);

/** For tables whose columns spaces separate: "6.09us" of "6.09 us". @return text. */
char *tk_text_unspaced(char *text);

#define TK_TEXT_PROCESS_MAX 80

/** "app[pid]"; the app alone where pid is 0: its processes are not told apart. @return out. */
char *tk_text_process(char out[TK_TEXT_PROCESS_MAX], const char *app, uint32_t pid);

/** All digits where they fit; else as tk_text_count(), without a space. @return out. */
char *tk_text_whole(char out[TK_UNITS_MAX], uint64_t n);

/** Print text into XML, escaped. It has no control characters: XML 1.0 could not hold them. */
void tk_text_xml(FILE *out, const char *text);

#define TK_TEXT_DRAINER_MAX 160

/**
 * Describe a drainer: "cpu 3 pinned, node 1: 12 lanes on 2 MiB, gap 1.2 ms, ...": its lanes and the
 * pages they lie on, and what happened since it was warm: the longest gap between two drains, page
 * faults, involuntary context switches.
 */
void tk_text_drainer(char out[TK_TEXT_DRAINER_MAX], const struct tk_drainer_figures *d);

#endif
