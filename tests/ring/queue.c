/* SPDX-License-Identifier: MIT */
/* A lane that is a queue, against an oracle: every push is delivered once, in order, or counted as
 * dropped; and whatever is written into it, a reader stays within it. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "tests/ring/lane_in_memory.h"

#define SIZE 256u

static struct lane_in_memory lane;
static struct tk_lane_reader reader;

static void set_up(void)
{
	lane_make(&lane, SIZE);
	lane_reader(&lane, &reader, TK_LANE_NEWEST);
}

static void tear_down(void)
{
	lane_free(&lane);
}

TestSuite(queue, .init = set_up, .fini = tear_down, .timeout = 60);

/* What is in the queue, in order, by number. */
static uint64_t held[SIZE];
static uint64_t n_held, n_dropped, n_delivered;

static void push(void)
{
	uint64_t n = lane_next(&lane);

	lane_push_numbered(&lane);
	if (n_held == SIZE - 1)
		n_dropped++;
	else
		held[n_held++] = n;
}

static bool read_once(void)
{
	struct tk_slot out[TK_LANE_CHUNK];
	uint64_t dropped = n_dropped;
	size_t n;
	bool more = tk_lane_read(&reader, out, &n);

	cr_assert_eq(n, n_held < TK_LANE_CHUNK ? n_held : TK_LANE_CHUNK);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(lane_number(&out[i]), held[i], "torn, twice, or out of order");
	n_held -= n;
	n_delivered += n;
	memmove(held, held + n, n_held * sizeof(held[0]));
	cr_assert_eq(more, n_held > 0);
	cr_assert_eq(reader.lost, dropped);
	cr_assert_eq(reader.delivered, n_delivered);
	cr_assert_eq(reader.next - reader.first, reader.delivered + reader.lost);
	return more;
}

static void read_all(void)
{
	while (read_once())
		;
}

/* Another reader, as after the end of the first. */
static void attach_anew(void)
{
	uint64_t before = reader.next, was_lost = reader.lost;

	lane_reader(&lane, &reader, TK_LANE_OLDEST);
	cr_assert_eq(reader.first, before + n_dropped - was_lost);
	n_delivered = n_dropped = 0;
}

static void random_run(unsigned rounds)
{
	unsigned seed = 7;

	for (unsigned round = 0; round < rounds; round++) {
		unsigned pushes = (unsigned)rand_r(&seed) % (rand_r(&seed) % 8 ? 60 : 600);

		while (pushes--)
			push();
		if (rand_r(&seed) % 50 == 0)
			attach_anew();
		if (rand_r(&seed) % 4 == 0)
			read_all();
		else
			read_once();
	}
	read_all();
}

/* A reader from the first record on: what others took or what was dropped before it is lost, and
 * all that the lane was ever given is delivered or lost. */
static void read_from_the_first(void)
{
	uint64_t pushed = lane_next(&lane) - SIZE, waiting = n_held;
	uint64_t dropped = lane.head->dropped, taken = pushed - waiting - dropped;

	lane_reader(&lane, &reader, TK_LANE_FIRST);
	cr_assert_eq(reader.first, taken ? SIZE + taken + dropped : SIZE);
	cr_assert_eq(reader.lost, taken ? 0 : dropped, "what another reader accounts for");
	cr_assert_eq(reader.next - reader.first, reader.delivered + reader.lost);
	n_delivered = 0;
	n_dropped = reader.lost;
	read_all();
	cr_assert_eq(reader.delivered, waiting);
	cr_assert_eq(reader.next - reader.first, waiting + reader.lost);
}

Test(queue, a_reader_from_the_first_record_on_counts_what_was_dropped_before_it)
{
	for (unsigned n = 0; n < SIZE + 500; n++)
		push();
	cr_assert_gt(lane.head->dropped, 0, "it was never full");
	read_from_the_first();
}

Test(queue, a_reader_from_the_first_record_on_misses_none)
{
	read_from_the_first();
	for (unsigned i = 0; i < 20; i++) {
		random_run(50);
		for (unsigned n = 0; n < i * 30; n++)
			push();
		read_from_the_first();
	}
	cr_assert_gt(lane.head->dropped, 0, "it was never full");
}

Test(queue, random_pushes_and_reads)
{
	random_run(5000);
	cr_assert_gt(lane.head->dropped, 0, "it was never full");
}

/* Both indices wrap at 2^32, and so does what is published. */
static void begin_at(uint64_t enqueued, uint64_t dropped)
{
	const struct tk_queue_layout *q = &lane.head->queue;
	const uint32_t at[] = { q->prod_tail - 4, q->prod_tail, q->cons_head, q->cons_tail };

	for (unsigned i = 0; i < 4; i++)
		*(uint32_t *)((char *)lane.queue + at[i]) = (uint32_t)enqueued;
	lane.head->dropped = dropped;
	lane_writer(&lane, &lane.writer, SIZE + enqueued + dropped);
	lane.head->published = SIZE + enqueued + dropped;
	lane_reader(&lane, &reader, TK_LANE_OLDEST);
	cr_assert_eq(reader.first, SIZE + enqueued + dropped);
}

Test(queue, indices_wrap)
{
	static const uint64_t from[] = { UINT64_C(1) << 32, UINT64_C(1) << 40, UINT64_C(1) << 31 };

	for (unsigned i = 0; i < 3; i++) {
		n_held = n_dropped = n_delivered = 0;
		begin_at(from[i] - 1000, i * UINT64_C(5000000000));
		random_run(200);
	}
}

/* A writer may be ahead of what it published, and a reader come when the indices have just
 * wrapped. */
Test(queue, attaching_knows_the_lap_of_the_indices)
{
	begin_at((UINT64_C(3) << 32) - 100, 7);
	for (unsigned i = 0; i < 200; i++)
		push();
	lane.head->published = SIZE + (UINT64_C(3) << 32) - 100 + 7;
	lane_reader(&lane, &reader, TK_LANE_LOOK);
	cr_assert_eq(reader.first, SIZE + (UINT64_C(3) << 32) + 100 + 7, "produced");
	lane_reader(&lane, &reader, TK_LANE_OLDEST);
	cr_assert_eq(reader.first, SIZE + (UINT64_C(3) << 32) - 100 + 7, "taken and dropped");
	read_all();
}

Test(queue, full_drops_the_newest)
{
	for (unsigned i = 0; i < 1000; i++)
		push();
	read_all();
	cr_assert_eq(reader.delivered, SIZE - 1);
	cr_assert_eq(reader.lost, 1000 - (SIZE - 1));
}

Test(queue, a_look_takes_nothing)
{
	struct tk_slot out[TK_LANE_CHUNK];
	struct tk_lane_reader look;
	size_t n;

	for (unsigned i = 0; i < 100; i++)
		push();
	lane_reader(&lane, &look, TK_LANE_LOOK);
	cr_assert_eq(look.first - look.size, 100);
	push();
	cr_assert_not(tk_lane_read(&look, out, &n));
	cr_assert_eq(n, 0);
	read_all();
}

Test(queue, ends_where_it_is_empty)
{
	for (unsigned i = 0; i < 300; i++)
		push();
	read_once();
	tk_lane_reader_end(&reader);
	cr_assert_eq(reader.end, SIZE + 300);
	read_all();
	cr_assert_eq(reader.next, reader.end);
}

/* A segment that is closed while a push is under way: its end stays where it was fixed. */
Test(queue, what_comes_after_the_end_waits_for_a_resumption)
{
	struct tk_slot out[TK_LANE_CHUNK];
	size_t n;

	for (unsigned i = 0; i < 10; i++)
		push();
	tk_lane_reader_end(&reader);
	for (unsigned i = 0; i < 300; i++)
		lane_push_numbered(&lane);
	while (tk_lane_read(&reader, out, &n) || n)
		;
	cr_assert_eq(reader.next, reader.end);
	cr_assert_eq(reader.delivered, 10);
	tk_lane_reader_resume(&reader);
	while (tk_lane_read(&reader, out, &n) || n)
		;
	cr_assert_eq(reader.delivered, SIZE - 1);
	cr_assert_eq(reader.delivered + reader.lost, 310);
}

Test(queue, the_lag_is_what_waits)
{
	for (unsigned i = 0; i < 100; i++)
		push();
	tk_lane_reader_sync(&reader);
	cr_assert_eq(tk_lane_lag(&reader), 100);
	read_once();
	tk_lane_reader_sync(&reader);
	cr_assert_eq(tk_lane_lag(&reader), 36);
}

Test(queue, counts_are_level_when_it_is_empty)
{
	uint64_t counts[LANE_TIMERS], sum = 0;

	for (unsigned i = 0; i < 1000; i++)
		push();
	cr_assert_not(tk_lane_counts(&reader, counts, LANE_TIMERS));
	read_all();
	cr_assert(tk_lane_counts(&reader, counts, LANE_TIMERS));
	for (unsigned i = 0; i < LANE_TIMERS; i++)
		sum += counts[i];
	cr_assert_eq(sum, reader.delivered + reader.lost);
}

/* ---- killed in the middle ---- */

static uint32_t *index_at(uint32_t offset)
{
	return (uint32_t *)((char *)lane.queue + offset);
}

/* A writer killed between its claim and its record: the next must not publish that slot. */
Test(queue, a_killed_writers_claim_is_repaired)
{
	uint32_t *prod_head = index_at(lane.head->queue.prod_tail - 4);

	push();
	++*prod_head;
	tk_rte.repair(lane.queue);
	push();
	read_all();
	cr_assert_eq(reader.delivered, 2);
}

/* A reader killed while it copied: what it had not said to have taken comes again. */
Test(queue, a_killed_readers_records_go_to_the_next)
{
	for (unsigned i = 0; i < 10; i++)
		push();
	*index_at(lane.head->queue.cons_head) += 10;
	lane_reader(&lane, &reader, TK_LANE_OLDEST);
	cr_assert_eq(*index_at(lane.head->queue.cons_head), 0);
	read_all();
	cr_assert_eq(reader.delivered, 10);
}

/* ---- hostile ---- */

/* The queue lies between two pages that may not be touched. */
static void fence(void)
{
	size_t bytes = (lane_slots_size(SIZE) + 4095) / 4096 * 4096;
	char *area = mmap(NULL, bytes + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_eq(mprotect(area + 4096, bytes, PROT_READ | PROT_WRITE), 0);
	memcpy(area + 4096, lane.queue, lane_slots_size(SIZE));
	lane.queue = area + 4096;
	lane_reader(&lane, &reader, TK_LANE_OLDEST);
}

Test(queue, survives_any_indices)
{
	const struct tk_queue_layout *q = &lane.head->queue;
	struct tk_slot out[TK_LANE_CHUNK];
	unsigned seed = 3, corrupt = 0;

	fence();
	for (unsigned round = 0; round < 20000; round++) {
		unsigned reads = 0;
		size_t n;

		*index_at(q->prod_tail) = (uint32_t)rand_r(&seed) << (rand_r(&seed) % 32);
		*index_at(q->cons_head) = (uint32_t)rand_r(&seed);
		*index_at(q->cons_tail) = (uint32_t)rand_r(&seed) << (rand_r(&seed) % 32);
		lane.head->published = (uint64_t)rand_r(&seed) << (rand_r(&seed) % 60);
		lane.head->dropped = (uint64_t)rand_r(&seed) << (rand_r(&seed) % 60);
		if (round % 4 == 0)
			lane_reader(&lane, &reader, TK_LANE_OLDEST);
		if (round % 7 == 0)
			tk_lane_reader_end(&reader);
		while (tk_lane_read(&reader, out, &n) || n)
			cr_assert_lt(++reads, SIZE, "a reader that does not come to an end");
		cr_assert_eq(reader.next - reader.first, reader.delivered + reader.lost);
		corrupt += reader.queue.corrupt;
		if (reader.ended)
			cr_assert_eq(reader.next, reader.end);
		if (round % 7 == 0)
			tk_lane_reader_resume(&reader);
	}
	cr_assert_gt(corrupt, 1000);
}

Test(queue, one_that_holds_too_much_is_left_alone)
{
	struct tk_slot out[TK_LANE_CHUNK];
	size_t n;

	push();
	*index_at(lane.head->queue.prod_tail) = SIZE;
	cr_assert_not(tk_lane_read(&reader, out, &n));
	cr_assert_eq(n, 0);
	cr_assert(reader.queue.corrupt);
	*index_at(lane.head->queue.prod_tail) = 1;
	cr_assert_not(tk_lane_read(&reader, out, &n));
	tk_lane_reader_end(&reader);
	cr_assert_eq(reader.next, reader.end, "its segment could never be let go of");
}

/* Once its writer is gone, nothing comes and goes. */
Test(queue, one_that_shrinks_after_its_end_is_read_to_the_end)
{
	struct tk_slot out[TK_LANE_CHUNK];
	const uint32_t lies[] = { 5, SIZE + 5 };
	size_t n;

	for (unsigned i = 0; i < 2; i++) {
		lane_reader(&lane, &reader, TK_LANE_OLDEST);
		*index_at(lane.head->queue.prod_tail) = 10;
		tk_lane_reader_end(&reader);
		*index_at(lane.head->queue.prod_tail) = lies[i];
		while (tk_lane_read(&reader, out, &n) || n)
			;
		cr_assert_eq(reader.next, reader.end, "its segment could never be let go of");
		*index_at(lane.head->queue.prod_tail) = *index_at(lane.head->queue.cons_tail);
	}
}

/* A description that leads out of the file, or is none. */
Test(queue, where_it_lies_is_checked)
{
	uint64_t bytes = lane_slots_size(SIZE);
	struct tk_lane_head h;
	uint32_t *field[] = { &h.queue.prod_tail, &h.queue.cons_head, &h.queue.cons_tail,
			      &h.queue.slots, &h.queue.slot_size };
	const uint32_t bad[] = { UINT32_MAX, UINT32_MAX - 3, 1, lane.head->queue.slots + 4,
				 (uint32_t)bytes };

	h = *lane.head;
	cr_assert(tk_queue_valid(&h, bytes));
	cr_assert_not(tk_queue_valid(&h, bytes - 64));
	for (unsigned i = 0; i < 5; i++) {
		for (unsigned j = 0; j < 5; j++) {
			h = *lane.head;
			*field[i] = bad[j];
			cr_assert_not(tk_queue_valid(&h, bytes), "field %u, value %u", i, bad[j]);
		}
	}
}
