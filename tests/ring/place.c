/* SPDX-License-Identifier: MIT */
/* Names that may go to a terminal, and where things are. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/place.h"
#include "ring/segment.h"

Test(name, accepts_printable_utf8)
{
	static const char *const good[] = { "a",   "Sequencer-handle_sim", "größe", "処理",
					    "a b", "\xf0\x9f\x90\x8c" };

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_assert(tk_name_valid(good[i]), "%s", good[i]);
}

Test(name, rejects_what_could_hurt_a_terminal_or_is_not_utf8)
{
	static const char *const bad[] = {
		"",
		"a\n",
		"\033[2J",
		"a\x7f",
		"\xc2\x9b"
		"31m",
		"\xc0\xaf",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xff",
		"\xe2\x80\xae"
		"gpj.exe",
		"\xe2\x80\xa8",
		"\xef\xbb\xbf",
		"\xc3",
		"a\xe2\x82",
		"\xe2\x81\xa6x",
		"\xf3\xa0\x80\x81",
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(tk_name_valid(bad[i]), "number %u", i);
}

Test(name, length_is_in_bytes)
{
	char name[TK_NAME_MAX + 2] = { 0 };

	for (unsigned i = 0; i < TK_NAME_MAX; i++)
		name[i] = 'x';
	cr_assert(tk_name_valid(name));
	name[TK_NAME_MAX] = 'x';
	cr_assert_not(tk_name_valid(name));
}

Test(place, environment_names_the_directory)
{
	char path[PATH_MAX], expected[64];

	unsetenv("TIMEKEEPER_DIR");
	cr_assert_eq(tk_segments_dir(path, sizeof(path)), 0);
	snprintf(expected, sizeof(expected), "/dev/shm/timekeeper-%u", geteuid());
	cr_assert_str_eq(path, expected);
	setenv("TIMEKEEPER_DIR", "/somewhere", 1);
	cr_assert_eq(tk_segments_dir(path, sizeof(path)), 0);
	cr_assert_str_eq(path, "/somewhere");
	cr_assert_eq(tk_segments_dir(path, 5), -ENAMETOOLONG);
}

Test(process, knows_itself_and_nobody)
{
	char id[40];

	cr_assert_gt(tk_process_start(getpid()), 0);
	cr_assert_eq(tk_process_start(getpid()), tk_process_start(getpid()));
	cr_assert_eq(tk_process_start(INT_MAX), 0);
	tk_boot_id(id);
	cr_assert_eq(strlen(id), 36);
}

static bool count_names(void *count, int dirfd, const char *name)
{
	(void)dirfd;
	(void)name;
	++*(unsigned *)count;
	return true;
}

/* One that was removed can be opened again, and not be read. */
Test(place, a_directory_that_cannot_be_read_is_not_an_empty_one)
{
	char path[] = "/tmp/tk-test-XXXXXX";
	unsigned count = 0;
	int fd;

	cr_assert_not_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	cr_assert_eq(tk_place_each(fd, count_names, &count), 0);
	cr_assert_eq(count, 2, ". and ..");
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(tk_place_each(fd, count_names, &count), -ENOENT);
	close(fd);
}

/* Two clean up at a time, or one does and the app is started again: the second one has nothing to
 * say. */
Test(place, what_was_removed_meanwhile_is_removed)
{
	char path[] = "/tmp/tk-test-XXXXXX";
	int place, fd;

	cr_assert_not_null(mkdtemp(path));
	place = open(path, O_RDONLY | O_DIRECTORY);
	cr_assert_eq(mkdirat(place, "app.1.x", 0700), 0);
	fd = openat(place, "app.1.x", O_RDONLY | O_DIRECTORY);
	cr_assert_eq(tk_place_remove(place, "app.1.x"), 0);
	cr_assert_eq(tk_place_remove_open(place, fd, "app.1.x"), 0);
	cr_assert_eq(rmdir(path), 0);
	close(fd);
	close(place);
}
