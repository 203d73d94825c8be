/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/key.h - the codes of keys that terminal.c reads.
 *
 * A key that types a character has that character's code point. All other keys have a code beyond
 * the last code point. What a key does is decided in display/keys.c.
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_KEY_H
#define TK_COLLECTOR_DISPLAY_CANVAS_KEY_H

enum {
	TK_KEY_UP = 0x110000,
	TK_KEY_DOWN,
	TK_KEY_LEFT,
	TK_KEY_RIGHT,
	TK_KEY_PAGE_UP,
	TK_KEY_PAGE_DOWN,
	TK_KEY_HOME,
	TK_KEY_END,
	TK_KEY_BACKSPACE,
	TK_KEY_RESIZE, /* no key was pressed: draw again, the terminal may have another size */
	TK_KEY_NONE,   /* no key waits to be read */
};

#define TK_KEY_ENTER   '\n'
#define TK_KEY_ESCAPE  27
#define TK_KEY_REPAINT 12 /* Ctrl-L: terminal.c sends all cells again, changed or not */

#endif
