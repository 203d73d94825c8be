/* SPDX-License-Identifier: MIT */
#include "collector/display/view/view.h"

#include <stdlib.h>

#include "collector/display/canvas/curve.h"
#include "collector/engine/options.h"

#define SECOND        INT64_C(1000000000)
#define INTERVAL_STEP UINT64_C(20000000)
#define POINTS_MAX    4096 /* several a dot: a window gets the finest tier that a screen can show */

static const int64_t spans[] = {
	SECOND,        2 * SECOND,     5 * SECOND,     10 * SECOND,    30 * SECOND,
	60 * SECOND,   120 * SECOND,   300 * SECOND,   600 * SECOND,   1800 * SECOND,
	3600 * SECOND, 10800 * SECOND, 21600 * SECOND, 43200 * SECOND, 86400 * SECOND,
};
#define SPANS ((int)(sizeof(spans) / sizeof(spans[0])))

void tk_view_init(struct tk_view_state *v, const char *where)
{
	*v = (struct tk_view_state){ .curves = TK_CURVES_AT_FIRST,
				     .panes = ~0u,
				     .span_ns = 30 * SECOND,
				     .page = 1,
				     .where = where };
}

void tk_view_fini(struct tk_view_state *v)
{
	free(v->rows);
	free(v->held);
	v->rows = NULL;
	v->held = NULL;
	v->n_rows = v->n_held = 0;
}

struct tk_view tk_view_request(const struct tk_view_state *v, int64_t now_ns)
{
	bool charts = v->screen == TK_SCREEN_CHARTS;
	int64_t end = v->to_ns ? v->to_ns : charts ? v->end_ns : 0, to = end ? end : now_ns;

	return (struct tk_view){ .key = charts ? v->key : 0,
				 .recent = v->recent,
				 .trend = v->sparks,
				 .n_trend = charts ? 0 : v->n_sparks,
				 .from_ns = to - v->span_ns,
				 .to_ns = end,
				 .max_points = POINTS_MAX,
				 .silent = v->silent };
}

/* Where a window ends that was not moved. */
static int64_t present(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	return v->end_ns ? v->end_ns : s->t_ns;
}

int64_t tk_view_end(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	return v->to_ns ? v->to_ns : present(v, s);
}

/* Move the right end of the window to `to`, but not beyond the history or the present. */
static void look_at(struct tk_view_state *v, const struct tk_snapshot *s, int64_t to)
{
	int64_t oldest = s->reach_ns + v->span_ns;

	if (to < oldest)
		to = oldest;
	if (to >= present(v, s)) /* live, or frozen there */
		to = v->paused ? present(v, s) : 0;
	v->to_ns = to;
}

void tk_view_pan(struct tk_view_state *v, const struct tk_snapshot *s, int quarters)
{
	look_at(v, s, tk_view_end(v, s) + quarters * v->span_ns / 4);
}

void tk_view_zoom(struct tk_view_state *v, const struct tk_snapshot *s, int steps)
{
	int i = 0;

	while (i < SPANS - 1 && spans[i] < v->span_ns)
		i++;
	i = i + steps < 0 ? 0 : i + steps >= SPANS ? SPANS - 1 : i + steps;
	int64_t grown = spans[i] - v->span_ns;
	v->span_ns = spans[i];
	if (v->to_ns && !v->paused) /* keep the middle of the window where it is */
		look_at(v, s, v->to_ns + grown / 2);
}

void tk_view_pause(struct tk_view_state *v, const struct tk_snapshot *s)
{
	v->paused = !v->paused;
	if (!v->paused)
		v->to_ns = 0;
	else
		v->to_ns = tk_view_end(v, s);
}

void tk_view_change_interval(struct tk_view_state *v, const struct tk_snapshot *s, int steps)
{
	uint64_t now = v->interval_ns ? v->interval_ns : s->interval_ns;

	if (steps > 0)
		now = now + INTERVAL_STEP > TK_INTERVAL_MAX_NS ? TK_INTERVAL_MAX_NS
							       : now + INTERVAL_STEP;
	else
		now = now < 2 * INTERVAL_STEP ? INTERVAL_STEP : now - INTERVAL_STEP;
	v->interval_ns = now;
}
