/* SPDX-License-Identifier: MIT */
/* Discovery: which directories, which segments in them, which of those are alive. See core.h. */
#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/discover/dirs.h"
#include "collector/engine/core.h"
#include "collector/engine/placing.h"
#include "collector/machine/list.h"
#include "collector/machine/printable.h"

/* A name could not be attached: tell people once. */
static void refuse(struct tk_collector *c, const char *path, int error, const char *why)
{
	if (!tk_refused_add(&c->refused, path, error, c->now_ns, !c->scanned))
		return;
	if (error == EPROTO)
		c->other_versions++;
	tk_notes_add(&c->notes, "%s: %s; skipped", path, why);
}

static bool is_wanted(const struct tk_collector *c, const struct tk_segment *seg)
{
	return (!c->options.app || !strcmp(c->options.app, seg->info.app)) &&
	       (!c->options.pid || c->options.pid == seg->info.pid);
}

/* Whether another segment might not fit. Asked before it is attached, which takes milliseconds. */
static bool is_full(const struct tk_collector *c)
{
	return c->held_segments >= TK_READ_SEGMENTS ||
	       c->held_timers + TK_TIMERS_MAX > TK_READ_TIMERS;
}

static void count_held(struct tk_collector *c)
{
	c->held_segments = c->held_timers = 0;
	for (size_t i = 0; i < c->n_sources; i++) {
		if (!c->sources[i]->seg) /* detached */
			continue;
		c->held_timers += c->sources[i]->seg->info.max_timers;
		c->held_segments++;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct tk_source *x = a, *y = b;
	int order = strcmp(x->info.name, y->info.name);

	return order ? order : strcmp(x->dir, y->dir);
}

/* Assign new lanes to drainers. Where no part can be had, the next look tries again. */
static void assign_lanes(struct tk_collector *c, struct tk_source *s)
{
	for (uint32_t i = 0; tk_source_next_lane(s, &i); i++) {
		const struct tk_lane_head *lane = &s->seg->lanes[i].info;
		struct tk_drainer *d = tk_placing_choose(c, lane->node_had >= 0 ? lane->node_had
										: lane->node_asked);
		struct tk_part *part = d ? tk_source_part(s, d) : NULL;

		if (!part)
			break;
		s->lanes[i] = part;
		part->asked++;
		d->lanes++;
		part->asked_small += lane->pages == TK_PAGES_SMALL;
		d->small_lanes += lane->pages == TK_PAGES_SMALL;
		tk_segment_fault_in(s->seg, i);
		tk_round_order(c, d, TK_ORDER_LANE, part, i);
		if (s->ended) /* a queue that another reader held until now */
			tk_round_order(c, d, TK_ORDER_END, part, 0);
	}
}

/* Update whether the owner lives and which timers are disabled. The latter only the owner may read:
 * of another user's segment it is not known. */
static void update_owner(struct tk_collector *c, struct tk_source *s)
{
	enum tk_owner owner = tk_segment_owner(s->seg);
	bool ended = owner == TK_OWNER_DEAD || owner == TK_OWNER_CLOSED;

	s->info.owner = owner;
	tk_segment_disabled(s->seg, s->disabled);
	if (ended == s->ended)
		return;
	if (ended && tk_source_refresh(s) == 0) /* lanes and timers of its last moments */
		assign_lanes(c, s);
	tk_round_order_all(c, s, ended ? TK_ORDER_END : TK_ORDER_RESUME);
	s->ended = ended;
}

static int add_source(struct tk_collector *c, struct tk_segment *seg, const char *dir, bool dead)
{
	enum tk_lane_from from = c->options.oldest || dead ? TK_LANE_OLDEST : TK_LANE_NEWEST;
	struct tk_source **list =
		tk_list_grow(c->sources, c->n_sources, sizeof(struct tk_source *));
	struct tk_source *s;

	if (!list) {
		tk_segment_detach(seg);
		return -ENOMEM;
	}
	c->sources = list;
	s = tk_source_new(seg, dir, from, c->options.raw);
	if (!s)
		return -ENOMEM;
	if (!tsearch(s, &c->by_place, by_place)) {
		tk_source_free(s);
		return -ENOMEM;
	}
	s->found_dead = dead;
	list[c->n_sources++] = s;
	c->held_timers += seg->info.max_timers;
	c->held_segments++;
	assign_lanes(c, s);
	update_owner(c, s);
	return 0;
}

static bool is_dead(const struct tk_segment *seg)
{
	enum tk_owner owner = tk_segment_owner(seg);

	return owner == TK_OWNER_DEAD || owner == TK_OWNER_CLOSED;
}

/*
 * Attach to one name. Where to begin: at the newest record in lanes of a process that was there
 * before this collector, unless --oldest is given; at the oldest record in what appeared since, and
 * in the lanes of the dead, which get no more records.
 */
static void attach(struct tk_collector *c, int dirfd, const char *dir, const char *name,
		   const char *path)
{
	enum tk_lane_from from = c->options.oldest || c->scanned ? TK_LANE_OLDEST : TK_LANE_NEWEST;
	char why[TK_WHY_MAX] = "";
	struct tk_segment *seg;
	bool dead;

	seg = tk_segment_attach(dirfd, name, from, why);
	dead = seg && is_dead(seg);
	if (dead && from == TK_LANE_NEWEST) {
		tk_segment_detach(seg);
		from = TK_LANE_OLDEST;
		seg = tk_segment_attach(dirfd, name, from, why);
	}
	if (!seg) {
		refuse(c, path, errno, why[0] ? why : strerror(errno));
	} else if (!is_wanted(c, seg)) {
		tk_segment_detach(seg);
		tk_refused_give_up(&c->refused, path, c->now_ns);
	} else if (add_source(c, seg, dir, dead) < 0) {
		refuse(c, path, ENOMEM, "out of memory for its histograms and counts");
	} else if (why[0]) {
		tk_notes_add(&c->notes, "%s: %s", path, why);
	}
}

static struct tk_source *source_find(struct tk_collector *c, const char *dir, const char *name)
{
	struct tk_source wanted = { .dir = (char *)(uintptr_t)dir };
	struct tk_source **found;

	snprintf(wanted.info.name, sizeof(wanted.info.name), "%s", name);
	found = tfind(&wanted, &c->by_place, by_place);
	return found ? *found : NULL;
}

static void visit(void *arg, int dirfd, const char *dir, const char *name)
{
	struct tk_collector *c = arg;
	char path[PATH_MAX + NAME_MAX];
	struct tk_source *s;

	if (__atomic_load_n(&c->stop, __ATOMIC_RELAXED))
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (tk_refused_given_up(&c->refused, path))
		return;
	s = source_find(c, dir, name);
	if (s)
		s->listed = true;
	else if (is_full(c))
		refuse(c, path, ENOMEM, TK_READ_TOO_MANY);
	else
		attach(c, dirfd, dir, name, path);
}

static void scan_dir(struct tk_collector *c, const char *dir)
{
	char why[TK_WHY_MAX] = "";
	int err = tk_dirs_each(dir, why, visit, c);

	/* A directory that does not exist is no fault: nothing was started yet. `why` begins with
	 * its name. */
	if (err && err != -ENOENT && tk_refused_add_dir(&c->refused, dir, c->now_ns))
		tk_notes_add(&c->notes, "%s", why);
}

int tk_scan_refresh(struct tk_collector *c, struct tk_source *s)
{
	int err = tk_source_refresh(s);

	if (err)
		s->broken = true;
	if (s->why[0] || s->broken)
		tk_notes_add(&c->notes, "%s/%s: %s%s", s->dir, s->info.name,
			     s->why[0] ? s->why : strerror(-err), s->broken ? "; detached" : "");
	s->why[0] = '\0';
	return err;
}

static void look_after(struct tk_collector *c, struct tk_source *s)
{
	if (tk_scan_refresh(c, s))
		return;
	assign_lanes(c, s);
	update_owner(c, s);
}

static void forget(struct tk_collector *c, struct tk_source *s)
{
	tdelete(s, &c->by_place, by_place);
	tk_source_free(s);
}

void tk_scan_free(struct tk_collector *c)
{
	while (c->n_sources)
		forget(c, c->sources[--c->n_sources]);
	free(c->sources);
	tk_refused_free(&c->refused);
	tk_dirs_free(&c->dirs);
}

/* Free what is detached and no longer in its directory. */
static void forget_gone(struct tk_collector *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_sources; i++) {
		if (c->sources[i]->seg || c->sources[i]->listed)
			c->sources[kept++] = c->sources[i];
		else
			forget(c, c->sources[i]);
	}
	c->n_sources = kept;
	tk_refused_end_scan(&c->refused);
}

/* A number that changes when a name comes or goes in any directory. */
static uint64_t dirs_changed(const struct tk_collector *c)
{
	char why[TK_WHY_MAX];
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < c->dirs.n; i++) {
		int fd = tk_segments_open(c->dirs.path[i], why);

		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0)
			sum += (uint64_t)st.st_mtim.tv_sec * TK_SECOND_NS +
			       (uint64_t)st.st_mtim.tv_nsec;
		close(fd);
	}
	return sum;
}

bool tk_scan_peek(struct tk_collector *c)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		struct tk_source *s = c->sources[i];

		if (!s->seg || s->broken || s->left || s->ended)
			continue;
		if (tk_source_refresh(s) < 0)
			return true;
		assign_lanes(c, s);
	}
	return c->refused.making || dirs_changed(c) != c->dirs_changed;
}

void tk_scan(struct tk_collector *c)
{
	struct tk_dirs dirs;

	count_held(c);
	c->dirs_changed = dirs_changed(c);
	for (size_t i = 0; i < c->n_sources; i++)
		c->sources[i]->listed = false;
	tk_refused_begin_scan(&c->refused);
	if (tk_dirs_list(&dirs, c->options.dir) == 0) {
		for (size_t i = 0; i < dirs.n; i++)
			scan_dir(c, dirs.path[i]);
		tk_dirs_free(&c->dirs);
		c->dirs = dirs;
		forget_gone(c);
	}
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->seg && !c->sources[i]->broken && !c->sources[i]->left)
			look_after(c, c->sources[i]);
	c->scanned = true;
}
