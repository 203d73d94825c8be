/* SPDX-License-Identifier: MIT */
#include "collector/cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ring/place.h"

#define WIDTH 80

/* Bytes of the printable character at the beginning of text; 0: there is none. */
static size_t printable(const char *text)
{
	char one[5] = "";

	for (size_t n = 0; n < 4 && text[n]; n++) {
		one[n] = text[n];
		if (tk_name_valid(one))
			return n + 1;
	}
	return 0;
}

void tk_printable(char *to, size_t size, const char *text)
{
	size_t used = 0, n;

	while (*text) {
		n = printable(text);
		if (used + (n ? n : 1) >= size)
			break;
		if (n)
			memmove(to + used, text, n);
		else
			to[used] = '?';
		n = n ? n : 1;
		used += n;
		text += n;
	}
	to[used] = '\0';
}

void tk_say(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tk_printable(text, sizeof(text), text);
	fprintf(stderr, "timekeeper: %s\n", text);
}

void tk_wrap(FILE *out, const char *text, int indent, int at)
{
	while (*text) {
		int n = (int)strcspn(text, " ");

		if (at > indent && at + 1 + n > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, (size_t)n, out);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}
