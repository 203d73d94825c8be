/* SPDX-License-Identifier: MIT */
#include "collector/engine/backlog.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/core.h"
#include "collector/engine/slices/slices.h"
#include "ring/place.h"
#include "tsc/guard.h"

#define STEP_NS UINT64_C(2000000)
#define BATCH   64u /* timers that are closed under one lock */

/* What the wall clock and the counter may differ by: NTP slews by up to 500 ppm, and the moment of
 * making is not read at one time from both. */
#define SLEW_PPM 500
#define APART_NS 100000000

struct tk_backlog {
	struct tk_slices in; /* source NULL: no backlog is being read */
	struct tk_tally_pool pool;
	struct tk_clock_guard guard;
	unsigned closing; /* so many of TK_SLICES_BEFORE and _OPEN are to be closed before more is
			     read; */
	unsigned closed;  /* of these, done; */
	uint32_t timer;   /* and the next one to be closed */
	bool read;        /* all lanes are; what remains is of the present */
};

static double rate(const struct tk_collector *c, const struct tk_segment *seg)
{
	return seg->info.clock == TK_CLOCK_TSC ? c->own.clock.hz / 1e9 : 1;
}

const char *tk_backlog_hindrance(const struct tk_collector *c, const struct tk_segment *seg)
{
	double ticks = (double)(int64_t)(tk_slices_stamp_now(seg) - seg->info.created_tsc);
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

/* ---- close ---- */

/* All lanes have been read up to the end of the open interval. */
static void end_interval(struct tk_backlog *b)
{
	b->closing = tk_slices_is_far(&b->in) ? 2 : 1;
	b->closed = 0;
	b->timer = 0;
}

/* What was to be closed is. */
static void begin_interval(struct tk_backlog *b)
{
	uint64_t next;

	if (!tk_slices_oldest(&b->in, &next))
		b->read = true;
	else if (b->closing == 2)
		tk_slices_open(&b->in, next);
	else
		tk_slices_open_next(&b->in);
	b->closing = 0;
	b->timer = 0;
}

static void take(struct tk_backlog *b, struct tk_series *s, uint32_t id, enum tk_slices_place place)
{
	struct tk_tally **place_of = tk_slices_tally(&b->in, place, id), *t = *place_of;

	*place_of = NULL;
	tk_tally_remember(t, &b->in.first->agg.hints[id]);
	tk_round_take(b->in.source, s, t);
	tk_tally_put(&b->pool, t);
}

/* What is known to be lost stands in an interval before the first. */
static void lose_first(struct tk_collector *c, struct tk_backlog *b, struct tk_series *s,
		       uint32_t id, int64_t from)
{
	struct tk_history *h = &c->shown.registry.history;

	if (!b->in.lost[id] || s->seen_ns)
		return;
	tk_series_replay(s, h, from - b->in.width_ns, b->in.width_ns);
	tk_series_lose(s, b->in.lost[id]);
	tk_series_close(s, h, from, (uint64_t)b->in.width_ns);
	b->in.source->attributed += b->in.lost[id];
	b->in.lost[id] = 0;
}

static void close_timer(struct tk_collector *c, struct tk_backlog *b, uint32_t id,
			enum tk_slices_place place)
{
	int64_t from = b->in.from_ns - (place == TK_SLICES_BEFORE ? b->in.width_ns : 0),
		to = from + b->in.width_ns;
	struct tk_history *h = &c->shown.registry.history;
	struct tk_series *s = tk_round_series(c, b->in.source, id);

	if (s) {
		lose_first(c, b, s, id, from);
		tk_series_replay(s, h, from, b->in.width_ns);
	}
	take(b, s, id, place);
	if (to > b->in.now_ns)
		to = b->in.now_ns > from ? b->in.now_ns : from + 1;
	if (s)
		tk_series_close(s, h, to, (uint64_t)b->in.width_ns);
}

/* The past of a timer is read. That of a dead process goes on only if something is left. */
static void end_timer(struct tk_collector *c, struct tk_backlog *b, uint32_t id)
{
	bool present = *tk_slices_tally(&b->in, TK_SLICES_NOW, id) != NULL;
	bool left = present || b->in.lost[id];
	struct tk_series *s =
		left ? tk_round_series(c, b->in.source, id) : b->in.source->series[id];

	if (s && s->replaying && (left || !b->in.source->ended))
		tk_series_resume(s, &c->shown.registry.history, c->own.began_ns);
	if (s && b->in.lost[id]) {
		tk_series_lose(s, b->in.lost[id]);
		b->in.source->attributed += b->in.lost[id];
	}
	if (present)
		take(b, s, id, TK_SLICES_NOW);
}

static void close_batch(struct tk_collector *c, struct tk_backlog *b, enum tk_slices_place place)
{
	uint32_t n = b->in.first->agg.n_timers, work = 0;

	for (; b->timer < n && work < BATCH; b->timer++) {
		if (place == TK_SLICES_NOW) {
			end_timer(c, b, b->timer);
			work++;
		} else if (*tk_slices_tally(&b->in, place, b->timer)) {
			close_timer(c, b, b->timer, place);
			work++;
		}
	}
	tk_round_take_marks(c, b->in.first);
}

/* @return false: a viewer has the lock */
static bool close_some(struct tk_collector *c, struct tk_backlog *b)
{
	if (pthread_mutex_trylock(&c->lock))
		return false;
	c->shown.registry.history.now_ns = c->own.began_ns;
	close_batch(c, b, b->read ? TK_SLICES_NOW : (enum tk_slices_place)b->closed);
	pthread_mutex_unlock(&c->lock);
	if (b->timer >= b->in.first->agg.n_timers && !b->read) {
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

static void begin(const struct tk_collector *c, struct tk_backlog *b, struct tk_source *s)
{
	struct tk_slices *in = &b->in;

	*b = (struct tk_backlog){ .in.source = s };
	in->first = s->n_parts ? s->parts[0].part : NULL;
	in->ticks_per_ns = rate(c, s->seg);
	in->width_ns = (int64_t)c->shown.state.interval_ns;
	in->made = in->from = in->to = s->seg->info.created_tsc;
	in->now = tk_slices_stamp_now(s->seg);
	in->now_ns = (int64_t)tk_now_ns(CLOCK_MONOTONIC) + c->own.line_ns;
	if (!in->first || tk_slices_begin(in) < 0) { /* its drainers place it at the present */
		b->read = true;
		b->timer = UINT32_MAX;
	}
	if (!in->first)
		return;
	tk_clock_guard_init(&b->guard, &c->own.clock);
	tk_part_begin(in->first, &b->pool, &b->guard);
	tk_part_look_for_timers(in->first);
}

static void end(struct tk_backlog *b)
{
	if (b->in.first) {
		tk_slices_end(&b->in);
		b->in.first->pool = NULL;
	}
	tk_tally_pool_free(&b->pool);
	*b = (struct tk_backlog){ 0 };
}

static void note_astray(struct tk_collector *c, const struct tk_backlog *b)
{
	if (b->in.astray)
		tk_notes_add(&c->own.notes,
			     "%s: %" PRIu64 " records are drawn where they were read: their stamps "
			     "lie in the future, or before the program began",
			     b->in.source->info.name, b->in.astray);
}

/* ---- give ---- */

/* The drainers go on where this ended. What was read here says nothing about how fast lanes are. */
static void give(struct tk_collector *c, struct tk_backlog *b)
{
	struct tk_source *s = b->in.source;

	note_astray(c, b);
	s->replaying = false;
	if (b->in.newest && s->found_dead)
		s->died_ns = tk_slices_time_of(&b->in, b->in.newest);
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
 * without this. */
static bool must_cut(const struct tk_backlog *b)
{
	return !b->read &&
	       (b->in.source->broken || b->in.source->seg->bad || b->guard.clock.epoch.number);
}

/* @return false: a viewer has the lock */
static bool work(struct tk_collector *c, struct tk_backlog *b)
{
	if (must_cut(b))
		tk_slices_cut(&b->in);
	if (!b->closing && tk_slices_read(&b->in))
		return true;
	if (b->read && (!b->in.first || b->timer >= b->in.first->agg.n_timers))
		give(c, b);
	else if (b->read || b->closed < b->closing)
		return close_some(c, b);
	else if (b->closing)
		begin_interval(b);
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
		if (!b || !b->in.source) {
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
