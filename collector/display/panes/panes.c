/* SPDX-License-Identifier: MIT */
#include "collector/display/panes/panes.h"

#include <assert.h>

/* clang-format off */
static const struct tk_pane table[] = {
	{ "Latency", "l", "latency", "the latency pane", TK_LATENCY, 0, 5, tk_pane_measure },
	{ "Processing", "p", "processing", "the processing pane", TK_PROCESSING, 0, 5,
	  tk_pane_measure },
	{ "Msg/s", NULL, NULL, NULL, TK_MEASURES, 20, 3, tk_pane_rate },
};
/* clang-format on */

#define PANES (sizeof(table) / sizeof(table[0]))

static_assert(PANES <= TK_PANES_MAX, "too many panes");

const struct tk_pane *tk_panes(size_t *n)
{
	*n = PANES;
	return table;
}

/* Also those that are set aside: their pane tells of them. */
static bool has(const struct tk_snap_timer *t, enum tk_measure m)
{
	return t->total[m].count > 0 || t->total[m].aside > 0;
}

/* Whether the timer has samples of any measure that a pane shows. */
static bool has_samples(const struct tk_snap_timer *t)
{
	return t && (has(t, TK_LATENCY) || has(t, TK_PROCESSING));
}

/* A wanted pane is left out if its measure has no samples while another measure has some. */
unsigned tk_panes_shown(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	bool all = !has_samples(t);
	unsigned shown = 0;

	for (size_t i = 0; i < PANES; i++)
		if (all || table[i].measure == TK_MEASURES || has(t, table[i].measure))
			shown |= 1u << i;
	return shown & v->panes;
}
