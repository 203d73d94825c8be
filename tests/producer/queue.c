/* SPDX-License-Identifier: MIT */
/*
 * The library on lanes that are queues, where it differs from rings: what comes in the middle of an
 * enqueue, and which lanes a thread gets. Their readers: queue_readers.c.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

#include "producer/timekeeper.h"
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
