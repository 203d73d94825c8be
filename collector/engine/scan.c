/* SPDX-License-Identifier: MIT */
/* Discovery: which directories, which segments in them, which of those are alive. See core.h. */
#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/discover/dirs.h"
#include "collector/engine/backlog.h"
#include "collector/engine/core.h"
#include "collector/engine/threads.h"
#include "collector/machine/list.h"
#include "collector/machine/printable.h"

#define UNREAD_NS (TK_SECOND_NS / 4) /* between two readings of what was left unread */

/* A name could not be attached: tell people once. */
static void refuse(struct tk_collector *c, const struct tk_watched *w, const char *path, int error,
		   const char *why)
{
	if (!tk_refused_add(&c->own.refused, path, error, c->own.now_ns, !w->listed))
		return;
	if (error == EPROTO)
		c->own.other_versions++;
	tk_notes_add(&c->own.notes, "%s: %s; skipped", path, why);
}

static bool is_wanted(const struct tk_collector *c, const struct tk_segment *seg)
{
	return (!c->options.app || !strcmp(c->options.app, seg->info.app)) &&
	       (!c->options.pid || c->options.pid == seg->info.pid);
}

/* Besides those of segments: for what is opened for a moment, such as lanes, which are then lost to
 * nobody, and for what the rest of the program has open. */
#define DESCRIPTORS_FREE 64u

/* Whether another segment might not fit. Asked before it is attached, which takes milliseconds.
 * @return 0, or an errno and `why` */
static int is_full(const struct tk_collector *c, const char **why)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };

	if (c->own.held_segments >= TK_READ_SEGMENTS ||
	    c->own.held_timers + TK_TIMERS_MAX > TK_READ_TIMERS) {
		*why = TK_READ_TOO_MANY;
		return ENOMEM;
	}
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (c->own.held_descriptors + DESCRIPTORS_FREE + c->options.descriptors < limit.rlim_cur)
		return 0;
	*why = "each segment takes two descriptors, and there are no more; raise `ulimit -Hn`, or "
	       "choose by --app or --pid";
	return EMFILE;
}

static void count_held(struct tk_collector *c)
{
	c->own.held_segments = c->own.held_timers = c->own.held_descriptors = 0;
	for (size_t i = 0; i < c->own.n_sources; i++) {
		c->own.held_descriptors +=
			c->own.sources[i]->seg || c->own.sources[i]->done ? 2 : 0;
		if (!c->own.sources[i]->seg) /* detached */
			continue;
		c->own.held_timers += c->own.sources[i]->seg->info.max_timers;
		c->own.held_segments++;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct tk_source *x = a, *y = b;
	int order = strcmp(x->info.name, y->info.name);

	return order ? order : strcmp(x->dir, y->dir);
}

static int slot_of(const struct tk_watched *w)
{
	return w->presence < 0 ? -1 : (int)w->slot;
}

/*
 * Where to begin in a segment's lanes: at the first record of what was not in this collector's
 * first listing, and lost is what is not there any more; at the oldest record of the dead, which
 * get no more, and of all where --oldest is given; else at the newest.
 */
static enum tk_lane_from begin_at(const struct tk_collector *c, bool old, bool dead)
{
	if (!old)
		return TK_LANE_FIRST;
	return c->options.oldest || dead ? TK_LANE_OLDEST : TK_LANE_NEWEST;
}

/* @return it, in the list; NULL: no memory, and the segment is detached */
static struct tk_source *new_source(struct tk_collector *c, struct tk_segment *seg, const char *dir,
				    enum tk_lane_from from)
{
	struct tk_source **list =
		tk_list_grow(c->own.sources, c->own.n_sources, sizeof(struct tk_source *));
	struct tk_source *s;

	if (!list) {
		tk_segment_detach(seg);
		return NULL;
	}
	c->own.sources = list;
	s = tk_source_new(seg, dir, from, c->options.raw);
	if (!s)
		return NULL;
	if (!tsearch(s, &c->own.by_place, by_place)) {
		tk_source_free(s);
		return NULL;
	}
	list[c->own.n_sources++] = s;
	return s;
}

/* What it recorded before is put where it was, if that can be told. */
static void set_replaying(struct tk_collector *c, struct tk_source *s)
{
	const char *hindrance = tk_backlog_hindrance(c, s->seg);

	s->replaying = !hindrance;
	if (hindrance)
		tk_notes_add(&c->own.notes,
			     "%s/%s: what it recorded before is drawn at the moment of attaching, "
			     "because %s",
			     s->dir, s->info.name, hindrance);
}

static int add_source(struct tk_collector *c, struct tk_segment *seg, const struct tk_watched *w,
		      bool old, bool dead)
{
	enum tk_lane_from from = begin_at(c, old, dead);
	struct tk_source *s = new_source(c, seg, w->path, from);

	if (!s)
		return -ENOMEM;
	s->found_dead = s->info.found_dead = dead && old;
	if (c->options.place_backlog && from == TK_LANE_OLDEST)
		set_replaying(c, s);
	s->info.dir = w->path;
	if (old && c->options.intervals_threads)
		tk_threads_begin(s, &c->shown.state.span_cost);
	c->own.held_timers += seg->info.max_timers;
	c->own.held_segments++;
	c->own.held_descriptors += 2;
	tk_source_enter(s, slot_of(w));
	tk_look_first(c, s);
	return 0;
}

/* A segment that this collector does not want is done at once, and stays marked so while it is
 * there. */
static void ignore(struct tk_collector *c, struct tk_segment *seg, const struct tk_watched *w,
		   const char *path)
{
	struct tk_source *s;

	if (slot_of(w) < 0) {
		tk_segment_detach(seg);
		tk_refused_give_up(&c->own.refused, path, c->own.now_ns);
		return;
	}
	s = new_source(c, seg, w->path, TK_LANE_NEWEST);
	if (!s)
		return;
	s->ignored = s->left = true;
	s->slot = slot_of(w);
	tk_source_detach(s);
}

static bool is_dead(const struct tk_segment *seg)
{
	enum tk_owner owner = tk_segment_owner(seg);

	return owner == TK_OWNER_DEAD || owner == TK_OWNER_CLOSED;
}

/* Whether it may have been there before this collector. */
static bool is_old(const struct tk_collector *c, const struct tk_watched *w, const char *path)
{
	return !c->options.own_dir && (!w->listed || tk_refused_is_old(&c->own.refused, path));
}

/* Attach to one name, and again from its oldest record if it turns out to be dead. */
static void attach(struct tk_collector *c, int dirfd, const struct tk_watched *w, const char *name,
		   const char *path)
{
	char why[TK_WHY_MAX] = "";
	bool old = is_old(c, w, path);
	struct tk_segment *seg = tk_segment_attach(dirfd, name, begin_at(c, old, false), why);
	bool dead = seg && is_dead(seg);

	if (dead && begin_at(c, old, true) != begin_at(c, old, false)) {
		tk_segment_detach(seg);
		seg = tk_segment_attach(dirfd, name, begin_at(c, old, true), why);
	}
	if (!seg)
		refuse(c, w, path, errno, why[0] ? why : strerror(errno));
	else if (!is_wanted(c, seg))
		ignore(c, seg, w, path);
	else if (add_source(c, seg, w, old, dead) < 0)
		refuse(c, w, path, ENOMEM, "out of memory for its histograms and counts");
	else if (why[0])
		tk_notes_add(&c->own.notes, "%s: %s", path, why);
}

static struct tk_source *source_find(struct tk_collector *c, const char *dir, const char *name)
{
	struct tk_source wanted = { .dir = (char *)(uintptr_t)dir };
	struct tk_source **found;

	snprintf(wanted.info.name, sizeof(wanted.info.name), "%s", name);
	found = tfind(&wanted, &c->own.by_place, by_place);
	return found ? *found : NULL;
}

struct visit {
	struct tk_collector *c;
	struct tk_watched *watched;
};

static void look_at_unread(struct tk_collector *c, int dirfd, const struct tk_watched *w,
			   const char *name, const char *path)
{
	char why[TK_WHY_MAX] = "";
	int err;

	if (!c->own.reads_unread || c->options.pid || !tk_unread_is(name))
		return;
	err = tk_unread_look(&c->own.unread, dirfd, path, name, !w->listed && !c->options.own_dir,
			     c->options.app, why);
	if (err)
		refuse(c, w, path, -err, why);
}

static void visit(void *arg, int dirfd, const char *dir, const char *name)
{
	const struct visit *v = arg;
	struct tk_collector *c = v->c;
	char path[PATH_MAX + NAME_MAX];
	const char *why;
	struct tk_source *s;
	int err;

	if (__atomic_load_n(&c->stop, __ATOMIC_RELAXED))
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (tk_refused_given_up(&c->own.refused, path))
		return;
	if (tk_place_is_shared(name)) {
		look_at_unread(c, dirfd, v->watched, name, path);
		return;
	}
	s = source_find(c, dir, name);
	if (s) {
		s->listed = true;
		if (s->slot != slot_of(v->watched))
			tk_source_enter(s, slot_of(v->watched));
	} else if ((err = is_full(c, &why))) {
		refuse(c, v->watched, path, err, why);
	} else {
		attach(c, dirfd, v->watched, name, path);
	}
}

/* A directory that could not be listed is not empty: what was read of it must not be taken for
 * gone, or it would be read once more. */
static void keep(struct tk_collector *c, const char *dir)
{
	for (size_t i = 0; i < c->own.n_sources; i++)
		if (!strcmp(c->own.sources[i]->dir, dir))
			c->own.sources[i]->listed = true;
}

/* What ended before this collector was present in the directory may be removed under its eyes. */
static void scan_dir(struct tk_collector *c, const char *dir)
{
	char why[TK_WHY_MAX] = "";
	struct visit v = { c, tk_watched_enter(&c->own.watched, &c->own.wake, dir, why) };
	int err;

	if (!v.watched) {
		keep(c, dir);
		return;
	}
	c->own.unwatched += !v.watched->wake;
	if (why[0])
		tk_notes_add(
			&c->own.notes,
			"%s: %s; programs there do not wait for this collector when they end, so "
			"their last records may be lost uncounted",
			dir, why);
	err = tk_dirs_each(dir, why, visit, &v);
	if (err && err != -ENOENT)
		keep(c, dir);
	v.watched->listed = v.watched->listed || !err || err == -ENOENT || err == -E2BIG;
	/* A directory that does not exist is no fault: nothing was started yet. `why` begins with
	 * its name. */
	if (err && err != -ENOENT && tk_refused_add_dir(&c->own.refused, dir, c->own.now_ns))
		tk_notes_add(&c->own.notes, "%s", why);
}

/* In a flood too many segments are left out to name each: say how many, each time it doubles. */
static void note_left_out(struct tk_collector *c)
{
	size_t n = c->own.refused.short_of;

	if (n > 1 && n >= 2 * c->own.left_out)
		tk_notes_add(&c->own.notes,
			     "%zu segments are left out, because there is no room for them; choose "
			     "by --app or --pid, or wait: they are attached when others end",
			     n);
	if (!n && c->own.left_out)
		tk_notes_add(&c->own.notes, "no segment is left out any more");
	if (!n || n >= 2 * c->own.left_out)
		c->own.left_out = n;
}

static void try_remove(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_sources; i++) {
		struct tk_source *s = c->own.sources[i];

		for (size_t k = 0; k < c->own.watched.n && s->done; k++)
			if (!strcmp(c->own.watched.list[k].path, s->dir))
				tk_source_try_remove(s, c->own.watched.list[k].presence,
						     c->options.own_dir, c->own.now_ns);
	}
}

/* What it came to is remembered for tk_collector_total(). */
static void remember(struct tk_collector *c, const struct tk_source *s)
{
	struct tk_source_figures *list;

	if (!c->options.totals || s->ignored)
		return;
	list = tk_list_grow(c->own.gone.ended, c->own.gone.n_ended, sizeof(*list));
	if (!list) {
		c->own.gone.forgotten++;
		return;
	}
	c->own.gone.ended = list;
	list[c->own.gone.n_ended++] = s->info;
}

static void forget(struct tk_collector *c, struct tk_source *s)
{
	remember(c, s);
	c->own.gone.delivered += s->info.delivered;
	c->own.gone.lost += s->info.lost;
	c->own.gone.unknown += s->info.unknown;
	tdelete(s, &c->own.by_place, by_place);
	tk_source_free(s);
}

void tk_scan_free(struct tk_collector *c)
{
	while (c->own.n_sources)
		forget(c, c->own.sources[--c->own.n_sources]);
	free(c->own.sources);
	free(c->own.gone.ended);
	tk_refused_free(&c->own.refused);
	tk_dirs_free(&c->own.dirs);
	tk_watched_free(&c->own.watched);
	tk_unread_free(&c->own.unread);
	tk_wake_close(&c->own.wake);
}

/* Free what is detached and no longer in its directory. */
static void forget_gone(struct tk_collector *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->own.n_sources; i++) {
		const struct tk_source *s = c->own.sources[i];

		if (s->seg || s->listed || !tk_source_is_reported(s))
			c->own.sources[kept++] = c->own.sources[i];
		else
			forget(c, c->own.sources[i]);
	}
	c->own.n_sources = kept;
	tk_refused_end_scan(&c->own.refused);
}

/* Root looks into every user's directory, also those that are made later. */
static void watch_shared(struct tk_collector *c)
{
	if (!c->options.dir && geteuid() == 0 && !secure_getenv("TIMEKEEPER_DIR") &&
	    !tk_wake_watch_shared(&c->own.wake))
		c->own.unwatched++;
}

void tk_scan(struct tk_collector *c)
{
	struct tk_dirs dirs;

	if (!c->own.scanned && !c->options.dir)
		tk_watched_make();
	c->own.unwatched = 0;
	watch_shared(c);
	count_held(c);
	c->own.reads_unread =
		!c->own.scanned || c->own.finish_ns || c->own.now_ns >= c->own.unread_ns;
	if (c->own.reads_unread)
		c->own.unread_ns = c->own.now_ns + UNREAD_NS;
	for (size_t i = 0; i < c->own.n_sources; i++)
		c->own.sources[i]->listed = false;
	tk_refused_begin_scan(&c->own.refused);
	if (tk_dirs_list(&dirs, c->options.dir) == 0) {
		tk_dirs_free(&c->own.dirs);
		c->own.dirs = dirs;
		tk_look_note_dirs(c);
		for (size_t i = 0; i < c->own.dirs.n; i++)
			scan_dir(c, c->own.dirs.path[i]);
		try_remove(c);
		forget_gone(c);
		note_left_out(c);
		c->own.watched.all = true;
	}
	tk_look_at_all(c);
	c->own.scanned = true;
}
