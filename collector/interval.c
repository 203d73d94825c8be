/* SPDX-License-Identifier: MIT */
/* The end of an interval: what was gathered becomes datapoints that viewers can see. See core.h. */
#include <stdlib.h>
#include <string.h>

#include "collector/core.h"
#include "collector/list.h"

#define GAP_SHOWN_NS (10 * TK_SECOND_NS)
#define DEAD_KEPT    4096u   /* timers of dead processes */
#define LIVING_MAX   131072u /* timers of the living: what two segments can have at most */
#define ENDED_MAX    65536u  /* timers that end within an interval: others wait for the next */
#define DRAIN_EVERY  32u     /* series closed between two drains */

/* So that processes may come and go for years: the oldest beyond what is kept. */
static void forget_dead(struct tk_collector *c)
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

static bool adopt(struct tk_collector *c, struct tk_source *src, uint32_t id)
{
	const struct tk_segment_timer *t = &src->seg->timers[id];
	struct tk_series *s = tk_dead_take(&c->dead, src->info.app, t->name);

	if (s)
		tk_series_revive(s, &c->history, c->began_wall_ns);
	else
		s = new_series(c);
	if (!s)
		return false;
	memcpy(s->name, t->name, sizeof(s->name));
	memcpy(s->app, src->info.app, sizeof(s->app));
	memcpy(s->segment, src->info.name, sizeof(s->segment));
	s->pid = src->info.pid;
	s->stamp = t->stamp;
	s->found_dead = src->found_dead;
	src->series[id] = s;
	return true;
}

static void take_marks(struct tk_collector *c, struct tk_source *src)
{
	for (uint32_t i = 0; i < src->agg.n_marks; i++) {
		struct tk_snap_mark *m = &c->marks[c->marks_ever++ % TK_MARKS_KEPT];
		uint64_t start = src->agg.marks[i].start;

		m->t_ns = src->agg.clock ? tk_clock_wall_ns(&c->clock, start)
					 : (int64_t)(start + (uint64_t)src->clock_to_wall_ns);
		memcpy(m->name, src->seg->timers[src->agg.marks[i].timer].name, sizeof(m->name));
	}
	src->agg.n_marks = 0;
}

/* A series is memory to be had, 0.1 ms each. Before anything is taken, so that lanes can be drained
 * meanwhile. */
static void adopt_new(struct tk_collector *c, struct tk_source *src)
{
	unsigned n = 0;

	for (uint32_t id = 0; id < src->agg.n_timers; id++) {
		if (src->series[id])
			continue;
		if (!adopt(c, src, id))
			break; /* no memory, or no room: the next interval tries again */
		if (++n % DRAIN_EVERY == 0)
			tk_collector_drain(c, tk_now_ns(CLOCK_MONOTONIC));
	}
}

static void take(struct tk_collector *c, struct tk_source *src)
{
	double ns_per_tick = src->agg.clock ? 1e9 / c->clock.hz : 1;

	for (uint32_t id = 0; id < src->agg.n_timers; id++) {
		if (!src->series[id])
			continue;
		src->series[id]->ns_per_tick = ns_per_tick;
		src->series[id]->disabled = src->disabled[id] != 0;
		if (src->agg.tallies[id])
			tk_series_take(src->series[id], src->agg.tallies[id]);
	}
	take_marks(c, src);
}

/* Everything it left is read. */
static void leave(struct tk_collector *c, struct tk_source *src)
{
	tk_source_count(src);
	for (uint32_t id = 0; id < src->agg.n_timers; id++) {
		if (!src->series[id])
			continue;
		tk_series_leave(src->series[id]);
		tk_dead_add(&c->dead, src->series[id]);
	}
	c->unknown_gone += src->agg.unknown;
	tk_source_let_go(src);
}

/* Those that have ended come first, so that a process that was started again finds its series; but a
 * directory full of the dead must not keep the interval open. */
static void take_all(struct tk_collector *c)
{
	size_t ended = 0; /* timers */

	for (size_t i = 0; i < c->n_sources && ended < ENDED_MAX; i++) {
		if (!c->sources[i]->seg || !tk_source_finished(c->sources[i]))
			continue;
		ended += c->sources[i]->agg.n_timers;
		adopt_new(c, c->sources[i]);
		take(c, c->sources[i]);
		leave(c, c->sources[i]);
	}
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->seg)
			adopt_new(c, c->sources[i]);
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->seg)
			take(c, c->sources[i]);
}

/* A thousand timers take longer than a lane at full speed can wait. What is drained meanwhile goes
 * into tallies and accounts, which are the next interval's already. */
static void close_series(struct tk_collector *c, int64_t wall_ns)
{
	for (size_t i = 0; i < c->n_series; i++) {
		struct tk_series *s = c->series[i];

		if (s->alive)
			tk_series_close(s, &c->history, wall_ns, c->state.interval_ns);
		else if (s->ending)
			tk_series_end(s, &c->history, wall_ns);
		else
			continue;
		if (i % DRAIN_EVERY == DRAIN_EVERY - 1)
			tk_collector_drain(c, tk_now_ns(CLOCK_MONOTONIC));
	}
}

/* The longest pause between two polls stays shown for 10 s, longer ones and those that cost records
 * first. */
static void show_gap(struct tk_collector *c, uint64_t now_ns)
{
	bool stale = now_ns - c->gap_shown_ns > GAP_SHOWN_NS;

	if (c->gap_lost || stale || c->gap_ns > c->state.longest_gap_ns) {
		c->state.longest_gap_ns = c->gap_ns;
		c->gap_shown_ns = now_ns;
	}
	c->gap_ns = 0;
	c->gap_lost = false;
}

static void show_segments(struct tk_collector *c)
{
	struct tk_snap_segment *list =
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
		c->state.unknown += s->seg ? s->agg.unknown : 0;
	}
}

/* Where the wall clock was set back, time stands still here: points stay in order. */
static int64_t wall_after(int64_t before)
{
	int64_t wall = (int64_t)tk_now_ns(CLOCK_REALTIME);

	return wall > before ? wall : before + 1;
}

static void close_all(struct tk_collector *c, uint64_t now_ns)
{
	int64_t wall_ns = wall_after(c->began_wall_ns);

	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->seg)
			tk_source_count(c->sources[i]);
	close_series(c, wall_ns);
	show_segments(c);
	show_gap(c, now_ns);
	c->state.hz = c->clock.hz;
	c->state.epoch = c->clock.epoch.number + 1;
	c->state.closed_ns = wall_ns;
	c->state.interval_ns = atomic_load_explicit(&c->wanted_interval_ns, memory_order_relaxed);
	c->state.intervals++;
	c->began_wall_ns = wall_ns;
	c->began_ns = now_ns;
}

bool tk_collector_close_interval(struct tk_collector *c, uint64_t now_ns, bool interval)
{
	if (pthread_mutex_trylock(&c->lock))
		return false;
	forget_dead(c);
	take_all(c);
	c->shown_notes = c->notes;
	c->state.looked = c->scanned;
	c->state.other_versions = c->other_versions;
	if (interval)
		close_all(c, now_ns);
	pthread_mutex_unlock(&c->lock);
	if (interval)
		pthread_cond_broadcast(&c->closed);
	return true;
}
