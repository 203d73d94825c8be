/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/terminal.h - the terminal: taken, drawn on, read from and given back.
 *
 * terminal.c is the only file that knows ncurses. One terminal a process, one thread. The terminal
 * is restored by tk_terminal_close() and, should the process crash (SIGSEGV, SIGBUS, SIGABRT,
 * SIGFPE, SIGILL, SIGTRAP), by a handler before it dies of that signal as it would have; it is left
 * and taken again around a stop (SIGTSTP). Only SIGKILL leaves it as it is.
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_TERMINAL_H
#define TK_COLLECTOR_DISPLAY_CANVAS_TERMINAL_H

#include "collector/display/canvas/grid.h"

/** What AUTO means here: by the locale, which the caller has set, and the kind of terminal. */
enum tk_charset tk_terminal_charset(enum tk_charset asked);

/**
 * Install the handlers for crashes, once, as the program begins. Before anybody who repairs some of them (readers of
 * segments, SIGBUS): theirs must come first, and pass on to these what they cannot repair.
 */
void tk_terminal_guard(void);

/**
 * Take the terminal.
 * @return 0; -ENOTTY: standard input or output is none; -EINVAL: TERM names none that is known.
 */
int tk_terminal_open(void);

/** Give it back. Nothing if it was never taken. */
void tk_terminal_close(void);

void tk_terminal_size(int *w, int *h);

/** Copy a grid to the terminal; only what has changed is sent. */
void tk_terminal_draw(const struct tk_grid *g);

/** The next key that waits: a code point or TK_KEY_... (keys.h); TK_KEY_NONE at once if none. */
uint32_t tk_terminal_key(void);

#endif
