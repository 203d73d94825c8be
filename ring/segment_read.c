/* SPDX-License-Identifier: MIT */
#include "ring/segment_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/lane_attach.h"
#include "ring/place_read.h"
#include "ring/presence.h"
#include "ring/test_point.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

#define FLOOR_MAX 1000000u /* ticks: no empty span takes longer */

static int check_head(const struct tk_segment_head *h, char why[TK_WHY_MAX])
{
	if (h->magic == 0 || h->state == TK_SEGMENT_MAKING)
		return tk_fail(why, EAGAIN, "it is still being made");
	if (h->magic != TK_SEGMENT_MAGIC)
		return tk_fail(why, EBADMSG, "it is not a segment (no magic number in `head`)");
	if (h->version < TK_SEGMENT_OLDEST || h->version > TK_SEGMENT_VERSION)
		return tk_fail(
			why, EPROTO,
			"its format is version %u and this program reads version %u: use the "
			"timekeeper that came with the watched program's library",
			h->version, TK_SEGMENT_VERSION);
	if (h->max_timers == 0 || h->max_timers > TK_TIMERS_MAX || h->max_lanes == 0 ||
	    h->max_lanes > TK_LANES_MAX || h->n_timers > h->max_timers ||
	    h->n_lanes > h->max_lanes || h->clock > TK_CLOCK_MONOTONIC ||
	    h->state > TK_SEGMENT_CLOSED || memchr(h->boot_id, 0, sizeof(h->boot_id)) == NULL ||
	    memchr(h->app, 0, sizeof(h->app)) == NULL || !tk_name_valid(h->app))
		return tk_fail(why, EBADMSG, "its head is corrupt (a field is out of range)");
	for (unsigned i = 0; i < TK_STAMPS; i++) {
		if (h->floor[i] > FLOOR_MAX)
			return tk_fail(why, EBADMSG, "its head is corrupt (an empty span's cost)");
	}
	return 0;
}

/* Read and check what is said of timers [from, to). A name that may not be shown is
 * replaced. */
static int read_timers(struct tk_segment *s, uint32_t from, uint32_t to, char why[TK_WHY_MAX])
{
	int ret = tk_place_read(s->headfd, &s->timers[from], (to - from) * sizeof(s->timers[0]),
				(off_t)(TK_SEGMENT_TIMERS + from * sizeof(s->timers[0])));

	if (ret)
		return tk_fail(why, EBADMSG, "its table of timers is truncated");
	for (uint32_t i = from; i < to; i++) {
		struct tk_segment_timer *t = &s->timers[i];

		if (!memchr(t->name, 0, sizeof(t->name)) || !tk_name_valid(t->name))
			snprintf(t->name, sizeof(t->name), "(unprintable #%u)", i);
		if (t->stamp >= TK_STAMPS)
			t->stamp = TK_STAMP_HAND;
		if (t->sort != TK_TIMER_VALUES)
			t->sort = TK_TIMER_SPANS;
		if (t->sort == TK_TIMER_SPANS || !memchr(t->unit, 0, sizeof(t->unit)) ||
		    !tk_unit_valid(t->unit))
			memset(t->unit, 0, sizeof(t->unit));
	}
	return 0;
}

/* One that is read, or waits for its reader. */
static bool is_queue(const struct tk_segment_lane *lane)
{
	return lane->queue_fd >= 0 ||
	       (lane->head && lane->info.discipline != TK_DISCIPLINE_BROADCAST);
}

/* Others may give back what was short. */
static bool is_short(int ret)
{
	return ret == -EMFILE || ret == -ENFILE || ret == -ENOMEM || ret == -ENOSPC;
}

/* A lane for which something was short is tried again by the next refresh, and told of once. One
 * that cannot be attached for another reason stays empty: its head is NULL. */
static void attach_lanes(struct tk_segment *s, char why[TK_WHY_MAX])
{
	char reason[TK_WHY_MAX];

	while (s->n_lanes < s->info.n_lanes) {
		int ret;

		reason[0] = '\0';
		ret = tk_lane_attach(s, s->n_lanes, s->from, reason);
		if (reason[0] && !(is_short(ret) && s->was_short))
			memcpy(why, reason, sizeof(reason));
		s->was_short = is_short(ret);
		if (s->was_short)
			return;
		s->n_queues += is_queue(&s->lanes[s->n_lanes]);
		s->n_lanes++;
	}
}

int tk_segment_refresh(struct tk_segment *s, char why[TK_WHY_MAX])
{
	struct tk_segment_head h;
	uint32_t timers = s->info.n_timers;

	why[0] = '\0';
	if (s->bad)
		return tk_fail(why, EBADMSG, "it was truncated while it was being read");
	if (tk_place_read(s->headfd, &h, sizeof(h), 0))
		return tk_fail(why, EBADMSG, "its head was truncated");
	if (check_head(&h, why))
		return -EBADMSG;
	if (h.max_timers != s->info.max_timers || h.max_lanes != s->info.max_lanes ||
	    h.n_timers < timers || h.n_lanes < s->n_lanes)
		return tk_fail(why, EBADMSG, "its tables shrank");
	s->info = h;
	s->info.n_timers = timers;
	if (h.n_timers > timers) {
		if (read_timers(s, timers, h.n_timers, why))
			return -EBADMSG;
		s->info.n_timers = h.n_timers;
	}
	if (s->n_queues)
		tk_lane_look_after_queues(s, why);
	attach_lanes(s, why);
	return 0;
}

uint32_t tk_segment_timers_now(const struct tk_segment *s, uint32_t max)
{
	uint32_t n;

	if (tk_place_read(s->headfd, &n, sizeof(n), offsetof(struct tk_segment_head, n_timers)))
		return 0;
	return n < max ? n : max;
}

bool tk_segment_has_values(const struct tk_segment *s, uint32_t timer)
{
	uint32_t sort;

	return tk_place_read(s->headfd, &sort, sizeof(sort),
			     (off_t)(TK_SEGMENT_TIMERS + timer * sizeof(s->timers[0]) +
				     offsetof(struct tk_segment_timer, sort))) == 0 &&
	       sort == TK_TIMER_VALUES;
}

/* Open the descriptors and read the head. The first refresh reads the tables and attaches the
 * lanes. */
static int open_segment(struct tk_segment *s, int dirfd, char why[TK_WHY_MAX])
{
	struct stat dir, st = { 0 };
	int ret;

	s->dirfd = tk_place_open_segment(dirfd, s->name, &dir, why);
	if (s->dirfd < 0)
		return s->dirfd;
	s->headfd = tk_place_open_file(s->dirfd, "head", O_RDONLY, dir.st_uid, &st, why);
	if (s->headfd < 0)
		return s->headfd;
	TK_TEST_POINT("attach.head");
	if (st.st_size == 0)
		return tk_fail(why, EAGAIN, "it is still being made");
	if (tk_place_read(s->headfd, &s->info, sizeof(s->info), 0))
		return tk_fail(why, EBADMSG, "it is not a segment (`head` is too short)");
	TK_TEST_POINT("attach.read");
	s->uid = dir.st_uid;
	ret = check_head(&s->info, why);
	if (ret)
		return ret;
	if ((uint64_t)st.st_size != tk_place_head_size(s->info.max_timers))
		return tk_fail(why, EBADMSG, "its head is truncated");
	s->timers = calloc(s->info.max_timers, sizeof(s->timers[0]));
	s->lanes = calloc(s->info.max_lanes, sizeof(s->lanes[0]));
	if (!s->timers || !s->lanes)
		return tk_fail(why, ENOMEM, "out of memory");
	s->info.n_timers = 0;
	return 0;
}

/* The rules of tk_name_valid(), for a longer name. */
static bool may_be_shown(const char *name)
{
	char part[TK_NAME_MAX + 1];

	while (*name) {
		size_t n = strnlen(name, TK_NAME_MAX);

		/* Cut it between two characters. */
		while (n && ((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
		memcpy(part, name, n);
		part[n] = '\0';
		if (!tk_name_valid(part))
			return false;
		name += n;
	}
	return true;
}

/* Of an older version: whether its process ended. What a newer one means by its locks is not
 * known. */
static bool has_ended(const struct tk_segment *s)
{
	const struct tk_segment_head *h = &s->info;
	enum tk_owner owner;

	if (h->magic != TK_SEGMENT_MAGIC || h->version > TK_SEGMENT_VERSION ||
	    h->state == TK_SEGMENT_MAKING || !memchr(h->boot_id, 0, sizeof(h->boot_id)))
		return false;
	owner = tk_owner_of(s->headfd, h);
	return owner == TK_OWNER_DEAD || owner == TK_OWNER_CLOSED;
}

/* A segment that ended, and that cannot be read: who only looks sees it without timers and
 * lanes. */
static int look_at_remains(struct tk_segment *s, char why[TK_WHY_MAX])
{
	uint32_t state = s->info.state == TK_SEGMENT_CLOSED ? TK_SEGMENT_CLOSED : TK_SEGMENT_MAKING;

	if (!s->looks)
		return tk_fail(why, EBADMSG, "its process died while it made it, or removed it");
	memset(&s->info, 0, sizeof(s->info));
	s->info.state = state;
	s->info.version = TK_SEGMENT_VERSION;
	s->info.pid = (uint32_t)tk_place_pid(s->name);
	why[0] = '\0';
	return 0;
}

/* Not readable, but perhaps to be removed. `error` is why it is not. */
static int try_remains(struct tk_segment *s, int error, char why[TK_WHY_MAX])
{
	if (s->dirfd < 0)
		return error;
	if (error == -EPROTO && s->looks && has_ended(s))
		return look_at_remains(s, why);
	if ((error == -EAGAIN || error == -ENOENT) &&
	    tk_owner_abandoned(s->dirfd, s->headfd, s->name))
		return look_at_remains(s, why);
	return error;
}

struct tk_segment *tk_segment_attach(int dirfd, const char *name, enum tk_lane_from from,
				     char why[TK_WHY_MAX])
{
	struct tk_segment *s;
	int ret;

	if (name[0] == '.' || strchr(name, '/') || strlen(name) > TK_SEGMENT_NAME_MAX ||
	    !may_be_shown(name)) {
		(void)tk_fail(why, EBADMSG, "its name is not a segment's");
		errno = EBADMSG;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		(void)tk_fail(why, ENOMEM, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	memcpy(s->name, name, strlen(name) + 1);
	s->dirfd = s->headfd = -1;
	s->from = from;
	s->looks = from == TK_LANE_LOOK;
	ret = open_segment(s, dirfd, why);
	ret = ret ? try_remains(s, ret, why) : tk_segment_refresh(s, why);
	if (ret) {
		tk_segment_detach(s);
		errno = -ret;
		return NULL;
	}
	s->from = TK_LANE_FIRST; /* for lanes that appear from now on */
	return s;
}

/* Files that are sparse or too short were refused, so nothing is allocated; before Linux 5.14 the
 * kernel does not know how, and the first turn of the ring faults. */
void tk_segment_fault_in(const struct tk_segment *s, uint32_t lane)
{
	const struct tk_segment_lane *l = &s->lanes[lane];

	(void)madvise((void *)(uintptr_t)l->head, l->head_size, MADV_POPULATE_READ);
	(void)madvise(l->slots, l->slots_size, MADV_POPULATE_READ);
}

uint64_t tk_segment_pushed(const struct tk_segment *s, uint32_t timer)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const char *head = (const char *)s->lanes[i].head;

		if (!head || timer >= s->lanes[i].info.max_timers)
			continue;
		/* Only a hostile writer's counts add up to more than fits. */
		if (__builtin_add_overflow(
			    sum,
			    __atomic_load_n((const uint64_t *)(head + TK_LANE_COUNTS) + timer,
					    __ATOMIC_RELAXED),
			    &sum))
			return UINT64_MAX;
	}
	return sum;
}

void tk_segment_release_lanes(struct tk_segment *s)
{
	for (uint32_t i = 0; i < s->n_lanes; i++)
		tk_lane_detach(&s->lanes[i]);
	free(s->lanes);
	free(s->timers);
	s->lanes = NULL;
	s->timers = NULL;
	s->n_lanes = 0;
}

void tk_segment_detach(struct tk_segment *s)
{
	tk_segment_release_lanes(s);
	if (s->headfd >= 0)
		close(s->headfd);
	if (s->dirfd >= 0)
		close(s->dirfd);
	free(s);
}

int tk_segment_open_control(const struct tk_segment *s, int access)
{
	char why[TK_WHY_MAX];
	struct stat st;

	return tk_place_open_file(s->dirfd, "control", access, s->uid, &st, why);
}

void tk_segment_disabled(const struct tk_segment *s, uint8_t *disabled)
{
	int fd = tk_segment_open_control(s, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : pread(fd, disabled, s->info.n_timers, 0);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		n = 0;
	memset(disabled + n, 0, s->info.n_timers - (size_t)n);
}

enum tk_owner tk_segment_owner(const struct tk_segment *s)
{
	return tk_owner_of(s->headfd, &s->info);
}

int tk_segment_mark_attached(const struct tk_segment *s, unsigned slot)
{
	return tk_lock_take(s->headfd, F_RDLCK, TK_SEGMENT_ATTACHED + (off_t)slot, 1);
}

int tk_segment_mark_done(const struct tk_segment *s, unsigned slot)
{
	return tk_lock_take(s->headfd, F_RDLCK, TK_SEGMENT_DONE + (off_t)slot, 1);
}

int tk_segment_remove(const struct tk_segment *s, int place)
{
	return tk_place_remove_open(place, s->dirfd, s->name);
}

static bool may_be_removed(const struct tk_segment *s, bool even_kept)
{
	struct tk_segment_head head;

	if (tk_place_read(s->headfd, &head, sizeof(head), 0))
		return false;
	if (even_kept && tk_owner_of(s->headfd, &head) == TK_OWNER_DEAD)
		return true;
	return head.state == TK_SEGMENT_CLOSED && (even_kept || !head.keep);
}

int tk_segment_remove_if_done(const struct tk_segment *s, int place, int presence, bool even_kept)
{
	struct tk_lock_set others;
	int ret;

	if (!may_be_removed(s, even_kept))
		return 0;
	tk_lock_list(presence, F_RDLCK, 0, &others);
	if (tk_presence_needs(&others, s->headfd))
		return 0;
	ret = tk_segment_remove(s, place);
	return ret ? ret : 1;
}
