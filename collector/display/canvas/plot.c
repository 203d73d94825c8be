/* SPDX-License-Identifier: MIT */
#include "collector/display/canvas/plot.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

static int cell_dots_x(const struct tk_plot *p)
{
	return p->grid->charset == TK_CHARSET_ASCII ? 1 : 2;
}

static int cell_dots_y(const struct tk_plot *p)
{
	switch (p->grid->charset) {
	case TK_CHARSET_ASCII:
		return 1;
	case TK_CHARSET_BLOCK:
		return 2;
	default:
		return 4;
	}
}

int tk_plot_dots_x(const struct tk_plot *p)
{
	return p->area.w * cell_dots_x(p);
}

int tk_plot_dots_y(const struct tk_plot *p)
{
	return p->area.h * cell_dots_y(p);
}

static int clamp(double v, int last)
{
	return v <= 0 ? 0 : v >= last ? last : (int)v;
}

/* The dot of x, counted from the left; -1 if x is outside. */
static int dot_x(const struct tk_plot *p, double x)
{
	if (!(x >= p->x0 && x <= p->x1))
		return -1;
	int n = tk_plot_dots_x(p);
	return clamp((x - p->x0) / (p->x1 - p->x0) * n, n - 1);
}

/* The dot of y, counted from the top. */
static int dot_y(const struct tk_plot *p, double y)
{
	double part = p->log_y ? (log(p->y1) - log(fmax(y, p->y0))) / (log(p->y1) - log(p->y0))
			       : (p->y1 - y) / (p->y1 - p->y0);
	int last = tk_plot_dots_y(p) - 1;

	return clamp(part * last + 0.5, last);
}

int tk_plot_row(const struct tk_plot *p, double y)
{
	return p->area.y + dot_y(p, y) / cell_dots_y(p);
}

int tk_plot_col(const struct tk_plot *p, double x)
{
	int d = dot_x(p, x);

	return d < 0 ? -1 : p->area.x + d / cell_dots_x(p);
}

/* Add a dot to a braille character: U+2800 plus one bit a dot, numbered as in the table. */
static uint32_t with_braille(uint32_t ch, int x, int y)
{
	static const uint8_t bit[4][2] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 }
	};
	uint32_t old = ch >= 0x2800 && ch <= 0x28FF ? ch : 0x2800;

	return old | bit[y][x];
}

/*
 * Add a dot to a block element. The index of the table is a sum: 1 upper left, 2 upper right, 4
 * lower left, 8 lower right.
 */
static uint32_t with_quadrant(uint32_t ch, int x, int y)
{
	static const uint16_t quadrant[16] = { ' ',    0x2598, 0x259D, 0x2580, 0x2596, 0x258C,
					       0x259E, 0x259B, 0x2597, 0x259A, 0x2590, 0x259C,
					       0x2584, 0x2599, 0x259F, 0x2588 };
	unsigned mask = 0;

	for (unsigned m = 1; m < 16; m++)
		if (quadrant[m] == ch)
			mask = m;
	return quadrant[mask | 1u << (y * 2 + x)];
}

#define LETTER_EVERY 16 /* columns of a curve that has no colour */

/*
 * Whether this cell has the letter of a curve, or gets it. Without colours, letters tell curves
 * apart. Each curve has its letters in columns of its own; one that crosses there leaves it.
 */
static bool is_letter(const struct tk_grid *g, const struct tk_cell *c, int column, char glyph)
{
	if (!g->no_color || g->charset == TK_CHARSET_ASCII)
		return false;
	return isalnum(c->ch < 0x80 ? (int)c->ch : 0) ||
	       (isalnum((unsigned char)glyph) && (column + 5 * glyph) % LETTER_EVERY == 0);
}

static void dot(const struct tk_plot *p, int x, int y, const struct tk_plot_line *l)
{
	int dx = cell_dots_x(p), dy = cell_dots_y(p);
	int cx = p->area.x + x / dx, cy = p->area.y + y / dy;
	const struct tk_cell *c = tk_grid_at(p->grid, cx, cy);

	if (!c)
		return;
	uint32_t ch = (unsigned char)l->glyph;
	if (is_letter(p->grid, c, cx, l->glyph))
		ch = isalnum(c->ch < 0x80 ? (int)c->ch : 0) ? c->ch : ch;
	else if (p->grid->charset == TK_CHARSET_BLOCK)
		ch = with_quadrant(c->ch, x % dx, y % dy);
	else if (p->grid->charset != TK_CHARSET_ASCII)
		ch = with_braille(c->ch, x % dx, y % dy);
	tk_grid_put(p->grid, cx, cy, ch, l->style);
}

struct tk_plot_pen tk_plot_pen(const struct tk_plot *p, struct tk_plot_line line)
{
	if (p->grid->charset == TK_CHARSET_ASCII)
		line.dash = 0xFF;
	return (struct tk_plot_pen){ .plot = p, .line = line };
}

/* Bresenham's line from the pen's point to x, y, dashed along its longer axis. */
static void segment(struct tk_plot_pen *pen, int x, int y)
{
	int dx = abs(x - pen->x), dy = -abs(y - pen->y);
	int step_x = pen->x < x ? 1 : -1, step_y = pen->y < y ? 1 : -1;
	int error = dx + dy;
	bool steep = dy < -1;

	for (int px = pen->x, py = pen->y;;) {
		bool end = px == x && py == y;
		if (pen->line.dash >> ((dx >= -dy ? px : py) & 7) & 1 || (end && steep))
			dot(pen->plot, px, py, &pen->line);
		if (end)
			return;
		int e2 = 2 * error;
		if (e2 >= dy) {
			error += dy;
			px += step_x;
		}
		if (e2 <= dx) {
			error += dx;
			py += step_y;
		}
	}
}

void tk_plot_to(struct tk_plot_pen *pen, double x, double y)
{
	int px = dot_x(pen->plot, x);

	if (px < 0 || !isfinite(y)) {
		pen->down = false;
		return;
	}
	int py = dot_y(pen->plot, y);
	if (pen->down)
		segment(pen, px, py);
	else
		dot(pen->plot, px, py, &pen->line);
	pen->down = true;
	pen->x = px;
	pen->y = py;
}

struct tk_plot_band tk_plot_band(const struct tk_plot *p, struct tk_plot_line line)
{
	return (struct tk_plot_band){ .plot = p, .line = line };
}

/* Every other dot of a column, so that columns side by side are a checkerboard. */
static void fill(const struct tk_plot_band *b, int x, int top, int bottom)
{
	for (int y = top + ((top + x) & 1); y <= bottom; y += 2)
		dot(b->plot, x, y, &b->line);
}

/* Points that share a column fill it from the lowest to the highest of them, each dot once. */
static void fill_more(struct tk_plot_band *b, int x, int top, int bottom)
{
	fill(b, x, top, bottom < b->filled_top ? bottom : b->filled_top - 1);
	fill(b, x, top > b->filled_bottom ? top : b->filled_bottom + 1, bottom);
	b->filled_top = top < b->filled_top ? top : b->filled_top;
	b->filled_bottom = bottom > b->filled_bottom ? bottom : b->filled_bottom;
}

void tk_plot_band_to(struct tk_plot_band *b, double x, double lo, double hi)
{
	int px = dot_x(b->plot, x);

	if (px < 0 || !isfinite(lo) || !isfinite(hi)) {
		b->down = false;
		return;
	}
	int top = dot_y(b->plot, hi), bottom = dot_y(b->plot, lo), wide = px - b->x;
	for (int i = 1; b->down && i < wide; i++)
		fill(b, b->x + i, b->top + (top - b->top) * i / wide,
		     b->bottom + (bottom - b->bottom) * i / wide);
	if (!b->down || wide != 0) {
		b->filled_top = bottom + 1;
		b->filled_bottom = bottom;
	}
	fill_more(b, px, top, bottom);
	b->down = true;
	b->x = px;
	b->top = top;
	b->bottom = bottom;
}

void tk_plot_vline(const struct tk_plot *p, double x, struct tk_style s)
{
	struct tk_plot_line line = { .style = s, .glyph = ':' };
	int px = dot_x(p, x), step = p->grid->charset == TK_CHARSET_ASCII ? 1 : 2;

	for (int y = 0; px >= 0 && y < tk_plot_dots_y(p); y += step)
		dot(p, px, y, &line);
}
