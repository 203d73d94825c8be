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
#include "collector/machine/list.h"

#define LATE_NS   TK_SECOND_NS
#define BURST     32u
#define ENDED_MAX 65536u /* timers that end within a round: the rest waits for the next */

static void hold_parcel(struct tk_collector *c, const struct tk_parcel *p)
{
	struct tk_parcel *list = tk_list_grow(c->parcels, c->n_parcels, sizeof(*list));

	if (!list) {
		c->unknown_gone += p->pushed;
		return; /* the tally is not returned: there is no memory for another anyway */
	}
	c->parcels = list;
	list[c->n_parcels++] = *p;
}

static void note_corrupt(struct tk_collector *c, const struct tk_source *s, uint32_t lane)
{
	tk_notes_add(&c->notes,
		     "%s/%s: lane %u is corrupt (its queue says it holds more than it can): left "
		     "alone from now on",
		     s->dir, s->info.name, lane);
}

/* A part's figures and the parcels that were received until now belong together. */
static void take_figures(struct tk_collector *c, const struct tk_drainer *d)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		struct tk_source *s = c->sources[i];

		for (size_t k = 0; k < s->n_parts; k++) {
			struct tk_part *p = s->parts[k].part;

			if (s->parts[k].drainer != d)
				continue;
			p->received = p->figures;
			if (p->received.corrupt)
				note_corrupt(c, s, p->received.corrupt - 1);
		}
	}
}

/* Keep gaps until they are shown: an interval may have several rounds. */
static void take_counters(struct tk_drainer *d)
{
	struct tk_drainer_figures before = d->shown;

	d->shown = d->figures;
	d->shown.lanes = d->lanes;
	d->shown.small_lanes = d->small_lanes;
	d->shown.gap_lost = d->shown.gap_lost || before.gap_lost;
	if (before.gap_ns > d->shown.gap_ns)
		d->shown.gap_ns = before.gap_ns;
}

static void take_answer(struct tk_collector *c, struct tk_drainer *d)
{
	d->asked_ns = 0;
	d->late = false;
	take_figures(c, d);
	take_counters(d);
	if (d->cpu >= 0 && d->shown.cpu != d->cpu && !d->moved) {
		tk_notes_add(&c->notes,
			     "cpu %d was taken away from its drainer, which now runs on cpu %d: "
			     "the cpu went offline, or the cpuset changed; start again with "
			     "another --cpu",
			     d->cpu, d->shown.cpu);
		d->moved = true;
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
			d->lanes -= parcel[i].part->asked;
			d->small_lanes -= parcel[i].part->asked_small;
			break;
		case TK_PARCEL_TIMER:
		case TK_PARCEL_MARK:
			hold_parcel(c, &parcel[i]);
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
	for (size_t i = 0; i < c->n_drainers; i++) {
		struct tk_drainer *d = c->drainers[i];

		if (d->asked_ns) /* late: it has one TAKE at a time */
			continue;
		d->asked_ns = c->now_ns;
		tk_round_order(c, d, TK_ORDER_TAKE, NULL, 0);
	}
	c->rounding = true;
	c->closing = interval;
}

/* The series of a timer of a source. @return NULL: there is no room for it */
static struct tk_series *series_of(struct tk_collector *c, struct tk_source *src, uint32_t id)
{
	const struct tk_segment_timer *t = &src->seg->timers[id];
	struct tk_series *s = src->series[id];

	if (s)
		return s;
	s = tk_registry_adopt(&c->shown.registry, src->info.app, t->name, src->info.name,
			      c->began_wall_ns);
	if (!s) {
		if (errno == ENOBUFS && !c->full) {
			tk_notes_add(&c->notes,
				     "more than %u timers of living processes: the others are not "
				     "shown; choose by --app or --pid",
				     TK_REGISTRY_LIVING_MAX);
			c->full = true;
		}
		return NULL;
	}
	s->pid = src->info.pid;
	s->stamp = t->stamp;
	s->found_dead = src->found_dead;
	src->series[id] = s;
	return s;
}

/* Give a series to each timer of a source that has none. */
static void adopt(struct tk_collector *c, struct tk_source *src)
{
	double ns_per_tick = src->seg->info.clock == TK_CLOCK_TSC ? 1e9 / c->clock.hz : 1;

	for (uint32_t id = 0; id < src->seg->info.n_timers; id++) {
		struct tk_series *s = series_of(c, src, id);

		if (!s)
			break; /* no memory, or no room: the next interval tries again */
		s->ns_per_tick = ns_per_tick;
		s->disabled = src->disabled[id] != 0;
	}
}

/* A source has ended: its series are those of a dead process from now on. */
static void leave(struct tk_collector *c, struct tk_source *src)
{
	for (uint32_t id = 0; id < src->seg->info.n_timers; id++)
		if (src->series[id])
			tk_registry_leave(&c->shown.registry, src->series[id]);
	c->unknown_gone += src->unknown;
	src->unknown = 0;
	src->left = true;
}

/* Samples of a parcel, where no series takes them. */
static uint64_t samples_of(const struct tk_parcel *p)
{
	return p->pushed > p->lost ? p->pushed - p->lost : 0;
}

static void take_timer(struct tk_collector *c, struct tk_source *src, const struct tk_parcel *p)
{
	struct tk_series *s = NULL;

	if (src->left) {
		s = src->series[p->timer]; /* NULL, unless it ended in this round */
	} else {
		/* The timer may have been named after the last refresh. */
		if (p->timer >= src->seg->info.n_timers && !src->broken)
			(void)tk_scan_refresh(c, src);
		if (p->timer < src->seg->info.n_timers)
			s = series_of(c, src, p->timer);
	}
	if (s)
		tk_series_count(s, p->pushed, p->lost);
	if (p->tally && (!s || tk_series_take(s, p->tally) < 0))
		c->unknown_gone += samples_of(p);
}

static void take_mark(struct tk_collector *c, struct tk_source *src, const struct tk_parcel *p)
{
	struct tk_snap_mark *m = &c->shown.marks[c->shown.marks_ever % TK_MARKS_KEPT];
	bool tsc = src->seg->info.clock == TK_CLOCK_TSC;

	if (p->timer >= src->seg->info.n_timers)
		return;
	c->shown.marks_ever++;
	m->t_ns = tsc ? tk_clock_wall_ns(&c->clock, p->pushed)
		      : (int64_t)(p->pushed + (uint64_t)src->clock_to_wall_ns);
	memcpy(m->name, src->seg->timers[p->timer].name, sizeof(m->name));
}

static struct tk_drainer *drainer_of(const struct tk_parcel *p)
{
	const struct tk_source *src = p->part->source;

	for (size_t i = 0; i < src->n_parts; i++)
		if (src->parts[i].part == p->part)
			return src->parts[i].drainer;
	return NULL;
}

/* Move held parcels into series: those of sources that end with this round, or of the others. */
static void take_parcels(struct tk_collector *c, bool ending)
{
	for (size_t i = 0; i < c->n_parcels; i++) {
		struct tk_parcel *p = &c->parcels[i];
		struct tk_source *src = p->part->source;

		if (src->ending != ending)
			continue;
		if (p->kind == TK_PARCEL_MARK) {
			take_mark(c, src, p);
			continue;
		}
		take_timer(c, src, p);
		if (p->tally)
			tk_drainer_return(drainer_of(p), p->tally);
	}
}

/* Sources that have ended come first, so that a process that was started again finds its series.
 * ENDED_MAX bounds how long a directory full of dead segments keeps the round open. */
static void take_ended(struct tk_collector *c)
{
	size_t timers = 0;

	for (size_t i = 0; i < c->n_sources; i++) {
		struct tk_source *s = c->sources[i];

		if (!s->seg || s->left || !(s->finished || s->broken) || timers >= ENDED_MAX)
			continue;
		if (!s->broken)
			(void)tk_scan_refresh(c, s);
		timers += s->seg->info.n_timers;
		adopt(c, s);
		leave(c, s); /* from now on the next process of its app continues them */
		s->ending = true;
	}
	take_parcels(c, true);
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->ending)
			tk_source_forget_series(c->sources[i]);
}

static void take_living(struct tk_collector *c)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->seg && !c->sources[i]->left)
			adopt(c, c->sources[i]);
	take_parcels(c, false);
}

static void detach_released(struct tk_collector *c)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		struct tk_source *s = c->sources[i];
		bool gone = s->left;

		s->ending = false;
		for (size_t k = 0; k < s->n_parts; k++)
			gone = gone && s->parts[k].part->released;
		if (s->seg && gone)
			tk_source_detach(s);
	}
}

static void note_late(struct tk_collector *c, struct tk_drainer *d)
{
	bool named = d->cpu >= 0;

	if (!d->late)
		tk_notes_add(
			&c->notes,
			"the drainer of %s %d did not answer within a second: page faults, or a "
			"task that preempted it, kept it; its records come late",
			named ? "cpu" : "node",
			named         ? d->cpu
			: d->node < 0 ? 0
				      : d->node);
	d->late = true;
}

static bool may_end(struct tk_collector *c)
{
	bool all = true;

	for (size_t i = 0; i < c->n_drainers; i++) {
		struct tk_drainer *d = c->drainers[i];

		if (!d->asked_ns)
			continue;
		if (c->now_ns - d->asked_ns >= LATE_NS)
			note_late(c, d);
		else
			all = false;
	}
	return all;
}

bool tk_round_all_answered(const struct tk_collector *c)
{
	for (size_t i = 0; i < c->n_drainers; i++)
		if (c->drainers[i]->asked_ns)
			return false;
	return true;
}

static void end_round(struct tk_collector *c)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->seg && !c->sources[i]->left)
			tk_source_sum_up(c->sources[i]);
	tk_registry_forget_dead(&c->shown.registry);
	take_ended(c);
	take_living(c);
	c->n_parcels = 0;
	detach_released(c);
	c->shown.notes = c->notes;
	c->shown.state.looked = c->scanned;
	c->shown.state.other_versions = c->other_versions;
	if (c->closing)
		tk_interval_close(c);
	c->rounding = false;
}

/* A drainer whose channel is full gets the order in a later turn. */
static void order_release(struct tk_collector *c)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct tk_source *s = c->sources[i];

		for (size_t k = 0; k < s->n_parts && s->left; k++) {
			struct tk_part *p = s->parts[k].part;

			p->releasing = p->releasing || tk_drainer_order(s->parts[k].drainer,
									TK_ORDER_RELEASE, p, 0);
		}
	}
}

void tk_round_receive(struct tk_collector *c)
{
	for (size_t i = 0; i < c->n_drainers; i++)
		while (receive_from(c, c->drainers[i]))
			;
	if (!c->rounding || !may_end(c) || pthread_mutex_trylock(&c->lock))
		return;
	end_round(c);
	pthread_mutex_unlock(&c->lock);
	order_release(c);
	if (c->closing)
		pthread_cond_broadcast(&c->closed);
}
