/* SPDX-License-Identifier: MIT */
/*
 * collector/display/draw.c - the screen as a whole, and the text in place of the panes when there
 * is nothing to graph.
 */
#include "collector/display/draw.h"

#include <stdio.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/overview/overview.h"

/* --- nothing to graph ------------------------------------------------------------------------ */

/* Copy to `line` as many words of text as fit into w columns, or one word. @return the rest. */
static const char *take_line(char *line, size_t size, const char *text, int w)
{
	size_t n = strlen(text) < size ? strlen(text) : size - 1;

	memcpy(line, text, n);
	line[n] = 0;
	while (tk_text_width(line) > w) {
		char *space = strrchr(line, ' ');
		if (!space)
			break;
		*space = 0;
	}
	text += strlen(line);
	return text + strspn(text, " ");
}

/* Each paragraph in lines that are centred in r. */
static void draw_centred(struct tk_grid *g, struct tk_rect r, const char *const *paragraphs)
{
	int y = r.y + (r.h > 6 ? r.h / 3 : 0);
	char line[256];

	for (; *paragraphs; paragraphs++, y++)
		for (const char *text = *paragraphs; *text && y < r.y + r.h; y++) {
			text = take_line(line, sizeof(line), text, r.w);
			int w = tk_text_width(line);
			int x = w < r.w ? r.x + (r.w - w) / 2 : r.x;
			tk_grid_text(g, x, y, r.w, TK_STYLE_PLAIN, line);
		}
}

static void draw_empty(const struct tk_view_state *v, const struct tk_snapshot *s,
		       struct tk_grid *g, struct tk_rect r)
{
	char what[1536];
	const char *todo = "Start a program that calls tk_open(), for example: ./run demo. "
			   "It appears here within a second.";

	if (s->title[0] && s->n_timers == 0) {
		snprintf(what, sizeof(what), "No sample until here.");
		todo = "";
	} else if (s->n_segments == 0) {
		snprintf(what, sizeof(what), "No segments in %s.", v->where);
	} else if (s->n_timers == 0) {
		snprintf(what, sizeof(what), "%zu process%s, but no timers yet.", s->n_segments,
			 s->n_segments == 1 ? "" : "es");
		todo = "A timer appears when the program calls tk_timer() to define it.";
	} else {
		snprintf(what, sizeof(what), "No timer has \"%s\" in its name.", v->filter);
		todo = "Esc drops the filter, / changes it.";
	}
	tk_grid_box(g, r, TK_STYLE_PLAIN, "");
	struct tk_rect inner = { r.x + 2, r.y + 1, r.w - 4, r.h - 2 };
	draw_centred(g, inner, (const char *const[]){ what, todo, NULL });
}

static void draw_note(const struct tk_snapshot *s, struct tk_grid *g, struct tk_rect r)
{
	char text[320];

	if (r.h == 0)
		return;
	if (s->n_notes > 1)
		snprintf(text, sizeof(text), "! %s (and %zu before)", s->notes[s->n_notes - 1],
			 s->n_notes - 1);
	else
		snprintf(text, sizeof(text), "! %s", s->notes[0]);
	tk_grid_text(g, r.x, r.y, r.w, TK_STYLE(TK_VERMILION, TK_PLAIN), text);
}

/* --- the screen ------------------------------------------------------------------------------ */

struct tk_layout tk_draw_layout(const struct tk_view_state *v, const struct tk_snapshot *s,
				const struct tk_grid *g)
{
	return tk_layout(g->w, g->h, tk_draw_list_width(v, s), tk_panes_shown(v, s),
			 s->n_notes > 0);
}

static void draw_too_small(struct tk_grid *g)
{
	char text[80];

	snprintf(text, sizeof(text), "terminal too small: %dx%d needed, have %dx%d",
		 TK_LAYOUT_MIN_W, TK_LAYOUT_MIN_H, g->w, g->h);
	if (tk_text_width(text) > g->w)
		snprintf(text, sizeof(text), "need %dx%d, have %dx%d", TK_LAYOUT_MIN_W,
			 TK_LAYOUT_MIN_H, g->w, g->h);
	tk_grid_text(g, 0, 0, g->w, TK_STYLE_PLAIN, text);
}

static void draw_panes(const struct tk_view_state *v, const struct tk_snapshot *s,
		       struct tk_grid *g, const struct tk_layout *l)
{
	size_t n;
	const struct tk_pane *p = tk_panes(&n);

	for (size_t i = 0; i < n; i++)
		if (l->pane[i].h >= 2)
			p[i].draw(&p[i], v, s, g, l->pane[i]);
}

static void draw_charts(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
			const struct tk_layout *l)
{
	tk_draw_list(v, s, g, l->list);
	if (tk_view_timer(v, s))
		draw_panes(v, s, g, l);
	else
		draw_empty(v, s, g, l->panes);
}

static void draw_overview(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
			  const struct tk_layout *l)
{
	struct tk_rect all = { l->list.x, l->list.y, l->list.w + l->panes.w, l->list.h };

	if (tk_view_timer(v, s))
		tk_overview_draw(v, s, g, all);
	else
		draw_empty(v, s, g, all);
}

static void (*const screens[])(struct tk_view_state *v, const struct tk_snapshot *s,
			       struct tk_grid *g, const struct tk_layout *l) = {
	[TK_SCREEN_CHARTS] = draw_charts,
	[TK_SCREEN_OVERVIEW] = draw_overview,
};

void tk_draw(struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g)
{
	tk_grid_clear(g);
	if (g->w < TK_LAYOUT_MIN_W || g->h < TK_LAYOUT_MIN_H) {
		draw_too_small(g);
		return;
	}
	struct tk_layout l = tk_draw_layout(v, s, g);
	screens[v->screen](v, s, g, &l);
	draw_note(s, g, l.note);
	tk_draw_status(v, s, g, l.status);
	tk_draw_footer(v, g, l.footer);
	if (v->help)
		tk_draw_help(v, s, g);
}
