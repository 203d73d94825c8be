/* SPDX-License-Identifier: MIT */
/* The end of an interval: what was gathered becomes datapoints and figures that viewers see. See
 * core.h. */
#include <stdlib.h>

#include "collector/engine/core.h"

#define GAP_SHOWN_NS (10 * TK_SECOND_NS)

/* Show the longest gap between two polls for 10 s; a longer one, or one that lost records, replaces
 * it at once. */
static void show_gap(struct tk_collector *c)
{
	bool stale = c->now_ns - c->gap_shown_ns > GAP_SHOWN_NS, lost = false;
	uint64_t gap_ns = 0;

	for (size_t i = 0; i < c->shown.n_drainers; i++) {
		const struct tk_drainer_figures *d = &c->shown.drainers[i];

		if (d->gap_lost < lost || (d->gap_lost == lost && d->gap_ns < gap_ns))
			continue;
		gap_ns = d->gap_ns;
		lost = d->gap_lost;
	}
	if (lost || stale || gap_ns > c->shown.state.longest_gap_ns) {
		c->shown.state.longest_gap_ns = gap_ns;
		c->gap_shown_ns = c->now_ns;
	}
	for (size_t i = 0; i < c->n_drainers; i++) {
		c->drainers[i]->shown.gap_ns = 0;
		c->drainers[i]->shown.gap_lost = false;
	}
}

static void show_drainers(struct tk_collector *c)
{
	struct tk_drainer_figures *list =
		realloc(c->shown.drainers, (c->n_drainers + 1) * sizeof(*list));

	if (!list)
		return;
	c->shown.drainers = list;
	c->shown.n_drainers = c->n_drainers;
	for (size_t i = 0; i < c->n_drainers; i++)
		list[i] = c->drainers[i]->shown;
}

static void show_segments(struct tk_collector *c)
{
	struct tk_source_figures *list =
		realloc(c->shown.segments, (c->n_sources + 1) * sizeof(*c->shown.segments));

	c->shown.state.delivered = c->shown.state.lost = c->shown.state.lag = 0;
	c->shown.state.unknown = c->unknown_gone;
	if (!list)
		return;
	c->shown.segments = list;
	c->shown.n_segments = c->n_sources;
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct tk_source *s = c->sources[i];

		list[i] = s->info;
		c->shown.state.delivered += s->info.delivered;
		c->shown.state.lost += s->info.lost;
		c->shown.state.lag += s->info.lag;
		c->shown.state.unknown += s->unknown;
	}
}

/* If the wall clock was set back, advance by 1 ns, so that datapoints stay in order. */
static int64_t wall_after(int64_t before)
{
	int64_t wall = (int64_t)tk_now_ns(CLOCK_REALTIME);

	return wall > before ? wall : before + 1;
}

void tk_interval_close(struct tk_collector *c)
{
	int64_t wall_ns = wall_after(c->began_wall_ns);

	tk_registry_close(&c->shown.registry, wall_ns, c->shown.state.interval_ns);
	show_segments(c);
	show_drainers(c);
	show_gap(c);
	c->shown.state.hz = c->clock.hz;
	c->shown.state.epoch = c->clock.epoch.number + 1;
	c->shown.state.closed_ns = wall_ns;
	c->shown.state.interval_ns = __atomic_load_n(&c->wanted_interval_ns, __ATOMIC_RELAXED);
	c->shown.state.intervals++;
	c->began_wall_ns = wall_ns;
	/* If a late drainer or a viewer's lock delayed this end, give the next interval its full
	 * length. */
	if (c->close_ns < c->now_ns + c->shown.state.interval_ns / 2)
		c->close_ns = c->now_ns + c->shown.state.interval_ns;
}
