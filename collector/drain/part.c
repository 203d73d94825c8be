/* SPDX-License-Identifier: MIT */
#include "collector/drain/part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/drain/pace.h"
#include "collector/machine/list.h"

/* A timer's sort, once it was looked up. */
enum { SORT_UNKNOWN, SORT_SPANS, SORT_VALUES };

void tk_part_look_for_timers(struct tk_part *p)
{
	uint32_t n = tk_segment_timers_now(p->seg, p->max_timers);

	if (n > p->agg.n_timers)
		p->agg.n_timers = n;
}

/* A record of a timer without a tally: a new timer, or one whose tally was handed over. */
static void more(struct tk_aggregator *a, uint32_t id)
{
	struct tk_part *p = (struct tk_part *)a;

	if (id >= a->n_timers)
		tk_part_look_for_timers(p);
	if (id >= a->n_timers)
		return;
	if (p->sort[id] == SORT_UNKNOWN)
		p->sort[id] = tk_segment_has_values(p->seg, id) ? SORT_VALUES : SORT_SPANS;
	a->tallies[p->sort[id] == SORT_VALUES ? a->values + id : id] = tk_tally_get(p->pool);
}

struct tk_tally **tk_part_tallies(const struct tk_part *p)
{
	return calloc((size_t)p->max_timers * 2, sizeof(struct tk_tally *));
}

struct tk_part *tk_part_new(struct tk_segment *seg, enum tk_lane_from from, bool raw)
{
	struct tk_part *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->seg = seg;
	p->from = from;
	p->max_timers = seg->info.max_timers;
	p->tsc = seg->info.clock == TK_CLOCK_TSC;
	tk_aggregator_init(&p->agg, raw ? NULL : seg->info.floor, NULL);
	p->agg.more = more;
	p->agg.values = p->max_timers;
	p->agg.tallies = tk_part_tallies(p);
	p->agg.hints = calloc(p->max_timers, sizeof(*p->agg.hints));
	p->full = tk_part_tallies(p);
	p->sort = calloc(p->max_timers, sizeof(*p->sort));
	p->counts = calloc(p->max_timers, sizeof(*p->counts));
	p->lost = calloc(p->max_timers, sizeof(*p->lost));
	if (p->agg.tallies && p->full && p->sort && p->counts && p->lost && p->agg.hints)
		return p;
	tk_part_free(p);
	errno = ENOMEM;
	return NULL;
}

static void put_all(struct tk_part *p, struct tk_tally **tallies)
{
	for (size_t i = 0; i < (size_t)p->max_timers * 2 && tallies; i++) {
		if (tallies[i])
			tk_tally_put(p->pool, tallies[i]);
		tallies[i] = NULL;
	}
}

void tk_part_release(struct tk_part *p)
{
	put_all(p, p->agg.tallies);
	put_all(p, p->full);
	for (uint32_t i = 0; i < p->n_lanes; i++)
		tk_account_free(&p->lanes[i].account);
	p->n_lanes = 0;
}

void tk_part_free(struct tk_part *p)
{
	if (!p)
		return;
	tk_part_release(p);
	free(p->agg.tallies);
	free(p->full);
	free(p->sort);
	free(p->counts);
	free(p->agg.hints);
	free(p->lost);
	free(p->lanes);
	free(p);
}

/*
 * The writer of a lane whose first records are gone may write while we look. What its timers had
 * pushed when the reader took its place lies between the counts before and after; so take the place
 * again between two looks. The first records of a queue went to another reader, or were dropped.
 */
static int begin(struct tk_part *p, struct tk_part_lane *l, bool ring)
{
	struct tk_lane_reader *r = &l->reader;
	uint32_t n = p->max_timers;
	uint64_t *before;
	int err;

	if (p->from != TK_LANE_NEWEST || r->first == r->size || !ring)
		return tk_account_init(&l->account, n,
				       r->first == r->size ? TK_BASE_ZERO : TK_BASE_UNKNOWN, NULL,
				       NULL);
	before = calloc(n, sizeof(*before));
	if (!before)
		return -ENOMEM;
	tk_lane_counts(r, before, n);
	tk_lane_reader_init(r, r->slots, r->head, r->size, TK_LANE_NEWEST);
	tk_lane_counts(r, p->counts, n);
	err = tk_account_init(&l->account, n, TK_BASE_BETWEEN, before, p->counts);
	free(before);
	return err;
}

void tk_part_begin(struct tk_part *p, struct tk_tally_pool *pool, struct tk_clock_guard *guard)
{
	p->pool = p->agg.pool = pool;
	p->guard = p->tsc ? guard : NULL;
	p->agg.clock = p->tsc ? &guard->clock : NULL;
}

void tk_part_add(struct tk_part *p, uint32_t lane)
{
	const struct tk_segment_lane *of = &p->seg->lanes[lane];
	struct tk_part_lane *list = tk_list_grow(p->lanes, p->n_lanes, sizeof(*list)), *l;

	if (list)
		p->lanes = list;
	l = list ? &list[p->n_lanes] : NULL;
	if (l) {
		memset(l, 0, sizeof(*l));
		l->reader = of->reader;
		l->number = lane;
	}
	if (!l || begin(p, l, of->info.discipline == TK_DISCIPLINE_BROADCAST) < 0) {
		p->refused++;
		return;
	}
	tk_lane_reader_sync(&l->reader);
	l->goal = l->reader.published;
	p->n_lanes++;
	if (p->ended)
		tk_lane_reader_end(&l->reader);
}

void tk_part_end_lane(struct tk_part *p, uint32_t i)
{
	if (p->ended)
		tk_lane_reader_end(&p->lanes[i].reader);
	else
		tk_lane_reader_resume(&p->lanes[i].reader);
}

/* The check comes between taking records and counting them: see tsc/guard.h. */
static inline void aggregate(struct tk_part *p, uint64_t *got, const struct tk_batch *b)
{
	if (b->n && p->guard)
		tk_clock_guard_check(p->guard);
	tk_aggregate(&p->agg, got, b);
}

/* Read at most one ring's worth: a lane that never runs empty must not keep the others waiting. */
static void drain_lane(struct tk_part *p, struct tk_part_lane *l, bool *resting)
{
	struct tk_lane_reader *r = &l->reader;
	uint64_t *got = l->account.got;
	uint64_t left = r->size / TK_LANE_CHUNK + 1;
	struct tk_batch batch[2];
	unsigned now = 0;
	bool on;

	batch[1].n = 0;
	batch[1].prepared = false;
	do {
		on = tk_lane_read(r, batch[now].slots, &batch[now].n);
		tk_aggregate_prepare(&p->agg, &batch[now]);
		aggregate(p, got, &batch[now ^ 1]);
		batch[now ^ 1].n = 0;
		now ^= 1;
	} while (on && --left);
	aggregate(p, got, &batch[now ^ 1]);
	*resting = !on;
}

void tk_part_drain(struct tk_part *p, uint64_t now_ns, uint64_t elapsed_ns, struct tk_drained *sum)
{
	double window = (double)(elapsed_ns > TK_RATE_WINDOW_NS ? elapsed_ns : TK_RATE_WINDOW_NS);

	for (uint32_t i = 0; i < p->n_lanes; i++) {
		struct tk_part_lane *l = &p->lanes[i];
		const struct tk_lane_reader *r = &l->reader;
		uint64_t lost = r->lost;
		uint64_t moved;
		bool resting;

		if (now_ns && now_ns < l->due_ns)
			continue;
		drain_lane(p, l, &resting);
		if (now_ns && resting)
			l->due_ns = now_ns + TK_SPIN_REST_NS;
		moved = r->delivered + r->lost - l->passed;
		l->passed += moved;
		sum->records += moved;
		sum->lost += r->lost - lost;
		if ((double)moved > l->peak * window && !p->ended)
			l->peak = (double)moved / window;
		if (l->peak * sum->fill_ns > (double)r->size && !p->ended)
			sum->fill_ns = (double)r->size / l->peak;
	}
}

bool tk_part_stirs(const struct tk_part *p)
{
	for (uint32_t i = 0; i < p->n_lanes; i++)
		if (tk_lane_stirs(&p->lanes[i].reader))
			return true;
	return false;
}

bool tk_part_is_level(const struct tk_part *p)
{
	uint64_t passed = 0;

	for (uint32_t i = 0; i < p->n_lanes; i++) {
		const struct tk_lane_reader *r = &p->lanes[i].reader;

		if (tk_account_wants(&p->lanes[i].account, r->lost))
			return false;
		passed += r->delivered + r->lost;
	}
	return !p->ended && passed == p->figures.delivered + p->figures.lost && !tk_part_stirs(p);
}

static bool is_read(const struct tk_part *p)
{
	for (uint32_t i = 0; i < p->n_lanes; i++) {
		const struct tk_lane_reader *r = &p->lanes[i].reader;

		if (!r->ended || r->next != r->end || r->n_pending)
			return false;
	}
	return p->ended;
}

/* After a kill in the middle of a push, counts do not add up for two looks: tk_lane_counts(). */
#define LOOKS_AT_THE_END 3u

static bool is_behind(const struct tk_part_lane *l)
{
	const struct tk_lane_reader *r = &l->reader;

	return r->next < l->goal && !(r->ended && r->next == r->end);
}

static void sum_up(struct tk_part *p)
{
	struct tk_part_figures f = { .lanes = p->n_lanes,
				     .refused = p->refused,
				     .unknown = p->agg.unknown };

	for (uint32_t i = 0; i < p->n_lanes; i++) {
		const struct tk_part_lane *l = &p->lanes[i];

		f.delivered += l->reader.delivered;
		f.lost += l->reader.lost;
		f.unsettled += l->reader.lost - l->account.settled;
		f.behind += is_behind(l);
	}
	p->read = is_read(p) ? p->read + 1 : 0;
	f.finished = p->read && (!f.unsettled || p->read >= LOOKS_AT_THE_END);
	p->figures = f;
}

void tk_part_settle_lane(struct tk_part *p, uint32_t i)
{
	struct tk_part_lane *l = &p->lanes[i];
	struct tk_lane_reader *r = &l->reader;

	if (!tk_account_wants(&l->account, r->lost) ||
	    !tk_lane_counts(r, p->counts, p->agg.n_timers))
		return;
	tk_account_level(&l->account, p->counts, p->agg.n_timers, r->lost);
	for (uint32_t id = 0; id < p->agg.n_timers; id++)
		p->lost[id] += tk_account_take(&l->account, id);
}

void tk_part_swap_tallies(struct tk_part *p)
{
	struct tk_tally **empty = p->full;

	sum_up(p);
	p->full = p->agg.tallies;
	p->agg.tallies = empty;
}

void tk_part_look_at_lanes(struct tk_part *p)
{
	for (uint32_t i = 0; i < p->n_lanes; i++) {
		struct tk_part_lane *l = &p->lanes[i];
		struct tk_lane_reader *r = &l->reader;

		tk_lane_reader_sync(r);
		p->figures.lag += tk_lane_lag(r);
		if (r->queue.corrupt && !l->told && !p->figures.corrupt) {
			p->figures.corrupt = l->number + 1;
			l->told = true;
		}
	}
}
