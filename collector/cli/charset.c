/* SPDX-License-Identifier: MIT */
#include "collector/cli/charset.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

enum tk_charset tk_charset_choose(enum tk_charset asked)
{
	const char *term = getenv("TERM");

	if (asked != TK_CHARSET_AUTO)
		return asked;
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		return TK_CHARSET_ASCII;
	return term && strcmp(term, "linux") == 0 ? TK_CHARSET_ASCII : TK_CHARSET_BRAILLE;
}
