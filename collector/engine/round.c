/* SPDX-License-Identifier: MIT */
/*
 * A round: ask the drainers for what they have, receive it, and move it into series when all have
 * answered. See core.h.
 *
 * Asking, and taking parcels out of the channels, needs no lock: a viewer that holds it makes a
 * round end later, and no drainer waits. The round does not wait for a drainer that has not
 * answered within LATE_NS: what it has comes with a later round, and people are told.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "collector/engine/core.h"
#include "collector/engine/threads.h"
#include "collector/machine/list.h"
#include "tsc/read.h"

#define LATE_NS   TK_SECOND_NS
#define BURST     32u
#define ENDED_MAX 65536u /* timers that end within a round: the rest waits for the next */
#define ENDED_MIN 32u    /* a segment takes as long as so many timers at least */

static struct tk_drainer *drainer_of(const struct tk_parcel *p)
{
	const struct tk_source *src = p->part->source;

	for (size_t i = 0; i < src->n_parts; i++)
		if (src->parts[i].part == p->part)
			return src->parts[i].drainer;
	return NULL;
}

void tk_round_take(struct tk_source *src, struct tk_series *s, struct tk_tally *t)
{
	struct tk_hist *nowhere[TK_MEASURES] = { NULL };
	struct tk_tally_facts f[TK_MEASURES];

	if (s) {
		tk_series_take(s, t);
		return;
	}
	tk_tally_facts(t, f);
	src->unlisted += f->records;
	src->info.unknown += f->records; /* which may be summed up for this round already */
	tk_tally_move(t, nowhere);
}

static void empty_tally(struct tk_source *src, struct tk_series *s, const struct tk_parcel *p)
{
	if (!p->tally)
		return;
	tk_round_take(src, s, p->tally);
	tk_drainer_return(drainer_of(p), p->tally);
}

static void hold_parcel(struct tk_drainer *d, const struct tk_parcel *p)
{
	struct tk_parcel *list = tk_list_grow(d->kept.held, d->kept.n_held, sizeof(*list));

	if (!list) {
		empty_tally(p->part->source, NULL, p);
		return;
	}
	d->kept.held = list;
	list[d->kept.n_held++] = *p;
}

static void note_corrupt(struct tk_collector *c, const struct tk_source *s, uint32_t lane)
{
	tk_notes_add(&c->own.notes,
		     "%s/%s: lane %u is corrupt (its queue says it holds more than it can): left "
		     "alone from now on",
		     s->dir, s->info.name, lane);
}

static void note_refused(struct tk_collector *c, const struct tk_source *s, uint32_t lanes)
{
	tk_notes_add(&c->own.notes,
		     "%s/%s: %u of its lanes cannot be read, because memory was refused: their "
		     "records are in no row; give this collector memory, and start it again",
		     s->dir, s->info.name, lanes);
}

/* A part's figures and the parcels that were received until now belong together. */
static void take_figures(struct tk_collector *c, const struct tk_drainer *d)
{
	for (size_t i = 0; i < c->own.n_sources; i++) {
		struct tk_source *s = c->own.sources[i];

		for (size_t k = 0; k < s->n_parts; k++) {
			struct tk_part *p = s->parts[k].part;

			if (s->parts[k].drainer != d)
				continue;
			if (p->figures.refused > p->received.refused)
				note_refused(c, s, p->figures.refused);
			p->received = p->figures;
			if (p->received.corrupt)
				note_corrupt(c, s, p->received.corrupt - 1);
		}
	}
}

/* Keep gaps until they are shown: an interval may have several rounds. */
static void take_counters(struct tk_drainer *d)
{
	struct tk_drainer_figures before = d->kept.shown;

	d->kept.shown = d->figures;
	d->kept.shown.lanes = d->kept.lanes;
	d->kept.shown.small_lanes = d->kept.small_lanes;
	d->kept.shown.gap_lost = d->kept.shown.gap_lost || before.gap_lost;
	if (before.gap_ns > d->kept.shown.gap_ns)
		d->kept.shown.gap_ns = before.gap_ns;
}

static void take_answer(struct tk_collector *c, struct tk_drainer *d)
{
	d->kept.asked_ns = 0;
	d->kept.late = false;
	d->kept.n_whole = d->kept.n_held;
	take_figures(c, d);
	take_counters(d);
	if (d->cpu >= 0 && d->kept.shown.cpu != d->cpu && !d->kept.moved) {
		tk_notes_add(&c->own.notes,
			     "cpu %d was taken away from its drainer, which now runs on cpu %d: "
			     "the cpu went offline, or the cpuset changed; start again with "
			     "another --cpu",
			     d->cpu, d->kept.shown.cpu);
		d->kept.moved = true;
	}
}

/* @return whether there was a parcel */
static bool receive_from(struct tk_collector *c, struct tk_drainer *d)
{
	struct tk_parcel parcel[BURST];
	unsigned n = tk_drainer_receive(d, parcel, BURST);

	for (unsigned i = 0; i < n; i++) {
		switch ((enum tk_parcel_kind)parcel[i].kind) {
		case TK_PARCEL_ROUND:
			take_answer(c, d);
			break;
		case TK_PARCEL_RELEASED:
			parcel[i].part->released = true;
			d->kept.lanes -= parcel[i].part->asked;
			d->kept.small_lanes -= parcel[i].part->asked_small;
			break;
		case TK_PARCEL_TIMER:
		case TK_PARCEL_MARK:
			hold_parcel(d, &parcel[i]);
		}
	}
	return n > 0;
}

void tk_round_order(struct tk_collector *c, struct tk_drainer *d, enum tk_order_kind kind,
		    struct tk_part *part, uint32_t lane)
{
	const struct timespec pause = { .tv_nsec = 100000 };

	while (!tk_drainer_order(d, kind, part, lane) &&
	       !__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		if (!d->runs)
			tk_drainer_turn(d, tk_now_ns(CLOCK_MONOTONIC));
		if (!receive_from(c, d))
			nanosleep(&pause, NULL);
	}
}

void tk_round_order_all(struct tk_collector *c, const struct tk_source *s, enum tk_order_kind kind)
{
	for (size_t i = 0; i < s->n_parts; i++)
		tk_round_order(c, s->parts[i].drainer, kind, s->parts[i].part, 0);
}

void tk_round_ask(struct tk_collector *c, bool interval)
{
	/*
	 * What is drained after the last answer is in no interval. A queue's records would be gone
	 * for everybody, where the next collector would have got them.
	 */
	enum tk_order_kind kind = c->own.finishing ? TK_ORDER_LAST : TK_ORDER_TAKE;

	for (size_t i = 0; i < c->own.n_drainers; i++) {
		struct tk_drainer *d = c->own.drainers[i];

		if (d->kept.asked_ns) /* late: it has one TAKE at a time */
			continue;
		d->kept.asked_ns = c->own.now_ns;
		tk_round_order(c, d, kind, NULL, 0);
	}
	c->own.rounding = true;
	c->own.closing = interval;
}

static void note_full(struct tk_collector *c)
{
	if (!c->own.full)
		tk_notes_add(&c->own.notes,
			     "more than %u timers live: the others have no rows, and their records "
			     "are counted as unknown; choose by --app or --pid",
			     TK_REGISTRY_LIVING_MAX);
	c->own.full = true;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void bring_up_to_date(const struct tk_collector *c, const struct tk_source *src, uint32_t id)
{
	struct tk_series *s = src->series[id];
	bool ticks = src->seg->info.clock == TK_CLOCK_TSC && !s->unit.values;

	s->ns_per_tick = ticks ? 1e9 / c->own.clock.hz : 1;
	/* CLOCK_MONOTONIC and numbers have no epochs. */
	s->clock = ticks ? c->own.clock.epoch.number + 1 : 0;
	s->disabled = src->disabled[id] != 0;
	if (c->options.intervals_totals)
		s->pushed = larger(s->pushed, tk_segment_pushed(src->seg, id));
	s->unsettled = src->info.unsettled != 0;
}

/* The series of a timer of a source. @return NULL: there is no room for it */
static struct tk_series *series_of(struct tk_collector *c, struct tk_source *src, uint32_t id)
{
	const struct tk_segment_timer *t = &src->seg->timers[id];
	struct tk_series *s = src->series[id];

	if (s)
		return s;
	s = tk_registry_add(&c->shown.registry, src->info.app, t->name, src->info.name,
			    c->own.began_ns);
	if (!s) {
		if (errno == ENOBUFS)
			note_full(c);
		return NULL;
	}
	s->pid = src->info.pid;
	s->uid = src->info.uid;
	s->place = src->info.place;
	s->dir = src->info.dir;
	s->stamp = t->stamp;
	s->unit.values = t->sort == TK_TIMER_VALUES;
	memcpy(s->unit.name, t->unit, sizeof(s->unit.name));
	s->found_dead = src->found_dead;
	s->replaying = src->replaying;
	src->series[id] = s;
	bring_up_to_date(c, src, id);
	return s;
}

/*
 * Bring each timer's series up to date, and give one to those that have none, while there is room
 * for timers without a record. The others get theirs with their first record: segments full of
 * timers that record nothing, in a flood of them, cost next to nothing, and take no room from those
 * that do. "(undefined)", which each segment has, is a timer of the program's only if it records.
 */
static void adopt(struct tk_collector *c, struct tk_source *src)
{
	bool room = true; /* and memory; the next round tries again */

	for (uint32_t id = 0; id < src->seg->info.n_timers; id++) {
		if (src->series[id])
			bring_up_to_date(c, src, id);
		else if (room && id > 0)
			room = tk_registry_takes_silent(&c->shown.registry, src->ended) &&
			       (!src->ended || id < TK_REGISTRY_DEAD_MAX) && series_of(c, src, id);
	}
}

/* A source has ended: its series are those of a dead process from now on. @return how many */
static size_t leave(struct tk_collector *c, struct tk_source *src)
{
	size_t n = 0;

	for (uint32_t id = 0; id < src->seg->info.n_timers; id++) {
		if (!src->series[id])
			continue;
		src->series[id]->died_ns = src->died_ns;
		tk_registry_leave(&c->shown.registry, src->series[id]);
		src->series[id] = NULL;
		n++;
	}
	src->left = true;
	return n;
}

struct tk_series *tk_round_series(struct tk_collector *c, struct tk_source *src, uint32_t id)
{
	/* Its name may have come after the last refresh. */
	if (!src->left && id >= src->seg->info.n_timers && !src->broken)
		(void)tk_look_refresh(c, src);
	return !src->left && id < src->seg->info.n_timers ? series_of(c, src, id) : NULL;
}

static void take_timer(struct tk_collector *c, struct tk_source *src, const struct tk_parcel *p)
{
	struct tk_series *s = tk_round_series(c, src, p->timer);

	if (s && s->replaying) /* its past is read, and there is something yet */
		tk_series_resume(s, &c->shown.registry.history, c->own.began_ns);
	if (s && p->lost) {
		tk_series_lose(s, p->lost);
		src->attributed += p->lost;
	}
	empty_tally(src, s, p);
}

/* Where a stamp lies on the time line. */
static int64_t line_of(const struct tk_collector *c, const struct tk_source *src, uint64_t ticks)
{
	uint64_t now_ns = tk_now_ns(CLOCK_MONOTONIC);
	uint64_t ago_ns = src->seg->info.clock == TK_CLOCK_TSC
				  ? (uint64_t)tk_tsc_delta_ns(&c->own.clock.conv,
							      (int64_t)(tk_tsc_fast() - ticks))
				  : now_ns - ticks;

	return (int64_t)(now_ns + (uint64_t)c->own.line_ns - ago_ns);
}

static void take_mark(struct tk_collector *c, struct tk_source *src, const struct tk_parcel *p)
{
	struct tk_shown_mark *m = &c->shown.marks[c->shown.marks_ever % TK_MARKS_KEPT];

	if (p->timer >= src->seg->info.n_timers)
		return;
	c->shown.marks_ever++;
	m->dropped = p->lost;
	memcpy(m->segment, src->info.name, sizeof(m->segment));
	m->mark.t_ns = line_of(c, src, p->ticks);
	memcpy(m->mark.name, src->seg->timers[p->timer].name, sizeof(m->mark.name));
}

void tk_round_take_marks(struct tk_collector *c, struct tk_part *p)
{
	struct tk_aggregator *a = &p->agg;

	for (uint32_t i = 0; i < a->n_marks; i++)
		take_mark(c, p->source,
			  &(struct tk_parcel){ .lost = i + 1 == a->n_marks ? a->marks_dropped : 0,
					       .ticks = a->marks[i].start,
					       .timer = a->marks[i].timer });
	a->n_marks = a->marks_dropped = 0;
}

/*
 * A late drainer's parcels wait for its ROUND: without its figures they are half of what it has to
 * say. It may have answered and be late again: what came before its answer is taken, and the rest
 * waits.
 */
static void take_parcels(struct tk_collector *c, struct tk_drainer *d)
{
	for (size_t i = 0; i < d->kept.n_whole; i++) {
		const struct tk_parcel *p = &d->kept.held[i];

		if (p->kind == TK_PARCEL_MARK)
			take_mark(c, p->part->source, p);
		else
			take_timer(c, p->part->source, p);
	}
	d->kept.n_held -= d->kept.n_whole;
	if (d->kept.n_whole && d->kept.n_held)
		memmove(d->kept.held, &d->kept.held[d->kept.n_whole],
			d->kept.n_held * sizeof(*d->kept.held));
	d->kept.n_whole = 0;
}

static bool is_attached(const struct tk_source *s)
{
	return s->seg && !s->left;
}

/* A directory full of the dead must not keep the round open. */
static void leave_finished(struct tk_collector *c)
{
	size_t timers = 0;

	for (size_t i = 0; i < c->own.n_sources && timers < ENDED_MAX; i++) {
		struct tk_source *s = c->own.sources[i];

		if (!is_attached(s) || s->replaying || !(s->finished || s->broken))
			continue;
		timers += ENDED_MIN + leave(c, s);
	}
}

static void detach_released(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_sources; i++) {
		struct tk_source *s = c->own.sources[i];
		bool gone = s->left;

		for (size_t k = 0; k < s->n_parts; k++)
			gone = gone && s->parts[k].part->released;
		if (!s->seg || !gone)
			continue;
		if (c->options.intervals_threads)
			tk_threads_note(s, &c->shown.state.span_cost);
		tk_source_detach(s);
		if (s->done) /* it may be removed now */
			c->own.scan_ns = c->own.now_ns;
	}
}

static void note_late(struct tk_collector *c, struct tk_drainer *d)
{
	bool named = d->cpu >= 0;

	if (!d->kept.late)
		tk_notes_add(
			&c->own.notes,
			"the drainer of %s %d did not answer within a second: page faults, or a "
			"task that preempted it, kept it; its records come late",
			named ? "cpu" : "node",
			named         ? d->cpu
			: d->node < 0 ? 0
				      : d->node);
	d->kept.late = true;
}

static bool may_end(struct tk_collector *c)
{
	bool all = true;

	for (size_t i = 0; i < c->own.n_drainers; i++) {
		struct tk_drainer *d = c->own.drainers[i];

		if (!d->kept.asked_ns)
			continue;
		if (c->own.now_ns - d->kept.asked_ns >= LATE_NS)
			note_late(c, d);
		else
			all = false;
	}
	return all;
}

bool tk_round_all_answered(const struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_drainers; i++)
		if (c->own.drainers[i]->kept.asked_ns)
			return false;
	return true;
}

static void end_round(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_sources; i++) {
		struct tk_source *s = c->own.sources[i];

		if (!is_attached(s))
			continue;
		tk_source_sum_up(s);
		if (s->finished && !s->broken) /* timers of its last moments */
			(void)tk_look_refresh(c, s);
		adopt(c, s);
	}
	for (size_t i = 0; i < c->own.n_drainers; i++)
		take_parcels(c, c->own.drainers[i]);
	leave_finished(c);
	tk_registry_forget_dead(&c->shown.registry);
	detach_released(c);
	c->shown.notes = c->own.notes;
	c->shown.state.looked = c->own.scanned;
	c->shown.state.other_versions = c->own.other_versions;
	c->own.answered = c->own.scanned;
	if (c->own.closing) {
		tk_interval_close(c);
		c->shown.state.finished = c->own.finishing;
	}
	c->own.rounding = false;
}

/* A drainer whose channel is full gets the order in a later turn. */
static void order_release(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_sources; i++) {
		const struct tk_source *s = c->own.sources[i];

		for (size_t k = 0; k < s->n_parts && s->left; k++) {
			struct tk_part *p = s->parts[k].part;

			p->releasing = p->releasing || tk_drainer_order(s->parts[k].drainer,
									TK_ORDER_RELEASE, p, 0);
		}
	}
}

void tk_round_receive(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_drainers; i++)
		while (receive_from(c, c->own.drainers[i]))
			;
	if (!c->own.rounding || !may_end(c) || pthread_mutex_trylock(&c->lock))
		return;
	end_round(c);
	pthread_mutex_unlock(&c->lock);
	order_release(c);
	if (c->own.closing)
		pthread_cond_broadcast(&c->closed);
}
