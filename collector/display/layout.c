/* SPDX-License-Identifier: MIT */
#include "collector/display/layout.h"

#define LIST_MIN    12
#define NOTE_FROM_H 14

/* The height of a pane with a fixed share: 0 if the `rest` of the rows is too small for it. */
static int fixed_height(const struct tk_pane *p, int all, int rest)
{
	int h = all * p->percent / 100;

	if (h < p->min_h)
		h = p->min_h;
	return h <= rest ? h : 0;
}

/* Fixed shares first, then equal parts of what they leave; the last takes what rounding left. */
static void stack_panes(struct tk_layout *l, unsigned shown)
{
	size_t n;
	const struct tk_pane *p = tk_panes(&n);
	int h[TK_PANES_MAX] = { 0 }, equal = 0, need = 0;
	int left = l->panes.h, y = l->panes.y, last = -1;

	for (size_t i = 0; i < n; i++)
		if (shown >> i & 1 && !p[i].percent) {
			equal++;
			need += p[i].min_h;
		}
	for (size_t i = 0; i < n; i++)
		if (shown >> i & 1 && p[i].percent) {
			h[i] = fixed_height(&p[i], l->panes.h, left - need);
			left -= h[i];
			last = h[i] ? (int)i : last;
		}
	for (size_t i = 0; i < n; i++)
		if (shown >> i & 1 && !p[i].percent) {
			h[i] = left / equal--;
			left -= h[i];
		}
	if (last >= 0)
		h[last] += left; /* no pane has taken the rest */
	for (size_t i = 0; i < n; i++) {
		l->pane[i] = (struct tk_rect){ l->panes.x, y, l->panes.w, h[i] };
		y += h[i];
	}
}

struct tk_layout tk_layout(int w, int h, int names, unsigned shown, bool note)
{
	struct tk_layout l = { 0 };
	int most = w * 30 / 100, list = names < LIST_MIN ? LIST_MIN : names;
	int main = h - 2;

	if (list > most)
		list = most < LIST_MIN ? LIST_MIN : most;
	l.footer = (struct tk_rect){ 0, h - 1, w, 1 };
	l.status = (struct tk_rect){ 0, h - 2, w, 1 };
	if (note && h >= NOTE_FROM_H)
		l.note = (struct tk_rect){ 0, --main, w, 1 };
	l.list = (struct tk_rect){ 0, 0, list, main };
	l.panes = (struct tk_rect){ list, 0, w - list, main };
	stack_panes(&l, shown);
	return l;
}
