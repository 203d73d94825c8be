/* SPDX-License-Identifier: MIT */
/* What programs removed unread, as a collector counts it: against sums of what was added. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "collector/discover/unread.h"
#include "tests/place.h"
#include "tests/random.h"

static struct tk_unread_apps l;
static int dir;
static char why[TK_WHY_MAX];

static void begin(void)
{
	dir = place_make_open();
}

static void end(void)
{
	tk_unread_free(&l);
	close(dir);
	cr_assert(place_remove());
}

static int look(const char *name, bool first, const char *app)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", place, name);
	return tk_unread_look(&l, dir, path, name, first, app, why);
}

Test(unread, grows_since_the_first_listing)
{
	uint64_t state = 1, processes = 0, records = 0;
	bool first = true;

	begin();
	for (unsigned i = 0; i < 500; i++) {
		const char *app = random_below(&state, 2) ? "a" : "b";
		uint64_t n = random_below(&state, UINT64_C(1) << 40);

		cr_assert_eq(tk_unread_add(dir, app, n, false), 0);
		processes += !first;
		records += first ? 0 : n;
		if (random_below(&state, 3))
			continue;
		(void)look("a.unread", first, NULL);
		(void)look("b.unread", first, NULL);
		first = false;
		cr_assert_eq(l.processes, processes);
		cr_assert_eq(l.records, records);
		cr_assert_eq(l.list[0].records + (l.n > 1 ? l.list[1].records : 0), records);
	}
	cr_assert_eq(l.n, 2);
	cr_assert_str_eq(l.list[0].name, "a.unread");
	cr_assert_str_eq(l.list[1].app, "b");
	end();
}

Test(unread, of_a_file_that_comes_later_everything)
{
	begin();
	cr_assert_eq(look("a.unread", true, NULL), -ENOENT);
	cr_assert_eq(tk_unread_add(dir, "a", 7, false), 0);
	cr_assert_eq(look("a.unread", false, NULL), 0);
	cr_assert_eq(l.processes, 1);
	cr_assert_eq(l.records, 7);
	end();
}

Test(unread, of_the_app_that_is_wanted)
{
	begin();
	cr_assert_eq(tk_unread_add(dir, "a", 7, false), 0);
	cr_assert_eq(look("a.unread", false, "b"), 0);
	cr_assert_eq(l.n, 0);
	cr_assert_eq(look("a.unread", false, "a"), 0);
	cr_assert_eq(l.records, 7);
	end();
}

/* Not a figure, one that is no figure any more, and one that began again. */
Test(unread, of_files_that_are_spoilt_nothing)
{
	struct tk_unread u = { .magic = TK_UNREAD_MAGIC, .version = TK_UNREAD_VERSION, .app = "a" };
	int fd;

	begin();
	fd = openat(dir, "a.unread", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_eq(look("a.unread", false, NULL), -EAGAIN, "it is being made");
	cr_assert_eq(pwrite(fd, "nonsense", 8, 0), 8);
	cr_assert_eq(ftruncate(fd, TK_UNREAD_SIZE), 0);
	cr_assert_eq(look("a.unread", false, NULL), -EBADMSG);
	u.records = UINT64_MAX;
	cr_assert_eq(pwrite(fd, &u, sizeof(u), 0), sizeof(u));
	cr_assert_eq(look("a.unread", false, NULL), -EBADMSG);
	u.records = 1000;
	u.processes = 2;
	cr_assert_eq(pwrite(fd, &u, sizeof(u), 0), sizeof(u));
	cr_assert_eq(look("a.unread", false, NULL), 0);
	u.records = 5;
	u.processes = 1;
	cr_assert_eq(pwrite(fd, &u, sizeof(u), 0), sizeof(u));
	cr_assert_eq(look("a.unread", false, NULL), 0);
	cr_assert_eq(l.records, 1005);
	cr_assert_eq(l.processes, 3);
	close(fd);
	end();
}

Test(unread, files_are_told_by_their_names)
{
	cr_assert(tk_unread_is("a.unread") && !tk_unread_is("collectors"));
	cr_assert(!tk_unread_is("a.unread.1.00000000"));
}
