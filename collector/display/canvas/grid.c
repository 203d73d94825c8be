/* SPDX-License-Identifier: MIT */
#include "collector/display/canvas/grid.h"

#include <errno.h>
#include <stdlib.h>

#include "collector/cli/text.h"

int tk_grid_color(enum tk_color c, bool of_256)
{
	static const struct {
		uint8_t of_256, of_8;
	} palette[TK_COLORS] = {
		[TK_GREEN] = { 36, 2 },   [TK_ORANGE] = { 172, 3 },    [TK_BLUE] = { 32, 6 },
		[TK_PURPLE] = { 133, 5 }, [TK_VERMILION] = { 166, 1 }, [TK_OLIVE] = { 100, 2 },
		[TK_GRAY] = { 244, 4 },   [TK_RED] = { 160, 1 },       [TK_STEEL] = { 67, 4 },
	};

	if (c <= TK_DEFAULT || c >= TK_COLORS)
		return -1;
	return of_256 ? palette[c].of_256 : palette[c].of_8;
}

bool tk_grid_is_bright(enum tk_color c)
{
	return c == TK_OLIVE || c == TK_RED || c == TK_GRAY;
}

int tk_grid_resize(struct tk_grid *g, int w, int h)
{
	if (w < 1 || h < 1 || w > 10000 || h > 10000)
		return -EINVAL;
	if (!g->cells || w != g->w || h != g->h) {
		struct tk_cell *cells = realloc(g->cells, (size_t)w * (size_t)h * sizeof(*cells));
		if (!cells)
			return -ENOMEM;
		g->cells = cells;
		g->w = w;
		g->h = h;
	}
	tk_grid_clear(g);
	return 0;
}

void tk_grid_free(struct tk_grid *g)
{
	free(g->cells);
	g->cells = NULL;
	g->w = g->h = 0;
}

void tk_grid_clear(struct tk_grid *g)
{
	for (int i = 0; i < g->w * g->h; i++)
		g->cells[i] = (struct tk_cell){ .ch = ' ' };
}

struct tk_cell *tk_grid_at(const struct tk_grid *g, int x, int y)
{
	if (x < 0 || y < 0 || x >= g->w || y >= g->h)
		return NULL;
	return &g->cells[(size_t)y * (size_t)g->w + (size_t)x];
}

/* The ASCII character that replaces cp. */
static uint32_t ascii_twin(uint32_t cp)
{
	static const struct {
		uint32_t cp;
		char twin;
	} twins[] = {
		{ 0x2500, '-' }, { 0x2502, '|' }, { 0x250C, '+' }, { 0x2510, '+' }, { 0x2514, '+' },
		{ 0x2518, '+' }, { 0x252C, '+' }, { 0x2534, '+' }, { 0x251C, '+' }, { 0x2524, '+' },
		{ 0x253C, '+' }, { 0x25B2, '^' }, { 0x25BC, 'v' }, { 0x25C0, '<' }, { 0x25B6, '>' },
		{ 0x2020, 'x' }, { 0x2026, '~' }, { 0xB5, 'u' },   { 0xB7, '.' },   { 0xD7, 'x' },
		{ 0x2190, '<' }, { 0x2192, '>' }, { 0x2592, '.' },
	};

	if (cp < 0x7F)
		return cp;
	if (cp >= 0x2581 && cp <= 0x2588) /* bars of one to eight eighths */
		return (unsigned char)"_.:-=+*#"[cp - 0x2581];
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (twins[i].cp == cp)
			return (unsigned char)twins[i].twin;
	return '?';
}

/* Before the cell at x, y is overwritten: blank the other half of a wide character there. */
static void split_wide(struct tk_grid *g, int x, int y)
{
	struct tk_cell *c = tk_grid_at(g, x, y), *next = tk_grid_at(g, x + 1, y);

	if (c->ch == 0 && x > 0)
		c[-1] = (struct tk_cell){ .ch = ' ', .style = c[-1].style };
	if (c->ch != 0 && next && next->ch == 0)
		next->ch = ' ';
}

void tk_grid_put(struct tk_grid *g, int x, int y, uint32_t cp, struct tk_style s)
{
	struct tk_cell *c = tk_grid_at(g, x, y);

	if (g->charset == TK_CHARSET_ASCII)
		cp = ascii_twin(cp);
	int width = tk_utf8_width(cp);
	if (!c || width == 0)
		return;
	if (g->no_color)
		s.color = TK_DEFAULT;
	split_wide(g, x, y);
	if (width == 2 && !tk_grid_at(g, x + 1, y)) { /* its second half would be outside */
		*c = (struct tk_cell){ .ch = ' ', .style = s };
		return;
	}
	*c = (struct tk_cell){ .ch = cp, .style = s };
	if (width == 2) {
		split_wide(g, x + 1, y);
		c[0].ch = cp;
		c[1] = (struct tk_cell){ .style = s };
	}
}

/* In ASCII one column replaces a wide character. */
static int columns(const struct tk_grid *g, uint32_t cp)
{
	int w = tk_utf8_width(cp);

	return g->charset == TK_CHARSET_ASCII && w == 2 ? 1 : w;
}

static int text_columns(const struct tk_grid *g, const char *text)
{
	int w = 0;

	for (uint32_t cp; (cp = tk_utf8_next(&text)) != 0;)
		w += columns(g, cp);
	return w;
}

/* Whether it is seen with the character before it, and only so. */
static bool combines(uint32_t cp)
{
	bool hidden = cp == 0x61C || (cp >= 0x180B && cp <= 0x180F) ||
		      (cp >= 0x200B && cp <= 0x206F) || (cp >= 0xFE00 && cp <= 0xFE0F) ||
		      cp == 0xFEFF || cp >= 0xE0000;

	return tk_utf8_width(cp) == 0 && !hidden;
}

/* Add to the character that ends before column x. */
static void combine(struct tk_grid *g, int x, int y, uint32_t cp)
{
	struct tk_cell *c = tk_grid_at(g, x - 1, y);

	if (g->charset == TK_CHARSET_ASCII || !combines(cp) || !c)
		return;
	if (c->ch == 0 && x > 1)
		c--;
	for (int i = 0; i < TK_CELL_MARKS; i++)
		if (c->marks[i] == 0) {
			c->marks[i] = cp;
			return;
		}
}

int tk_grid_text(struct tk_grid *g, int x, int y, int room, struct tk_style s, const char *text)
{
	bool cut = text_columns(g, text) > room;
	int used = 0;

	if (room <= 0)
		return 0;
	for (uint32_t cp; (cp = tk_utf8_next(&text)) != 0;) {
		int width = columns(g, cp);
		if (used + width > room - cut)
			break;
		if (width > 0)
			tk_grid_put(g, x + used, y, cp, s);
		else if (used > 0)
			combine(g, x + used, y, cp);
		used += width;
	}
	if (cut)
		tk_grid_put(g, x + used++, y, 0x2026, s);
	return used;
}

int tk_grid_text_elided(struct tk_grid *g, int x, int y, int room, struct tk_style s,
			const char *text)
{
	int left = text_columns(g, text), tail = (room - 1) / 2;
	const char *end = text;

	if (left <= room || tail < 1)
		return tk_grid_text(g, x, y, room, s, text);
	while (left > tail)
		left -= columns(g, tk_utf8_next(&end));
	tk_grid_text(g, x, y, room - left, s, text);
	return room - left + tk_grid_text(g, x + room - left, y, left, s, end);
}

int tk_grid_text_right(struct tk_grid *g, int left, int right, int y, struct tk_style s,
		       const char *text)
{
	int w = text_columns(g, text), room = right - left;

	if (w > room)
		w = room;
	return tk_grid_text(g, right - w, y, w, s, text);
}

void tk_grid_fill(struct tk_grid *g, struct tk_rect r, uint32_t cp, struct tk_style s)
{
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			tk_grid_put(g, x, y, cp, s);
}

void tk_grid_box(struct tk_grid *g, struct tk_rect r, struct tk_style s, const char *title)
{
	int right = r.x + r.w - 1, bottom = r.y + r.h - 1;

	if (r.w < 2 || r.h < 2)
		return;
	tk_grid_fill(g, (struct tk_rect){ r.x + 1, r.y, r.w - 2, 1 }, 0x2500, s);
	tk_grid_fill(g, (struct tk_rect){ r.x + 1, bottom, r.w - 2, 1 }, 0x2500, s);
	tk_grid_fill(g, (struct tk_rect){ r.x, r.y + 1, 1, r.h - 2 }, 0x2502, s);
	tk_grid_fill(g, (struct tk_rect){ right, r.y + 1, 1, r.h - 2 }, 0x2502, s);
	tk_grid_put(g, r.x, r.y, 0x250C, s);
	tk_grid_put(g, right, r.y, 0x2510, s);
	tk_grid_put(g, r.x, bottom, 0x2514, s);
	tk_grid_put(g, right, bottom, 0x2518, s);
	tk_grid_text(g, r.x + 1, r.y, r.w - 2, s, title);
}

static void write_style(FILE *f, struct tk_style s)
{
	fputs("\033[0", f);
	if (s.attr & TK_BOLD)
		fputs(";1", f);
	if (s.attr & TK_DIM)
		fputs(";2", f);
	if (s.attr & TK_REVERSE)
		fputs(";7", f);
	if (s.color != TK_DEFAULT)
		fprintf(f, ";38;5;%d", tk_grid_color(s.color, true));
	fputc('m', f);
}

static void write_row(const struct tk_cell *row, int w, FILE *f, bool ansi)
{
	struct tk_style now = { 0 };
	char utf8[5];

	while (w > 0 && row[w - 1].ch == ' ' && !(row[w - 1].style.attr & TK_REVERSE))
		w--;
	for (const struct tk_cell *c = row; c < row + w; c++) {
		if (c->ch == 0)
			continue;
		if (ansi && (c->style.color != now.color || c->style.attr != now.attr))
			write_style(f, c->style);
		now = c->style;
		tk_utf8_encode(utf8, c->ch);
		fputs(utf8, f);
		for (int i = 0; i < TK_CELL_MARKS && c->marks[i]; i++) {
			tk_utf8_encode(utf8, c->marks[i]);
			fputs(utf8, f);
		}
	}
	fputs(ansi && (now.color || now.attr) ? "\033[0m\n" : "\n", f);
}

int tk_grid_write(const struct tk_grid *g, FILE *f, bool ansi)
{
	for (int y = 0; y < g->h; y++)
		write_row(&g->cells[y * g->w], g->w, f, ansi);
	return fflush(f) == 0 && !ferror(f) ? 0 : -EIO;
}
