/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/notes.h"

#include <stdarg.h>
#include <stdio.h>

#include "collector/machine/printable.h"

void tk_notes_add(struct tk_notes *n, const char *format, ...)
{
	char *text = n->text[n->ever++ % TK_NOTES_KEPT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, TK_NOTE_LENGTH, format, args);
	va_end(args);
	tk_printable(text, TK_NOTE_LENGTH, text); /* file names may hold anything */
}
