/* SPDX-License-Identifier: MIT */
#include "collector/display/panes/legend.h"

#include <math.h>
#include <stdio.h>

#include "collector/cli/text.h"

#define LETTER_W 2 /* the letter, and a space */

bool tk_legend_has_letters(const struct tk_grid *g)
{
	return g->charset == TK_CHARSET_ASCII || g->no_color;
}

/* The widest name of those that are on. */
static int names_width(const struct tk_view_state *v)
{
	int w = 0;

	for (enum tk_curve k = 0; k < TK_CURVES; k++)
		if (v->curves >> k & 1 && tk_text_width(tk_curve_name(k)) > w)
			w = tk_text_width(tk_curve_name(k));
	return w;
}

int tk_legend_width(const struct tk_view_state *v, const struct tk_grid *g)
{
	int names = names_width(v);

	if (names == 0)
		return 0;
	return 1 + (tk_legend_has_letters(g) ? LETTER_W : 0) + names + 1 + TK_LEGEND_VALUE_W;
}

/* The curves that are on and have a value, the largest first. @return how many */
static int by_value(const struct tk_view_state *v, const struct tk_datapoint *d,
		    enum tk_curve out[TK_CURVES])
{
	int n = 0;

	for (enum tk_curve k = 0; k < TK_CURVES; k++) {
		double y = v->curves >> k & 1 ? tk_curve_value(d, k) : NAN;
		int i = n;

		if (!isfinite(y))
			continue;
		for (; i > 0 && tk_curve_value(d, out[i - 1]) <= y; i--)
			out[i] = out[i - 1];
		out[i] = k;
		n++;
	}
	return n;
}

void tk_legend_draw(const struct tk_view_state *v, const struct tk_datapoint *d, struct tk_grid *g,
		    struct tk_rect r, char *(*format)(char out[TK_UNITS_MAX], double))
{
	enum tk_curve k[TK_CURVES];
	int n = by_value(v, d, k), right = r.x + r.w;

	for (int i = 0; i < n && i < r.h; i++) {
		struct tk_plot_line line = tk_curve_line(k[i]);
		int x = r.x + 1, y = r.y + i;
		char ns[TK_UNITS_MAX];

		if (tk_legend_has_letters(g)) {
			tk_grid_put(g, x, y, (unsigned char)line.glyph, line.style);
			x += LETTER_W;
		}
		tk_grid_text(g, x, y, right - x, line.style, tk_curve_name(k[i]));
		tk_grid_text_right(g, right - TK_LEGEND_VALUE_W, right, y, line.style,
				   format(ns, tk_curve_value(d, k[i])));
	}
}
