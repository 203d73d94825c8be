/* SPDX-License-Identifier: MIT */
#include "collector/display/panes/head.h"

#include <stdio.h>
#include <string.h>

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

/*
 * "Latency of NAME, app[pid], 2 of 6 processes"; in fewer words where there is less room. A timer
 * of unknown origin has no app.
 */
static void names(const char *measure, const struct tk_snapshot *s, const struct tk_snap_timer *t,
		  int room, char out[384])
{
	char of[64] = "", process[TK_TEXT_PROCESS_MAX], name[96];
	const char *comma = t->app[0] ? ", " : "";
	size_t which, n = processes(s, t, &which);

	snprintf(name, sizeof(name), "%s%s%s", t->name, t->unit.name[0] ? " in " : "",
		 t->unit.name);
	if (n > 1)
		snprintf(of, sizeof(of), ", %zu of %zu %s", which, n,
			 t->labels ? "timers" : "processes");
	tk_text_process(process, t->app, t->pid);
	snprintf(out, 384, "%s of %s%s%s%s", measure, name, comma, process, of);
	if (n > 1 && tk_text_width(out) > room)
		snprintf(out, 384, "%s: %s [%u], %zu of %zu", measure, name, t->pid, which, n);
	if (n == 1 && tk_text_width(out) > room)
		snprintf(out, 384, "%s: %s%s%s", measure, name, comma, process);
	if (tk_text_width(out) > room)
		snprintf(out, 384, "%s: %s", measure, name);
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

/* The word for what is shown: values are in the pane of processing. */
static const char *word_of(const struct tk_pane *p, const struct tk_snap_timer *t)
{
	return t->unit.values ? "Value" : p->name;
}

struct figures {
	const struct tk_unit *unit;
	enum tk_curve k[TK_CURVES];
	int n;
	int between; /* columns between two */
	bool letters, clipped;
};

/* What most want to know; then the other curves that are on. */
static struct figures choose(const struct tk_view_state *v, const struct tk_snap_timer *t,
			     const struct tk_grid *g)
{
	struct figures f = { .unit = &t->unit,
			     .k = { TK_CURVE_P50, TK_CURVE_P99, TK_CURVE_MAX },
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
		 tk_curve_name(k), tk_units_sample(ns, tk_curve_value(d, k), f->unit));
}

/* Columns of the figures whatever the values. */
static int figures_width(const struct figures *f)
{
	int w = f->n > 1; /* a ▲ */
	int unit = (int)strlen(f->unit->name);

	for (int i = 0; i < f->n; i++)
		w += tk_text_width(tk_curve_name(f->k[i])) + (f->letters ? 3 : 0) + 1 +
		     TK_LEGEND_VALUE_W + unit;
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

/* --- figures of all processes ---------------------------------------------------------------- */

/* Of a value its number alone: the unit stands in the frame. */
static char *bare(char out[TK_UNITS_MAX], double v, const struct tk_unit *unit)
{
	return unit->values ? tk_units_count(out, v) : tk_units_ns(out, v);
}

/* "all 6: p50 103.3 µs  p99 812.1 µs  max 31.52 ms"; the p99 alone where there is less room. */
static void folded_text(const struct tk_snapshot *s, const struct tk_unit *unit, enum tk_measure m,
			bool whole, char out[160])
{
	const struct tk_datapoint *d = &s->folded[m];
	char p50[TK_UNITS_MAX], p99[TK_UNITS_MAX], max[TK_UNITS_MAX];

	bare(p99, d->p_ns[TK_P99], unit);
	if (whole)
		snprintf(out, 160, "all %zu: p50 %s  p99 %s  max %s", s->n_folded,
			 bare(p50, d->p_ns[TK_P50], unit), p99, bare(max, d->max_ns, unit));
	else
		snprintf(out, 160, "all %zu: p99 %s", s->n_folded, p99);
}

/*
 * The same figures of all processes that have the timer, where they leave room for those of this
 * one. @return columns used, from the right
 */
static int draw_folded(const struct tk_snapshot *s, const struct tk_unit *unit, enum tk_measure m,
		       struct tk_grid *g, struct tk_rect line)
{
	static const struct {
		bool whole;
		int width; /* of all three figures, or of one; whatever they are */
		int leave; /* for the others */
	} forms[] = { { true, 9 + 3 * 12 + 4, 46 }, { false, 9 + 12, 28 } };
	char text[160];

	for (size_t i = 0; i < 2 && s->n_folded > 1 && s->folded[m].count; i++) {
		if (line.w < forms[i].width + forms[i].leave)
			continue;
		folded_text(s, unit, m, forms[i].whole, text);
		tk_grid_text(g, line.x + line.w - forms[i].width, line.y, forms[i].width,
			     TK_STYLE_PLAIN, text);
		return forms[i].width + 1;
	}
	return 0;
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
		snprintf(out, 96, "%s %s %s ", below, tk_units_count(n, (double)across),
			 t->unit.values ? "set aside" : "across a clock change");
	else
		snprintf(out, 96, "%s", below);
}

int tk_head_rows(const struct tk_pane *p, const struct tk_view_state *v,
		 const struct tk_snapshot *s, const struct tk_grid *g, struct tk_rect r)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	struct figures f = choose(v, t, g);
	char text[384], told[96];
	size_t which;

	names(word_of(p, t), s, t, 1000, text);
	odd(t, p->measure, told);
	return processes(s, t, &which) > 1 ||
	       tk_text_width(text) + 2 + figures_width(&f) + tk_text_width(told) + BESIDE > r.w - 2;
}

void tk_head_draw(const struct tk_pane *p, const struct tk_view_state *v,
		  const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r, bool clipped)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	const struct tk_datapoint *d = tk_chart_window(v, s, p->measure);
	int row = tk_head_rows(p, v, s, g, r), right = r.x + r.w - 1;
	struct figures f = choose(v, t, g);
	char text[384], told[96];

	odd(t, p->measure, told);
	int room = r.w - 2 - tk_text_width(told), x = r.x + 1;
	names(word_of(p, t), s, t, room, text);
	tk_grid_box(g, r, TK_STYLE_PLAIN, "");
	x += draw_names(word_of(p, t), text, t, g, x, r.y, room);
	tk_grid_text_right(g, right - tk_text_width(told), right, r.y, alarm_style, told);
	if (!d || !d->count || r.h < 3)
		return;
	f.clipped = clipped;
	if (row) {
		struct tk_rect line = { r.x + 1, r.y + 1, r.w - 2, 1 };
		int used = draw_folded(s, &t->unit, p->measure, g, line);

		draw_figures(f, d, g, line.x, line.y, line.w - used);
		return;
	}
	x += tk_grid_text(g, x, r.y, 2, TK_STYLE_PLAIN, ": ");
	draw_figures(f, d, g, x, r.y, right - x);
}
