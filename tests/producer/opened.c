/* SPDX-License-Identifier: MIT */
/* Several parts of a process that open and close, each for itself; and children that inherit it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/producer/read_back.h"
#include "tests/producer/scratch.h"
#include "tests/random.h"

TestSuite(opened, .init = set_up, .fini = tear_down, .timeout = 60);

static const struct tk_options small = { .slots = 4096, .timers = 64, .lanes = 16 };

static void record(unsigned n)
{
	tk_timer_t timer = tk_timer("t");

	while (n--)
		tk_stop(timer, tk_start(timer));
	tk_flush();
}

/* What this process's segment holds; -1: it has none. */
static long held(void)
{
	const struct read_back *b = read_back(getpid(), place);

	return b->segments == 1 ? (long)b->counted : -1;
}

Test(opened, the_last_close_closes)
{
	cr_assert_eq(tk_open("a", &small), 0);
	record(10);
	cr_assert_eq(tk_open("b", NULL), 0);
	record(10);
	tk_close();
	record(10);
	cr_assert_eq(held(), 30);
	cr_assert_str_eq(read_back(getpid(), place)->head.app, "a");
	tk_close();
	cr_assert_eq(held(), -1);
	tk_close(); /* one too many undoes nothing */
	cr_assert_eq(tk_open("b", &small), 0);
	record(10);
	cr_assert_eq(held(), 10);
	cr_assert_str_eq(read_back(getpid(), place)->head.app, "b");
}

Test(opened, a_failed_open_is_not_counted)
{
	const struct tk_options bad = { .slots = 3 };

	cr_assert_eq(tk_open("", &small), -EINVAL);
	cr_assert_eq(tk_open("a", &small), 0);
	cr_assert_eq(tk_open("b", &bad), -EINVAL);
	cr_assert_eq(tk_open(NULL, NULL), -EINVAL);
	record(10);
	cr_assert_eq(held(), 10, "a failed open closed it");
	tk_close();
	cr_assert_eq(held(), -1, "a failed open was counted");
}

/* A case differs in one thing; tk_why() has to name that and no other. */
Test(opened, what_differs_is_named)
{
	static const char *const words[] = { "app \"first\" instead of \"second\"",
					     "timers 64 instead of 65",
					     "lanes 16 instead of 17",
					     "slots 4096 instead of 65536",
					     "timebase",
					     "group 0 instead of 1",
					     "keep 0 instead of 1" };
	struct tk_options first = small, asked[7];

	first.timebase = system_clock() ? TK_TIMEBASE_SYSTEM : TK_TIMEBASE_COUNTER;
	for (int i = 0; i < 7; i++)
		asked[i] = first;
	asked[1].timers = 65;
	asked[2].lanes = 17;
	asked[3].slots = 0;
	asked[4].timebase = 1 - first.timebase;
	asked[5].group = true;
	asked[6].keep = true;
	cr_assert_eq(tk_open("first", &first), 0);
	cr_assert_eq(tk_open("first", &first), 0);
	cr_assert_str_eq(tk_why(), "");
	for (int i = 0; i < 7; i++) {
		cr_assert_eq(tk_open(i ? "first" : "second", &asked[i]), 0);
		for (int j = 0; j < 7; j++)
			cr_assert_eq(strstr(tk_why(), words[j]) != NULL, i == j, "%d, %d: %s", i, j,
				     tk_why());
	}
	record(1);
	for (int i = 0; i < 9; i++) {
		cr_assert_eq(held(), 1);
		tk_close();
	}
	cr_assert_eq(held(), -1);
}

/* The longest names, and everything else different: cut, and whole text all the same. */
Test(opened, much_that_differs_fits)
{
	char a[TK_NAME_MAX + 1], b[TK_NAME_MAX + 1];
	const struct tk_options o = { .slots = 256, .timers = 65536, .lanes = 4096, .keep = true };

	memset(a, 'a', TK_NAME_MAX);
	memset(b, 'b', TK_NAME_MAX);
	a[TK_NAME_MAX] = b[TK_NAME_MAX] = 0;
	cr_assert_eq(tk_open(a, &small), 0);
	cr_assert_eq(tk_open(b, &o), 0);
	cr_assert(strstr(tk_why(), a) && strstr(tk_why(), b) && strlen(tk_why()) < 256);
}

/* Opens that succeed and fail, and closes, at random: there is a segment while the count is above
 * 0. */
Test(opened, as_counted_by_hand)
{
	uint64_t random = 15;
	unsigned count = 0;

	for (unsigned i = 0; i < 300; i++) {
		switch (random_below(&random, 5)) {
		case 0:
		case 1:
			cr_assert_eq(tk_open("app", &small), 0, "%s", tk_why());
			count++;
			break;
		case 2:
			cr_assert_eq(tk_open("", NULL), -EINVAL);
			break;
		default:
			tk_close();
			count -= count > 0;
		}
		cr_assert_eq(held() >= 0, count > 0, "step %u", i);
	}
	while (count--)
		tk_close();
}

static void wait_for(pid_t pid)
{
	int status = -1;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "the child ended with %x", status);
}

Test(opened, exit_closes_whatever_the_count_is)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			if (tk_open("app", &small))
				_exit(1);
		record(10);
		exit(held() != 10);
	}
	wait_for(pid);
	cr_assert_eq(read_back(pid, place)->segments, 0);
}

/* Checks in a child of Criterion's child: it exits, and so tells. */
static void check(bool good, int line)
{
	if (good)
		return;
	fprintf(stderr, "line %d: %s\n", line, tk_why());
	_exit(1);
}
#define CHECK(x) check(x, __LINE__)

Test(opened, a_child_inherits_the_count)
{
	pid_t pid;

	cr_assert_eq(tk_open("a", &small), 0);
	cr_assert_eq(tk_open("b", &small), 0);
	record(5);
	pid = fork();
	if (pid == 0) {
		record(10);
		CHECK(held() == 10);
		tk_close();
		record(10);
		CHECK(held() == 20);
		tk_close();
		CHECK(held() == -1);
		_exit(0);
	}
	wait_for(pid);
	cr_assert_eq(held(), 5);
}

Test(opened, a_child_that_opens_has_its_parents_name_until_it_closes)
{
	pid_t pid;

	cr_assert_eq(tk_open("parent", &small), 0);
	pid = fork();
	if (pid == 0) {
		CHECK(tk_open("", NULL) == -EINVAL); /* not counted, and closes nothing */
		CHECK(tk_open("child", NULL) == 0);
		CHECK(strstr(tk_why(), "\"parent\" instead of \"child\"") != NULL);
		record(10);
		tk_close();
		CHECK(held() == 10 && !strcmp(read_back(getpid(), place)->head.app, "parent"));
		tk_close();
		CHECK(held() == -1);
		CHECK(tk_open("child", &small) == 0);
		record(10);
		CHECK(held() == 10 && !strcmp(read_back(getpid(), place)->head.app, "child"));
		tk_close();
		CHECK(held() == -1);
		_exit(0);
	}
	wait_for(pid);
}

/* The parent's floor, measured once, is the child's, too. */
Test(opened, a_child_inherits_the_floor)
{
	uint32_t floor[TK_STAMPS];
	pid_t pid;

	cr_assert_eq(tk_open("parent", &small), 0);
	memcpy(floor, read_back(getpid(), place)->head.floor, sizeof(floor));
	pid = fork();
	if (pid == 0) {
		record(1);
		CHECK(memcmp(floor, read_back(getpid(), place)->head.floor, sizeof(floor)) == 0);
		_exit(0);
	}
	wait_for(pid);
}

/* A library that opens, records and closes again and again, as one does that is used now and
 * then. */
static void *use_now_and_then(void *failed)
{
	for (unsigned i = 0; i < 200; i++) {
		if (tk_open("library", NULL))
			*(bool *)failed = true;
		record(10);
		tk_close();
	}
	return NULL;
}

Test(opened, libraries_on_other_threads_take_nothing_from_who_is_open)
{
	pthread_t thread[3];
	bool failed[3] = { false };

	cr_assert_eq(tk_open("program", &small), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, use_now_and_then, &failed[i]), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		cr_assert_not(failed[i]);
	}
	cr_assert_eq(held(), 3 * 200 * 10);
}
