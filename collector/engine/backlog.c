/* SPDX-License-Identifier: MIT */
#include "collector/engine/backlog.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/core.h"
#include "ring/place.h"
#include "tsc/guard.h"
#include "tsc/read.h"

#define STEP_NS UINT64_C(2000000)
#define BATCH   64u /* timers that are closed under one lock */

/* What the wall clock and the counter may differ by: NTP slews by up to 500 ppm, and the moment of
 * making is not read at one time from both. */
#define SLEW_PPM 500
#define APART_NS 100000000

/* A lane, and what was read of it and is not placed yet. */
struct lane {
	struct tk_part *part;
	uint32_t number; /* in the part */
	bool done;
	size_t at, n; /* slot[at] is the next of n */
	struct tk_slot slot[TK_LANE_CHUNK];
};

/* Where a record belongs. */
enum place { BEFORE, OPEN, NOW, PLACES, LATER = PLACES };

struct tk_backlog {
	struct tk_source *source; /* whose backlog is being read; NULL: none */
	struct tk_part *first;    /* of its parts: it aggregates the records of all lanes */
	struct tk_tally_pool pool;
	struct tk_clock_guard guard;
	uint32_t looked, n_looked; /* so many of so many of the source's lanes were looked at */
	struct lane *lanes;
	size_t n_lanes;
	struct tk_batch batch;
	size_t turn; /* this lane is read next, within the open interval */
	/* Of the interval before the open one, of that, and of the present: by timer. The last are
	 * the part's own. */
	struct tk_tally **tallies[PLACES];
	uint64_t *lost; /* by timer: known, and in no interval yet */
	/* Stamps in ticks, and the same in ns on the time line. */
	double ticks_per_ns;
	uint64_t made, now, from, to; /* from..to: the open interval */
	int64_t now_ns, from_ns, width_ns;
	uint64_t newest;  /* stamp that was placed; 0: none */
	uint64_t astray;  /* records whose stamps lie before the making or in the future */
	unsigned closing; /* so many of BEFORE and OPEN are to be closed before more is read */
	unsigned closed;  /* of these, done */
	uint32_t timer;   /* the next one to be closed */
	bool read;        /* all lanes are; what remains belongs to the present */
};

/* ---- stamps and times ---- */

static uint64_t stamp_now(const struct tk_segment *seg)
{
	return seg->info.clock == TK_CLOCK_TSC ? tk_tsc_fast() : tk_now_ns(CLOCK_MONOTONIC);
}

static double rate(const struct tk_collector *c, const struct tk_segment *seg)
{
	return seg->info.clock == TK_CLOCK_TSC ? c->own.clock.hz / 1e9 : 1;
}

const char *tk_backlog_hindrance(const struct tk_collector *c, const struct tk_segment *seg)
{
	double ticks = (double)(int64_t)(stamp_now(seg) - seg->info.created_tsc);
	double ns = ticks / rate(c, seg);
	double wall = (double)((int64_t)tk_now_ns(CLOCK_REALTIME) - seg->info.created_ns);
	char boot[sizeof(seg->info.boot_id)];

	tk_boot_id(boot);
	if (strcmp(boot, seg->info.boot_id) != 0)
		return "it is of another boot";
	if (c->own.clock.epoch.number)
		return "the clock changed since";
	if (ticks < 0 ||
	    fabs(wall - ns) > APART_NS + ns * (SLEW_PPM + c->own.clock.bound_ppm) / 1e6)
		return "the machine slept, or a clock was set, since it began";
	return NULL;
}

static int64_t time_of(const struct tk_backlog *b, uint64_t stamp)
{
	return b->now_ns - (int64_t)((double)(b->now - stamp) / b->ticks_per_ns);
}

static uint64_t stamp_of(const struct tk_backlog *b, int64_t t_ns)
{
	return b->now - (uint64_t)(int64_t)((double)(b->now_ns - t_ns) * b->ticks_per_ns);
}

/* The interval that a stamp lies in is open from now on. */
static void open_interval(struct tk_backlog *b, uint64_t stamp)
{
	int64_t t = time_of(b, stamp);

	b->from_ns = t - t % b->width_ns;
	b->from = stamp_of(b, b->from_ns);
	b->to = stamp_of(b, b->from_ns + b->width_ns);
	if (b->to <= stamp)
		b->to = stamp + 1;
}

static void open_next(struct tk_backlog *b)
{
	struct tk_tally **before = b->tallies[BEFORE];

	b->tallies[BEFORE] = b->tallies[OPEN];
	b->tallies[OPEN] = before;
	b->from_ns += b->width_ns;
	b->from = b->to;
	b->to = stamp_of(b, b->from_ns + b->width_ns);
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

static enum place place_of(const struct tk_backlog *b, uint64_t stop)
{
	if (stop - b->made > b->now - b->made)
		return NOW;
	if (stop >= b->to)
		return LATER;
	return stop >= b->from ? OPEN : BEFORE;
}

/* ---- add ---- */

/*
 * What a dead process's lane has lost is known before it is read for good: read it once without
 * keeping anything. What is known now is not told again when the lane is settled.
 */
static void find_losses(struct tk_backlog *b, struct tk_part *p, struct tk_part_lane *l)
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

static void add_lane(struct tk_backlog *b, uint32_t i)
{
	struct tk_part *p = b->source->lanes[i];
	struct lane *l = b->lanes ? &b->lanes[b->n_lanes] : NULL;

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
static bool fill(struct lane *l)
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
static void count_astray(struct tk_backlog *b, struct lane *l, uint64_t stop)
{
	uint64_t now = stamp_now(b->source->seg);

	if (stop - b->made > now - b->made)
		b->astray++;
	else
		l->done = true;
}

/* Count the next n records of a lane where they belong. */
static void count(struct tk_backlog *b, struct lane *l, enum place place, size_t n)
{
	memcpy(b->batch.slots, &l->slot[l->at], n * sizeof(*l->slot));
	b->batch.n = n;
	l->at += n;
	b->first->agg.tallies = b->tallies[place];
	tk_aggregate(&b->first->agg, l->part->lanes[l->number].account.got, &b->batch);
}

/* So many of the records at hand belong to the same place as the first. */
static size_t together(struct tk_backlog *b, struct lane *l, enum place place)
{
	size_t n = 0;

	for (; l->at + n < l->n; n++) {
		uint64_t stop = stop_of(&l->slot[l->at + n]);

		if (place_of(b, stop) != place)
			break;
		if (place == NOW)
			count_astray(b, l, stop);
		else if (stop > b->newest)
			b->newest = stop;
	}
	return n;
}

/* Read up to a chunk of a lane. @return whether to go on: it may have more of the open interval */
static bool read_lane(struct tk_backlog *b, struct lane *l)
{
	if (!fill(l))
		return false;
	if (b->first->guard)
		tk_clock_guard_check(b->first->guard);
	while (l->at < l->n) {
		enum place place = place_of(b, stop_of(&l->slot[l->at]));

		if (place == LATER)
			return false;
		count(b, l, place, together(b, l, place));
	}
	return true;
}

/* The oldest record that is at hand. @return false: there is none */
static bool oldest(const struct tk_backlog *b, uint64_t *stamp)
{
	bool any = false;

	for (size_t i = 0; i < b->n_lanes; i++) {
		const struct lane *l = &b->lanes[i];
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

/* All lanes have been read up to the end of the open interval. */
static void end_interval(struct tk_backlog *b)
{
	uint64_t next = 0;
	bool far = !oldest(b, &next) || b->from == b->to ||
		   next >= stamp_of(b, b->from_ns + 2 * b->width_ns);

	b->closing = far ? 2 : 1;
	b->closed = 0;
	b->timer = 0;
}

/* What was to be closed is. */
static void begin_interval(struct tk_backlog *b)
{
	uint64_t next;

	if (!oldest(b, &next))
		b->read = true;
	else if (b->closing == 2)
		open_interval(b, next);
	else
		open_next(b);
	b->closing = 0;
	b->timer = 0;
	b->turn = 0;
}

/* ---- close ---- */

static void take(struct tk_backlog *b, struct tk_series *s, uint32_t id, enum place place)
{
	struct tk_tally *t = b->tallies[place][id];

	b->tallies[place][id] = NULL;
	tk_tally_remember(t, &b->first->agg.hints[id]);
	tk_round_take(b->source, s, t);
	tk_tally_put(&b->pool, t);
}

/* What is known to be lost stands in an interval before the first. */
static void lose_first(struct tk_collector *c, struct tk_backlog *b, struct tk_series *s,
		       uint32_t id, int64_t from)
{
	struct tk_history *h = &c->shown.registry.history;

	if (!b->lost[id] || s->seen_ns)
		return;
	tk_series_replay(s, h, from - b->width_ns, b->width_ns);
	tk_series_lose(s, b->lost[id]);
	tk_series_close(s, h, from, (uint64_t)b->width_ns);
	b->source->attributed += b->lost[id];
	b->lost[id] = 0;
}

static void close_timer(struct tk_collector *c, struct tk_backlog *b, uint32_t id, enum place place)
{
	int64_t from = b->from_ns - (place == BEFORE ? b->width_ns : 0), to = from + b->width_ns;
	struct tk_history *h = &c->shown.registry.history;
	struct tk_series *s = tk_round_series(c, b->source, id);

	if (s) {
		lose_first(c, b, s, id, from);
		tk_series_replay(s, h, from, b->width_ns);
	}
	take(b, s, id, place);
	if (to > b->now_ns)
		to = b->now_ns > from ? b->now_ns : from + 1;
	if (s)
		tk_series_close(s, h, to, (uint64_t)b->width_ns);
}

/* The past of a timer is read. That of a dead process goes on only if something is left. */
static void end_timer(struct tk_collector *c, struct tk_backlog *b, uint32_t id)
{
	bool left = b->tallies[NOW][id] || b->lost[id];
	struct tk_series *s = left ? tk_round_series(c, b->source, id) : b->source->series[id];

	if (s && s->replaying && (left || !b->source->ended))
		tk_series_resume(s, &c->shown.registry.history, c->own.began_ns);
	if (s && b->lost[id]) {
		tk_series_lose(s, b->lost[id]);
		b->source->attributed += b->lost[id];
	}
	if (b->tallies[NOW][id])
		take(b, s, id, NOW);
}

static void close_batch(struct tk_collector *c, struct tk_backlog *b, enum place place)
{
	uint32_t n = b->first->agg.n_timers, work = 0;

	for (; b->timer < n && work < BATCH; b->timer++) {
		if (place == NOW) {
			end_timer(c, b, b->timer);
			work++;
		} else if (b->tallies[place][b->timer]) {
			close_timer(c, b, b->timer, place);
			work++;
		}
	}
	tk_round_take_marks(c, b->first);
}

/* @return false: a viewer has the lock */
static bool close_some(struct tk_collector *c, struct tk_backlog *b)
{
	if (pthread_mutex_trylock(&c->lock))
		return false;
	c->shown.registry.history.now_ns = c->own.began_ns;
	close_batch(c, b, b->read ? NOW : (enum place)b->closed);
	pthread_mutex_unlock(&c->lock);
	if (b->timer >= b->first->agg.n_timers && !b->read) {
		b->closed++;
		b->timer = 0;
	}
	return true;
}

/* ---- one source ---- */

static struct tk_source *choose(struct tk_collector *c)
{
	struct tk_source *dead = NULL;

	for (size_t i = 0; i < c->own.n_sources; i++) {
		struct tk_source *s = c->own.sources[i];

		if (!s->replaying)
			continue;
		if (!s->ended)
			return s;
		dead = dead ? dead : s;
	}
	return dead;
}

static struct tk_backlog *make(void)
{
	struct tk_backlog *b = aligned_alloc(64, (sizeof(*b) + 63) & ~(size_t)63);

	if (b)
		memset(b, 0, sizeof(*b));
	return b;
}

static bool allocate(struct tk_backlog *b)
{
	uint32_t n = b->first->max_timers;

	b->tallies[BEFORE] = calloc(n, sizeof(struct tk_tally *));
	b->tallies[OPEN] = calloc(n, sizeof(struct tk_tally *));
	b->tallies[NOW] = b->first->agg.tallies;
	b->lost = calloc(n, sizeof(*b->lost));
	b->lanes = aligned_alloc(64, (b->n_looked * sizeof(*b->lanes) + 63) & ~(size_t)63);
	return b->tallies[BEFORE] && b->tallies[OPEN] && b->lost && b->lanes;
}

static void begin(const struct tk_collector *c, struct tk_backlog *b, struct tk_source *s)
{
	*b = (struct tk_backlog){ .source = s, .n_looked = s->seg->n_lanes };
	b->first = s->n_parts ? s->parts[0].part : NULL;
	b->ticks_per_ns = rate(c, s->seg);
	b->width_ns = (int64_t)c->shown.state.interval_ns;
	b->made = b->from = b->to = s->seg->info.created_tsc;
	b->now = stamp_now(s->seg);
	b->now_ns = (int64_t)tk_now_ns(CLOCK_MONOTONIC) + c->own.line_ns;
	if (!b->first || !allocate(b)) { /* its drainers place it at the present */
		b->read = true;
		b->timer = UINT32_MAX;
	}
	if (!b->first)
		return;
	tk_clock_guard_init(&b->guard, &c->own.clock);
	tk_part_begin(b->first, &b->pool, &b->guard);
	tk_part_look_for_timers(b->first);
}

/* Give back what was borrowed. Whatever the present had is gone with the memory it lies in. */
static void end(struct tk_backlog *b)
{
	if (b->first) {
		b->first->agg.tallies = b->tallies[NOW];
		memset(b->tallies[NOW], 0, b->first->max_timers * sizeof(struct tk_tally *));
		b->first->pool = NULL;
	}
	free(b->tallies[BEFORE]);
	free(b->tallies[OPEN]);
	free(b->lost);
	free(b->lanes);
	tk_tally_pool_free(&b->pool);
	*b = (struct tk_backlog){ 0 };
}

static void note_astray(struct tk_collector *c, const struct tk_backlog *b)
{
	if (b->astray)
		tk_notes_add(&c->own.notes,
			     "%s: %" PRIu64 " records are drawn where they were read: their stamps "
			     "lie in the future, or before the program began",
			     b->source->info.name, b->astray);
}

/* ---- give ---- */

/* The drainers go on where this ended. What was read here says nothing about how fast lanes are. */
static void give(struct tk_collector *c, struct tk_backlog *b)
{
	struct tk_source *s = b->source;

	note_astray(c, b);
	s->replaying = false;
	if (b->newest && s->found_dead)
		s->died_ns = time_of(b, b->newest);
	end(b);
	for (size_t i = 0; i < s->n_parts; i++) {
		struct tk_part *p = s->parts[i].part;

		for (uint32_t k = 0; k < p->n_lanes; k++)
			p->lanes[k].passed = p->lanes[k].reader.delivered + p->lanes[k].reader.lost;
		tk_round_order(c, s->parts[i].drainer, TK_ORDER_PART, p, 0);
	}
	if (!s->broken)
		tk_look_deal(c, s);
}

/* If the clock changes, or the segment turns out to be bad, the rest is the drainers', as it is
 * without this: what was read already is of the present. */
static void cut(struct tk_backlog *b)
{
	for (size_t i = 0; i < b->n_lanes; i++) {
		struct lane *l = &b->lanes[i];

		count(b, l, NOW, l->n - l->at);
		l->done = true;
	}
}

static bool must_cut(const struct tk_backlog *b)
{
	return !b->read &&
	       (b->source->broken || b->source->seg->bad || b->guard.clock.epoch.number);
}

/* @return false: a viewer has the lock */
static bool work(struct tk_collector *c, struct tk_backlog *b)
{
	if (must_cut(b))
		cut(b);
	if (b->looked < b->n_looked)
		add_lane(b, b->looked++);
	else if (b->read && (!b->first || b->timer >= b->first->agg.n_timers))
		give(c, b);
	else if (b->read || b->closed < b->closing)
		return close_some(c, b);
	else if (b->closing)
		begin_interval(b);
	else if (b->turn < b->n_lanes)
		b->turn += !read_lane(b, &b->lanes[b->turn]);
	else
		end_interval(b);
	return true;
}

enum tk_backlog_step tk_backlog_step(struct tk_collector *c)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + STEP_NS;
	struct tk_backlog *b = c->own.backlog;
	struct tk_source *s;

	do {
		if (!b || !b->source) {
			s = choose(c);
			if (!s)
				return TK_BACKLOG_NONE;
			if (!b && !(b = c->own.backlog = make()))
				return TK_BACKLOG_WAIT;
			begin(c, b, s);
		}
		if (!work(c, b))
			return TK_BACKLOG_WAIT;
	} while (tk_now_ns(CLOCK_MONOTONIC) < until);
	return TK_BACKLOG_MORE;
}

void tk_backlog_free(struct tk_collector *c)
{
	if (c->own.backlog)
		end(c->own.backlog);
	free(c->own.backlog);
	c->own.backlog = NULL;
}
