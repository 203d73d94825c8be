/* SPDX-License-Identifier: MIT */
#include "collector/display/layout.h"

#define LIST_MIN    12
#define LIST_MAX    64
#define PANE_MIN_H  4
#define RATE_MIN_H  3
#define NOTE_FROM_H 14

/* The rate's share of h rows beside `panes` panes: a fifth, all, or none where it would starve. */
static int rate_height(int h, int panes)
{
	int share = h / 5 < RATE_MIN_H ? RATE_MIN_H : h / 5;

	if (panes == 0)
		return h;
	return h - share >= panes * (PANE_MIN_H + 1) ? share : 0;
}

static void stack_panes(struct tk_layout *l, const bool show[TK_MEASURES])
{
	static const enum tk_measure order[] = { TK_LATENCY, TK_PROCESSING };
	struct tk_rect g = l->graphs;
	int panes = show[TK_LATENCY] + show[TK_PROCESSING];
	int rate = rate_height(g.h, panes), left = g.h - rate, y = g.y;

	for (int i = 0; i < TK_MEASURES; i++) {
		if (!show[order[i]])
			continue;
		/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): it was counted above */
		int h = left / panes--; /* the last takes what rounding left */
		l->pane[order[i]] = (struct tk_rect){ g.x, y, g.w, h };
		y += h;
		left -= h;
	}
	l->rate = (struct tk_rect){ g.x, y, g.w, rate };
}

struct tk_layout tk_layout(int w, int h, const bool show[TK_MEASURES], bool note)
{
	struct tk_layout l = { 0 };
	int list = w / 5 < LIST_MIN ? LIST_MIN : w / 5 > LIST_MAX ? LIST_MAX : w / 5;
	int main = h - 2;

	l.footer = (struct tk_rect){ 0, h - 1, w, 1 };
	l.status = (struct tk_rect){ 0, h - 2, w, 1 };
	if (note && h >= NOTE_FROM_H)
		l.note = (struct tk_rect){ 0, --main, w, 1 };
	l.list = (struct tk_rect){ 0, 0, list, main };
	l.graphs = (struct tk_rect){ list, 0, w - list, main };
	stack_panes(&l, show);
	return l;
}
