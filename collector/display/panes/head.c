/* SPDX-License-Identifier: MIT */
#include "collector/display/panes/head.h"

#include <stdio.h>

#include "collector/cli/text.h"
#include "collector/display/panes/chart.h"
#include "collector/display/panes/legend.h"
#include "collector/engine/views/fold.h"

#define BESIDE 30 /* columns of the edge that are left for others: marks that are not drawn */

static const struct tk_style alarm_style = { TK_VERMILION, TK_BOLD };

/* --- names ----------------------------------------------------------------------------------- */

/* The processes that have this timer, too, and which of them this is: by pid, from 1. */
static size_t processes(const struct tk_snapshot *s, const struct tk_snap_timer *t, size_t *which)
{
	size_t i = (size_t)(t - s->timers), first = i, last = i;

	while (first > 0 && tk_fold_same(&s->timers[first - 1], t))
		first--;
	while (last + 1 < s->n_timers && tk_fold_same(&s->timers[last + 1], t))
		last++;
	*which = i - first + 1;
	return last - first + 1;
}

/* "Latency of NAME, app[pid], 2 of 6 processes"; in fewer words where there is less room. */
static void names(const char *measure, const struct tk_snapshot *s, const struct tk_snap_timer *t,
		  int room, char out[384])
{
	char of[64] = "";
	size_t which, n = processes(s, t, &which);

	if (n > 1)
		snprintf(of, sizeof(of), ", %zu of %zu processes", which, n);
	snprintf(out, 384, "%s of %s, %s[%u]%s", measure, t->name, t->app, t->pid, of);
	if (n > 1 && tk_text_width(out) > room)
		snprintf(out, 384, "%s: %s [%u], %zu of %zu", measure, t->name, t->pid, which, n);
	if (n == 1 && tk_text_width(out) > room)
		snprintf(out, 384, "%s: %s, %s[%u]", measure, t->name, t->app, t->pid);
	if (tk_text_width(out) > room)
		snprintf(out, 384, "%s: %s", measure, t->name);
}

/* Only the timer's name is ever shortened, in its middle. @return columns used */
static int draw_names(const char *measure, const char *text, const struct tk_snap_timer *t,
		      struct tk_grid *g, int x, int y, int room)
{
	int used;

	if (tk_text_width(text) <= room)
		return tk_grid_text(g, x, y, room, TK_STYLE_PLAIN, text);
	used = tk_grid_text(g, x, y, room, TK_STYLE_PLAIN, measure);
	used += tk_grid_text(g, x + used, y, room - used, TK_STYLE_PLAIN, ": ");
	return used + tk_grid_text_elided(g, x + used, y, room - used, TK_STYLE_PLAIN, t->name);
}

/* --- figures --------------------------------------------------------------------------------- */

struct figures {
	enum tk_curve k[TK_CURVES];
	int n;
	int between; /* columns between two */
	bool letters, clipped;
};

/* What most want to know; then the other curves that are on. */
static struct figures choose(const struct tk_view_state *v, const struct tk_grid *g)
{
	struct figures f = { .k = { TK_CURVE_P50, TK_CURVE_P99, TK_CURVE_MAX },
			     .n = 3,
			     .between = 2,
			     .letters = tk_legend_has_letters(g) };

	for (enum tk_curve k = 0; k < TK_CURVES; k++)
		if (v->curves & ~TK_CURVES_AT_FIRST & 1u << k)
			f.k[f.n++] = k;
	return f;
}

/* "p50 103.3 µs"; "[e]p50 103.3 us" with letters; "▲max 31.5 ms" if that is beyond the plot. */
static void figure(const struct figures *f, int i, const struct tk_datapoint *d, char out[64])
{
	enum tk_curve k = f->k[i];
	char letter[8] = "", ns[TK_UNITS_MAX];

	if (f->letters)
		snprintf(letter, sizeof(letter), "[%c]", tk_curve_line(k).glyph);
	snprintf(out, 64, "%s%s%s %s", f->clipped && k == TK_CURVE_MAX ? "▲" : "", letter,
		 tk_curve_name(k), tk_units_ns(ns, tk_curve_value(d, k)));
}

/* Columns of the figures whatever the values. */
static int figures_width(const struct figures *f)
{
	int w = f->n > 1; /* a ▲ */

	for (int i = 0; i < f->n; i++)
		w += tk_text_width(tk_curve_name(f->k[i])) + (f->letters ? 3 : 0) + 1 +
		     TK_LEGEND_VALUE_W;
	return w + (f->n - 1) * f->between;
}

/* Leave one out: the other curves first, then p50, then max. */
static void leave_out(struct figures *f)
{
	f->n--;
	if (f->n == 2)
		f->k[0] = f->k[1], f->k[1] = f->k[2];
}

static void draw_figures(struct figures f, const struct tk_datapoint *d, struct tk_grid *g, int x,
			 int y, int room)
{
	char text[64];

	f.letters = f.letters && figures_width(&f) <= room;
	f.between = figures_width(&f) <= room ? 2 : 1;
	while (f.n > 1 && figures_width(&f) > room)
		leave_out(&f);
	for (int i = 0; i < f.n; i++) {
		figure(&f, i, d, text);
		x += tk_grid_text(g, x, y, 63, tk_curve_line(f.k[i]).style, text);
		x += i + 1 < f.n
			     ? tk_grid_text(g, x, y, 2, TK_STYLE_PLAIN, f.between > 1 ? "  " : " ")
			     : 0;
	}
}

/* --- both ------------------------------------------------------------------------------------ */

/* Spans that are in no curve are told in the frame, so that nobody overlooks them. */
static void odd(const struct tk_snap_timer *t, enum tk_measure m, char out[96])
{
	uint64_t negative = t->negative[m], across = t->total[m].aside - negative;
	char n[TK_UNITS_MAX], below[48] = "";

	out[0] = 0;
	if (negative)
		snprintf(below, sizeof(below), " %s below zero ",
			 tk_units_count(n, (double)negative));
	if (t->total[m].aside > negative)
		snprintf(out, 96, "%s %s across a clock change ", below,
			 tk_units_count(n, (double)across));
	else
		snprintf(out, 96, "%s", below);
}

int tk_head_rows(const struct tk_pane *p, const struct tk_view_state *v,
		 const struct tk_snapshot *s, const struct tk_grid *g, struct tk_rect r)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	struct figures f = choose(v, g);
	char text[384], told[96];

	names(p->name, s, t, 1000, text);
	odd(t, p->measure, told);
	return tk_text_width(text) + 2 + figures_width(&f) + tk_text_width(told) + BESIDE > r.w - 2;
}

void tk_head_draw(const struct tk_pane *p, const struct tk_view_state *v,
		  const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r, bool clipped)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	const struct tk_datapoint *d = tk_chart_window(v, s, p->measure);
	int row = tk_head_rows(p, v, s, g, r), right = r.x + r.w - 1;
	struct figures f = choose(v, g);
	char text[384], told[96];

	odd(t, p->measure, told);
	int room = r.w - 2 - tk_text_width(told), x = r.x + 1;
	names(p->name, s, t, room, text);
	tk_grid_box(g, r, TK_STYLE_PLAIN, "");
	x += draw_names(p->name, text, t, g, x, r.y, room);
	tk_grid_text_right(g, right - tk_text_width(told), right, r.y, alarm_style, told);
	if (!d || !d->count || r.h < 3)
		return;
	f.clipped = clipped;
	if (row) {
		draw_figures(f, d, g, r.x + 1, r.y + 1, r.w - 2);
		return;
	}
	x += tk_grid_text(g, x, r.y, 2, TK_STYLE_PLAIN, ": ");
	draw_figures(f, d, g, x, r.y, right - x);
}
