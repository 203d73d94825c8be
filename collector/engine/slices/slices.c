/* SPDX-License-Identifier: MIT */
#include "collector/engine/slices/slices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/now.h"
#include "tsc/read.h"

/* ---- stamps and times ---- */

uint64_t tk_slices_stamp_now(const struct tk_segment *seg)
{
	return seg->info.clock == TK_CLOCK_TSC ? tk_tsc_fast() : tk_now_ns(CLOCK_MONOTONIC);
}

int64_t tk_slices_time_of(const struct tk_slices *b, uint64_t stamp)
{
	return b->now_ns - (int64_t)((double)(b->now - stamp) / b->ticks_per_ns);
}

static uint64_t stamp_of(const struct tk_slices *b, int64_t t_ns)
{
	return b->now - (uint64_t)(int64_t)((double)(b->now_ns - t_ns) * b->ticks_per_ns);
}

void tk_slices_open(struct tk_slices *b, uint64_t stamp)
{
	int64_t t = tk_slices_time_of(b, stamp);

	b->from_ns = t - t % b->width_ns;
	b->from = stamp_of(b, b->from_ns);
	b->to = stamp_of(b, b->from_ns + b->width_ns);
	if (b->to <= stamp)
		b->to = stamp + 1;
	b->turn = 0;
}

void tk_slices_open_next(struct tk_slices *b)
{
	struct tk_tally **before = b->tallies[TK_SLICES_BEFORE];

	b->tallies[TK_SLICES_BEFORE] = b->tallies[TK_SLICES_OPEN];
	b->tallies[TK_SLICES_OPEN] = before;
	b->from_ns += b->width_ns;
	b->from = b->to;
	b->to = stamp_of(b, b->from_ns + b->width_ns);
	b->turn = 0;
}

static uint64_t stop_of(const struct tk_slot *s)
{
	int64_t duration = tk_slot_duration(s);
	uint8_t kind = tk_slot_kind(s);

	if (duration == TK_TICKS_NONE || kind == TK_KIND_SUM || kind == TK_KIND_LATENCY ||
	    kind >= TK_KIND_MARK)
		return s->w[0];
	return s->w[0] + (uint64_t)duration;
}

static enum tk_slices_place place_of(const struct tk_slices *b, uint64_t stop)
{
	if (stop - b->made > b->now - b->made)
		return TK_SLICES_NOW;
	if (stop >= b->to)
		return TK_SLICES_LATER;
	return stop >= b->from ? TK_SLICES_OPEN : TK_SLICES_BEFORE;
}

/* ---- add ---- */

/*
 * What a dead process's lane has lost is known before it is read for good: read it once without
 * keeping anything. What is known now is not told again when the lane is settled.
 */
static void find_losses(struct tk_slices *b, struct tk_part *p, struct tk_part_lane *l)
{
	struct tk_lane_reader r = l->reader;
	struct tk_slot slot[TK_LANE_CHUNK];
	uint32_t n_timers = b->first->agg.n_timers;
	struct tk_account a;
	size_t n = 0;
	bool on, level = false;

	if (!b->lost || !r.ended || r.queue.prod_tail || r.first != r.size ||
	    tk_account_init(&a, p->max_timers, TK_BASE_ZERO, NULL, NULL) < 0)
		return;
	do {
		on = tk_lane_read(&r, slot, &n);
		for (size_t i = 0; i < n; i++)
			if (tk_slot_timer(&slot[i]) < n_timers)
				a.got[tk_slot_timer(&slot[i])]++;
	} while (on || n);
	/* After a kill in the middle of a push, counts do not add up at the first look. */
	for (int looks = 2; r.lost && looks && !level; looks--)
		level = tk_lane_counts(&r, p->counts, n_timers);
	if (level)
		tk_account_level(&a, p->counts, n_timers, r.lost);
	for (uint32_t id = 0; id < n_timers; id++) {
		l->account.timer[id].told = tk_account_take(&a, id);
		b->lost[id] += l->account.timer[id].told;
	}
	tk_account_free(&a);
}

static void add_lane(struct tk_slices *b, uint32_t i)
{
	struct tk_part *p = b->source->lanes[i];
	struct tk_slices_lane *l = b->lanes ? &b->lanes[b->n_lanes] : NULL;

	if (!p)
		return;
	tk_part_add(p, i);
	if (!l || !p->n_lanes || p->lanes[p->n_lanes - 1].number != i)
		return; /* there was no memory for it; or its drainer will read all of it */
	find_losses(b, p, &p->lanes[p->n_lanes - 1]);
	l->part = p;
	l->number = p->n_lanes - 1;
	l->done = false;
	l->at = l->n = 0;
	b->n_lanes++;
}

/* ---- slice ---- */

/* Have a record at hand. @return false: there is none, and there will be none. */
static bool fill(struct tk_slices_lane *l)
{
	const struct tk_part_lane *of = &l->part->lanes[l->number];
	struct tk_lane_reader *r = &l->part->lanes[l->number].reader;
	bool on = true;

	while (l->at == l->n && !l->done) {
		l->at = 0;
		on = tk_lane_read(r, l->slot, &l->n);
		l->done = l->n == 0 && !on;
		if (!r->ended && r->next > of->goal + r->size) /* stamps alone would never end it */
			l->done = true;
	}
	return l->at < l->n;
}

/* What is of the present, and what only says so. Live, there is no end to the former. */
static void count_astray(struct tk_slices *b, struct tk_slices_lane *l, uint64_t stop)
{
	uint64_t now = tk_slices_stamp_now(b->source->seg);

	if (stop - b->made > now - b->made)
		b->astray++;
	else
		l->done = true;
}

/* Count the next n records of a lane where they belong. */
static void count(struct tk_slices *b, struct tk_slices_lane *l, enum tk_slices_place place,
		  size_t n)
{
	memcpy(b->batch.slots, &l->slot[l->at], n * sizeof(*l->slot));
	b->batch.n = n;
	l->at += n;
	b->first->agg.tallies = b->tallies[place];
	tk_aggregate(&b->first->agg, l->part->lanes[l->number].account.got, &b->batch);
}

/* So many of the records at hand belong to the same place as the first. */
static size_t together(struct tk_slices *b, struct tk_slices_lane *l, enum tk_slices_place place)
{
	size_t n = 0;

	for (; l->at + n < l->n; n++) {
		uint64_t stop = stop_of(&l->slot[l->at + n]);

		if (place_of(b, stop) != place)
			break;
		if (place == TK_SLICES_NOW)
			count_astray(b, l, stop);
		else if (stop > b->newest)
			b->newest = stop;
	}
	return n;
}

/* Read up to a chunk of a lane. @return whether to go on: it may have more of the open interval */
static bool read_lane(struct tk_slices *b, struct tk_slices_lane *l)
{
	if (!fill(l))
		return false;
	if (b->first->guard)
		tk_clock_guard_check(b->first->guard);
	while (l->at < l->n) {
		enum tk_slices_place place = place_of(b, stop_of(&l->slot[l->at]));

		if (place == TK_SLICES_LATER)
			return false;
		count(b, l, place, together(b, l, place));
	}
	return true;
}

bool tk_slices_oldest(const struct tk_slices *b, uint64_t *stamp)
{
	bool any = false;

	for (size_t i = 0; i < b->n_lanes; i++) {
		const struct tk_slices_lane *l = &b->lanes[i];
		uint64_t stop;

		if (l->at == l->n)
			continue;
		stop = stop_of(&l->slot[l->at]);
		if (!any || stop < *stamp)
			*stamp = stop;
		any = true;
	}
	return any;
}

bool tk_slices_is_far(const struct tk_slices *b)
{
	uint64_t next = 0;

	return !tk_slices_oldest(b, &next) || b->from == b->to ||
	       next >= stamp_of(b, b->from_ns + 2 * b->width_ns);
}

/* ---- begin and end ---- */

int tk_slices_begin(struct tk_slices *b)
{
	b->n_looked = b->source->seg->n_lanes;
	b->tallies[TK_SLICES_BEFORE] = tk_part_tallies(b->first);
	b->tallies[TK_SLICES_OPEN] = tk_part_tallies(b->first);
	b->tallies[TK_SLICES_NOW] = b->first->agg.tallies;
	b->lost = calloc(b->first->max_timers, sizeof(*b->lost));
	b->lanes = aligned_alloc(64, (b->n_looked * sizeof(*b->lanes) + 63) & ~(size_t)63);
	if (b->tallies[TK_SLICES_BEFORE] && b->tallies[TK_SLICES_OPEN] && b->lost && b->lanes)
		return 0;
	return -ENOMEM;
}

struct tk_tally **tk_slices_tally(const struct tk_slices *b, enum tk_slices_place place,
				  uint32_t timer)
{
	return tk_tally_of(b->tallies[place], b->first->agg.values, timer);
}

void tk_slices_cut(struct tk_slices *b)
{
	for (size_t i = 0; i < b->n_lanes; i++) {
		struct tk_slices_lane *l = &b->lanes[i];

		count(b, l, TK_SLICES_NOW, l->n - l->at);
		l->done = true;
	}
}

void tk_slices_end(struct tk_slices *b)
{
	b->first->agg.tallies = b->tallies[TK_SLICES_NOW];
	memset(b->tallies[TK_SLICES_NOW], 0,
	       (size_t)b->first->max_timers * 2 * sizeof(struct tk_tally *));
	free(b->tallies[TK_SLICES_BEFORE]);
	free(b->tallies[TK_SLICES_OPEN]);
	free(b->lost);
	free(b->lanes);
}

bool tk_slices_read(struct tk_slices *b)
{
	if (b->looked < b->n_looked)
		add_lane(b, b->looked++);
	else if (b->turn < b->n_lanes)
		b->turn += !read_lane(b, &b->lanes[b->turn]);
	return b->looked < b->n_looked || b->turn < b->n_lanes;
}
