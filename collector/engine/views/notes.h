/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/views/notes.h - what was refused or went wrong lately: a sentence each, for
 * people.
 *
 * A ring of the last TK_NOTES_KEPT sentences. One thread; viewers see a copy, which the collecting
 * thread makes at the end of a round.
 */
#ifndef TK_COLLECTOR_ENGINE_VIEWS_NOTES_H
#define TK_COLLECTOR_ENGINE_VIEWS_NOTES_H

#include <stdint.h>

#define TK_NOTES_KEPT  32u
#define TK_NOTE_LENGTH 256u

/** Note number `ever` - 1 is the newest, at (ever - 1) % TK_NOTES_KEPT. All zero: none. */
struct tk_notes {
	uint64_t ever;
	char text[TK_NOTES_KEPT][TK_NOTE_LENGTH];
};

/** Add a sentence, cut to size and made printable. The format has no newline. */
void tk_notes_add(struct tk_notes *n, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
