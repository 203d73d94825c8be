/* SPDX-License-Identifier: MIT */
#include "collector/display/canvas/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <term.h>

#include "collector/cli/text.h"

static SCREEN *screen;
static bool few_colors; /* eight: bold makes more of them */

/* What the crash handler needs: prepared by tk_terminal_open(), not computed after a crash. */
static volatile sig_atomic_t taken;
static struct termios saved;
static char leave[128];
static size_t leave_size;

/* --- crashes --------------------------------------------------------------------------------- */

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGQUIT };

static struct sigaction before[NSIG];

/* Async-signal-safe: write, tcsetattr, sigaction and raise are all it calls. */
static void on_crash(int sig)
{
	if (taken) {
		taken = 0;
		ssize_t n = write(STDOUT_FILENO, leave, leave_size);
		(void)n; /* the process dies: there is nothing to do about an error */
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	}
	/* Raise the signal again for the handler installed before; the default one kills. */
	sigaction(sig, &before[sig], NULL);
	raise(sig);
}

/* A shell without job control ignores SIGQUIT for what runs in its background: that stays. */
static void install(int sig, const struct sigaction *sa)
{
	sigaction(sig, NULL, &before[sig]);
	if (before[sig].sa_handler != SIG_IGN)
		sigaction(sig, sa, NULL);
}

void tk_terminal_guard(void)
{
	static char stack[16384]; /* a stack of its own: the crash may be a stack overflow */
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };

	sigaltstack(&alt, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		install(crashes[i], &sa);
}

/* Append a string of the terminal's description to `leave`, without its padding marks ($<5>). */
static void add_leave(const char *capability)
{
	const char *s = tigetstr(capability);

	if (!s || s == (const char *)-1)
		return;
	while (*s && leave_size < sizeof(leave)) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
		if (end)
			s = end + 1;
		else
			leave[leave_size++] = *s++;
	}
}

/* --- stopping and continuing ----------------------------------------------------------------- */

/*
 * Left to itself, ncurses handles SIGTSTP but ignores it while it draws, so that a Ctrl-Z may be
 * lost. Where a handler is installed before newterm(), ncurses does not touch the signal.
 */
static volatile sig_atomic_t stop_asked;

/* From SIGCONT until the terminal is taken again. Nothing is drawn and no key is read meanwhile: a
 * shell, or what runs under it now, may have the terminal, in whatever mode it left it. */
static volatile sig_atomic_t continued;

static void on_stop(int sig)
{
	(void)sig;
	stop_asked = 1;
}

static void on_continue(int sig)
{
	(void)sig;
	continued = 1;
}

static void catch_stop(void)
{
	struct sigaction sa = { .sa_handler = on_stop }; /* no SA_RESTART: poll() must return */

	sigaction(SIGTSTP, &sa, NULL);
	sa.sa_handler = on_continue;
	sigaction(SIGCONT, &sa, NULL);
}

/* Give the terminal back and stop the process. SIGCONT continues it here. */
static void stop(void)
{
	stop_asked = 0;
	endwin();
	taken = 0;
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	catch_stop();
	continued = 1;
}

static bool in_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/*
 * Take the terminal again: modes, alternate screen, all cells. In the background (`bg`) stop again,
 * as the kernel does with who sets a terminal's modes there.
 * @return whether the terminal is ours
 */
static bool take_again(void)
{
	if (!in_foreground()) {
		raise(SIGTTOU);
		return false;
	}
	continued = 0;
	if (!isendwin()) /* after SIGSTOP, of which no program is told: ncurses then begins anew */
		endwin();
	clearok(curscr, TRUE);
	refresh();
	taken = 1;
	return true;
}

/* --- taking and giving back ------------------------------------------------------------------ */

/* Direct colour (flag RGB): a colour's number is its red, green and blue, but for the first eight,
 * which are the terminal's own eight. */
static bool is_direct(void)
{
	return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 ||
	       (tigetstr("RGB") && tigetstr("RGB") != (char *)-1);
}

static void start_colors(void)
{
	if (!has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	bool of_256 = COLORS >= 256 && !is_direct();
	few_colors = !of_256;
	for (int c = TK_DEFAULT + 1; c < TK_COLORS; c++)
		init_pair((short)c, (short)tk_grid_color((enum tk_color)c, of_256), -1);
}

/* Arrow keys send one of two sequences, and not always the one that terminfo has for TERM. */
static void define_arrows(void)
{
	define_key("\033[A", KEY_UP);
	define_key("\033[B", KEY_DOWN);
	define_key("\033[C", KEY_RIGHT);
	define_key("\033[D", KEY_LEFT);
}

/* @return 0; -EINVAL: nobody knows this terminal; -ENOTSUP: it cannot move its cursor */
static int check_kind(void)
{
	int known;

	if (setupterm(NULL, STDOUT_FILENO, &known) == ERR)
		return -EINVAL;
	const char *move = tigetstr("cup");
	int error = !move || move == (const char *)-1 ? -ENOTSUP : 0;
	del_curterm(cur_term);
	return error;
}

int tk_terminal_open(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0)
		return -ENOTTY;
	int error = check_kind();
	if (error)
		return error;
	/* Where they are exported, ncurses believes them, also after a resize. */
	unsetenv("LINES");
	unsetenv("COLUMNS");
	catch_stop();
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return -EINVAL;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	define_arrows();
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	start_colors();
	leave_size = 0;
	add_leave("sgr0");
	add_leave("rmkx");
	add_leave("cnorm");
	add_leave("rmcup");
	taken = 1;
	return 0;
}

void tk_terminal_close(void)
{
	if (!screen)
		return;
	endwin();
	taken = 0;
	signal(SIGTSTP, SIG_DFL);
	signal(SIGCONT, SIG_DFL);
	delscreen(screen);
	screen = NULL;
}

bool tk_terminal_has_colors(void)
{
	return has_colors();
}

void tk_terminal_size(int *w, int *h)
{
	getmaxyx(stdscr, *h, *w);
}

/* --- drawing --------------------------------------------------------------------------------- */

static void put_cell(int x, int y, const struct tk_cell *c)
{
	attr_t attr = A_NORMAL;
	wchar_t text[2 + TK_CELL_MARKS] = { (wchar_t)c->ch };
	cchar_t cell;

	if (c->style.attr & TK_BOLD ||
	    (few_colors && tk_grid_is_bright((enum tk_color)c->style.color)))
		attr |= A_BOLD;
	if (c->style.attr & TK_DIM)
		attr |= A_DIM;
	if (c->style.attr & TK_REVERSE)
		attr |= A_REVERSE;
	for (int i = 0, n = 1; i < TK_CELL_MARKS && c->marks[i]; i++)
		if (wcwidth((wchar_t)c->marks[i]) == 0)
			text[n++] = (wchar_t)c->marks[i];
	/* Where wcwidth() differs from our table, the row would shift: draw a '?'. */
	int width = tk_utf8_width(c->ch);
	if (c->ch > 0x7F && wcwidth(text[0]) != width) {
		wcscpy(text, L"?");
		if (width == 2)
			mvaddch(y, x + 1, ' ');
	}
	setcchar(&cell, text, attr, (short)(has_colors() ? c->style.color : 0), NULL);
	mvadd_wch(y, x, &cell);
}

void tk_terminal_draw(const struct tk_grid *g)
{
	if (continued) /* it may be somebody else's: tk_terminal_key() takes it again */
		return;
	for (int y = 0; y < g->h; y++)
		for (int x = 0; x < g->w; x++) {
			const struct tk_cell *c = tk_grid_at(g, x, y);
			if (c->ch)
				put_cell(x, y, c);
		}
	refresh();
}

/* --- keys ------------------------------------------------------------------------------------ */

static uint32_t special(wint_t key)
{
	static const struct {
		wint_t curses;
		uint32_t ours;
	} table[] = {
		{ KEY_UP, TK_KEY_UP },
		{ KEY_DOWN, TK_KEY_DOWN },
		{ KEY_LEFT, TK_KEY_LEFT },
		{ KEY_RIGHT, TK_KEY_RIGHT },
		{ KEY_PPAGE, TK_KEY_PAGE_UP },
		{ KEY_NPAGE, TK_KEY_PAGE_DOWN },
		{ KEY_HOME, TK_KEY_HOME },
		{ KEY_END, TK_KEY_END },
		{ KEY_BACKSPACE, TK_KEY_BACKSPACE },
		{ KEY_ENTER, TK_KEY_ENTER },
		{ KEY_RESIZE, TK_KEY_RESIZE },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].curses == key)
			return table[i].ours;
	return 0; /* not bound to anything */
}

uint32_t tk_terminal_key(void)
{
	wint_t key;

	if (stop_asked)
		stop();
	if (continued)
		return take_again() ? TK_KEY_RESIZE : TK_KEY_NONE;
	int kind = get_wch(&key);
	if (kind == ERR)
		return TK_KEY_NONE;
	if (kind == KEY_CODE_YES)
		return special(key);
	if (key == TK_KEY_REPAINT)
		clearok(curscr, TRUE);
	return key == 127 || key == 8 ? TK_KEY_BACKSPACE : key == '\r' ? TK_KEY_ENTER : key;
}
