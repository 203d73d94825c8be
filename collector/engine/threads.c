/* SPDX-License-Identifier: MIT */
#include "collector/engine/threads.h"

#include <stdlib.h>
#include <string.h>

#include "collector/machine/printable.h"

/* The list of owners is in shared memory: copy an entry first, then check the copy. */
static void note_owner(struct tk_thread_figures *t, const struct tk_lane_head *head)
{
	uint32_t n = __atomic_load_n(&head->n_owners, __ATOMIC_ACQUIRE);
	struct tk_lane_owner o;

	if (!n)
		return;
	o = head->owners[(n - 1) % TK_LANE_OWNERS];
	o.name[TK_THREAD_NAME - 1] = '\0';
	t->tid = o.tid;
	tk_printable(t->name, sizeof(t->name), o.name);
}

static void note_lane(struct tk_thread_figures *t, const struct tk_segment *seg, uint32_t lane,
		      const struct tk_span_cost *cost)
{
	t->lane = lane;
	t->cost_ns = tk_span_cost_of_lane(cost, seg, lane, &t->pushed);
	note_owner(t, seg->lanes[lane].head);
}

static bool make_room(struct tk_source *s, uint32_t n)
{
	struct tk_thread_figures *list;

	if (n <= s->n_threads)
		return true;
	list = realloc(s->threads, n * sizeof(*list));
	if (!list)
		return false;
	memset(&list[s->n_threads], 0, (n - s->n_threads) * sizeof(*list));
	s->threads = list;
	s->n_threads = n;
	return true;
}

void tk_threads_note(struct tk_source *s, const struct tk_span_cost *cost)
{
	if (!s->seg || s->broken || !make_room(s, s->seg->n_lanes))
		return;
	for (uint32_t i = 0; i < s->seg->n_lanes; i++)
		if (s->seg->lanes[i].head)
			note_lane(&s->threads[i], s->seg, i, cost);
}

void tk_threads_begin(struct tk_source *s, const struct tk_span_cost *cost)
{
	tk_threads_note(s, cost);
	for (uint32_t i = 0; i < s->n_threads; i++) {
		s->threads[i].reported_pushed = s->threads[i].pushed;
		s->threads[i].reported_ns = s->threads[i].cost_ns;
	}
}

void tk_threads_add(struct tk_intervals *l, struct tk_interval *i, struct tk_source *s)
{
	for (uint32_t k = 0; k < s->n_threads; k++) {
		struct tk_thread_figures *t = &s->threads[k];
		struct tk_interval_thread *row;

		if (t->pushed <= t->reported_pushed)
			continue;
		row = tk_interval_add_thread(l, i);
		if (!row)
			return;
		memcpy(row->segment, s->info.name, sizeof(row->segment));
		memcpy(row->app, s->info.app, sizeof(row->app));
		memcpy(row->name, t->name, sizeof(row->name));
		row->pid = s->info.pid;
		row->uid = s->info.uid;
		row->dir = s->info.dir;
		row->tid = t->tid;
		row->lane = t->lane;
		row->records = t->pushed - t->reported_pushed;
		row->cost_ns = t->cost_ns - t->reported_ns;
		t->reported_pushed = t->pushed;
		t->reported_ns = t->cost_ns;
	}
}
