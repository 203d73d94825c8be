/* SPDX-License-Identifier: MIT */
/* The end of an interval: what was gathered becomes datapoints and figures that viewers see. See
 * core.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/core.h"
#include "collector/engine/threads.h"
#include "collector/engine/views/total.h"
#include "collector/machine/list.h"

#define GAP_SHOWN_NS (10 * TK_SECOND_NS)

/* Show the longest gap between two polls for 10 s; a longer one, or one that lost records, replaces
 * it at once. */
static void show_gap(struct tk_collector *c)
{
	bool stale = c->own.now_ns - c->own.gap_shown_ns > GAP_SHOWN_NS, lost = false;
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
		c->own.gap_shown_ns = c->own.now_ns;
	}
	for (size_t i = 0; i < c->own.n_drainers; i++) {
		c->own.drainers[i]->kept.shown.gap_ns = 0;
		c->own.drainers[i]->kept.shown.gap_lost = false;
	}
}

static void show_drainers(struct tk_collector *c)
{
	struct tk_drainer_figures *list =
		realloc(c->shown.drainers, (c->own.n_drainers + 1) * sizeof(*list));

	if (!list)
		return;
	c->shown.drainers = list;
	c->shown.n_drainers = c->own.n_drainers;
	for (size_t i = 0; i < c->own.n_drainers; i++)
		list[i] = c->own.drainers[i]->kept.shown;
}

static void show_segments(struct tk_collector *c)
{
	struct tk_source_figures *list =
		realloc(c->shown.segments, (c->own.n_sources + 1) * sizeof(*c->shown.segments));

	c->shown.state.delivered = c->own.gone.delivered;
	c->shown.state.lost = c->own.gone.lost + c->own.unread.records;
	c->shown.state.unread_processes = c->own.unread.processes;
	c->shown.state.unread_records = c->own.unread.records;
	c->shown.state.unknown = c->own.gone.unknown;
	c->shown.state.lag = 0;
	if (!list)
		return;
	c->shown.segments = list;
	c->shown.n_segments = 0;
	for (size_t i = 0; i < c->own.n_sources; i++) {
		const struct tk_source *s = c->own.sources[i];

		if (s->ignored)
			continue;
		list[c->shown.n_segments++] = s->info;
		c->shown.state.delivered += s->info.delivered;
		c->shown.state.lost += s->info.lost;
		c->shown.state.lag += s->info.lag;
		c->shown.state.unknown += s->info.unknown;
	}
}

/* Processes that are not among the segments any more. */
static void show_ended(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.gone.n_ended; i++) {
		struct tk_source_figures *list =
			c->shown.n_ended < TK_ENDED_MAX
				? tk_list_grow(c->shown.ended, c->shown.n_ended, sizeof(*list))
				: NULL;

		c->shown.ended = list ? list : c->shown.ended;
		if (list)
			list[c->shown.n_ended++] = c->own.gone.ended[i];
		else
			c->own.gone.forgotten++;
	}
	c->own.gone.n_ended = 0;
	c->shown.forgotten_processes = c->own.gone.forgotten;
}

static bool is_wanted(const struct tk_intervals *l, const struct tk_series *s)
{
	return s->track[0].last.records || l->idle || (l->totals && tk_series_since_start(s));
}

/* The datapoints that were closed at `now` of timers that had a record, or are asked for. */
static void add_timer(struct tk_intervals *l, struct tk_interval *i, const struct tk_series *s,
		      int64_t now)
{
	const struct tk_bins *closed[] = { &s->track[0].closed, &s->track[1].closed };
	const struct tk_datapoint *d = &s->track[0].last;
	struct tk_interval_timer *row;

	if (d->t_ns != now || !is_wanted(l, s))
		return;
	row = tk_interval_add_timer(l, i, d->records);
	if (!row)
		return;
	tk_interval_name(row, s);
	if (l->totals)
		row->since_start = tk_series_since_start(s);
	for (int m = 0; m < TK_MEASURES; m++)
		row->of[m] = s->track[m].last;
	if (!l->histograms)
		return;
	row->ns_per_tick = s->ns_per_tick;
	row->clock = s->clock;
	tk_interval_pack(l, i, row, closed);
}

/* What is known of a process since the last interval. Without memory for its row it waits. */
static void add_process(struct tk_intervals *l, struct tk_interval *i, struct tk_source *s)
{
	const struct tk_source_figures *now = &s->info, *then = &s->reported;
	struct tk_interval_process *row;

	if (tk_source_is_reported(s))
		return;
	row = tk_interval_add_process(l, i);
	if (!row)
		return;
	memcpy(row->segment, now->name, sizeof(row->segment));
	memcpy(row->app, now->app, sizeof(row->app));
	row->pid = now->pid;
	row->processes = 1;
	row->alive = !s->ended;
	row->found_dead = s->found_dead;
	row->unsettled = now->unsettled != 0;
	row->uid = now->uid;
	row->place = now->place;
	row->dir = now->dir;
	row->delivered = now->delivered - then->delivered;
	row->lost = now->lost - then->lost;
	row->records = row->delivered + row->lost;
	row->attributed = s->attributed - s->reported_attributed;
	row->unknown = now->unknown - then->unknown;
	row->refused = now->refused - then->refused;
	row->lag = now->lag;
	s->reported = s->info;
	s->reported_attributed = s->attributed;
}

/* Programs of one app that ended, and were removed before a collector had attached them. */
static void add_unread(struct tk_intervals *l, struct tk_interval *i, struct tk_unread_app *a)
{
	struct tk_interval_process *row;

	if (a->processes == a->reported_processes && a->records == a->reported_records)
		return;
	row = tk_interval_add_process(l, i);
	if (!row)
		return;
	snprintf(row->segment, sizeof(row->segment), "%.127s", a->name);
	memcpy(row->app, a->app, sizeof(row->app));
	row->processes = (uint32_t)(a->processes - a->reported_processes);
	row->records = row->lost = a->records - a->reported_records;
	a->reported_processes = a->processes;
	a->reported_records = a->records;
}

static void add_threads(struct tk_collector *c, struct tk_interval *i)
{
	struct tk_intervals *l = &c->shown.intervals;

	for (size_t k = 0; k < c->own.n_sources && l->threads; k++) {
		tk_threads_note(c->own.sources[k], &c->shown.state.span_cost);
		tk_threads_add(l, i, c->own.sources[k]);
	}
}

static void append_interval(struct tk_collector *c, int64_t now, uint64_t interval_ns)
{
	struct tk_intervals *l = &c->shown.intervals;
	struct tk_interval *i = tk_interval_new(l);

	if (!i) {
		for (size_t k = 0; k < c->own.n_sources; k++) {
			c->own.sources[k]->reported = c->own.sources[k]->info;
			c->own.sources[k]->reported_attributed = c->own.sources[k]->attributed;
		}
		for (size_t k = 0; k < c->own.unread.n; k++) {
			c->own.unread.list[k].reported_processes = c->own.unread.list[k].processes;
			c->own.unread.list[k].reported_records = c->own.unread.list[k].records;
		}
		l->dropped.intervals += l->budget != 0;
		return;
	}
	i->number = c->shown.state.intervals + 1;
	i->t_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	i->interval_ns = interval_ns;
	for (size_t k = 0; k < c->shown.registry.n; k++)
		add_timer(l, i, c->shown.registry.series[k], now);
	for (size_t k = 0; k < c->own.n_sources; k++)
		add_process(l, i, c->own.sources[k]);
	for (size_t k = 0; k < c->own.unread.n; k++)
		add_unread(l, i, &c->own.unread.list[k]);
	add_threads(c, i);
	tk_intervals_append(l, i);
}

void tk_interval_close(struct tk_collector *c)
{
	int64_t now = (int64_t)c->own.now_ns + c->own.line_ns;

	tk_registry_close(&c->shown.registry, now, c->shown.state.interval_ns);
	show_segments(c);
	show_ended(c);
	append_interval(c, now, (uint64_t)(now - c->own.began_ns));
	show_drainers(c);
	show_gap(c);
	c->shown.state.hz = c->own.clock.hz;
	c->shown.state.epoch = c->own.clock.epoch.number + 1;
	c->shown.state.closed_ns = now;
	c->shown.state.interval_ns = __atomic_load_n(&c->wanted_interval_ns, __ATOMIC_RELAXED);
	c->shown.state.forgotten = c->shown.registry.forgotten;
	c->shown.state.intervals++;
	c->own.began_ns = now;
	/* If a late drainer or a viewer's lock delayed this end, give the next interval its full
	 * length. */
	if (c->own.close_ns < c->own.now_ns + c->shown.state.interval_ns / 2)
		c->own.close_ns = c->own.now_ns + c->shown.state.interval_ns;
}
