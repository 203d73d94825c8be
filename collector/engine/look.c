/* SPDX-License-Identifier: MIT */
/*
 * Looking after what is attached: new lanes and timers, owners that ended, timers that were
 * disabled; and whether the directories have changed. See core.h.
 *
 * What is watched (collector/discover/wake.h) is looked at when something happened to it, and often
 * for a while after that, since a lane's file appears before the lane is counted, and an owner's
 * last mapping goes before its lock. Besides, all of it is looked at now and then. What cannot be
 * watched is looked at by the clock alone.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/engine/core.h"
#include "collector/engine/placing.h"

#define HOT_NS (TK_SECOND_NS / 4)

/* Assign new lanes to drainers. Where no part can be had, the next look tries again. */
void tk_look_deal(struct tk_collector *c, struct tk_source *s)
{
	if (s->replaying && s->n_parts) /* dealt, but drainers do not have them yet */
		return;
	for (uint32_t i = 0; tk_source_next_lane(s, &i); i++) {
		const struct tk_lane_head *lane = &s->seg->lanes[i].info;
		struct tk_drainer *d = tk_placing_choose(c, lane->node_had >= 0 ? lane->node_had
										: lane->node_asked);
		struct tk_part *part = d ? tk_source_part(s, d) : NULL;

		if (!part)
			break;
		s->lanes[i] = part;
		part->asked++;
		d->kept.lanes++;
		part->asked_small += lane->pages == TK_PAGES_SMALL;
		d->kept.small_lanes += lane->pages == TK_PAGES_SMALL;
		tk_segment_fault_in(s->seg, i);
		if (s->replaying)
			continue;
		tk_round_order(c, d, TK_ORDER_LANE, part, i);
		if (s->ended) /* a queue that another reader held until now */
			tk_round_order(c, d, TK_ORDER_END, part, 0);
	}
}

/* What nobody drains yet is the collecting thread's. */
static void end_replaying(struct tk_source *s, bool ended)
{
	for (size_t i = 0; i < s->n_parts; i++) {
		struct tk_part *p = s->parts[i].part;

		p->ended = ended;
		for (uint32_t k = 0; k < p->n_lanes; k++)
			tk_part_end_lane(p, k);
	}
}

static void update_owner(struct tk_collector *c, struct tk_source *s)
{
	enum tk_owner owner = tk_segment_owner(s->seg);
	bool ended = owner == TK_OWNER_DEAD || owner == TK_OWNER_CLOSED;

	s->info.owner = owner;
	if (ended == s->ended)
		return;
	if (ended && tk_source_refresh(s) == 0) /* lanes and timers of its last moments */
		tk_look_deal(c, s);
	if (s->replaying)
		end_replaying(s, ended);
	else
		tk_round_order_all(c, s, ended ? TK_ORDER_END : TK_ORDER_RESUME);
	s->ended = ended;
	if (!s->found_dead)
		s->died_ns = ended ? (int64_t)c->own.now_ns + c->own.line_ns : 0;
}

int tk_look_refresh(struct tk_collector *c, struct tk_source *s)
{
	int err = tk_source_refresh(s);

	if (err)
		s->broken = true;
	if (s->why[0] || s->broken)
		tk_notes_add(&c->own.notes, "%s/%s: %s%s", s->dir, s->info.name,
			     s->why[0] ? s->why : strerror(-err), s->broken ? "; detached" : "");
	s->why[0] = '\0';
	return err;
}

static bool is_attached(const struct tk_source *s)
{
	return s->seg && !s->broken && !s->left;
}

static void look_after(struct tk_collector *c, struct tk_source *s)
{
	if (tk_look_refresh(c, s))
		return;
	tk_look_deal(c, s);
	update_owner(c, s);
}

/* Which timers are disabled only the owner may read: of another user's segment it is not known. */
static void look_at_all_of(struct tk_collector *c, struct tk_source *s)
{
	look_after(c, s);
	if (!s->broken)
		tk_segment_disabled(s->seg, s->disabled);
}

void tk_look_first(struct tk_collector *c, struct tk_source *s)
{
	s->wake = tk_wake_watch_segment(&c->own.wake, s->seg->dirfd);
	s->hot_ns = c->own.hot_ns = c->own.now_ns + HOT_NS;
	look_at_all_of(c, s);
}

/* One that could not be watched gets a watch when others have given theirs back. */
static void try_watch(struct tk_collector *c, struct tk_source *s)
{
	s->wake = tk_wake_watch_segment(&c->own.wake, s->seg->dirfd);
	c->own.unwatched += !s->wake;
	look_at_all_of(c, s);
}

void tk_look_at_all(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_sources; i++) {
		struct tk_source *s = c->own.sources[i];

		if (!is_attached(s)) {
			tk_wake_forget(&c->own.wake, s->wake);
			s->wake = 0;
		} else if (!s->wake) {
			try_watch(c, s);
		} else if (c->own.now_ns >= c->own.all_ns) {
			look_after(c, s);
		}
	}
	if (c->own.now_ns >= c->own.all_ns)
		c->own.all_ns = c->own.now_ns + TK_LOOK_AT_ALL_NS;
}

/* A number that changes when a name comes or goes in any directory that is not watched. */
static uint64_t sum_of_changes(const struct tk_collector *c)
{
	char why[TK_WHY_MAX];
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < c->own.dirs.n; i++) {
		int fd;

		if (tk_watched_wake(&c->own.watched, c->own.dirs.path[i]))
			continue;
		fd = tk_segments_open(c->own.dirs.path[i], why);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0)
			sum += (uint64_t)st.st_mtim.tv_sec * TK_SECOND_NS +
			       (uint64_t)st.st_mtim.tv_nsec;
		close(fd);
	}
	return sum;
}

void tk_look_note_dirs(struct tk_collector *c)
{
	c->own.dirs_changed = sum_of_changes(c);
}

/* A segment's directory appears before its head, of which there is no event. */
static bool have_dirs_changed(struct tk_collector *c)
{
	bool changed = tk_wake_has(&c->own.wake, c->own.wake.shared);

	for (size_t i = 0; i < c->own.watched.n; i++)
		changed = changed || tk_wake_has(&c->own.wake, c->own.watched.list[i].wake);
	if (changed)
		c->own.listing_ns = c->own.now_ns + HOT_NS;
	return c->own.now_ns < c->own.listing_ns || sum_of_changes(c) != c->own.dirs_changed;
}

/* @return whether a scan is due */
static bool look_at(struct tk_collector *c, struct tk_source *s)
{
	if (s->wake && tk_wake_has(&c->own.wake, s->wake)) {
		s->hot_ns = c->own.now_ns + HOT_NS;
		look_at_all_of(c, s);
	} else if (s->wake && c->own.now_ns < s->hot_ns) {
		look_after(c, s);
	} else if (!s->wake && !s->ended) {
		if (tk_source_refresh(s) < 0)
			return true;
		tk_look_deal(c, s);
	}
	return false;
}

bool tk_look(struct tk_collector *c)
{
	bool woken = tk_wake_read(&c->own.wake), due = false;

	if (woken)
		c->own.hot_ns = c->own.now_ns + HOT_NS;
	for (size_t i = 0; i < c->own.n_sources; i++)
		if (is_attached(c->own.sources[i]) && look_at(c, c->own.sources[i]))
			due = true;
	return have_dirs_changed(c) || c->own.refused.making || due;
}

bool tk_look_may_wait(const struct tk_collector *c)
{
	return c->own.wake.works && c->own.scanned && !c->own.unwatched && !c->own.refused.making &&
	       c->own.now_ns >= c->own.hot_ns;
}
