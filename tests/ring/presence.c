/* SPDX-License-Identifier: MIT */
/* Collectors that are present, what is left for them, and who removes it. Locks belong to open file
 * descriptions, so several collectors can live in one process here; those that die are
 * processes. */
#include <criterion/criterion.h>

#include "tests/ring/collectors.h"

TestSuite(presence, .init = set_up, .fini = tear_down, .timeout = 60);

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
