/* SPDX-License-Identifier: MIT */
/* What processes leave that were closed or killed: what is pruned, what is spared for collectors
 * that are present, and what is counted beyond the bound. */
#include <criterion/criterion.h>

#include "tests/ring/collectors.h"

TestSuite(left, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- what is pruned ---- */

/* A collector that died left what was closed: the app's next program removes it, unless another
 * still needs it. */
Test(left, what_nobody_removed_goes_with_the_next_program)
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
Test(left, the_dead_are_spared_for_who_is_there)
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
Test(left, many_dead_go_in_the_end)
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

Test(left, beyond_the_bound_what_is_removed_is_counted)
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
Test(left, what_is_attached_is_not_counted)
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
Test(left, the_dead_beyond_the_bound_are_counted)
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

Test(left, many_add_to_one_figure)
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
Test(left, a_hostile_figure)
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
