/* SPDX-License-Identifier: MIT */
#include "ring/prune.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring/lane.h"
#include "ring/owner.h"
#include "ring/place.h"
#include "ring/presence.h"
#include "ring/test_point.h"
#include "ring/unread.h"

#define LOOKED_AT_MAX 256u
#define COUNTED_MAX   (2 * TK_UNREAD_SEGMENTS) /* more is over the bound, whatever it is */

/* ---- one segment, as it was left ---- */

struct left {
	char app[TK_NAME_MAX + 1];
	uint32_t version, n_lanes, max_timers;
	int64_t created_ns;
	uint64_t bytes, records;
	bool keep;
	enum tk_owner owner;
	bool needed; /* by a collector that is present */
	bool missed; /* and that has not attached it */
};

static bool is_well_formed(const struct tk_segment_head *h)
{
	return h->magic == TK_SEGMENT_MAGIC && h->version <= TK_SEGMENT_VERSION &&
	       h->state != TK_SEGMENT_MAKING && h->n_lanes <= TK_LANES_MAX &&
	       h->max_timers <= TK_TIMERS_MAX && memchr(h->app, 0, sizeof(h->app)) &&
	       memchr(h->boot_id, 0, sizeof(h->boot_id));
}

static bool read_head(int fd, struct left *l)
{
	struct tk_segment_head h;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || !is_well_formed(&h))
		return false;
	memcpy(l->app, h.app, sizeof(l->app));
	l->version = h.version;
	l->n_lanes = h.n_lanes;
	l->max_timers = h.max_timers;
	l->created_ns = h.created_ns;
	l->bytes = h.left_bytes;
	l->records = h.left_records;
	l->keep = h.keep;
	l->owner = tk_owner_of(fd, &h);
	return true;
}

/* @return whether it has ended. */
static bool look_into(int dirfd, const char *head, const struct tk_lock_set *present,
		      struct left *l)
{
	int fd = tk_place_open(dirfd, head, O_RDONLY | O_NONBLOCK);
	bool ended;

	if (fd < 0)
		return false;
	ended = read_head(fd, l) && (l->owner == TK_OWNER_DEAD || l->owner == TK_OWNER_CLOSED);
	if (ended) {
		l->needed = tk_presence_needs(present, fd);
		l->missed = l->needed && tk_presence_missed(present, fd);
	}
	close(fd);
	return ended;
}

static bool look_at(int place, const char *name, const struct tk_lock_set *present, struct left *l)
{
	char head[TK_SEGMENT_NAME_MAX + sizeof("/head")];

	if (strlen(name) > TK_SEGMENT_NAME_MAX)
		return false;
	snprintf(head, sizeof(head), "%s/head", name);
	return look_into(place, head, present, l);
}

static uint64_t sum_of_counts(int fd, uint32_t timers)
{
	uint64_t counts[512], sum = 0;
	off_t at = TK_LANE_COUNTS;

	while (timers) {
		size_t n = timers < 512 ? timers : 512;

		if (pread(fd, counts, n * sizeof(counts[0]), at) !=
		    (ssize_t)(n * sizeof(counts[0])))
			break;
		for (size_t i = 0; i < n; i++)
			sum += counts[i];
		at += (off_t)(n * sizeof(counts[0]));
		timers -= (uint32_t)n;
	}
	return sum;
}

/* How many records it was given. The dead published theirs only now and then, but counted each. */
static uint64_t records_of(int place, const char *name, const struct left *l)
{
	uint64_t sum = 0;

	if (l->owner == TK_OWNER_CLOSED)
		return l->records;
	for (uint32_t i = 0; i < l->n_lanes; i++) {
		char lane[TK_PLACE_NAME_MAX], path[2 * TK_PLACE_NAME_MAX];
		int fd;

		tk_place_lane(lane, i);
		snprintf(path, sizeof(path), "%s/%s", name, lane);
		fd = tk_place_open(place, path, O_RDONLY | O_NONBLOCK);
		if (fd < 0)
			continue;
		sum += sum_of_counts(fd, l->max_timers);
		close(fd);
	}
	return sum;
}

/* ---- the bound ---- */

struct unread {
	const struct tk_lock_set *present;
	uint64_t bytes;
	unsigned segments, looked_at;
	bool all; /* do not stop when it is known to be too much */
};

static bool is_over(const struct unread *u)
{
	return u->segments > TK_UNREAD_SEGMENTS || u->bytes > TK_UNREAD_BYTES ||
	       u->looked_at > COUNTED_MAX;
}

static bool count_unread(void *arg, int place, const char *name)
{
	struct unread *u = arg;
	struct left l;

	if (tk_place_pid(name) == 0)
		return true;
	u->looked_at++;
	if (look_at(place, name, u->present, &l) && l.needed) {
		u->segments++;
		u->bytes += l.bytes;
	}
	return u->all ? u->looked_at <= COUNTED_MAX : !is_over(u);
}

bool tk_prune_leaves(int place, int dirfd, bool group)
{
	struct tk_lock_set present;
	struct unread u = { .present = &present };
	struct left l;

	if (!tk_presence_list(place, &present))
		return false;
	(void)tk_place_each(place, count_unread, &u);
	if (!is_over(&u))
		return true;
	if (look_into(dirfd, "head", &present, &l) && l.missed)
		(void)tk_unread_add(place, l.app, l.records, group);
	return false;
}

/* ---- what an app's programs left ---- */

struct dead {
	int64_t created_ns;
	char name[TK_SEGMENT_NAME_MAX + 1]; /* "": none yet */
};

struct prune {
	const char *app, *own;
	bool group;
	struct tk_lock_set present;
	unsigned alike, first, at; /* names like ours; the first to look at; the one at hand */
	struct unread unread;
	bool counted; /* that, by now */
	struct dead kept[TK_DEAD_KEPT];
};

/* All but pid and random: to open those of other apps would take milliseconds where there are
 * many. */
static bool is_alike(const char *name, const char *own)
{
	const char *pid = strrchr(own, '.');

	while (pid[-1] != '.')
		pid--;
	return !strncmp(name, own, (size_t)(pid - own)) && tk_place_pid(name) > 0;
}

static bool count_alike(void *arg, int place, const char *name)
{
	struct prune *p = arg;

	(void)place;
	p->alike += is_alike(name, p->own);
	return true;
}

/* Counted only once a dead one is to go that somebody needs: seldom. */
static bool is_beyond_bound(struct prune *p, int place)
{
	if (!p->counted) {
		p->unread.present = &p->present;
		p->unread.all = true;
		(void)tk_place_each(place, count_unread, &p->unread);
		p->counted = true;
	}
	return is_over(&p->unread);
}

static void remove_dead(struct prune *p, int place, const char *name)
{
	struct left l;

	if (!look_at(place, name, &p->present, &l))
		return;
	if (l.needed) {
		if (!is_beyond_bound(p, place))
			return;
		p->unread.segments--;
		p->unread.bytes -= l.bytes;
	}
	if (l.missed)
		(void)tk_unread_add(place, p->app, records_of(place, name, &l), p->group);
	tk_place_remove(place, name);
}

static struct dead *oldest_of(struct dead kept[TK_DEAD_KEPT])
{
	struct dead *oldest = kept;

	for (unsigned i = 1; i < TK_DEAD_KEPT; i++)
		if (kept[i].created_ns < oldest->created_ns)
			oldest = &kept[i];
	return oldest;
}

/* One more dead: the oldest of those that are kept makes room, unless this one is older still. */
static void make_room(struct prune *p, int place, const char *name, int64_t created_ns)
{
	struct dead *oldest = oldest_of(p->kept);

	if (created_ns <= oldest->created_ns) {
		remove_dead(p, place, name);
		return;
	}
	if (oldest->name[0])
		remove_dead(p, place, oldest->name);
	oldest->created_ns = created_ns;
	memcpy(oldest->name, name, strlen(name) + 1);
}

/* Before version 3 only what was to be kept stayed when it was closed. */
static bool is_to_go(const struct left *l)
{
	return l->owner == TK_OWNER_CLOSED && l->version == TK_SEGMENT_VERSION && !l->keep &&
	       !l->needed;
}

static bool prune_one(void *arg, int place, const char *name)
{
	struct prune *p = arg;
	struct left l;

	if (!is_alike(name, p->own))
		return true;
	if ((p->at++ + p->alike - p->first) % p->alike >= LOOKED_AT_MAX)
		return p->at < p->alike;
	if (look_at(place, name, &p->present, &l) && !strncmp(l.app, p->app, sizeof(l.app))) {
		if (l.owner == TK_OWNER_DEAD)
			make_room(p, place, name, l.created_ns);
		else if (is_to_go(&l))
			tk_place_remove(place, name);
	}
	return p->at < p->alike;
}

void tk_prune(int place, const char *app, const char *own, bool group)
{
	struct prune p = { .app = app, .own = own, .group = group };

	(void)tk_place_each(place, count_alike, &p);
	if (p.alike == 0)
		return;
	if (p.alike > LOOKED_AT_MAX)
		p.first = (unsigned)strtoul(strrchr(own, '.') + 1, NULL, 16) % p.alike;
	(void)tk_presence_list(place, &p.present);
	(void)tk_place_each(place, prune_one, &p);
}
