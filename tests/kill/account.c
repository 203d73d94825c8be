/* SPDX-License-Identifier: MIT */
/* What readers found, against what the producer wrote down: produced = delivered + lost,
 * exactly. */
#include <stdio.h>
#include <string.h>

#include "ring/unread.h"
#include "tests/kill/kill.h"

uint64_t begun_in(const struct page *page, uint32_t segment)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < STREAMS; i++)
		total += page->streams[segment][i].begun;
	return total;
}

static uint64_t finished_in(const struct page *page, uint32_t segment)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < STREAMS; i++)
		total += page->streams[segment][i].finished;
	return total;
}

/* What a reader that was killed may have taken and not written down: what it had at an instant, or
 * when it had just taken it. */
static uint64_t in_hands(const struct plan *p, const struct page *page)
{
	if (p->who != COLLECTOR || p->deed == STOP)
		return 0;
	if (page->reached && strcmp(points[p->point].name, "queue.taken"))
		return 0;
	return TK_LANE_CHUNK;
}

/* Of a queue: what was taken before this reader was taken by readers we know. */
static bool taken_by_others(const struct watched *seg, uint32_t lane, uint64_t in_hand,
			    char why[200])
{
	const struct tk_lane_reader *r = &seg->segment->lanes[lane].reader;
	uint64_t others = seg->tally->delivered[lane] - r->delivered;
	uint64_t taken = r->first + r->queue.missed - r->size - r->queue.dropped;

	if (taken >= others && taken <= others + in_hand)
		return true;
	return fail(why, "lane %u: %lu were taken before, and readers had %lu", lane, taken,
		    others);
}

static bool lanes_accounted(const struct watcher *w, const struct watched *seg,
			    const struct page *page, uint64_t *produced, bool *all, char why[200])
{
	*produced = seg->segment->info.refused_records;
	*all = true;
	for (uint32_t i = 0; i < seg->segment->n_lanes; i++) {
		const struct tk_lane_reader *r = &seg->segment->lanes[i].reader;

		if (!seg->segment->lanes[i].head) {
			*all = false;
			continue;
		}
		*produced += r->first - r->size + r->delivered + r->lost;
		if (w->plan->queue && !taken_by_others(seg, i, in_hands(w->plan, page), why))
			return false;
		if (!w->plan->queue && seg->tally->delivered[i] != r->delivered)
			return fail(why, "lane %u: %lu were given, %lu counted", i,
				    seg->tally->delivered[i], r->delivered);
	}
	return true;
}

static bool segment_accounted(const struct watcher *w, const struct watched *seg,
			      const struct page *page, char why[200])
{
	const struct tally *t = seg->tally;
	const struct tk_segment *s = seg->segment;
	uint64_t produced, finished, begun;
	bool all;

	if (seg->number >= page->opening)
		return fail(why, "%s: no such segment was opened", seg->name);
	if (t->torn || t->twice || t->foreign)
		return fail(why, "segment %u: %u torn, %u twice, %u not of it", seg->number,
			    t->torn, t->twice, t->foreign);
	if (s->n_lanes > w->plan->threads + 1)
		return fail(why, "segment %u: %u lanes for %u threads", seg->number, s->n_lanes,
			    w->plan->threads + 1);
	if (!lanes_accounted(w, seg, page, &produced, &all, why))
		return false;
	/* Whose files were removed before we looked took its last lanes along, and says so. */
	if (!all && (!w->plan->queue || w->alone) &&
	    (s->info.state != TK_SEGMENT_CLOSED || w->plan->keeps ||
	     (w->presence && !w->plan->too_much)))
		return fail(why, "segment %u: a lane of the dead is not to be had", seg->number);
	finished = finished_in(page, seg->number);
	begun = begun_in(page, seg->number);
	if (produced > begun || (all && produced < finished))
		return fail(why, "segment %u: %lu accounted for, %lu finished, %lu begun",
			    seg->number, produced, finished, begun);
	return true;
}

bool accounted(const struct watcher *w, const struct page *page, char why[200])
{
	for (uint32_t i = 0; i < w->n; i++)
		if (!segment_accounted(w, &w->watched[i], page, why))
			return false;
	return true;
}

static bool is_watched(const struct watcher *w, uint32_t number)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->watched[i].number == number)
			return true;
	return false;
}

/* The producer closed this one, too large to be left, before it was attached. */
static bool is_in_figure(const struct watcher *w, const struct page *page, uint32_t number)
{
	uint64_t finished = finished_in(page, number), begun = begun_in(page, number);
	char name[32], said[TK_WHY_MAX];
	struct tk_unread u;

	snprintf(name, sizeof(name), "killed-%u.unread", number);
	if (!w->plan->too_much || tk_unread_read(w->dirfd, name, &u, said))
		return false;
	return u.processes == 1 && u.records >= finished && u.records <= begun;
}

bool none_missed(const struct watcher *w, const struct page *page, char why[200])
{
	for (uint32_t i = 0; w->presence && i + 1 < page->opening; i++)
		if (!is_watched(w, i) && !is_in_figure(w, page, i))
			return fail(why, "segment %u of %u was not seen", i, page->opening);
	return true;
}

/* What the writers had in their hands may have spoilt a record each; all others of the last lap are
 * read, and the counts say how many there were. */
static bool gets_all(const struct watched *seg, const struct page *page, char why[200])
{
	uint64_t in_hand = begun_in(page, seg->number) - finished_in(page, seg->number);
	uint64_t counts[16], counted = 0, missing = 0;

	for (uint32_t i = 0; i < seg->segment->n_lanes; i++) {
		struct tk_lane_reader *r = &seg->segment->lanes[i].reader;
		uint64_t written;

		if (!seg->segment->lanes[i].head)
			return true;
		written = r->end - r->size;
		missing += (written < r->size ? written : r->size) - r->delivered;
		(void)tk_lane_counts(r, counts, 16);
		for (unsigned k = 0; k < 16; k++)
			counted += counts[k];
	}
	if (missing > in_hand)
		return fail(why, "segment %u: %lu readable records were not read, %lu in hand",
			    seg->number, missing, in_hand);
	if (counted > begun_in(page, seg->number) || counted < finished_in(page, seg->number))
		return fail(why, "segment %u: its counts say %lu, %lu finished, %lu begun",
			    seg->number, counted, finished_in(page, seg->number),
			    begun_in(page, seg->number));
	return true;
}

bool late_reader_gets_all(const struct watcher *w, const struct page *page, char why[200])
{
	for (uint32_t i = 0; !w->plan->queue && i < w->n; i++)
		if (!gets_all(&w->watched[i], page, why))
			return false;
	return true;
}
