/* SPDX-License-Identifier: MIT */
/* What crashes leave behind: the newest of an app's dead stay, older ones go, and nothing else
 * does. Every owner is a process, and those that die are killed. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/prune.h"
#include "ring/segment_write.h"
#include "tests/place.h"

#define OTHERS 8

static void set_up(void)
{
	cr_assert(place_make());
}

static void tear_down(void)
{
	cr_assert(place_remove());
}

TestSuite(prune, .init = set_up, .fini = tear_down, .timeout = 60);

enum end { WAITS, CLOSES_DESCRIPTORS, RETIRES };

/* A process that opens a segment of `app`, does something to it, and waits to be killed. */
static pid_t open_segment(const char *app, enum end end, char name[TK_SEGMENT_NAME_MAX + 1])
{
	struct tk_segment_options o = { .app = app, .max_timers = 8, .max_lanes = 1, .keep = true };
	struct tk_segment_writer s;
	char why[TK_WHY_MAX];
	int answer[2];
	pid_t pid;

	cr_assert_eq(pipe(answer), 0);
	pid = fork();
	if (pid == 0) {
		if (tk_segment_create(&s, &o, why))
			_exit(1);
		if (end == CLOSES_DESCRIPTORS)
			for (int fd = 3; fd < 64; fd++)
				if (fd != answer[1])
					close(fd);
		if (end == RETIRES)
			tk_segment_retire(&s, 0);
		if (write(answer[1], s.name, sizeof(s.name)) != sizeof(s.name))
			_exit(1);
		for (;;)
			pause();
	}
	close(answer[1]);
	cr_assert_eq(read(answer[0], name, TK_SEGMENT_NAME_MAX + 1), TK_SEGMENT_NAME_MAX + 1);
	close(answer[0]);
	return pid;
}

static void end_it(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool is_there(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s/head", place, name);
	return access(path, F_OK) == 0;
}

static unsigned directories(void)
{
	DIR *d = opendir(place);
	unsigned n = 0;

	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.' && !tk_place_is_shared(e->d_name);
	closedir(d);
	return n;
}

Test(prune, a_host_that_crashes_again_and_again_keeps_its_newest)
{
	char names[20][TK_SEGMENT_NAME_MAX + 1];

	for (unsigned i = 0; i < 20; i++)
		end_it(open_segment("app", WAITS, names[i]));
	/* The last to open removed all but four of those before it. */
	cr_assert_eq(directories(), TK_DEAD_KEPT + 1);
	for (unsigned i = 0; i < 20; i++)
		cr_assert_eq(is_there(names[i]), i >= 20 - TK_DEAD_KEPT - 1, "number %u", i);
}

Test(prune, nothing_else_goes)
{
	static const struct {
		const char *app;
		enum end end;
		bool killed;
	} others[OTHERS] = {
		{ "app", WAITS, false },              /* alive */
		{ "app", CLOSES_DESCRIPTORS, false }, /* lives, without a descriptor */
		{ "app", RETIRES, true },             /* closed its segment, and kept it */
		{ "app", RETIRES, false },            /* the same, and it lives */
		{ "app2", WAITS, true },              /* another app */
		{ "ap", WAITS, true },                /* and others with like names */
		{ "app.1", WAITS, true },
		{ "a/pp", WAITS, true },
	};
	char names[OTHERS][TK_SEGMENT_NAME_MAX + 1], name[TK_SEGMENT_NAME_MAX + 1], path[4096];
	pid_t pids[OTHERS];

	for (unsigned i = 0; i < OTHERS; i++) {
		pids[i] = open_segment(others[i].app, others[i].end, names[i]);
		if (others[i].killed)
			end_it(pids[i]);
	}
	/* Nor what is no segment, or is still being made. */
	snprintf(path, sizeof(path), "%s/app.1.00000000", place);
	cr_assert_eq(mkdir(path, 0700), 0);
	for (unsigned i = 0; i < 3 * TK_DEAD_KEPT; i++)
		end_it(open_segment("app", WAITS, name));
	for (unsigned i = 0; i < OTHERS; i++) {
		cr_expect(is_there(names[i]), "number %u", i);
		if (!others[i].killed)
			end_it(pids[i]);
	}
	cr_assert_eq(access(path, F_OK), 0);
	cr_assert_eq(directories(), OTHERS + 1 + TK_DEAD_KEPT + 1);
}

/* A link in the place of a dead segment is not followed. */
Test(prune, stays_in_its_directory)
{
	char name[TK_SEGMENT_NAME_MAX + 1], from[4096], to[256];
	char outside[] = "/dev/shm/tk-test-outside-XXXXXX";

	cr_assert_not_null(mkdtemp(outside));
	end_it(open_segment("app", WAITS, name));
	snprintf(from, sizeof(from), "%s/%s", place, name);
	snprintf(to, sizeof(to), "%s/dead", outside);
	cr_assert_eq(rename(from, to), 0);
	cr_assert_eq(symlink(to, from), 0);
	for (unsigned i = 0; i < 2 * TK_DEAD_KEPT; i++)
		end_it(open_segment("app", WAITS, name));
	snprintf(from, sizeof(from), "%s/head", to);
	cr_expect_eq(access(from, F_OK), 0);
	snprintf(from, sizeof(from), "rm -rf %s", outside);
	cr_assert_eq(system(from), 0);
}
