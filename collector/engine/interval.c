/* SPDX-License-Identifier: MIT */
/* The end of an interval: what was gathered becomes datapoints that viewers can see. See core.h. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/core.h"
#include "collector/machine/list.h"

#define GAP_SHOWN_NS (10 * TK_SECOND_NS)
#define DEAD_KEPT    4096u   /* timers of dead processes */
#define LIVING_MAX   131072u /* timers of the living: what two segments can have at most */

/* So that processes may come and go for years: the oldest beyond what is kept. */
void tk_collector_forget_dead(struct tk_collector *c)
{
	size_t kept = 0;

	if (c->dead.n <= DEAD_KEPT)
		return;
	for (size_t i = 0; i < c->n_series; i++) {
		struct tk_series *s = c->series[i];

		if (!s->alive && !s->ending && c->dead.n > DEAD_KEPT) {
			tk_dead_remove(&c->dead, s);
			tk_series_free(s, &c->history);
		} else {
			c->series[kept++] = s;
		}
	}
	c->n_series = kept;
}

static struct tk_series *new_series(struct tk_collector *c)
{
	struct tk_series **list;
	struct tk_series *s;

	if (c->n_series - c->dead.n >= LIVING_MAX) {
		if (!c->full)
			tk_collector_note(
				c,
				"more than %u timers live: the others are not shown; choose "
				"by --app or --pid",
				LIVING_MAX);
		c->full = true;
		return NULL;
	}
	list = tk_list_grow(c->series, c->n_series, sizeof(struct tk_series *));
	if (!list)
		return NULL;
	c->series = list;
	s = tk_series_new(c->next_key + 1, c->began_wall_ns);
	if (!s)
		return NULL;
	c->next_key++;
	list[c->n_series++] = s;
	return s;
}

struct tk_series *tk_collector_series(struct tk_collector *c, struct tk_source *src, uint32_t id)
{
	const struct tk_segment_timer *t = &src->seg->timers[id];
	struct tk_series *s = src->series[id];

	if (s)
		return s;
	s = tk_dead_take(&c->dead, src->info.app, t->name);
	if (s)
		tk_series_revive(s, &c->history, c->began_wall_ns);
	else
		s = new_series(c);
	if (!s)
		return NULL;
	memcpy(s->name, t->name, sizeof(s->name));
	memcpy(s->app, src->info.app, sizeof(s->app));
	memcpy(s->segment, src->info.name, sizeof(s->segment));
	s->pid = src->info.pid;
	s->stamp = t->stamp;
	s->found_dead = src->found_dead;
	src->series[id] = s;
	return s;
}

void tk_collector_adopt(struct tk_collector *c, struct tk_source *src)
{
	double ns_per_tick = src->seg->info.clock == TK_CLOCK_TSC ? 1e9 / c->clock.hz : 1;

	for (uint32_t id = 0; id < src->seg->info.n_timers; id++) {
		struct tk_series *s = tk_collector_series(c, src, id);

		if (!s)
			break; /* no memory, or no room: the next interval tries again */
		s->ns_per_tick = ns_per_tick;
		s->disabled = src->disabled[id] != 0;
	}
}

void tk_collector_leave(struct tk_collector *c, struct tk_source *src)
{
	for (uint32_t id = 0; id < src->seg->info.n_timers; id++) {
		if (!src->series[id])
			continue;
		tk_series_leave(src->series[id]);
		tk_dead_add(&c->dead, src->series[id]);
	}
	c->unknown_gone += src->unknown;
	src->unknown = 0;
	src->left = true;
}

static void close_series(struct tk_collector *c, int64_t wall_ns)
{
	for (size_t i = 0; i < c->n_series; i++) {
		struct tk_series *s = c->series[i];

		if (s->alive)
			tk_series_close(s, &c->history, wall_ns, c->state.interval_ns);
		else if (s->ending)
			tk_series_end(s, &c->history, wall_ns);
	}
}

/* The longest pause between two polls stays shown for 10 s, longer ones and those that cost records
 * first. */
static void show_gap(struct tk_collector *c)
{
	bool stale = c->now_ns - c->gap_shown_ns > GAP_SHOWN_NS, lost = false;
	uint64_t gap_ns = 0;

	for (size_t i = 0; i < c->n_seen; i++) {
		const struct tk_drainer_figures *d = &c->seen[i];

		if (d->gap_lost < lost || (d->gap_lost == lost && d->gap_ns < gap_ns))
			continue;
		gap_ns = d->gap_ns;
		lost = d->gap_lost;
	}
	if (lost || stale || gap_ns > c->state.longest_gap_ns) {
		c->state.longest_gap_ns = gap_ns;
		c->gap_shown_ns = c->now_ns;
	}
	for (size_t i = 0; i < c->n_drainers; i++) {
		c->drainers[i]->shown.gap_ns = 0;
		c->drainers[i]->shown.gap_lost = false;
	}
}

static void show_drainers(struct tk_collector *c)
{
	struct tk_drainer_figures *list = realloc(c->seen, (c->n_drainers + 1) * sizeof(*list));

	if (!list)
		return;
	c->seen = list;
	c->n_seen = c->n_drainers;
	for (size_t i = 0; i < c->n_drainers; i++)
		list[i] = c->drainers[i]->shown;
}

static void show_segments(struct tk_collector *c)
{
	struct tk_source_figures *list =
		realloc(c->segments, (c->n_sources + 1) * sizeof(*c->segments));

	c->state.delivered = c->state.lost = c->state.lag = 0;
	c->state.unknown = c->unknown_gone;
	if (!list)
		return;
	c->segments = list;
	c->n_segments = c->n_sources;
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct tk_source *s = c->sources[i];

		list[i] = s->info;
		c->state.delivered += s->info.delivered;
		c->state.lost += s->info.lost;
		c->state.lag += s->info.lag;
		c->state.unknown += s->unknown;
	}
}

/* Where the wall clock was set back, time stands still here: points stay in order. */
static int64_t wall_after(int64_t before)
{
	int64_t wall = (int64_t)tk_now_ns(CLOCK_REALTIME);

	return wall > before ? wall : before + 1;
}

void tk_collector_close_interval(struct tk_collector *c)
{
	int64_t wall_ns = wall_after(c->began_wall_ns);

	close_series(c, wall_ns);
	show_segments(c);
	show_drainers(c);
	show_gap(c);
	c->state.hz = c->clock.hz;
	c->state.epoch = c->clock.epoch.number + 1;
	c->state.closed_ns = wall_ns;
	c->state.interval_ns = atomic_load_explicit(&c->wanted_interval_ns, memory_order_relaxed);
	c->state.intervals++;
	c->began_wall_ns = wall_ns;
	c->began_ns = c->now_ns;
	/* A drainer came late, or a viewer held the lock: the next one is a whole one all the same. */
	if (c->close_ns < c->now_ns + c->state.interval_ns / 2)
		c->close_ns = c->now_ns + c->state.interval_ns;
}
