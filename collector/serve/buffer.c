/* SPDX-License-Identifier: MIT */
#include "collector/serve/buffer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM_MIN 256u

bool tk_buffer_reserve(struct tk_buffer *b, size_t more)
{
	size_t room = b->room ? b->room : ROOM_MIN;
	char *grown;

	while (room - b->n < more)
		room *= 2;
	grown = b->failed ? NULL : realloc(b->at, room);
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->at = grown;
	b->room = room;
	return true;
}

void tk_buffer_count(struct tk_buffer *b, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while (v /= 10);
	tk_buffer_put(b, digits + n, sizeof(digits) - n);
}

void tk_buffer_number(struct tk_buffer *b, double v)
{
	char text[32];

	if (isnan(v))
		tk_buffer_text(b, "NaN");
	else if (isinf(v))
		tk_buffer_text(b, v > 0 ? "+Inf" : "-Inf");
	else
		tk_buffer_put(b, text, (size_t)snprintf(text, sizeof(text), "%.15g", v));
}

/* v * 10^scale as d.ddde+NN, with all digits that it has. */
static void put_scientific(struct tk_buffer *b, uint64_t v, int scale)
{
	char text[48], digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v);
	int exponent = n - 1 + scale;

	while (n > 1 && digits[n - 1] == '0')
		n--;
	snprintf(text, sizeof(text), "%.1s%s%.*se%c%02d", digits, n > 1 ? "." : "", n - 1,
		 digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
	tk_buffer_text(b, text);
}

void tk_buffer_seconds(struct tk_buffer *b, uint64_t ns)
{
	char text[40];
	int n;

	if (ns && ns < 100000) { /* below 0.0001 s */
		put_scientific(b, ns, -9);
		return;
	}
	n = snprintf(text, sizeof(text), "%llu.%09llu", (unsigned long long)(ns / 1000000000),
		     (unsigned long long)(ns % 1000000000));
	while (text[n - 1] == '0' && text[n - 2] != '.')
		n--;
	tk_buffer_put(b, text, (size_t)n);
}

void tk_buffer_whole(struct tk_buffer *b, uint64_t v)
{
	if (v >= 1000000) {
		put_scientific(b, v, 0);
		return;
	}
	tk_buffer_count(b, v);
	tk_buffer_put(b, ".0", 2);
}

void tk_buffer_label(struct tk_buffer *b, const char *key, const char *value)
{
	if (b->n)
		tk_buffer_put(b, ",", 1);
	tk_buffer_text(b, key);
	tk_buffer_put(b, "=\"", 2);
	for (; *value; value++) {
		if (*value == '\n')
			tk_buffer_put(b, "\\n", 2);
		else if (*value == '\\' || *value == '"')
			tk_buffer_put(b, (const char[]){ '\\', *value }, 2);
		else
			tk_buffer_put(b, value, 1);
	}
	tk_buffer_put(b, "\"", 1);
}

void tk_buffer_free(struct tk_buffer *b)
{
	free(b->at);
	memset(b, 0, sizeof(*b));
}
