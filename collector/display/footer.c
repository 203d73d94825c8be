/* SPDX-License-Identifier: MIT */
/*
 * collector/display/footer.c - the footer: the keys, from their table, or the filter being typed.
 */
#include <stdio.h>

#include "collector/cli/text.h"
#include "collector/display/draw.h"
#include "collector/display/keys.h"

static int footer_width(const struct tk_key *k)
{
	return tk_text_width(k->footer_keys) + 1 + tk_text_width(k->footer) + 2;
}

/* The keys for which there is room, as bits of their places in the table; *used: their columns. */
static uint64_t footer_keys(const struct tk_view_state *v, int w, int *used)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);
	uint64_t set = 0;

	*used = -2; /* no space behind the last */
	for (int rank = 0; rank < 10; rank++)
		for (size_t i = 0; i < n; i++) {
			if (!k[i].footer || k[i].rank != rank || !tk_keys_is_here(v, &k[i]))
				continue;
			if (*used + footer_width(&k[i]) > w)
				return set;
			*used += footer_width(&k[i]);
			set |= UINT64_C(1) << i;
		}
	return set;
}

static void draw_keys(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r)
{
	size_t n;
	const struct tk_key *k = tk_keys(&n);
	int used;
	uint64_t set = footer_keys(v, r.w, &used);
	int x = r.x + (r.w - used) / 2;

	for (size_t i = 0; i < n; i++) {
		if (!(set >> i & 1))
			continue;
		uint8_t attr = tk_keys_is_on(v, &k[i]) ? TK_REVERSE : TK_BOLD;
		x += 1 + tk_grid_text(g, x, r.y, r.w, TK_STYLE(TK_DEFAULT, attr), k[i].footer_keys);
		x += 2 + tk_grid_text(g, x, r.y, r.w, TK_STYLE_PLAIN, k[i].footer);
	}
}

void tk_draw_footer(const struct tk_view_state *v, struct tk_grid *g, struct tk_rect r)
{
	char text[TK_TEXT_DRAINER_MAX];

	if (!v->editing) {
		draw_keys(v, g, r);
		return;
	}
	snprintf(text, sizeof(text), "filter: %s_   Enter keeps it, Esc drops it", v->filter);
	tk_grid_text(g, r.x, r.y, r.w, TK_STYLE_BOLD, text);
}
