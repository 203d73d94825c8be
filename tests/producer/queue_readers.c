/* SPDX-License-Identifier: MIT */
/*
 * Who may read lanes that are queues, and what a kill on either side leaves. Readers are processes
 * of their own, for none attaches to its own segment.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "producer/timekeeper.h"
#include "ring/guard.h"
#include "ring/segment_write.h"
#include "ring/timekeeper-rte.h"
#include "tests/producer/read_back.h"
#include "tests/producer/scratch.h"

static tk_timer_t timer;

TestSuite(readers, .init = set_up, .fini = tear_down, .timeout = 60);

static void open_with(uint32_t slots)
{
	struct tk_options o = { .slots = slots, .timers = 64, .lanes = 4, .discipline = &tk_rte };

	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
	timer = tk_timer("t");
}

static void record(unsigned n)
{
	while (n--)
		tk_record_span(timer, 1, 2, (struct tk_origin){ 0, 0 });
}

static uint64_t take(struct tk_segment *s, uint32_t lane)
{
	struct tk_slot out[TK_LANE_CHUNK];
	uint64_t taken = 0;
	size_t n;

	while (tk_lane_read(&s->lanes[lane].reader, out, &n) || n)
		taken += n;
	return taken;
}

#define CHECK(what)                                     \
	do {                                            \
		if (!(what)) {                          \
			fprintf(stderr, "%s\n", #what); \
			_exit(1);                       \
		}                                       \
	} while (0)

/* Two readers: locks belong to descriptors, so one process can be both. */
static void read_twice(pid_t pid)
{
	char why[TK_WHY_MAX] = "";
	int fd = tk_segments_open(place, why);
	struct tk_segment *first, *second, *look;

	first = attach_to(fd, pid, TK_LANE_NEWEST, why);
	CHECK(first && first->lanes[0].head && !why[0]);
	second = attach_to(fd, pid, TK_LANE_NEWEST, why);
	CHECK(second && !second->lanes[0].head && strstr(why, "another collector"));
	CHECK(tk_segment_refresh(second, why) == 0 && !why[0]);
	CHECK(!second->lanes[0].head);
	look = attach_to(fd, pid, TK_LANE_LOOK, why);
	CHECK(look && look->lanes[0].head && !why[0]);
	CHECK(look->lanes[0].reader.first - look->lanes[0].reader.size == 100);
	tk_segment_detach(look);
	CHECK(take(first, 0) == 100);
	tk_segment_detach(first);
	CHECK(tk_segment_refresh(second, why) == 0 && !why[0]);
	CHECK(second->lanes[0].head && take(second, 0) == 0);
	CHECK(second->lanes[0].reader.first - second->lanes[0].reader.size == 100);
	_exit(0);
}

static void run(void (*reader)(pid_t pid))
{
	pid_t self = getpid(), pid = fork();
	int status = -1;

	if (pid == 0)
		reader(self);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

Test(readers, has_one_reader_at_a_time)
{
	open_with(1024);
	record(100);
	run(read_twice);
}

static void read_and_be_killed(pid_t pid)
{
	char why[TK_WHY_MAX] = "";
	struct tk_segment *s = attach_to(tk_segments_open(place, why), pid, TK_LANE_NEWEST, why);
	struct tk_slot out[TK_LANE_CHUNK];
	size_t n;

	CHECK(s && tk_lane_read(&s->lanes[0].reader, out, &n) && n == TK_LANE_CHUNK);
	_exit(0); /* a process's end, however it comes, is the same to its locks */
}

Test(readers, the_next_reader_goes_on_where_a_killed_one_stopped)
{
	struct read_back *b;

	open_with(256);
	record(300);
	run(read_and_be_killed);
	record(10);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 255 - 64 + 10);
	cr_assert_eq(b->lost, 0, "what was dropped before it");
	cr_assert_eq(b->lanes[0].dropped, 45);
	cr_assert_eq(b->counted, 64 + b->delivered + 45);
}

/* A program that records when a byte comes, and says so; then waits to be killed. */
static void record_when_told(int orders, int answers)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_with(1024);
	CHECK(write(answers, "", 1) == 1 && read(orders, &byte, 1) == 1);
	record(100);
	CHECK(write(answers, "", 1) == 1);
	pause();
}

/* `timekeeper tune` looks for long: a lane that appears meanwhile is for the collector to take. */
Test(readers, a_look_takes_no_lane_that_comes_later)
{
	struct tk_segment *look, *reader;
	char why[TK_WHY_MAX] = "", byte;
	int orders[2], answers[2], fd = tk_segments_open(place, why);
	pid_t pid;

	cr_assert_eq(pipe(orders) | pipe(answers), 0);
	pid = fork();
	if (pid == 0)
		record_when_told(orders[0], answers[1]);
	cr_assert_eq(read(answers[0], &byte, 1), 1);
	look = attach_to(fd, pid, TK_LANE_LOOK, why);
	cr_assert(look && look->n_lanes == 0, "%s", why);
	cr_assert_eq(write(orders[1], "", 1), 1);
	cr_assert_eq(read(answers[0], &byte, 1), 1);
	cr_assert_eq(tk_segment_refresh(look, why), 0);
	cr_assert(look->n_lanes == 1 && look->lanes[0].head, "%s", why);
	cr_assert_eq(take(look, 0), 0);
	reader = attach_to(fd, pid, TK_LANE_NEWEST, why);
	cr_assert(reader && reader->lanes[0].head, "%s", why);
	cr_assert_eq(take(reader, 0), 100);
	tk_segment_detach(look);
	tk_segment_detach(reader);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void wait_for_what_is_removed(pid_t pid)
{
	char why[TK_WHY_MAX] = "", command[128];
	int fd = tk_segments_open(place, why);
	struct tk_segment *first = attach_to(fd, pid, TK_LANE_NEWEST, why);
	struct tk_segment *second = attach_to(fd, pid, TK_LANE_NEWEST, why);

	CHECK(first && second && !second->lanes[0].head);
	snprintf(command, sizeof(command), "rm -r %s/*", place); /* as tk_close() does */
	CHECK(system(command) == 0);
	tk_segment_detach(first);
	CHECK(tk_segment_refresh(second, why) == 0 && !why[0]);
	CHECK(!second->lanes[0].head && second->lanes[0].queue_fd < 0);
	_exit(0);
}

/* A program ends properly, and its collector with it: whoever waited has nothing to complain of. */
Test(readers, one_removed_while_its_reader_had_it_is_no_fault)
{
	open_with(1024);
	record(10);
	run(wait_for_what_is_removed);
}

Test(readers, a_killed_program_leaves_all_it_enqueued)
{
	struct read_back *b;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		open_with(1024);
		record(100);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	b = read_back(pid, place);
	cr_assert_eq(b->owner, TK_OWNER_DEAD);
	cr_assert_eq(b->delivered, 100);
}

static void read_what_is_corrupt(pid_t pid)
{
	char why[TK_WHY_MAX] = "";
	int fd = tk_segments_open(place, why);
	struct tk_segment *s = attach_to(fd, pid, TK_LANE_NEWEST, why);

	CHECK(s && s->lanes[0].head);
	*(uint32_t *)((char *)s->lanes[0].slots + s->lanes[0].info.queue.prod_tail) = 5000;
	CHECK(take(s, 0) == 0);
	CHECK(tk_segment_refresh(s, why) == 0 && strstr(why, "lane 0 is corrupt"));
	CHECK(tk_segment_refresh(s, why) == 0 && !why[0]);
	_exit(0);
}

Test(readers, a_corrupt_one_is_said_once)
{
	open_with(1024);
	record(100);
	run(read_what_is_corrupt);
}

/* The reader of a queue writes, too, into what is no longer there. */
static void read_what_is_truncated(pid_t pid)
{
	char why[TK_WHY_MAX] = "", command[128];
	int fd = tk_segments_open(place, why);
	struct tk_segment *s;

	CHECK(tk_guard_install() == 0);
	s = attach_to(fd, pid, TK_LANE_NEWEST, why);
	CHECK(s && s->lanes[0].head);
	snprintf(command, sizeof(command), "truncate -s 4096 %s/*/slots.0", place);
	CHECK(system(command) == 0);
	(void)take(s, 0);
	CHECK(tk_segment_refresh(s, why) == -EBADMSG && strstr(why, "truncated"));
	_exit(0);
}

Test(readers, may_be_truncated_under_its_reader)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		open_with(65536);
		record(300);
		run(read_what_is_truncated);
		_exit(0); /* its own memory is gone, too */
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

static void read_as_somebody_else(pid_t pid)
{
	char why[TK_WHY_MAX] = "";
	int fd = tk_segments_open(place, why);
	struct tk_segment *s;

	CHECK(setresuid(12345, 12345, 12345) == 0);
	s = attach_to(fd, pid, TK_LANE_NEWEST, why);
	CHECK(s && !s->lanes[0].head && strstr(why, "only its owner"));
	tk_segment_detach(s);
	s = attach_to(fd, pid, TK_LANE_LOOK, why);
	CHECK(s && !s->lanes[0].head && strstr(why, "only its owner"));
	tk_segment_detach(s);
	s = attach_to(fd, pid, TK_LANE_NEWEST, why);
	CHECK(s->lanes[1].head && take(s, 1) == 0);
	_exit(0);
}

/* A group may read rings; a queue would have to be written by it. */
Test(readers, a_group_is_told_that_it_may_not_read_it)
{
	struct tk_options o = { .group = true, .slots = 1024, .discipline = &tk_rte };
	struct tk_thread ring = { .discipline = &tk_broadcast };

	if (geteuid())
		cr_skip("needs root, to be somebody else");
	cr_assert_eq(chmod(place, 0755), 0);
	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
	timer = tk_timer("t");
	record(1);
	tk_leave();
	cr_assert_eq(tk_join(&ring), 0);
	run(read_as_somebody_else);
}
