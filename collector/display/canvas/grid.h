/* SPDX-License-Identifier: MIT */
/*
 * collector/display/canvas/grid.h - the screen as a grid of cells, with or without a terminal.
 *
 * Everything is drawn into a grid. terminal.c copies a grid to the terminal, tk_grid_write() to a
 * file (for tests). Drawing outside the grid is allowed and does nothing. Callers always draw in
 * Unicode and in colour. If the grid's charset is ASCII, or no_color is set, tk_grid_put() replaces
 * the character or drops the colour. One thread at a time; tk_grid_put() is O(1).
 */
#ifndef TK_COLLECTOR_DISPLAY_CANVAS_GRID_H
#define TK_COLLECTOR_DISPLAY_CANVAS_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/cli/charset.h"

/* Colours that colour-blind people can tell apart, legible on black and on white. */
enum tk_color {
	TK_DEFAULT,
	TK_GREEN,
	TK_ORANGE,
	TK_BLUE,
	TK_PURPLE,
	TK_VERMILION,
	TK_OLIVE,
	TK_GRAY,
	TK_RED,
	TK_STEEL,
	TK_COLORS
};

/** A colour's index among a terminal's 256, or 8, colours; -1 for TK_DEFAULT. */
int tk_grid_color(enum tk_color c, bool of_256);

/** Whether it shares its index among 8 colours with another, and is the bright one of the two. */
bool tk_grid_is_bright(enum tk_color c);

enum tk_attr { TK_PLAIN, TK_BOLD = 1, TK_DIM = 2, TK_REVERSE = 4 };

struct tk_style {
	uint8_t color; /* enum tk_color */
	uint8_t attr;  /* enum tk_attr, or-ed */
};

#define TK_STYLE(c, a) ((struct tk_style){ (uint8_t)(c), (uint8_t)(a) })
#define TK_STYLE_PLAIN TK_STYLE(TK_DEFAULT, TK_PLAIN)
#define TK_STYLE_BOLD  TK_STYLE(TK_DEFAULT, TK_BOLD)
#define TK_STYLE_DIM   TK_STYLE(TK_DEFAULT, TK_DIM)

#define TK_CELL_MARKS 3 /* a cell keeps so many combining characters; others are not drawn */

/* One column of one row. A character two columns wide has ch 0 in its second cell. */
struct tk_cell {
	uint32_t ch;
	struct tk_style style;
	uint32_t marks[TK_CELL_MARKS]; /* that combine with ch, from the front; 0: none */
};

struct tk_rect {
	int x, y, w, h;
};

struct tk_grid {
	int w, h;
	enum tk_charset charset; /* never AUTO */
	bool no_color;
	struct tk_cell *cells; /* row by row */
};

/** Allocate w × h cleared cells. Keeps charset and no_color. @return 0, -EINVAL, -ENOMEM. */
int tk_grid_resize(struct tk_grid *g, int w, int h);
void tk_grid_free(struct tk_grid *g);
void tk_grid_clear(struct tk_grid *g);

/** The cell at x, y; NULL outside. */
struct tk_cell *tk_grid_at(const struct tk_grid *g, int x, int y);

/** Put one code point. If it covers half of a wide character, a space replaces the other half. */
void tk_grid_put(struct tk_grid *g, int x, int y, uint32_t cp, struct tk_style s);

/**
 * Write a string into at most `room` columns. A string that is too long is cut and ends in an
 * ellipsis. Combining characters go into the cell of what they combine with. Joiners, marks of
 * direction and variants are not drawn: terminals do not agree on their columns. Nor is any in
 * ASCII.
 * @return columns used.
 */
int tk_grid_text(struct tk_grid *g, int x, int y, int room, struct tk_style s, const char *text);

/** The same, but a string that is too long loses its middle: names often differ at their ends. */
int tk_grid_text_elided(struct tk_grid *g, int x, int y, int room, struct tk_style s,
			const char *text);

/**
 * The same as tk_grid_text(), right-aligned: the text ends before column `right` and begins at
 * `left` or later.
 */
int tk_grid_text_right(struct tk_grid *g, int left, int right, int y, struct tk_style s,
		       const char *text);

/** Fill a rectangle with one code point. */
void tk_grid_fill(struct tk_grid *g, struct tk_rect r, uint32_t cp, struct tk_style s);

/** A frame along the inside of r with a title in its upper edge; none if r is below 2 × 2. */
void tk_grid_box(struct tk_grid *g, struct tk_rect r, struct tk_style s, const char *title);

/**
 * Write the grid as lines of UTF-8, or ASCII, without trailing spaces.
 * @param ansi  also write colours (of 256) and attributes, as escape sequences
 * @return 0, or -EIO when the file could not be written.
 */
int tk_grid_write(const struct tk_grid *g, FILE *f, bool ansi);

#endif
