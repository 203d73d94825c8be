/* SPDX-License-Identifier: MIT */
#include "collector/machine/printable.h"

#include <string.h>

#include "ring/place.h"

/* How many bytes the printable character at the beginning of text has; 0: there is none. */
static size_t printable_bytes(const char *text)
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
		n = printable_bytes(text);
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
