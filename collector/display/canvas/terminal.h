/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/terminal.h - the terminal: taken, drawn on, read from and given back.
 *
 * terminal.c is the only file that knows ncurses. One terminal a process, one thread.
 *
 * tk_terminal_close() restores the terminal. If the process crashes (SIGSEGV, SIGBUS, SIGABRT,
 * SIGFPE, SIGILL, SIGTRAP) or is told to (SIGQUIT, Ctrl-\), a handler restores it, and then the
 * process dies of that signal. When the process is stopped (SIGTSTP), the terminal is given back.
 * When it continues (SIGCONT), also after a SIGSTOP, the terminal is taken again and drawn whole;
 * in the background the process stops again. After SIGKILL the terminal is not restored.
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_TERMINAL_H
#define TK_COLLECTOR_DISPLAY_CANVAS_TERMINAL_H

#include "collector/display/canvas/grid.h"
#include "collector/display/canvas/key.h"

/**
 * Install the handlers for crashes. Call it once, when the program begins, and before anybody
 * installs a handler that repairs such a signal (readers of segments repair SIGBUS): that handler
 * then runs first and passes on to these handlers what it cannot repair.
 */
void tk_terminal_guard(void);

/**
 * Take the terminal.
 * @return 0; -ENOTTY: standard input or output is no terminal; -EINVAL: TERM names no terminal that
 * the terminfo database knows; -ENOTSUP: the terminal cannot move its cursor.
 */
int tk_terminal_open(void);

/** Give the terminal back. Does nothing if it is not taken. */
void tk_terminal_close(void);

/** Whether it shows colours. */
bool tk_terminal_has_colors(void);

void tk_terminal_size(int *w, int *h);

/** Copy a grid to the terminal. Only the cells that have changed are sent. */
void tk_terminal_draw(const struct tk_grid *g);

/** Take the next key that waits: a code point or TK_KEY_... (key.h). Never waits: TK_KEY_NONE. */
uint32_t tk_terminal_key(void);

#endif
