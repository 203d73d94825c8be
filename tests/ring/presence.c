/* SPDX-License-Identifier: MIT */
/* Collectors that are present, what is left for them, and who removes it. Locks belong to open file
 * descriptions, so several collectors can live in one process here; those that die are
 * processes. */
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

static void set_up(void)
{
	dir = place_make_open();
	cr_assert_geq(dir, 0);
}

static void tear_down(void)
{
	cr_assert(place_remove());
}

TestSuite(presence, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- programs ---- */

static void create(struct tk_segment_writer *s, const char *app, bool keep)
{
	struct tk_segment_options o = { .app = app, .max_timers = 8, .max_lanes = 2, .keep = keep };

	cr_assert_eq(tk_segment_create(s, &o, why), 0, "%s", why);
}

/* A program that has opened its segment, and closed it with so many records. */
static void open_and_close(const char *app, uint64_t records, char name[TK_SEGMENT_NAME_MAX + 1])
{
	struct tk_segment_writer s;

	create(&s, app, false);
	strcpy(name, s.name);
	tk_segment_retire(&s, records);
	tk_segment_forget(&s);
}

/* A process that opened `n` segments, of which the files occupy so much, and was killed. */
static void open_and_die(const char *app, unsigned n, uint64_t bytes)
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

static unsigned segments(void)
{
	DIR *d = opendir(place);
	unsigned n = 0;

	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.' && !tk_place_is_shared(e->d_name);
	closedir(d);
	return n;
}

static bool is_there(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- collectors ---- */

struct collector {
	unsigned slot;
	int fd;
	struct tk_segment *segment;
};

static struct collector enter(void)
{
	struct collector c = { 0 };

	c.fd = tk_presence_enter(dir, &c.slot, why);
	cr_assert_geq(c.fd, 0, "%s", why);
	return c;
}

static void attach(struct collector *c, const char *name)
{
	c->segment = tk_segment_attach(dir, name, TK_LANE_FIRST, why);
	cr_assert_not_null(c->segment, "%s", why);
	cr_assert_eq(tk_segment_mark_attached(c->segment, c->slot), 0);
}

static void leave(struct collector *c)
{
	if (c->segment)
		tk_segment_detach(c->segment);
	c->segment = NULL;
	close(c->fd);
}

/* As seen by a program. */
static unsigned present(void)
{
	struct tk_lock_set set;
	bool any = tk_presence_list(dir, &set);
	unsigned n = 0;

	for (unsigned i = 0; i < TK_PRESENCE_SLOTS; i++)
		n += tk_lock_set_has(&set, i);
	cr_assert_eq(any, n > 0);
	return n;
}

/* ---- locks ---- */

/* Whatever is locked, in whatever pieces, is listed; a model holds a bit for each byte. */
Test(presence, what_is_locked_is_listed)
{
	int fd[8];
	char path[128];
	uint64_t r = 1;

	snprintf(path, sizeof(path), "%s/file", place);
	close(open(path, O_CREAT | O_RDWR, 0600));
	for (unsigned round = 0; round < 300; round++) {
		bool reads[3 * TK_LOCK_SET] = { 0 }, writes[3 * TK_LOCK_SET] = { 0 };
		struct tk_lock_set set;
		int looker = open(path, O_RDWR);

		for (unsigned i = 0; i < 8; i++) {
			off_t first = (off_t)random_below(&r, 3 * TK_LOCK_SET);
			off_t n = (off_t)random_below(&r, round % 2 ? 4 : 400);
			bool write = random_below(&r, 2);

			fd[i] = open(path, O_RDWR);
			if (tk_lock_take(fd[i], write ? F_WRLCK : F_RDLCK, first, n))
				continue;
			for (off_t k = first; k < 3 * TK_LOCK_SET && (n == 0 || k < first + n); k++)
				(write ? writes : reads)[k] = true;
		}
		for (unsigned first = 0; first < 3 * TK_LOCK_SET; first += TK_LOCK_SET) {
			tk_lock_list(looker, F_RDLCK, first, &set);
			for (unsigned i = 0; i < TK_LOCK_SET; i++)
				cr_assert_eq(tk_lock_set_has(&set, i), writes[first + i]);
			tk_lock_list(looker, F_WRLCK, first, &set);
			for (unsigned i = 0; i < TK_LOCK_SET; i++)
				cr_assert_eq(tk_lock_set_has(&set, i),
					     writes[first + i] || reads[first + i]);
		}
		for (unsigned i = 0; i < 8; i++)
			close(fd[i]);
		close(looker);
	}
}

/* ---- slots ---- */

Test(presence, each_has_a_slot_of_its_own_and_the_lowest_is_taken)
{
	struct collector c[TK_PRESENCE_SLOTS], again;
	unsigned none;

	cr_assert_eq(present(), 0);
	for (unsigned i = 0; i < TK_PRESENCE_SLOTS; i++) {
		c[i] = enter();
		cr_assert_eq(c[i].slot, i);
	}
	cr_assert_eq(present(), TK_PRESENCE_SLOTS);
	cr_assert_eq(tk_presence_enter(dir, &none, why), -EUSERS);
	cr_assert_gt(strlen(why), 10);
	leave(&c[7]);
	leave(&c[200]);
	cr_assert_eq(present(), TK_PRESENCE_SLOTS - 2);
	again = enter();
	cr_assert_eq(again.slot, 7);
	again = enter();
	cr_assert_eq(again.slot, 200);
}

/* However a collector ends, it is present no more; stopped it still is. */
Test(presence, ends_with_the_collector)
{
	int ready[2];
	char byte;
	pid_t pid;

	for (unsigned how = 0; how < 3; how++) {
		cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			struct collector c;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			c = enter();
			cr_assert_eq(write(ready[1], &c.slot, 1), 1);
			if (how == 1)
				_exit(0);
			if (how == 2)
				execlp("sleep", "sleep", "1000", NULL);
			for (;;)
				pause();
		}
		cr_assert_eq(read(ready[0], &byte, 1), 1);
		close(ready[1]);
		if (how == 0) {
			kill(pid, SIGSTOP);
			waitpid(pid, NULL, WUNTRACED);
			cr_assert_eq(present(), 1);
			kill(pid, SIGKILL);
		}
		if (how == 2)
			cr_assert_eq(read(ready[0], &byte, 1), 0, "it has called exec");
		else
			waitpid(pid, NULL, 0);
		/* exec closes one descriptor after another. */
		for (unsigned i = 0; i < 20000 && present(); i++)
			usleep(1000);
		cr_expect_eq(present(), 0);
		kill(pid, SIGKILL);
		close(ready[0]);
	}
}

static void make_hostile(unsigned kind, const char *path)
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

static void remove_hostile(const char *path)
{
	cr_assert_eq(remove(path), 0);
}

/* Whatever bears the name, nobody hangs, follows it or waits for it. */
Test(presence, a_hostile_file_of_collectors)
{
	char path[128], name[TK_SEGMENT_NAME_MAX + 1];
	unsigned slot;

	snprintf(path, sizeof(path), "%s/%s", place, TK_PLACE_COLLECTORS);
	for (unsigned kind = 0; kind < HOSTILE; kind++) {
		int fd;

		make_hostile(kind, path);
		fd = tk_presence_enter(dir, &slot, why);
		cr_expect_eq(fd >= 0, kind >= REFUSED, "kind %u: %s", kind, why);
		cr_expect_eq(present(), kind >= REFUSED);
		open_and_close("app", 1, name);
		cr_expect_eq(is_there(name), kind >= REFUSED, "kind %u", kind);
		if (fd >= 0)
			close(fd);
		remove_hostile(path);
		open_and_close("app", 1, name);
		cr_expect_eq(segments(), 0, "kind %u", kind);
		remove_hostile(path);
	}
	/* Another user's is not believed. */
	if (geteuid() == 0) {
		int fd = open(path, O_CREAT | O_RDWR, 0666);

		unlink(path);
		close(fd);
		fd = open(path, O_CREAT | O_RDWR, 0666);
		cr_assert_eq(fchown(fd, 65534, (gid_t)-1), 0);
		cr_assert_eq(tk_lock_take(fd, F_WRLCK, 0, 0), 0);
		cr_expect_eq(tk_presence_enter(dir, &slot, why), -EBADMSG);
		cr_expect_eq(present(), 0);
		close(fd);
	}
}

/* Who may only read the file cannot keep programs' files from being removed. */
Test(presence, a_read_lock_is_nobody)
{
	struct collector c = enter();
	char path[128], name[TK_SEGMENT_NAME_MAX + 1];
	int fd;

	leave(&c);
	snprintf(path, sizeof(path), "%s/%s", place, TK_PLACE_COLLECTORS);
	fd = open(path, O_RDONLY);
	cr_assert_eq(tk_lock_take(fd, F_RDLCK, 0, 0), 0);
	cr_assert_eq(present(), 0);
	open_and_close("app", 1, name);
	cr_assert_eq(segments(), 0);
}

/* In a directory of somebody else's nothing is made. */
Test(presence, another_users_directory)
{
	unsigned slot;

	if (geteuid())
		cr_skip_test("not root");
	cr_assert_eq(chown(place, 65534, (gid_t)-1), 0);
	cr_assert_eq(tk_presence_enter(dir, &slot, why), -ENOENT);
	cr_assert_not(is_there(TK_PLACE_COLLECTORS));
}

/* ---- what is closed ---- */

Test(presence, with_nobody_there_it_goes_at_once)
{
	char name[TK_SEGMENT_NAME_MAX + 1];

	open_and_close("app", 1, name);
	cr_assert_eq(segments(), 0);
	cr_assert(is_there(TK_PLACE_COLLECTORS), "for the collectors to come");
}

Test(presence, the_last_one_that_is_done_removes_it)
{
	struct collector a = enter(), b = enter();
	char name[TK_SEGMENT_NAME_MAX + 1];

	open_and_close("app", 12, name);
	cr_assert(is_there(name));
	attach(&a, name);
	attach(&b, name);
	cr_assert_eq(tk_segment_owner(a.segment), TK_OWNER_CLOSED);
	cr_assert_eq(a.segment->info.left_records, 12);
	cr_assert_eq(tk_segment_mark_done(a.segment, a.slot), 0);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(tk_segment_remove_if_done(a.segment, dir, a.fd, false), 0);
	cr_assert(is_there(name));
	cr_assert_eq(tk_segment_mark_done(b.segment, b.slot), 0);
	cr_assert_eq(tk_segment_remove_if_done(b.segment, dir, b.fd, false), 1);
	cr_assert_not(is_there(name));
	/* Somebody else was quicker. */
	cr_assert_eq(tk_segment_remove_if_done(a.segment, dir, a.fd, false), 1);
}

/* Not one that lives, nor one that was killed, nor one that is to be kept. */
Test(presence, nothing_else_is_removed)
{
	struct collector c = enter();
	struct tk_segment_writer s;

	create(&s, "alive", false);
	attach(&c, s.name);
	cr_assert_eq(tk_segment_mark_done(c.segment, c.slot), 0);
	cr_assert_eq(tk_segment_remove_if_done(c.segment, dir, c.fd, false), 0);
	s.lock = NULL; /* as good as dead */
	cr_assert_eq(tk_segment_remove_if_done(c.segment, dir, c.fd, false), 0);
	tk_segment_detach(c.segment);
	create(&s, "kept", true);
	tk_segment_retire(&s, 0);
	attach(&c, s.name);
	cr_assert_eq(tk_segment_mark_done(c.segment, c.slot), 0);
	cr_assert_eq(tk_segment_remove_if_done(c.segment, dir, c.fd, false), 0);
	cr_assert_eq(segments(), 2);
}

/* A collector that dies is not waited for; one that is stopped is. */
Test(presence, who_dies_is_not_waited_for)
{
	struct collector a = enter();
	char name[TK_SEGMENT_NAME_MAX + 1], byte;
	int ready[2];
	pid_t pid;

	cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct collector b;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(a.fd); /* a's lock would live on in here */
		b = enter();
		if (write(ready[1], &b.slot, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	cr_assert_eq(present(), 2);
	open_and_close("app", 1, name);
	attach(&a, name);
	cr_assert_eq(tk_segment_mark_done(a.segment, a.slot), 0);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	cr_assert_eq(tk_segment_remove_if_done(a.segment, dir, a.fd, false), 0);
	cr_assert(is_there(name));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_assert_eq(tk_segment_remove_if_done(a.segment, dir, a.fd, false), 1);
	cr_assert_not(is_there(name));
}

/* A slot that is taken again begins anew: what its last holder had read means nothing. */
Test(presence, a_slot_inherits_nothing)
{
	struct collector a = enter(), b;
	char name[TK_SEGMENT_NAME_MAX + 1];

	open_and_close("app", 1, name);
	attach(&a, name);
	cr_assert_eq(tk_segment_mark_done(a.segment, a.slot), 0);
	leave(&a);
	a = enter();
	b = enter();
	cr_assert_eq(a.slot, 0);
	attach(&b, name);
	cr_assert_eq(tk_segment_mark_done(b.segment, b.slot), 0);
	cr_assert_eq(tk_segment_remove_if_done(b.segment, dir, b.fd, false), 0);
}

/* Many collectors, in random order, some of which leave: removed exactly once all that are there
 * are done. */
Test(presence, in_any_order)
{
	uint64_t r = 7;

	for (unsigned round = 0; round < 100; round++) {
		struct collector c[6];
		bool done[6] = { 0 }, gone[6] = { 0 };
		char name[TK_SEGMENT_NAME_MAX + 1];
		bool removed = false;

		for (unsigned i = 0; i < 6; i++)
			c[i] = enter();
		open_and_close("app", 1, name);
		for (unsigned i = 0; i < 6; i++)
			attach(&c[i], name);
		while (!removed) {
			unsigned i = (unsigned)random_below(&r, 6);
			bool all = true;

			if (gone[i])
				continue;
			if (random_below(&r, 4) == 0 && i) {
				leave(&c[i]);
				gone[i] = true;
				continue;
			}
			cr_assert_eq(tk_segment_mark_done(c[i].segment, c[i].slot), 0);
			done[i] = true;
			for (unsigned k = 0; k < 6; k++)
				all = all && (done[k] || gone[k]);
			removed = tk_segment_remove_if_done(c[i].segment, dir, c[i].fd, false) == 1;
			cr_assert_eq(removed, all);
			cr_assert_eq(is_there(name), !all);
		}
		for (unsigned i = 0; i < 6; i++)
			if (!gone[i])
				leave(&c[i]);
	}
}

/* ---- what is pruned ---- */

/* A collector that died left what was closed: the app's next program removes it, unless another
 * still needs it. */
Test(presence, what_nobody_removed_goes_with_the_next_program)
{
	struct collector a = enter(), b = enter();
	char first[TK_SEGMENT_NAME_MAX + 1], second[TK_SEGMENT_NAME_MAX + 1];
	struct tk_segment_writer s;

	open_and_close("app", 1, first);
	open_and_close("app", 1, second);
	leave(&a);
	attach(&b, first);
	cr_assert_eq(tk_segment_mark_done(b.segment, b.slot), 0);
	create(&s, "app", false);
	cr_assert_not(is_there(first), "all that are there are done with it");
	cr_assert(is_there(second));
	leave(&b);
	create(&s, "ap", false);
	cr_assert(is_there(second), "another app's");
	create(&s, "app", false);
	cr_assert_not(is_there(second));
}

/* Four of the dead stay, as ever; the others as long as somebody needs them. */
Test(presence, the_dead_are_spared_for_who_is_there)
{
	struct collector c = enter();
	struct tk_segment_writer s;

	open_and_die("app", 20, 4096);
	create(&s, "app", false);
	cr_assert_eq(segments(), 21);
	leave(&c);
	create(&s, "app", false);
	cr_assert_eq(segments(), TK_DEAD_KEPT + 2);
}

/* So many that not all are looked at: it takes a few openings, and living ones do not hide them. */
Test(presence, many_dead_go_in_the_end)
{
	struct tk_segment_writer s;
	unsigned opened = 0;

	open_and_die("app", 700, 4096);
	while (segments() > TK_DEAD_KEPT + opened && opened < 50) {
		create(&s, "app", false);
		opened++;
	}
	cr_assert_lt(opened, 50);
}

/* ---- the bound, and what is beyond it ---- */

static struct tk_unread figure(const char *name)
{
	struct tk_unread u = { 0 };
	int ret = tk_unread_read(dir, name, &u, why);

	cr_assert(ret == 0 || ret == -ENOENT, "%s", why);
	return u;
}

/* As the last, but with so many bytes of files. */
static void close_with(const char *app, uint64_t records, uint64_t bytes,
		       char name[TK_SEGMENT_NAME_MAX + 1])
{
	struct tk_segment_writer s;

	create(&s, app, false);
	strcpy(name, s.name);
	s.head->left_bytes = bytes;
	tk_segment_retire(&s, records);
	tk_segment_forget(&s);
}

Test(presence, beyond_the_bound_what_is_removed_is_counted)
{
	struct collector c = enter();
	char name[8][TK_SEGMENT_NAME_MAX + 1];
	struct tk_unread u;

	for (unsigned i = 0; i < 8; i++)
		close_with(i % 2 ? "a/b" : "other", 100 + i, TK_UNREAD_BYTES / 3, name[i]);
	cr_assert_eq(segments(), 3);
	for (unsigned i = 0; i < 8; i++)
		cr_assert_eq(is_there(name[i]), i < 3);
	u = figure("a_b.unread");
	cr_assert_str_eq(u.app, "a/b");
	cr_assert_eq(u.processes, 3);
	cr_assert_eq(u.records, 103 + 105 + 107);
	u = figure("other.unread");
	cr_assert_eq(u.processes, 2);
	cr_assert_eq(u.records, 104 + 106);
	/* Room again. */
	attach(&c, name[0]);
	cr_assert_eq(tk_segment_mark_done(c.segment, c.slot), 0);
	cr_assert_eq(tk_segment_remove_if_done(c.segment, dir, c.fd, false), 1);
	close_with("other", 1, TK_UNREAD_BYTES / 3, name[0]);
	cr_assert(is_there(name[0]));
	cr_assert_eq(figure("other.unread").processes, 2);
}

/* Who has it attached can tell from its head; what all have read is no loss at all. */
Test(presence, what_is_attached_is_not_counted)
{
	struct collector c = enter();
	char name[TK_SEGMENT_NAME_MAX + 1];
	struct tk_segment_writer s;
	struct tk_segment_head head;

	close_with("app", 1, 2 * TK_UNREAD_BYTES, name);
	cr_assert_not(is_there(name), "alone it is too much already");
	cr_assert_eq(figure("app.unread").records, 1);
	create(&s, "app", false);
	attach(&c, s.name);
	s.head->left_bytes = 2 * TK_UNREAD_BYTES;
	tk_segment_retire(&s, 77);
	cr_assert_not(is_there(s.name));
	cr_assert_eq(figure("app.unread").records, 1);
	cr_assert_eq(tk_place_read(c.segment->headfd, &head, sizeof(head), 0), 0);
	cr_assert_eq(head.left_records, 77);
	cr_assert_eq(head.state, TK_SEGMENT_CLOSED);
}

/* Of the dead the newest four stay all the same. */
Test(presence, the_dead_beyond_the_bound_are_counted)
{
	struct collector c = enter();
	struct tk_segment_writer s;
	struct tk_unread u;

	open_and_die("app", 10, TK_UNREAD_BYTES / 7);
	create(&s, "app", false);
	/* Two were removed; then the bound was kept. */
	cr_assert_eq(segments(), 1 + 7);
	u = figure("app.unread");
	cr_assert_eq(u.processes, 3);
	cr_assert_eq(u.records, 3 * 15);
	open_and_die("app", 3, TK_UNREAD_BYTES);
	create(&s, "app", false);
	cr_assert_eq(segments(), 2 + TK_DEAD_KEPT);
	u = figure("app.unread");
	cr_assert_eq(u.processes, 9);
	cr_assert_eq(u.records, 9 * 15);
	leave(&c);
}

Test(presence, many_add_to_one_figure)
{
	for (unsigned i = 0; i < 20; i++)
		if (fork() == 0) {
			for (unsigned k = 0; k < 200; k++)
				if (tk_unread_add(dir, "app", 3, i % 2))
					_exit(1);
			_exit(0);
		}
	for (unsigned i = 0; i < 20; i++) {
		int status;

		cr_assert_gt(wait(&status), 0);
		cr_assert_eq(status, 0);
	}
	cr_assert_eq(figure("app.unread").processes, 4000);
	cr_assert_eq(figure("app.unread").records, 12000);
}

/* Whatever bears its name, no program hangs, dies, or writes elsewhere; nobody reads it. */
Test(presence, a_hostile_figure)
{
	struct tk_unread u, big = { .magic = TK_UNREAD_MAGIC, .version = TK_UNREAD_VERSION };
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/app.unread", place);
	for (unsigned kind = 0; kind < HOSTILE; kind++) {
		make_hostile(kind, path);
		cr_expect_lt(tk_unread_add(dir, "app", 1, true), 0, "kind %u", kind);
		cr_expect_lt(tk_unread_read(dir, "app.unread", &u, why), 0, "kind %u", kind);
		remove_hostile(path);
	}
	/* Half made: whoever comes next finishes it. */
	for (off_t size = 0; size <= TK_UNREAD_SIZE; size += 1024) {
		fd = open(path, O_CREAT | O_RDWR, 0600);
		cr_assert_eq(ftruncate(fd, size), 0);
		cr_expect_eq(tk_unread_read(dir, "app.unread", &u, why), -EAGAIN);
		cr_expect_eq(tk_unread_add(dir, "app", 5, false), 0);
		cr_expect_eq(figure("app.unread").records, 5);
		close(fd);
		unlink(path);
	}
	fd = open(path, O_CREAT | O_RDWR, 0600);
	memset(big.app, 'x', sizeof(big.app)); /* without its end */
	cr_assert_eq(write(fd, &big, sizeof(big)), (ssize_t)sizeof(big));
	cr_expect_eq(tk_unread_read(dir, "app.unread", &u, why), -EBADMSG);
	cr_assert_eq(pwrite(fd, "\033[2J", 5, offsetof(struct tk_unread, app)), 5);
	cr_expect_eq(tk_unread_read(dir, "app.unread", &u, why), -EBADMSG);
	close(fd);
}

/* ---- the names ---- */

Test(presence, its_files_are_no_segments)
{
	cr_assert(tk_place_is_shared("collectors"));
	cr_assert(tk_place_is_shared("app.unread"));
	cr_assert(tk_place_is_shared("a.1.unread"));
	cr_assert_not(tk_place_is_shared("collectors.1.00000000"));
	cr_assert_not(tk_place_is_shared("x.unread.1.00000000"));
	cr_assert_not(tk_place_is_shared("unread"));
}
