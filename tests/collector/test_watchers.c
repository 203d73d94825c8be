/* SPDX-License-Identifier: MIT */
/* Lines of /proc, whatever threads are called and files are named; and this very process. */
#include "collector/machine/watchers.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/random.h"

Test(watchers, the_name_of_a_drainer_says_its_node)
{
	cr_assert_eq(tk_watchers_node_of_name("tk-drain.0"), 0);
	cr_assert_eq(tk_watchers_node_of_name("tk-drain.99999"), 99999);
	for (const char *const *bad =
		     (const char *const[]){ "", "tk-drain", "tk-drain.", "tk-drain.x",
					    "tk-drain.1x", "tk-drain.-1", "tk-drain. 1",
					    "tk-drain.1234567", "xtk-drain.1", "TK-DRAIN.1", NULL };
	     *bad; bad++)
		cr_assert_eq(tk_watchers_node_of_name(*bad), -1, "%s", *bad);
}

/* Fields 3 to 38 of a stat file. */
#define BEFORE                                                                                    \
	" S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 " \
	"32 "                                                                                     \
	"33 34 17 "

Test(watchers, the_cpu_is_field_39_whatever_the_name)
{
	cr_assert_eq(tk_watchers_stat_cpu("7 (a)" BEFORE "3 0 0"), 3);
	cr_assert_eq(tk_watchers_stat_cpu("7 (a)" BEFORE "255"), 255);
	cr_assert_eq(tk_watchers_stat_cpu("7 (a) S 1 (b) 9)" BEFORE "3 0 0"), 3);
	cr_assert_eq(tk_watchers_stat_cpu("7 (\n) \x1b[31m)" BEFORE "3 0 0"), 3);
	for (const char *const *bad =
		     (const char *const[]){ "", ")", "7 (a", "7 (a)", "7 (a) S 1 2 3",
					    "7 (a)" BEFORE, "7 (a)" BEFORE "x", "7 (a)" BEFORE "-1",
					    "7 (a)" BEFORE "99999999999999999999", NULL };
	     *bad; bad++)
		cr_assert_eq(tk_watchers_stat_cpu(*bad), -1, "%s", *bad);
}

Test(watchers, a_mapping_counts_if_it_is_shared_and_a_file)
{
	struct tk_mapping m = { .pid = 7 };

	cr_assert(tk_watchers_maps_line(
		"7f0000000000-7f0000200000 r--s 00000000 00:1a 1234567890123   "
		"/dev/shm/a/slots.0 (deleted)\n",
		&m));
	cr_assert_eq(m.pid, 7);
	cr_assert_eq(m.dev, makedev(0, 0x1a));
	cr_assert_eq(m.ino, 1234567890123);
	cr_assert(tk_watchers_maps_line("0-1 rw-s 0 fe:ff 1 ", &m));
	for (const char *const *bad =
		     (const char *const[]){ "", "\n", "x", "0-1 r--p 00000000 00:1a 12 /lib/x\n",
					    "0-1 rw-s 00000000 00:00 0 \n", "0-1 r--s",
					    "0-1 r--s 0 1 2 ", "0-1 r--s 0 1:2 ",
					    "0-1 r--s 0 1:2 3x", "r--s 0 0:1 2", NULL };
	     *bad; bad++)
		cr_assert_not(tk_watchers_maps_line(*bad, &m), "%s", *bad);
}

Test(watchers, random_text_is_no_harm)
{
	static const char some[] = "0123456789abcdef-: ()tk-drain.rws\n\x1b\xff";
	uint64_t state = 88172645463325252u;
	char text[128];

	for (int i = 0; i < 100000; i++) {
		struct tk_mapping m;
		size_t n = random_below(&state, sizeof(text) - 1);

		for (size_t k = 0; k < n; k++)
			text[k] = some[random_below(&state, sizeof(some) - 1)];
		text[n] = '\0';
		cr_assert_geq(tk_watchers_node_of_name(text), -1);
		cr_assert_geq(tk_watchers_stat_cpu(text), -1);
		(void)tk_watchers_maps_line(text, &m);
	}
}

/* A thread that is called so, in a process that has the file mapped. */
Test(watchers, those_of_the_lanes_node_are_picked)
{
	char path[] = "/dev/shm/tk-test-XXXXXX";
	int fd = mkstemp(path);
	struct tk_watchers w;
	struct stat st;
	size_t mine = 0;

	cr_assert(fd >= 0 && ftruncate(fd, 4096) == 0 && fstat(fd, &st) == 0);
	unlink(path);
	cr_assert_neq(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	prctl(PR_SET_NAME, "tk-drain.3");
	cr_assert_eq(tk_watchers_find(&w), 0);
	while (mine < w.n && w.list[mine].pid != (uint32_t)getpid())
		mine++;
	cr_assert_lt(mine, w.n);
	cr_assert_eq(w.list[mine].tid, (uint32_t)gettid());
	cr_assert_eq(w.list[mine].drains, 3);
	cr_assert_geq(w.list[mine].cpu, 0);
	tk_watchers_pick(&w, st.st_dev, st.st_ino, 3);
	cr_assert(w.list[mine].picked);
	tk_watchers_pick(&w, st.st_dev, st.st_ino, 0);
	cr_assert(w.list[mine].picked, "there is none of that node: whoever there is");
	tk_watchers_pick(&w, st.st_dev, st.st_ino + 1, 3);
	cr_assert_not(w.list[mine].picked, "another file");
	tk_watchers_free(&w);
}

Test(watchers, a_thread_that_is_gone_runs_nowhere)
{
	cr_assert_geq(tk_watchers_thread_cpu((uint32_t)getpid(), (uint32_t)gettid()), 0);
	cr_assert_eq(tk_watchers_thread_cpu((uint32_t)getpid(), 0), -1);
	cr_assert_eq(tk_watchers_thread_cpu(UINT32_MAX, UINT32_MAX), -1);
}
