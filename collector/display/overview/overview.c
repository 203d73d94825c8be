/* SPDX-License-Identifier: MIT */
#include "collector/display/overview/overview.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/overview/columns.h"
#include "collector/stats/registry.h"

static_assert(TK_REGISTRY_SILENT_MAX == 32768, "as silent_text() says");

#define MARK_W 2 /* columns before a name: selected, folded */

/* The columns as they are drawn: those of the table, and where the first one begins. */
struct table {
	const struct tk_column *column[TK_COLUMNS_MAX];
	size_t n;
	int name_w;
	bool groups; /* one of them belongs to a group: the headings have a line above them */
	bool sparks; /* one of them is a sparkline */
};

static struct table layout(const struct tk_view_state *v, int w)
{
	struct table t = { 0 };

	t.n = tk_columns_fit(w, v->by, t.column, &t.name_w);
	for (size_t i = 0; i < t.n; i++) {
		t.groups = t.groups || t.column[i]->group;
		t.sparks = t.sparks || tk_columns_is_spark(t.column[i]);
	}
	return t;
}

/* --- headings -------------------------------------------------------------------------------- */

/* Who asks for timers that never recorded is told when there are too many to list those. */
static const char *silent_text(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	size_t living = 0;

	if (!v->silent)
		return "";
	for (size_t i = 0; i < s->n_timers; i++)
		living += s->timers[i].alive;
	return living < TK_REGISTRY_SILENT_MAX
		       ? ", also never recorded"
		       : ", never recorded: only while fewer than 32,768 timers live";
}

/* "300 timers, last 10 s, by p99"; the position is at the right. */
static void draw_title(const struct tk_view_state *v, const struct tk_snapshot *s,
		       struct tk_grid *g, struct tk_rect r)
{
	char text[256], filter[80] = "", place[48];

	snprintf(place, sizeof(place), " %zu/%zu", v->n_rows ? v->selected + 1 : 0, v->n_rows);
	if (v->editing || v->filter[0])
		snprintf(filter, sizeof(filter), " /%s%s", v->filter, v->editing ? "_" : "");
	snprintf(text, sizeof(text), "%zu timer%s, last %d s, by %s%s%s", s->n_timers,
		 s->n_timers == 1 ? "" : "s", (int)(s->recent_ns / 1000000000),
		 tk_columns_by(v->by), filter, silent_text(v, s));
	tk_grid_text(g, r.x, r.y, r.w - tk_text_width(place), TK_STYLE_BOLD, text);
	tk_grid_text_right(g, r.x, r.x + r.w, r.y, TK_STYLE_BOLD, place);
}

static bool is_sorted_by(const struct tk_column *c, enum tk_by by)
{
	return c->by == by ||
	       (by == TK_BY_WORST && (c->by == TK_BY_PROCESSING_P99 || c->by == TK_BY_LATENCY_P99));
}

/* The column that rows are sorted by is reversed; or both, where the larger value of two sorts. */
static void draw_headings(const struct tk_view_state *v, const struct table *t, struct tk_grid *g,
			  struct tk_rect r)
{
	int x = r.x + t->name_w, y = r.y + t->groups;
	uint8_t by_name = v->by == TK_BY_NAME ? TK_REVERSE : TK_DIM;

	tk_grid_text(g, r.x + MARK_W, y, t->name_w - MARK_W, TK_STYLE(TK_DEFAULT, by_name),
		     "timer");
	for (size_t i = 0; i < t->n; i++) {
		const struct tk_column *c = t->column[i];
		bool sorted = is_sorted_by(c, v->by);

		x += TK_COLUMN_GAP;
		if (c->group)
			tk_grid_text(g, x, r.y, r.x + r.w - x, TK_STYLE_DIM, c->group);
		tk_grid_text_right(g, x, x + c->width, y,
				   TK_STYLE(TK_DEFAULT, sorted ? TK_REVERSE : TK_DIM), c->heading);
		x += c->width;
	}
}

/* --- rows ------------------------------------------------------------------------------------ */

/* " (bytes)": what the figures of values are. */
static const char *unit_of(const struct tk_snap_timer *t, char out[32])
{
	out[0] = 0;
	if (t->unit.values)
		snprintf(out, 32, " (%s)", t->unit.name[0] ? t->unit.name : "values");
	return out;
}

/* What tells a row from others of its fold: its labels, and its process. */
static void name_of_one(const struct tk_snap_timer *t, const char *end, char out[160])
{
	char process[TK_TEXT_PROCESS_MAX];
	const char *labels = t->name + strlen(t->name) - t->labels;

	snprintf(out, 160, "  %s%s%s%s", labels, *labels ? " " : "",
		 tk_text_process(process, t->app, t->pid), end);
}

/* A name, and for what it stands. A row below an unfolded one says which process it is of. */
static void name_of(const struct tk_view_state *v, const struct tk_snap_timer *t, char out[160])
{
	char end[24] = "", unit[32];

	if (!t->alive)
		strcpy(end, " †");
	else if (t->living < t->processes)
		snprintf(end, sizeof(end), " †%u", t->processes - t->living);
	else if (t->disabled)
		strcpy(end, " off");
	if (t->processes)
		snprintf(out, 160, "%s%s ×%u%s", t->name, unit_of(t, unit),
			 t->living ? t->living : t->processes, end);
	else if (t->fold && tk_view_is_unfolded(v, t->fold))
		name_of_one(t, end, out);
	else
		snprintf(out, 160, "%s%s%s", t->name, unit_of(t, unit), end);
}

/* A name; to its right the age of a row's figures, if they are not of the last 10 s. */
static void draw_name(const struct tk_view_state *v, const struct tk_snapshot *s,
		      const struct tk_snap_timer *t, struct tk_grid *g, struct tk_rect r,
		      struct tk_style style)
{
	char text[160], ago[TK_COLUMN_TEXT] = "";

	if (tk_columns_is_past(t))
		tk_columns_ago(s, t, ago);
	name_of(v, t, text);
	tk_grid_text_right(g, r.x, r.x + r.w, r.y, style, ago);
	tk_grid_text_elided(g, r.x, r.y, r.w - tk_text_width(ago), style, text);
}

/* Lost records are an alarm. A sparkline is not reversed: the selected row ends before it. */
static struct tk_style cell_style(const struct tk_column *c, const struct tk_snap_timer *t,
				  struct tk_style row)
{
	bool lost = c->by == TK_BY_LOST && t->recent[TK_PROCESSING].lost > 0;

	if (tk_columns_is_spark(c))
		return TK_STYLE(TK_STEEL, row.attr & TK_DIM);
	return lost ? TK_STYLE(TK_VERMILION, row.attr | TK_BOLD) : row;
}

static void draw_row(const struct tk_view_state *v, const struct tk_snapshot *s,
		     const struct table *table, struct tk_grid *g, struct tk_rect line, size_t row)
{
	const struct tk_snap_timer *t = &s->timers[v->rows[row]];
	struct tk_style style = TK_STYLE_PLAIN;
	char cell[TK_COLUMN_TEXT];
	int x = line.x + table->name_w;

	if (!t->alive || t->disabled || tk_columns_is_past(t))
		style.attr |= TK_DIM;
	if (row == v->selected) {
		style.attr = TK_REVERSE;
		tk_grid_fill(g, line, ' ', style);
	}
	if (t->processes)
		tk_grid_put(g, line.x, line.y, tk_view_is_unfolded(v, t->key) ? 0x25BC : 0x25B6,
			    style);
	draw_name(v, s, t, g,
		  (struct tk_rect){ line.x + MARK_W, line.y, table->name_w - MARK_W, 1 }, style);
	for (size_t i = 0; i < table->n; i++) {
		const struct tk_column *c = table->column[i];

		x += TK_COLUMN_GAP;
		c->value(c, s, t, cell);
		tk_grid_text_right(g, x, x + c->width, line.y, cell_style(c, t, style), cell);
		x += c->width;
	}
}

/* The first row that is shown: the selected one stays in the middle, without empty lines. */
static size_t first_row(const struct tk_view_state *v, size_t lines)
{
	size_t top = v->selected > lines / 2 ? v->selected - lines / 2 : 0;

	if (v->n_rows <= lines)
		return 0;
	return top > v->n_rows - lines ? v->n_rows - lines : top;
}

/* The next snapshot is to have the trends of these rows. */
static void want_sparks(struct tk_view_state *v, const struct tk_snapshot *s, bool any, size_t top,
			size_t lines)
{
	v->n_sparks = 0;
	for (size_t i = top; any && i < v->n_rows && i < top + lines; i++)
		if (v->n_sparks < TK_VIEW_SPARKS_MAX)
			v->sparks[v->n_sparks++] = s->timers[v->rows[i]].key;
}

void tk_overview_draw(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		      struct tk_rect r)
{
	struct table t = layout(v, r.w);
	int head = 2 + t.groups;
	size_t lines = (size_t)(r.h - head), top = first_row(v, lines);

	v->page = (int)lines;
	want_sparks(v, s, t.sparks, top, lines);
	draw_title(v, s, g, r);
	draw_headings(v, &t, g, (struct tk_rect){ r.x, r.y + 1, r.w, r.h - 1 });
	for (size_t i = 0; i < lines && top + i < v->n_rows; i++)
		draw_row(v, s, &t, g, (struct tk_rect){ r.x, r.y + head + (int)i, r.w, 1 },
			 top + i);
}
