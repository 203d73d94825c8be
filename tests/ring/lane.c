/* SPDX-License-Identifier: MIT */
/* The lane, against an oracle: every number is delivered once or counted lost once, and what is
 * delivered is what was pushed. */
#include <criterion/criterion.h>

#include "tests/ring/lane_in_memory.h"

#define SIZE 256u

static struct lane_in_memory lane;
static struct tk_lane_reader reader;
static uint8_t *seen; /* by number: how often delivered */

#define NUMBERS 200000u

static void set_up(void)
{
	lane_make(&lane, SIZE);
	tk_lane_reader_init(&reader, lane.slots, lane.head, SIZE, TK_LANE_NEWEST);
	seen = calloc(NUMBERS, 1);
}

static void tear_down(void)
{
	lane_free(&lane);
	free(seen);
}

TestSuite(lane, .init = set_up, .fini = tear_down);

static bool read_once(void)
{
	struct tk_slot out[TK_LANE_CHUNK];
	size_t n;
	bool more = tk_lane_read(&reader, out, &n);

	cr_assert_leq(n, TK_LANE_CHUNK);
	for (size_t i = 0; i < n; i++) {
		uint64_t number = lane_number(&out[i]);

		cr_assert(number >= reader.first && number < NUMBERS, "torn or foreign record");
		cr_assert_eq(seen[number]++, 0, "record %lu twice", number);
	}
	cr_assert_eq(reader.next - reader.first, reader.delivered + reader.lost + reader.n_pending);
	return more;
}

static void read_all(void)
{
	while (read_once())
		;
	/* What a lane that stands still shows only by its head takes a second look. */
	while (read_once())
		;
}

static uint64_t count_seen(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < NUMBERS; i++)
		n += seen[i];
	return n;
}

static void settle(uint64_t lost)
{
	cr_assert_eq(reader.n_pending, 0);
	cr_assert_eq(reader.lost, lost);
	cr_assert_eq(reader.delivered, count_seen());
	cr_assert_eq(reader.delivered + reader.lost, lane_next(&lane) - reader.first);
}

Test(lane, a_new_lane_is_empty)
{
	read_all();
	cr_assert_eq(reader.delivered + reader.lost + reader.n_pending, 0);
}

Test(lane, delivers_in_order_what_was_pushed)
{
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < round % 250; i++)
			lane_push_numbered(&lane);
		read_all();
		settle(0);
	}
}

/* Any interleaving of bursts and reads: lost is exactly what was overwritten or passed over. */
Test(lane, random_bursts_against_the_oracle)
{
	unsigned seed = 7;

	for (unsigned round = 0; round < 2000 && lane_next(&lane) < NUMBERS - 2000; round++) {
		unsigned burst = (unsigned)rand_r(&seed) % (rand_r(&seed) % 8 ? 200 : 1500);

		for (unsigned i = 0; i < burst; i++) {
			lane_push_numbered(&lane);
			if (rand_r(&seed) % 64 == 0)
				read_once();
		}
	}
	read_all();
	settle(reader.lost);
	cr_assert_gt(reader.lost, 0, "the test never overran the ring");
	for (uint64_t n = lane_next(&lane) - SIZE / 2; n < lane_next(&lane); n++)
		cr_assert_eq(seen[n], 1, "a record that is still there was not delivered");
}

Test(lane, an_overrun_leaves_room_before_the_writer)
{
	for (unsigned i = 0; i < 10 * SIZE; i++)
		lane_push_numbered(&lane);
	read_all();
	settle(reader.lost);
	/* Newest - N + N/8, where newest is at least the last published. */
	cr_assert_leq(reader.delivered, SIZE - SIZE / 8 + SIZE / 4);
	cr_assert_geq(reader.delivered, SIZE - SIZE / 8 - 1);
}

/* ---- holes ---- */

static void write_half(uint64_t n, bool first)
{
	struct lane_in_memory other = lane;
	struct tk_slot *s = &lane.slots[n & (SIZE - 1)], old = *s;

	other.writer.head = n << TK_HEAD_SHIFT;
	lane_push_numbered(&other);
	if (first) {
		s->w[2] = old.w[2];
		s->w[3] = old.w[3];
	} else {
		s->w[0] = old.w[0];
		s->w[1] = old.w[1];
	}
}

Test(lane, a_hole_is_passed_and_delivered_late)
{
	uint64_t hole;

	lane_push_numbered(&lane);
	hole = tk_lane_claim(&lane.writer) >> TK_HEAD_SHIFT;
	lane_push_numbered(&lane);
	read_all();
	cr_assert_eq(reader.delivered, 2);
	cr_assert_eq(reader.n_pending, 1);
	write_half(hole, true);
	read_all();
	cr_assert_eq(reader.delivered, 2, "half a record was delivered");
	lane.slots[hole & (SIZE - 1)] = (struct tk_slot){ 0 };
	write_half(hole, false);
	read_all();
	cr_assert_eq(reader.delivered, 2, "half a record was delivered");
	lane.slots[hole & (SIZE - 1)] = (struct tk_slot){ 0 };
	{
		struct lane_in_memory other = lane;

		other.writer.head = hole << TK_HEAD_SHIFT;
		lane_push_numbered(&other);
	}
	read_all();
	cr_assert_eq(seen[hole], 1);
	settle(0);
}

Test(lane, a_hole_that_is_overwritten_is_lost_once)
{
	tk_lane_claim(&lane.writer);
	for (unsigned i = 0; i < 3 * SIZE; i++) {
		lane_push_numbered(&lane);
		read_all();
	}
	settle(1);
}

Test(lane, a_hole_at_the_end_shows_by_the_head)
{
	tk_lane_claim(&lane.writer);
	read_all();
	cr_assert_eq(reader.n_pending, 0, "a claim that nobody can see yet");
	lane.head->published = lane_next(&lane);
	read_all();
	cr_assert_eq(reader.n_pending, 1);
	tk_lane_reader_end(&reader);
	read_all();
	settle(1);
}

Test(lane, more_holes_than_are_waited_for)
{
	for (unsigned i = 0; i < 100; i++) {
		tk_lane_claim(&lane.writer);
		lane_push_numbered(&lane);
	}
	read_all();
	cr_assert_eq(reader.delivered, 100);
	cr_assert_eq(reader.n_pending, TK_LANE_PENDING);
	cr_assert_eq(reader.lost, 100 - TK_LANE_PENDING);
	tk_lane_reader_end(&reader);
	read_all();
	settle(100);
}

/* Holes side by side, more than are looked past, while the head is not published yet. */
Test(lane, a_row_of_holes_does_not_stop_the_reader)
{
	for (unsigned i = 0; i < 10; i++)
		tk_lane_claim(&lane.writer);
	for (unsigned i = 0; i < 60; i++)
		lane_push_numbered(&lane);
	lane.head->published = SIZE;
	read_all();
	cr_assert_eq(reader.n_pending, 10);
	cr_assert_eq(reader.delivered, 60);
}

/* ---- attach and end ---- */

Test(lane, newest_begins_after_what_is_there)
{
	for (unsigned i = 0; i < 1000; i++)
		lane_push_numbered(&lane); /* published in steps of 64: the rest is found by tags */
	tk_lane_reader_init(&reader, lane.slots, lane.head, SIZE, TK_LANE_NEWEST);
	cr_assert_eq(reader.first, lane_next(&lane));
	read_all();
	cr_assert_eq(reader.delivered, 0);
	lane_push_numbered(&lane);
	read_all();
	settle(0);
}

Test(lane, oldest_delivers_every_readable_record)
{
	for (unsigned pushes = 0; pushes < 3 * SIZE; pushes += 37) {
		memset(seen, 0, NUMBERS);
		for (unsigned i = 0; i < 37; i++)
			lane_push_numbered(&lane);
		tk_lane_reader_init(&reader, lane.slots, lane.head, SIZE, TK_LANE_OLDEST);
		tk_lane_reader_end(&reader);
		read_all();
		settle(0);
		cr_assert_eq(reader.delivered, pushes + 37 < SIZE ? pushes + 37 : SIZE);
	}
}

/* A writer killed at any store of its last push: produced = max(published, newest tag + 1). */
Test(lane, the_end_counts_a_push_that_stored_anything)
{
	for (unsigned half = 0; half < 3; half++) {
		uint64_t n;

		lane_push_numbered(&lane);
		n = tk_lane_claim(&lane.writer) >> TK_HEAD_SHIFT;
		if (half)
			write_half(n, half == 1);
		tk_lane_reader_init(&reader, lane.slots, lane.head, SIZE, TK_LANE_OLDEST);
		tk_lane_reader_end(&reader);
		memset(seen, 0, NUMBERS);
		read_all();
		cr_assert_eq(reader.end, half ? n + 1 : n);
		cr_assert_eq(reader.next, reader.end);
	}
}

Test(lane, reading_goes_on_after_a_false_end)
{
	lane_push_numbered(&lane);
	read_all();
	tk_lane_reader_end(&reader);
	read_all();
	lane_push_numbered(&lane);
	read_all();
	cr_assert_eq(reader.delivered, 1);
	tk_lane_reader_resume(&reader);
	read_all();
	settle(0);
}

/* The sequence crosses 2^32 records, and tags wrap at 2^40. */
Test(lane, wraps_of_the_tag)
{
	static const uint64_t near[] = { UINT64_C(1) << 32, UINT64_C(1) << 40, UINT64_C(1) << 48 };

	for (unsigned k = 0; k < 3; k++) {
		uint64_t next = near[k] - 1000 / SIZE * SIZE;
		uint64_t delivered = 0;

		lane_writer(&lane, &lane.writer, next - SIZE);
		for (unsigned i = 0; i < SIZE; i++)
			lane_push_numbered(&lane);
		lane.head->published = next;
		tk_lane_reader_init(&reader, lane.slots, lane.head, SIZE, TK_LANE_NEWEST);
		cr_assert_eq(reader.first, next);
		for (unsigned i = 0; i < 2000; i++) {
			struct tk_slot out[TK_LANE_CHUNK];
			size_t n;

			lane_push_numbered(&lane);
			if (i % 100 == 99)
				while (tk_lane_read(&reader, out, &n) || n)
					for (size_t j = 0; j < n; j++)
						cr_assert_eq(lane_number(&out[j]),
							     next + delivered++);
		}
		cr_assert_eq(reader.lost, 0);
		cr_assert_eq(delivered, 2000);
	}
}

/* ---- counts ---- */

Test(lane, counts_are_level_only_when_nothing_is_ahead)
{
	uint64_t counts[LANE_TIMERS], sum = 0;

	for (unsigned i = 0; i < 1000; i++)
		lane_push_numbered(&lane);
	cr_assert_not(tk_lane_counts(&reader, counts, LANE_TIMERS));
	read_all();
	cr_assert(tk_lane_counts(&reader, counts, LANE_TIMERS));
	for (unsigned i = 0; i < LANE_TIMERS; i++)
		sum += counts[i];
	cr_assert_eq(sum, 1000);
	cr_assert_eq(sum, reader.delivered + reader.lost);
}

/* A push abandoned before its count makes the sum uneven for ever; that must not last. */
Test(lane, counts_recover_from_an_abandoned_push)
{
	uint64_t counts[LANE_TIMERS];

	tk_lane_claim(&lane.writer);
	for (unsigned i = 0; i < 2 * SIZE; i++)
		lane_push_numbered(&lane);
	read_all();
	cr_assert_not(tk_lane_counts(&reader, counts, LANE_TIMERS));
	cr_assert(tk_lane_counts(&reader, counts, LANE_TIMERS));
}

/* ---- hostile ---- */

/* Whatever is written into the lane, a reader ends, stays within its slots and keeps its sums. */
Test(lane, survives_any_bits, .timeout = 60)
{
	unsigned seed = 3;

	for (unsigned round = 0; round < 3000; round++) {
		struct tk_slot out[TK_LANE_CHUNK];
		unsigned reads = 0;
		size_t n;

		for (unsigned i = 0; i < SIZE; i++)
			for (unsigned j = 0; j < 4; j++)
				lane.slots[i].w[j] = (uint64_t)rand_r(&seed)
						     << (rand_r(&seed) % 40);
		lane.head->published = round % 3 ? (uint64_t)rand_r(&seed) << (round % 40)
						 : UINT64_MAX - (uint64_t)rand_r(&seed) % 1000;
		if (round % 5 == 0)
			tk_lane_reader_init(&reader, lane.slots, lane.head, SIZE,
					    round & 1 ? TK_LANE_NEWEST : TK_LANE_OLDEST);
		if (round % 7 == 0)
			tk_lane_reader_end(&reader);
		while (tk_lane_read(&reader, out, &n) || n)
			cr_assert_lt(++reads, 4 * SIZE, "a reader that does not come to an end");
		cr_assert_eq(reader.next - reader.first,
			     reader.delivered + reader.lost + reader.n_pending);
		if (round % 7 == 0)
			tk_lane_reader_resume(&reader);
	}
}

/* A tag that no writer of this lane could have left there: it may cost records, but it may neither
 * lead the reader back to what it has delivered nor keep it for ever. */
Test(lane, a_lying_tag_leads_onwards, .timeout = 60)
{
	struct tk_slot out[TK_LANE_CHUNK];
	struct lane_in_memory large;
	uint64_t next, reads = 0;
	size_t n;

	lane_make(&large, 65536);
	for (unsigned i = 0; i < 65536; i++)
		lane_push_numbered(&large);
	tk_lane_reader_init(&reader, large.slots, large.head, 65536, TK_LANE_OLDEST);
	large.slots[60000].w[3] += 3; /* tags of this lane go by 256 */
	next = reader.next;
	while (tk_lane_read(&reader, out, &n) || n) {
		cr_assert_lt(++reads, 4096, "a reader that does not come to an end");
		cr_assert_geq(reader.next, next, "it was led back");
		next = reader.next;
	}
	cr_assert_eq(reader.delivered, 65535);
	cr_assert_eq(reader.lost, 1);
	lane_free(&large);
}
