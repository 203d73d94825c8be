/* SPDX-License-Identifier: MIT */
#include "collector/cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/machine/printable.h"

#define WIDTH 80

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list args)
{
	char text[4096];

	vsnprintf(text, sizeof(text), format, args);
	tk_printable(text, sizeof(text), text);
	fprintf(stderr, "timekeeper: %s\n", text);
}

void tk_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

int tk_failed(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return TK_EXIT_FAILED;
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
