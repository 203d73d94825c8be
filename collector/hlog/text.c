/* SPDX-License-Identifier: MIT */
#include "collector/hlog/text.h"

#include <errno.h>
#include <stdbool.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_plain(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

char *tk_hlog_encode_text(char *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text; text++) {
		if (is_plain(*text)) {
			*out++ = *text;
			continue;
		}
		*out++ = '%';
		*out++ = hex[(unsigned char)*text >> 4];
		*out++ = hex[*text & 15];
	}
	*out = '\0';
	return out;
}

static int hex_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* @return the byte that three characters stand for, or 0 */
static char escaped(const char *text)
{
	int high = text[0] == '%' ? hex_of(text[1]) : -1;
	int low = high >= 0 ? hex_of(text[2]) : -1;

	if (low < 0)
		return 0;
	return (char)(high << 4 | low);
}

void tk_hlog_decode_text(char *text)
{
	char *out = text;

	while (*text) {
		char byte = escaped(text);

		if (!byte)
			byte = *text;
		else
			text += 2;
		*out++ = byte;
		text++;
	}
	*out = '\0';
}

/* Read up to nine decimals, and pass over the rest. */
static const char *parse_decimals(const char *text, int64_t *ns)
{
	*ns = 0;
	for (int64_t unit = 100000000; is_digit(*text); unit /= 10)
		*ns += unit * (*text++ - '0');
	return text;
}

int tk_hlog_parse_seconds(const char *text, const char **end, int64_t *ns)
{
	bool negative = *text == '-';
	int64_t seconds = 0, decimals = 0;

	text += negative;
	if (!is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++)
		if ((seconds = seconds * 10 + (*text - '0')) >= INT64_MAX / 1000000000)
			return -ERANGE;
	if (*text == '.')
		text = parse_decimals(text + 1, &decimals);
	if (end)
		*end = text;
	else if (*text)
		return -EINVAL;
	*ns = (seconds * 1000000000 + decimals) * (negative ? -1 : 1);
	return 0;
}
