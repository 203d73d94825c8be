/* SPDX-License-Identifier: MIT */
/* Programs that come and go in a directory of their own, and collectors that are present in it. */
#ifndef TK_TESTS_RING_COLLECTORS_H
#define TK_TESTS_RING_COLLECTORS_H

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/presence.h"
#include "ring/prune.h"
#include "ring/segment_read.h"
#include "ring/segment_write.h"
#include "ring/unread.h"
#include "tests/place.h"
#include "tests/random.h"

static char why[TK_WHY_MAX];
static int dir;

static inline void set_up(void)
{
	dir = place_make_open();
	cr_assert_geq(dir, 0);
}

static inline void tear_down(void)
{
	cr_assert(place_remove());
}

/* ---- programs ---- */

static inline void create(struct tk_segment_writer *s, const char *app, bool keep)
{
	struct tk_segment_options o = { .app = app, .max_timers = 8, .max_lanes = 2, .keep = keep };

	cr_assert_eq(tk_segment_create(s, &o, why), 0, "%s", why);
}

/* A program that has opened its segment, and closed it with so many records. */
static inline void open_and_close(const char *app, uint64_t records,
				  char name[TK_SEGMENT_NAME_MAX + 1])
{
	struct tk_segment_writer s;

	create(&s, app, false);
	strcpy(name, s.name);
	tk_segment_retire(&s, records);
	tk_segment_forget(&s);
}

/* A process that opened `n` segments, of which the files occupy so much, and was killed. */
static inline void open_and_die(const char *app, unsigned n, uint64_t bytes)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct tk_segment_options o = { .app = app, .max_timers = 8, .max_lanes = 1 };
		struct tk_segment_writer s;
		struct tk_lane_memory lane;

		for (unsigned i = 0; i < n; i++) {
			if (tk_segment_create(&s, &o, why) ||
			    tk_segment_put_lane(&s, 256, &tk_broadcast, -1, &lane, why))
				_exit(1);
			lane.counts[1] = 10;
			lane.counts[7] = 5;
			s.head->left_bytes = bytes;
		}
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, NULL, 0);
}

static inline unsigned segments(void)
{
	DIR *d = opendir(place);
	unsigned n = 0;

	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.' && !tk_place_is_shared(e->d_name);
	closedir(d);
	return n;
}

static inline bool is_there(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- collectors ---- */

struct collector {
	unsigned slot;
	int fd;
	struct tk_segment *segment;
};

static inline struct collector enter(void)
{
	struct collector c = { 0 };

	c.fd = tk_presence_enter(dir, &c.slot, why);
	cr_assert_geq(c.fd, 0, "%s", why);
	return c;
}

static inline void attach(struct collector *c, const char *name)
{
	c->segment = tk_segment_attach(dir, name, TK_LANE_FIRST, why);
	cr_assert_not_null(c->segment, "%s", why);
	cr_assert_eq(tk_segment_mark_attached(c->segment, c->slot), 0);
}

static inline void leave(struct collector *c)
{
	if (c->segment)
		tk_segment_detach(c->segment);
	c->segment = NULL;
	close(c->fd);
}

/* As seen by a program. */
static inline unsigned present(void)
{
	struct tk_lock_set set;
	bool any = tk_presence_list(dir, &set);
	unsigned n = 0;

	for (unsigned i = 0; i < TK_PRESENCE_SLOTS; i++)
		n += tk_lock_set_has(&set, i);
	cr_assert_eq(any, n > 0);
	return n;
}

/* ---- files that mean harm ---- */

static inline void make_hostile(unsigned kind, const char *path)
{
	int fd;

	switch (kind) {
	case 0:
		cr_assert_eq(symlink("/etc/passwd", path), 0);
		return;
	case 1:
		cr_assert_eq(symlink("nowhere", path), 0);
		return;
	case 2:
		cr_assert_eq(mkfifo(path, 0600), 0);
		return;
	case 3:
		cr_assert_eq(mkdir(path, 0700), 0);
		return;
	case 4:
		if (geteuid() || mknod(path, S_IFCHR | 0600, makedev(1, 5)))
			cr_assert_eq(mkfifo(path, 0600), 0);
		return;
	default:
		fd = open(path, O_CREAT | O_RDWR, 0600);
		cr_assert_eq(write(fd, path, strlen(path)), (ssize_t)strlen(path));
		cr_assert_eq(ftruncate(fd, kind == 5 ? 5 : INT64_C(1) << 40), 0);
		close(fd);
	}
}

#define REFUSED 5u /* the rest are regular files */
#define HOSTILE 7u

static inline void remove_hostile(const char *path)
{
	cr_assert_eq(remove(path), 0);
}

#endif
