/* SPDX-License-Identifier: MIT */
/*
 * What may come between two instructions of a program that records: a handler that joins, another
 * thread that closes, a fork. Each is put exactly where it hurts by hand, by taking half of a push
 * first. And what the library must leave as it was: errno, descriptors, the parent's files.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/producer/read_back.h"
#include "tests/producer/scratch.h"

static tk_timer_t timer;

TestSuite(interrupted, .init = set_up, .fini = tear_down, .timeout = 60);

static void open_with(uint32_t timers, uint32_t lanes, uint32_t slots)
{
	struct tk_options o = {
		.timers = timers, .lanes = lanes, .slots = slots, .discipline = DISCIPLINE
	};

	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
}

static void record(unsigned n)
{
	while (n--)
		tk_record_span(timer, 1, 2, (struct tk_origin){ 0, 0 });
}

static uint32_t meta(void)
{
	return tk_record_meta(tk_meta_timer(timer), 0, TK_STAMP_HAND);
}

/* The turn of a push that claimed `head`: `turn` is what it found in the writer. */
static void take_turn(__typeof__(tk_self.turn) turn, uint64_t head)
{
	turn(&tk_self, head, 1 << 16, meta(), 1, 0);
}

/* The rest of a push that claimed `head`, with what it found in the writer. */
static void finish_as(struct tk_lane_writer w, uint64_t head)
{
	if (IS_QUEUE)
		take_turn(w.turn, head);
	else
		tk_lane_store(&w, head, 1 << 16, meta(), 1, 0);
}

static void finish(uint64_t head)
{
	finish_as(tk_self, head);
}

/* ---- a handler joins while the thread is on its way to join ---- */

Test(interrupted, a_turn_that_finds_itself_joined)
{
	__typeof__(tk_self.turn) turn = tk_self.turn;
	struct read_back *b;
	uint64_t head;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	head = tk_lane_claim(&tk_self);
	record(5); /* the handler */
	cr_assert_geq(head, tk_self.turn_at, "the push would write where it claimed nothing");
	take_turn(turn, head);
	cr_assert_eq(tk_self.head >> TK_HEAD_SHIFT, 1024 + 6);
	tk_flush();
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 1, "a second lane was taken, and the first is leaked");
	cr_assert_eq(b->head.refused_records, 0);
	cr_assert_eq(b->delivered, 6);
	cr_assert_eq(b->counted, 6);
}

#if !IS_QUEUE
/* Found by tests/model: a reader that comes after a kill would take the newest records for lies. */
Test(interrupted, a_turn_overtaken_by_a_lap_does_not_publish_the_past)
{
	uint64_t head, published;

	open_with(64, 4, 256);
	timer = tk_timer("t");
	record(1);
	head = tk_lane_claim(&tk_self);
	record(300); /* the handler */
	published = *tk_self.published;
	cr_assert_gt(published, (head >> TK_HEAD_SHIFT) + 200);
	take_turn(tk_self.turn, head);
	cr_assert_eq(*tk_self.published, published);
}
#endif

Test(interrupted, a_claim_overtaken_by_a_join_is_claimed_anew)
{
	struct read_back *b;
	uint64_t head;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	head = tk_lane_claim(&tk_self);
	record(5); /* the handler */
	take_turn(tk_self.turn, head);
	cr_assert_eq(tk_self.head >> TK_HEAD_SHIFT, 1024 + 6);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered + b->lost, 6);
	cr_assert_eq(b->delivered, 6);
}

/* ---- a handler closes while its thread tells readers what there is ---- */

static volatile sig_atomic_t closed;

static void close_it(int signal)
{
	(void)signal;
	tk_close();
	closed = 1;
}

/* Nearly every signal finds the thread there. */
Test(interrupted, a_flush_outlives_its_segment)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 50 } };
	struct sigaction action = { .sa_handler = close_it };

	cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
	timer = tk_timer("t");
	for (unsigned i = 0; i < 200; i++) {
		open_with(64, 4, 1024);
		record(1);
		cr_assert_not_null(tk_self.lane);
		closed = 0;
		cr_assert_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
		while (!closed)
			tk_flush();
	}
}

/* ---- the segment is closed and opened again under a push ---- */

#if !IS_QUEUE /* queue.c has its own */

/* A handler that records must not move the thread to another lane while the push that it interrupts
 * may have read half of the old one's fields. */
Test(interrupted, no_lane_changes_under_an_unfinished_push)
{
	struct read_back *b;
	uint64_t head, mask;
	char *slots;

	open_with(64, 4, 65536);
	timer = tk_timer("t");
	record(200000);
	head = tk_lane_claim(&tk_self);
	slots = tk_self.slots;
	mask = tk_self.mask;
	tk_close();
	open_with(64, 4, 1024);
	record(3); /* the handler */
	cr_assert_eq(tk_self.slots, slots);
	cr_assert_eq(tk_self.mask, mask);
	finish(head);
	record(10);
	cr_assert_neq(tk_self.slots, slots, "it never came to the new segment");
	tk_flush();
	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->delivered, 10);
	cr_assert_eq(b->lost, 0, "a stale record looks like one from the future");
	cr_assert_eq(b->lanes[0].published, 1024 + 10);
	cr_assert_eq(b->counted, 10);
}

/* A push that never ends (siglongjmp) holds the thread back for a lap, not for ever. */
Test(interrupted, an_abandoned_push_does_not_hold_for_ever)
{
	open_with(64, 4, 1024);
	timer = tk_timer("t");
	record(100);
	tk_lane_claim(&tk_self);
	tk_close();
	open_with(64, 4, 1024);
	record(1100);
	tk_flush();
	cr_assert_gt(read_back(getpid(), place)->delivered, 0);
}

#endif

static void *close_and_define(void *unused)
{
	char name[16];

	(void)unused;
	tk_close();
	for (unsigned i = 0; i < 65000; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		timer = tk_timer(name);
	}
	return NULL;
}

/* The tables of a closed segment are too short for timers that were defined since. */
Test(interrupted, more_timers_than_the_closed_segment_had)
{
	const uint8_t *disabled;
	const uint64_t *counts;
	pthread_t closer;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	record(100);
	disabled = tk_self.disabled;
	counts = tk_self.counts;
	pthread_create(&closer, NULL, close_and_define, NULL);
	pthread_join(closer, NULL);
	cr_assert_gt(tk_meta_timer(timer), 60000);
	cr_assert_neq(tk_self.disabled, disabled, "tk_start() would read beyond 64 flags");
	cr_assert_neq(tk_self.counts, counts, "a push would count beyond 64 counts");
	tk_stop(timer, tk_start(timer));
	record(5000);
}

/* ---- without a segment ---- */

/* A program that could get no segment must not pay for a lock and system calls a record. */
Test(interrupted, nothing_to_write_to_costs_no_turn_a_push)
{
	setenv("TIMEKEEPER_DIR", "/proc/nowhere", 1);
	cr_assert_lt(tk_open("test", NULL), 0);
	timer = tk_timer("t");
	record(5000);
	for (unsigned i = 0; i < 900; i++) {
		record(1);
		if (tk_self.head < tk_self.turn_at)
			return;
	}
	cr_assert_fail("each push takes a turn");
}

/* Threads that got no lane are counted once each, however often they try. */
static void *record_many(void *unused)
{
	(void)unused;
	record(10000);
	return NULL;
}

Test(interrupted, a_refused_thread_is_one_refused_thread)
{
	struct read_back *b;
	pthread_t thread;

	open_with(64, 1, 1024);
	timer = tk_timer("t");
	record(1);
	pthread_create(&thread, NULL, record_many, NULL);
	pthread_join(thread, NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->head.refused_lanes, 1);
	cr_assert_eq(b->head.refused_records, 10000);
}

/* ---- errno ---- */

/* A host looks at errno after recording: a turn, however much it does, leaves it alone. */
Test(interrupted, errno_is_the_hosts)
{
	open_with(64, 1, 256);
	timer = tk_timer("t");
	for (unsigned i = 0; i < 300; i++) { /* the first joins; others publish */
		errno = 4242;
		record(1);
		cr_assert_eq(errno, 4242, "at record %u", i);
	}
	tk_close();
	errno = 4242;
	record(1);
	cr_assert_eq(errno, 4242);
	cr_assert_eq(chmod(place, 0777), 0);
	cr_assert_lt(tk_open("test", NULL), 0);
	errno = 4242;
	record(3000);
	cr_assert_eq(errno, 4242);
	cr_assert_eq(chmod(place, 0700), 0);
}

static void *record_refused(void *unused)
{
	(void)unused;
	errno = 4242;
	record(3000);
	return (void *)(uintptr_t)(errno == 4242);
}

Test(interrupted, errno_of_a_thread_that_gets_no_lane)
{
	char command[128];
	pthread_t thread;
	void *kept;

	open_with(64, 4, 256);
	timer = tk_timer("t");
	snprintf(command, sizeof(command), "rm -rf %s/*", place);
	cr_assert_eq(system(command), 0);
	pthread_create(&thread, NULL, record_refused, NULL);
	pthread_join(thread, &kept);
	cr_assert_not_null(kept);
}

/* ---- children ---- */

static int child_status(pid_t pid)
{
	int status = -1;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* fork() in a handler: the child returns into the push that the handler interrupted. */
Test(interrupted, a_fork_under_a_push)
{
	struct read_back *b;
	struct tk_lane_writer seen;
	uint64_t head;
	pid_t pid;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	record(10);
	head = tk_lane_claim(&tk_self);
	seen = tk_self; /* in the push's registers */
	pid = fork();
	if (pid == 0) {
		finish_as(seen, head);
		record(20);
		/* A queue's push was not in the lane yet: it goes into the child's. */
		_exit(tk_self.head >> TK_HEAD_SHIFT == 1024 + 20 + IS_QUEUE ? 0 : 1);
	}
	cr_assert_eq(child_status(pid), 0);
	finish(head);
	record(10);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 21);
	cr_assert_eq(b->lost, 0);
}

/* Nor does a push that was abandoned for good let the child into the parent's lane. */
Test(interrupted, a_fork_after_an_abandoned_push)
{
	struct read_back *b;
	uint64_t head;
	pid_t pid;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	record(10);
	head = tk_lane_claim(&tk_self);
	pid = fork();
	if (pid == 0) {
		record(500);
		_exit(0);
	}
	cr_assert_eq(child_status(pid), 0);
	finish(head);
	tk_flush();
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 11);
	cr_assert_eq(b->counted, 11);
}

/* A child made past fork() that forgets tk_after_fork() and exits. */
Test(interrupted, a_forgetful_child_leaves_the_parents_segment)
{
	struct read_back *b;
	pid_t pid;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	record(10);
	pid = _Fork();
	if (pid == 0) {
		tk_close(); /* as exit() does */
		_exit(0);
	}
	cr_assert_eq(child_status(pid), 0);
	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1, "the child removed the parent's files");
	cr_assert_eq(b->owner, TK_OWNER_ALIVE);
}

Test(interrupted, a_child_that_says_so_has_its_own)
{
	struct read_back *b;
	pid_t pid;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	record(10);
	pid = _Fork();
	if (pid == 0) {
		tk_after_fork();
		tk_flush();
		record(7);
		kill(getpid(), SIGKILL);
	}
	child_status(pid);
	record(1);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 11);
	b = read_back(pid, place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->delivered, 7);
}

/* vfork() shares the memory and exec() closes what is ours: neither leaves a trace. */
Test(interrupted, vfork_and_exec_are_harmless)
{
	static char command[64];
	static char *args[] = { "sh", "-c", command, NULL };
	struct read_back *b;
	pid_t pid;

	open_with(64, 4, 1024);
	timer = tk_timer("t");
	record(10);
	/* Fails if the child has a descriptor of the segment. */
	snprintf(command, sizeof(command), "! ls -l /proc/$$/fd | grep -q %.30s", place);
	pid = vfork();
	if (pid == 0) {
		execv("/bin/sh", args);
		_exit(127);
	}
	cr_assert_eq(child_status(pid), 0);
	record(10);
	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->owner, TK_OWNER_ALIVE);
	cr_assert_eq(b->delivered, 20);
}

/* ---- descriptors, modes, promises ---- */

static unsigned descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Somebody cleaned the directory away; the lock's descriptor is closed all the same. */
Test(interrupted, no_descriptor_is_leaked)
{
	unsigned before = descriptors();
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/*", place);
	for (unsigned i = 0; i < 3; i++) {
		open_with(64, 4, 1024);
		timer = tk_timer("t");
		record(10);
		cr_assert_eq(system(command), 0);
		tk_close();
	}
	cr_assert_eq(descriptors(), before);
}

/* Opening and closing again and again keeps no lane's memory, where no thread writes to it. */
Test(interrupted, lanes_of_closed_segments_are_unmapped)
{
	char line[512];
	unsigned mapped = 0;
	FILE *maps;

	for (unsigned i = 0; i < 5; i++) {
		open_with(64, 4, 1024);
		timer = tk_timer("t");
		record(10);
		tk_close();
	}
	maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), maps))
		mapped += strstr(line, "/slots.") != NULL;
	fclose(maps);
	cr_assert_eq(mapped, 0);
}

static mode_t mode_of(const char *what)
{
	char path[512];
	unsigned mode = 0;
	FILE *f;

	snprintf(path, sizeof(path), "stat -c %%a %s/test.*/%s", place, what);
	f = popen(path, "r");
	cr_assert_eq(fscanf(f, "%o", &mode), 1);
	pclose(f);
	return mode;
}

Test(interrupted, the_group_may_read_whatever_the_umask)
{
	struct tk_options o = { .group = true, .slots = 1024, .discipline = DISCIPLINE };

	umask(077);
	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
	timer = tk_timer("t");
	record(1);
	umask(022);
	cr_assert_eq(mode_of("."), 0750);
	cr_assert_eq(mode_of("head"), 0640);
	cr_assert_eq(mode_of("lane.0"), 0640);
	cr_assert_eq(mode_of("slots.0"), IS_QUEUE ? 0600 : 0640);
}

Test(interrupted, there_is_no_such_node)
{
	struct tk_thread nowhere = { .on_node = true, .node = 900 };

	if (access("/sys/devices/system/node", F_OK))
		cr_skip("this kernel does not list NUMA nodes");
	open_with(64, 4, 1024);
	cr_assert_eq(tk_join(&nowhere), -EINVAL);
	cr_assert_not_null(strstr(tk_why(), "900"));
}
