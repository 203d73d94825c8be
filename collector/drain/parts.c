/* SPDX-License-Identifier: MIT */
#include "collector/drain/parts.h"

#include <stdlib.h>
#include <string.h>

#include "ring/lane_read.h"

void tk_parts_free(struct tk_parts *l)
{
	free(l->lanes);
	*l = (struct tk_parts){ 0 };
}

static void push(struct tk_part **list, struct tk_part *p)
{
	p->next = *list;
	*list = p;
}

static void unlink_from(struct tk_part **list, const struct tk_part *p)
{
	while (*list && *list != p)
		list = &(*list)->next;
	if (*list)
		*list = p->next;
}

/* What is not still any more is moving from now on; the lanes of the others stay. */
static void part_from_quiet(struct tk_parts *l)
{
	struct tk_part **link = &l->quiet;
	size_t kept = 0;

	for (size_t i = 0; i < l->n_lanes; i++)
		if (l->lanes[i].part->still)
			l->lanes[kept++] = l->lanes[i];
	l->n_lanes = kept;
	l->stirred = false;
	while (*link) {
		struct tk_part *p = *link;

		if (p->still) {
			link = &p->next;
			continue;
		}
		*link = p->next;
		push(&l->moving, p);
	}
}

void tk_parts_add(struct tk_parts *l, struct tk_part *p)
{
	push(&l->moving, p);
}

void tk_parts_move(struct tk_parts *l, struct tk_part *p)
{
	p->still = false;
	l->stirred = true;
}

void tk_parts_remove(struct tk_parts *l, struct tk_part *p)
{
	l->all_lanes -= p->n_lanes;
	p->still = false;
	part_from_quiet(l);
	unlink_from(&l->moving, p);
}

/* Each slot lies on a page of its own: have several come at a time. */
static void fetch(const struct tk_parts *l, size_t i)
{
	const struct tk_quiet_lane *q = &l->lanes[i];

	if (i < l->n_lanes)
		__builtin_prefetch(&q->slots[q->next & (q->size - 1)]);
}

#define AHEAD 8u

void tk_parts_look(struct tk_parts *l)
{
	for (size_t i = 0; i < l->n_lanes; i++) {
		const struct tk_quiet_lane *q = &l->lanes[i];

		fetch(l, i + AHEAD);
		if (!tk_lane_has(q->slots, q->size, q->next) &&
		    !tk_lane_has(q->slots, q->size, q->next + 1))
			continue;
		tk_parts_move(l, q->part);
	}
	if (l->stirred)
		part_from_quiet(l);
}

void tk_parts_check(struct tk_parts *l)
{
	for (struct tk_part *p = l->quiet; p; p = p->next)
		p->still = p->still && !tk_part_stirs(p);
	part_from_quiet(l);
}

void tk_parts_reserve(struct tk_parts *l)
{
	size_t room = l->room ? 2 * l->room : 64;
	struct tk_quiet_lane *list;

	if (++l->all_lanes <= l->room)
		return;
	list = reallocarray(l->lanes, room, sizeof(*list));
	if (!list)
		return;
	memset(&list[l->room], 0, (room - l->room) * sizeof(*list));
	l->lanes = list;
	l->room = room;
}

static void add_lanes(struct tk_parts *l, struct tk_part *p)
{
	for (uint32_t i = 0; i < p->n_lanes; i++) {
		const struct tk_lane_reader *r = &p->lanes[i].reader;

		l->lanes[l->n_lanes++] = (struct tk_quiet_lane){ r->slots, r->size, r->next, p };
	}
	if (l->fill_ns <= 0 || p->fill_ns < l->fill_ns)
		l->fill_ns = p->fill_ns;
}

void tk_parts_settle(struct tk_parts *l)
{
	if (!l->quiet)
		l->fill_ns = 0;
	for (struct tk_part *p = l->moving, *next; p; p = next) {
		next = p->next;
		if (!p->still || !tk_part_is_level(p) || l->n_lanes + p->n_lanes > l->room)
			continue;
		unlink_from(&l->moving, p);
		push(&l->quiet, p);
		add_lanes(l, p);
	}
}
