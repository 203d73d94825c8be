/* SPDX-License-Identifier: MIT */
/*
 * The library on lanes that are queues, where it differs from rings: what comes in the middle of an
 * enqueue, which lanes a thread gets, who may read, and what a kill on either side leaves.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
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

TestSuite(queue, .init = set_up, .fini = tear_down, .timeout = 60);

static void record(unsigned n)
{
	while (n--)
		tk_record_span(timer, 1, 2, (struct tk_origin){ 0, 0 });
}

/* tk_rte, interrupted by a handler in the middle of every enqueue that `interrupt` is set for. */
static void (*interrupt)(void);

static bool push(void *memory, const struct tk_slot *slot)
{
	void (*now)(void) = interrupt;

	interrupt = NULL;
	if (now)
		now();
	return tk_rte.push(memory, slot);
}

static struct tk_discipline interrupted;

static void open_with(uint32_t slots)
{
	struct tk_options o = {
		.slots = slots, .timers = 64, .lanes = 4, .discipline = &interrupted
	};

	interrupted = tk_rte;
	interrupted.push = push;
	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
	timer = tk_timer("t");
}

/* ---- in the middle of an enqueue ---- */

static void record_five(void)
{
	record(5);
}

Test(queue, what_a_handler_records_then_is_dropped_and_counted)
{
	struct read_back *b;

	open_with(1024);
	record(10);
	interrupt = record_five;
	record(10);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 20);
	cr_assert_eq(b->lanes[0].dropped, 5);
	cr_assert_eq(b->counted, 25);
	cr_assert_eq(b->lanes[0].published, 1024 + 25);
}

static void close_open_and_record(void)
{
	tk_close();
	open_with(1024);
	record(3);
}

/* The lane stays until the enqueue is over, and is not touched again. */
Test(queue, no_lane_changes_under_an_enqueue)
{
	struct read_back *b;

	open_with(65536);
	record(10);
	interrupt = close_open_and_record;
	record(1);
	record(10);
	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->n_lanes, 1);
	cr_assert_eq(b->delivered, 10);
	cr_assert_eq(b->counted, 10);
	cr_assert_eq(b->lanes[0].dropped, 0);
}

static void close_and_join(void)
{
	tk_close();
	cr_assert_lt(tk_join(NULL), 0);
}

/* What was begun in a lane ends in it, though the writer is in none by then. */
Test(queue, a_join_in_vain_under_an_enqueue)
{
	struct read_back *b;

	open_with(256);
	record(255);
	interrupt = close_and_join;
	record(1); /* dropped, in a lane that is closed */
	record(10);
	open_with(256);
	cr_assert_eq(tk_join(NULL), 0, "%s", tk_why());
	record(3);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 3);
	cr_assert_eq(b->lanes[0].dropped, 0);
}

static void join_anew(void)
{
	tk_close();
	open_with(256);
	cr_assert_eq(tk_join(NULL), 0, "%s", tk_why());
}

Test(queue, a_drop_is_counted_in_the_lane_that_was_full)
{
	struct read_back *b;

	open_with(256);
	record(255);
	interrupt = join_anew;
	record(1);
	record(10);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 10);
	cr_assert_eq(b->lanes[0].dropped, 0);
	cr_assert_eq(b->counted, 10);
	cr_assert_eq(b->lanes[0].published, 256 + 10);
}

static pid_t child;

static void fork_and_record(void)
{
	child = fork();
	record(3);
}

/* The child returns into the enqueue too, which must go into a copy. */
Test(queue, a_fork_under_an_enqueue)
{
	struct read_back *b;
	int status = -1;

	open_with(1024);
	record(10);
	interrupt = fork_and_record;
	record(1);
	record(20);
	if (child == 0)
		_exit(tk_self.head >> TK_HEAD_SHIFT == 1024 + 20 ? 0 : 1);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 31);
	cr_assert_eq(b->lanes[0].dropped, 3);
	cr_assert_eq(b->counted, 34);
}

static sigjmp_buf back;

/* The first index of this thread's lane: where the next record is claimed. */
static uint32_t *prod_head(void)
{
	const struct tk_lane_memory *m = tk_self.lane; /* the first of its fields */

	return (uint32_t *)((char *)m->slots + m->head->queue.prod_tail - 4);
}

/* Out of an enqueue that has claimed its slot. */
static void jump(void)
{
	++*prod_head();
	siglongjmp(back, 1);
}

static void abandon_an_enqueue(void)
{
	if (sigsetjmp(back, 0) == 0) {
		interrupt = jump;
		record(1);
	}
}

/* It shuts the lane for 65,535 pushes, all counted; then the claim it left is repaired. */
Test(queue, an_abandoned_enqueue_does_not_hold_for_ever)
{
	struct read_back *b;

	open_with(1024);
	record(10);
	abandon_an_enqueue();
	record(65535);
	record(20);
	b = read_back(getpid(), place);
	cr_assert_eq(b->lanes[0].dropped, 65535);
	cr_assert_eq(b->delivered, 30);
	cr_assert_eq(b->counted, 65535 + 30);
}

Test(queue, leaving_ends_an_abandoned_enqueue)
{
	struct read_back *b;

	open_with(1024);
	record(10);
	abandon_an_enqueue();
	tk_leave();
	record(20);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 1);
	cr_assert_eq(b->lanes[0].dropped, 0);
	cr_assert_eq(b->delivered, 30);
}

/* A handler changed lanes between the claim and the turn. */
Test(queue, a_turn_that_finds_itself_in_a_ring)
{
	struct tk_thread ring = { .discipline = &tk_broadcast };
	__typeof__(tk_self.turn) turn;
	struct read_back *b;
	uint64_t head;

	open_with(1024);
	record(10);
	turn = tk_self.turn;
	head = tk_lane_claim(&tk_self);
	tk_leave();
	cr_assert_eq(tk_join(&ring), 0, "%s", tk_why());
	turn(&tk_self, head, 1 << 16, tk_record_meta(tk_meta_timer(timer), 0, TK_STAMP_HAND), 1, 0);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 11);
	cr_assert_eq(b->lanes[1].published, 1024);
	cr_assert_eq(tk_self.head >> TK_HEAD_SHIFT, 1024 + 1);
}

/* ---- which lane ---- */

Test(queue, a_thread_may_choose_another_discipline)
{
	struct tk_thread ring = { .discipline = &tk_broadcast };
	struct read_back *b;

	open_with(1024);
	record(10);
	tk_leave();
	cr_assert_eq(tk_join(&ring), 0, "%s", tk_why());
	record(2000);
	tk_leave();
	record(3); /* and back, into the first */
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 2);
	cr_assert_eq(b->lanes[0].discipline, TK_DISCIPLINE_RTE);
	cr_assert_eq(b->lanes[1].discipline, TK_DISCIPLINE_BROADCAST);
	cr_assert_eq(b->delivered, 13 + 1024);
	cr_assert_eq(b->lanes[1].dropped, 0);
}

static void *record_one(void *unused)
{
	(void)unused;
	record(1);
	return NULL;
}

/* A thread that ends in an enqueue: the next owner of its lane repairs it. */
Test(queue, a_claim_left_behind_is_repaired_for_the_next_owner)
{
	uint32_t *claimed;
	pthread_t thread;
	struct read_back *b;

	open_with(1024);
	record(1);
	claimed = prod_head();
	cr_assert_eq(*claimed, 1);
	tk_leave();
	*claimed = 2;
	pthread_create(&thread, NULL, record_one, NULL);
	pthread_join(thread, NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 1);
	cr_assert_eq(b->delivered, 2);
}

/* ---- readers: processes of their own, for none attaches to its own segment ---- */

static struct tk_segment *attach(int dirfd, pid_t pid, enum tk_lane_from from, char why[TK_WHY_MAX])
{
	DIR *dir = fdopendir(dup(dirfd));
	struct tk_segment *s = NULL;
	struct dirent *entry;
	char wanted[32];

	snprintf(wanted, sizeof(wanted), ".%d.", pid);
	rewinddir(dir);
	while (!s && (entry = readdir(dir)))
		if (strstr(entry->d_name, wanted))
			s = tk_segment_attach(dirfd, entry->d_name, from, why);
	closedir(dir);
	return s;
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

	first = attach(fd, pid, TK_LANE_NEWEST, why);
	CHECK(first && first->lanes[0].head && !why[0]);
	second = attach(fd, pid, TK_LANE_NEWEST, why);
	CHECK(second && !second->lanes[0].head && strstr(why, "another collector"));
	CHECK(tk_segment_refresh(second, why) == 0 && !why[0]);
	CHECK(!second->lanes[0].head);
	look = attach(fd, pid, TK_LANE_LOOK, why);
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

Test(queue, has_one_reader_at_a_time)
{
	open_with(1024);
	record(100);
	run(read_twice);
}

static void read_and_be_killed(pid_t pid)
{
	char why[TK_WHY_MAX] = "";
	struct tk_segment *s = attach(tk_segments_open(place, why), pid, TK_LANE_NEWEST, why);
	struct tk_slot out[TK_LANE_CHUNK];
	size_t n;

	CHECK(s && tk_lane_read(&s->lanes[0].reader, out, &n) && n == TK_LANE_CHUNK);
	_exit(0); /* a process's end, however it comes, is the same to its locks */
}

Test(queue, the_next_reader_goes_on_where_a_killed_one_stopped)
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
Test(queue, a_look_takes_no_lane_that_comes_later)
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
	look = attach(fd, pid, TK_LANE_LOOK, why);
	cr_assert(look && look->n_lanes == 0, "%s", why);
	cr_assert_eq(write(orders[1], "", 1), 1);
	cr_assert_eq(read(answers[0], &byte, 1), 1);
	cr_assert_eq(tk_segment_refresh(look, why), 0);
	cr_assert(look->n_lanes == 1 && look->lanes[0].head, "%s", why);
	cr_assert_eq(take(look, 0), 0);
	reader = attach(fd, pid, TK_LANE_NEWEST, why);
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
	struct tk_segment *first = attach(fd, pid, TK_LANE_NEWEST, why);
	struct tk_segment *second = attach(fd, pid, TK_LANE_NEWEST, why);

	CHECK(first && second && !second->lanes[0].head);
	snprintf(command, sizeof(command), "rm -r %s/*", place); /* as tk_close() does */
	CHECK(system(command) == 0);
	tk_segment_detach(first);
	CHECK(tk_segment_refresh(second, why) == 0 && !why[0]);
	CHECK(!second->lanes[0].head && second->lanes[0].queue_fd < 0);
	_exit(0);
}

/* A program ends properly, and its collector with it: whoever waited has nothing to complain of. */
Test(queue, one_removed_while_its_reader_had_it_is_no_fault)
{
	open_with(1024);
	record(10);
	run(wait_for_what_is_removed);
}

Test(queue, a_killed_program_leaves_all_it_enqueued)
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
	struct tk_segment *s = attach(fd, pid, TK_LANE_NEWEST, why);

	CHECK(s && s->lanes[0].head);
	*(uint32_t *)((char *)s->lanes[0].slots + s->lanes[0].info.queue.prod_tail) = 5000;
	CHECK(take(s, 0) == 0);
	CHECK(tk_segment_refresh(s, why) == 0 && strstr(why, "lane 0 is corrupt"));
	CHECK(tk_segment_refresh(s, why) == 0 && !why[0]);
	_exit(0);
}

Test(queue, a_corrupt_one_is_said_once)
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
	s = attach(fd, pid, TK_LANE_NEWEST, why);
	CHECK(s && s->lanes[0].head);
	snprintf(command, sizeof(command), "truncate -s 4096 %s/*/slots.0", place);
	CHECK(system(command) == 0);
	(void)take(s, 0);
	CHECK(tk_segment_refresh(s, why) == -EBADMSG && strstr(why, "truncated"));
	_exit(0);
}

Test(queue, may_be_truncated_under_its_reader)
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
	s = attach(fd, pid, TK_LANE_NEWEST, why);
	CHECK(s && !s->lanes[0].head && strstr(why, "only its owner"));
	tk_segment_detach(s);
	s = attach(fd, pid, TK_LANE_LOOK, why);
	CHECK(s && !s->lanes[0].head && strstr(why, "only its owner"));
	tk_segment_detach(s);
	s = attach(fd, pid, TK_LANE_NEWEST, why);
	CHECK(s->lanes[1].head && take(s, 1) == 0);
	_exit(0);
}

/* A group may read rings; a queue would have to be written by it. */
Test(queue, a_group_is_told_that_it_may_not_read_it)
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
