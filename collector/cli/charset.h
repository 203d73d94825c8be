/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/charset.h - which characters pictures are drawn with.
 */
#ifndef TK_COLLECTOR_CLI_CHARSET_H
#define TK_COLLECTOR_CLI_CHARSET_H

enum tk_charset { TK_CHARSET_AUTO, TK_CHARSET_BRAILLE, TK_CHARSET_BLOCK, TK_CHARSET_ASCII };

/**
 * Return `asked`, or for AUTO what this terminal can show: braille if the locale, which the caller
 * has set, is UTF-8 and TERM is not "linux" (the fonts of the Linux console have no braille); else
 * ASCII. Reads the environment: main thread.
 */
enum tk_charset tk_charset_choose(enum tk_charset asked);

#endif
