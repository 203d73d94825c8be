/* SPDX-License-Identifier: MIT */
/* Readers of everything in a directory, and what they make of each record. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ring/presence.h"
#include "tests/kill/kill.h"

/* ---- one record ---- */

static void note_gap(struct seen *s, uint64_t first, uint64_t last)
{
	if (s->n_gaps == GAPS)
		memmove(&s->gaps[0], &s->gaps[1], --s->n_gaps * sizeof(s->gaps[0]));
	s->gaps[s->n_gaps].first = first;
	s->gaps[s->n_gaps++].last = last;
}

/* A late one, out of a gap, which it splits. */
static bool in_a_gap(struct seen *s, uint64_t n)
{
	for (uint32_t i = 0; i < s->n_gaps; i++) {
		uint64_t first = s->gaps[i].first, last = s->gaps[i].last;

		if (n < first || n > last)
			continue;
		s->n_gaps--;
		memmove(&s->gaps[i], &s->gaps[i + 1], (s->n_gaps - i) * sizeof(s->gaps[0]));
		if (n > first)
			note_gap(s, first, n - 1);
		if (n < last)
			note_gap(s, n + 1, last);
		return true;
	}
	return false;
}

/* In order within a thread, but for what a handler delayed; none twice. */
static bool is_new(const struct plan *p, struct seen *s, uint64_t n)
{
	if (n <= s->last)
		return p->handlers && in_a_gap(s, n);
	if (n > s->last + 1)
		note_gap(s, s->last + 1, n - 1);
	s->last = n;
	return true;
}

static void take(const struct watcher *w, const struct watched *seg, uint32_t lane,
		 const struct tk_slot *record)
{
	struct tally *t = seg->tally;
	uint32_t segment, stream;
	uint64_t n;

	if (!number_of(record, w->plan->salt, &segment, &stream, &n))
		t->torn++;
	else if (segment != seg->number || stream >= STREAMS)
		t->foreign++;
	else if (!is_new(w->plan, &t->seen[lane][stream], n))
		t->twice++;
	t->delivered[lane]++;
}

/* ---- segments ---- */

static void drain(const struct watcher *w, const struct watched *seg)
{
	struct tk_slot out[TK_LANE_CHUNK];

	for (uint32_t i = 0; i < seg->segment->n_lanes && i < LANES; i++) {
		struct tk_segment_lane *lane = &seg->segment->lanes[i];
		size_t n = 0, taken = 0;
		bool more = lane->head != NULL;

		while (more && taken < 100000) { /* others want to be looked at, too */
			more = tk_lane_read(&lane->reader, out, &n);
			for (size_t k = 0; k < n; k++)
				take(w, seg, i, &out[k]);
			taken += n;
		}
	}
}

static bool known(const struct watcher *w, const char *name)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (!strcmp(w->watched[i].name, name))
			return true;
	return false;
}

static void attach(struct watcher *w, const char *name)
{
	struct watched *seg = &w->watched[w->n];
	char why[TK_WHY_MAX];
	struct tk_segment *s;

	if (w->n == SEGMENTS || known(w, name))
		return;
	s = tk_segment_attach(w->dirfd, name, w->from, why);
	if (!s)
		return;
	seg->segment = s;
	seg->number = (uint32_t)(s->info.app[7] - '0');
	seg->tally = &w->tallies[seg->number % SEGMENTS];
	memcpy(seg->name, name, strlen(name) + 1);
	w->n++;
	if (w->presence)
		(void)tk_segment_mark_attached(s, w->slot);
}

static void scan(struct watcher *w)
{
	int fd = openat(w->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !tk_place_is_shared(entry->d_name))
			attach(w, entry->d_name);
	if (dir)
		closedir(dir);
}

static void look_again(struct watcher *w)
{
	char why[TK_WHY_MAX];

	scan(w);
	for (uint32_t i = 0; i < w->n; i++)
		(void)tk_segment_refresh(w->watched[i].segment, why);
}

void watch(struct watcher *w)
{
	look_again(w);
	for (uint32_t i = 0; i < w->n; i++)
		drain(w, &w->watched[i]);
}

static bool at_the_end(const struct watched *seg)
{
	for (uint32_t i = 0; i < seg->segment->n_lanes; i++) {
		const struct tk_segment_lane *lane = &seg->segment->lanes[i];

		if (lane->head && (lane->reader.next != lane->reader.end || lane->reader.n_pending))
			return false;
	}
	return true;
}

bool watch_to_the_end(struct watcher *w)
{
	uint32_t ended = 0;

	look_again(w);
	for (uint32_t i = 0; i < w->n; i++) {
		struct tk_segment *s = w->watched[i].segment;

		for (uint32_t k = 0; k < s->n_lanes; k++)
			if (s->lanes[k].head)
				tk_lane_reader_end(&s->lanes[k].reader);
		for (unsigned tries = 0; tries < 100 && !at_the_end(&w->watched[i]); tries++)
			drain(w, &w->watched[i]);
		ended += at_the_end(&w->watched[i]);
	}
	return ended == w->n;
}

void watch_no_more(struct watcher *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		tk_segment_detach(w->watched[i].segment);
	w->n = 0;
	if (w->presence)
		close(w->presence);
	w->presence = 0;
}

bool watch_presently(struct watcher *w)
{
	char why[TK_WHY_MAX];

	if (!w->plan->present)
		return true;
	w->presence = tk_presence_enter(w->dirfd, &w->slot, why);
	if (w->presence >= 0)
		return true;
	w->presence = 0;
	return false;
}

bool watch_removes(struct watcher *w, char why[200])
{
	for (uint32_t i = 0; w->presence && i < w->n; i++) {
		const struct tk_segment *s = w->watched[i].segment;
		bool closed = tk_segment_owner(s) == TK_OWNER_CLOSED;
		int ret;

		if (tk_segment_mark_done(s, w->slot))
			return fail(why, "cannot say that it is done");
		ret = tk_segment_remove_if_done(s, w->dirfd, w->presence, false);
		if (ret != (closed && !w->plan->keeps))
			return fail(why, "%s: closed %d, kept %d, and removed %d", s->name, closed,
				    w->plan->keeps, ret);
		if (ret && faccessat(w->dirfd, s->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return fail(why, "%s: is there yet", s->name);
	}
	return true;
}

/* ---- a process that watches ---- */

void collector(const struct plan *p, struct page *page, int dirfd, struct reader_page *r)
{
	struct watcher w = {
		.plan = p,
		.dirfd = dirfd,
		.from = p->newest ? TK_LANE_NEWEST : TK_LANE_OLDEST,
		.tallies = p->queue ? page->queue : r->tallies,
	};

	if (!watch_presently(&w))
		_exit(1);
	while (!__atomic_load_n(&r->finish, __ATOMIC_ACQUIRE)) {
		watch(&w);
		if (w.n)
			__atomic_store_n(&r->attached, true, __ATOMIC_RELAXED);
		usleep(20);
	}
	r->good = watch_to_the_end(&w) ? accounted(&w, page, r->why)
				       : fail(r->why, "a reader does not come to its end");
	_exit(0);
}
