/* SPDX-License-Identifier: MIT */
#include "collector/discover/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/machine/list.h"

/* Bound the memory of a segment's accounts, 56 bytes a timer and lane: 64 lanes of 65,536 timers,
 * 235 MB. */
#define ACCOUNTS_MAX (UINT64_C(64) * TK_TIMERS_MAX)

#define TRY_NS UINT64_C(1000000000)

/* A number for a directory. Only one owner's timers are ever told apart by it. */
static uint64_t place_of(const char *dir)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325);

	for (; *dir; dir++)
		h = (h ^ (unsigned char)*dir) * UINT64_C(0x100000001B3);
	return h;
}

struct tk_source *tk_source_new(struct tk_segment *seg, const char *dir, enum tk_lane_from from,
				bool raw)
{
	struct tk_source *s = calloc(1, sizeof(*s));

	if (!s) {
		tk_segment_detach(seg);
		errno = ENOMEM;
		return NULL;
	}
	s->seg = seg;
	s->from = from;
	s->raw = raw;
	s->dir = strdup(dir);
	s->info.place = place_of(dir);
	s->info.uid = seg->uid;
	s->listed = true;
	s->slot = -1;
	s->series = calloc(seg->info.max_timers, sizeof(struct tk_series *));
	s->disabled = calloc(seg->info.max_timers, 1);
	s->lanes = calloc(seg->info.max_lanes, sizeof(struct tk_part *));
	snprintf(s->info.name, sizeof(s->info.name), "%s", seg->name);
	snprintf(s->info.app, sizeof(s->info.app), "%s", seg->info.app);
	s->info.pid = seg->info.pid;
	if (!s->dir || !s->series || !s->disabled || !s->lanes) {
		tk_source_free(s);
		errno = ENOMEM;
		return NULL;
	}
	return s;
}

struct tk_part *tk_source_part(struct tk_source *s, struct tk_drainer *d)
{
	struct tk_part *part;
	void *list;

	for (size_t i = 0; i < s->n_parts; i++)
		if (s->parts[i].drainer == d)
			return s->parts[i].part;
	list = tk_list_grow(s->parts, s->n_parts, sizeof(*s->parts));
	if (!list)
		return NULL;
	s->parts = list;
	part = tk_part_new(s->seg, s->from, s->raw);
	if (!part)
		return NULL;
	part->source = s;
	s->parts[s->n_parts].drainer = d;
	s->parts[s->n_parts++].part = part;
	return part;
}

int tk_source_refresh(struct tk_source *s)
{
	char why[TK_WHY_MAX] = "";
	int err = tk_segment_refresh(s->seg, why);

	if (why[0])
		memcpy(s->why, why, sizeof(s->why));
	return err;
}

/* Lanes that could not be attached keep their place. A queue that another reader has is attached
 * later. */
bool tk_source_next_lane(struct tk_source *s, uint32_t *i)
{
	/* Mostly nothing is new. */
	if (s->n_lanes == s->seg->n_lanes && !s->seg->n_queues)
		return false;
	for (; *i < s->seg->n_lanes; ++*i) {
		if (!s->seg->lanes[*i].head || s->lanes[*i])
			continue;
		if ((*i + UINT64_C(1)) * s->seg->info.max_timers <= ACCOUNTS_MAX)
			return true;
		if (!s->cut)
			(void)tk_fail(s->why, ENOBUFS,
				      "it has room for too many timers in too many lanes: lane %u "
				      "and those after it are left out",
				      *i);
		s->cut = true;
		break;
	}
	s->n_lanes = s->seg->n_lanes;
	return false;
}

/* Whether it has a queue that another reader still has. */
static bool waits(const struct tk_source *s)
{
	for (uint32_t i = 0; i < s->seg->n_lanes && s->seg->n_queues; i++)
		if (!s->seg->lanes[i].head && s->seg->lanes[i].queue_fd >= 0)
			return true;
	return false;
}

void tk_source_sum_up(struct tk_source *s)
{
	struct tk_source_figures *info = &s->info;

	info->refused = s->seg->info.refused_records;
	info->lanes = info->behind = 0;
	info->delivered = info->lost = info->lag = info->unsettled = 0;
	info->unknown = s->unlisted;
	s->finished = s->ended && s->n_lanes == s->seg->n_lanes &&
		      s->seg->n_lanes == s->seg->info.n_lanes && !waits(s);
	for (size_t i = 0; i < s->n_parts; i++) {
		const struct tk_part *p = s->parts[i].part;
		const struct tk_part_figures *f = &p->received;

		info->lanes += f->lanes;
		info->delivered += f->delivered;
		info->lost += f->lost;
		info->lag += f->lag;
		info->unsettled += f->unsettled;
		info->unknown += f->unknown;
		info->behind += f->behind + (p->asked - f->lanes - f->refused);
		if (!f->finished || f->lanes + f->refused != p->asked)
			s->finished = false;
	}
}

bool tk_source_is_reported(const struct tk_source *s)
{
	const struct tk_source_figures *now = &s->info, *then = &s->reported;

	return now->delivered == then->delivered && now->lost == then->lost &&
	       now->unknown == then->unknown && now->refused == then->refused &&
	       s->attributed == s->reported_attributed;
}

void tk_source_detach(struct tk_source *s)
{
	for (size_t i = 0; i < s->n_parts; i++)
		tk_part_free(s->parts[i].part);
	free(s->parts);
	free(s->series);
	free(s->lanes);
	free(s->disabled);
	s->parts = NULL;
	s->n_parts = 0;
	s->series = NULL;
	s->lanes = NULL;
	s->disabled = NULL;
	s->done = s->seg;
	s->seg = NULL;
	if (s->slot >= 0 && tk_segment_mark_done(s->done, (unsigned)s->slot) == 0) {
		tk_segment_release_lanes(s->done);
		return;
	}
	tk_segment_detach(s->done);
	s->done = NULL;
}

void tk_source_enter(struct tk_source *s, int slot)
{
	s->slot = slot;
	if (slot < 0)
		return;
	if (s->seg)
		(void)tk_segment_mark_attached(s->seg, (unsigned)slot);
	else if (s->done)
		(void)tk_segment_mark_done(s->done, (unsigned)slot);
}

void tk_source_try_remove(struct tk_source *s, int presence, bool even_kept, uint64_t now_ns)
{
	char why[TK_WHY_MAX];
	int place;

	if (!s->done || !s->listed || (s->tried_ns && now_ns - s->tried_ns < TRY_NS))
		return;
	s->tried_ns = now_ns;
	place = tk_segments_open(s->dir, why);
	if (place < 0)
		return;
	if (tk_segment_remove_if_done(s->done, place, presence, even_kept) == 1)
		s->listed = false;
	close(place);
}

void tk_source_free(struct tk_source *s)
{
	s->slot = -1;
	if (s->seg)
		tk_source_detach(s);
	if (s->done)
		tk_segment_detach(s->done);
	free(s->dir);
	free(s->threads);
	free(s);
}
