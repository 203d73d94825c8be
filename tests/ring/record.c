/* SPDX-License-Identifier: MIT */
/* What is pushed is what is unpacked, at every edge of every field. */
#include <criterion/criterion.h>

#include "tests/ring/lane_in_memory.h"

static int64_t clamp(int64_t t)
{
	return t > TK_TICKS_MAX ? TK_TICKS_MAX : t < TK_TICKS_NONE ? -TK_TICKS_MAX : t;
}

static struct tk_record round_trip(uint32_t meta, uint64_t start, int64_t duration, int64_t since)
{
	struct lane_in_memory lane;
	struct tk_record r;

	lane_make(&lane, 256);
	tk_lane_push(&lane.writer, meta, start, duration, since);
	r = tk_slot_record(&lane.slots[0]);
	cr_assert_eq(tk_slot_timer(&lane.slots[0]), r.timer);
	cr_assert_eq(tk_slot_kind(&lane.slots[0]), r.kind);
	lane_free(&lane);
	return r;
}

Test(record, ticks_at_every_edge)
{
	static const int64_t edges[] = { 0,
					 1,
					 -1,
					 65535,
					 65536,
					 INT32_MAX,
					 INT32_MIN,
					 UINT32_MAX,
					 TK_TICKS_MAX - 1,
					 TK_TICKS_MAX,
					 TK_TICKS_MAX + 1,
					 -TK_TICKS_MAX,
					 TK_TICKS_NONE,
					 TK_TICKS_NONE - 1,
					 INT64_MAX,
					 INT64_MIN };
	const unsigned n = sizeof(edges) / sizeof(edges[0]);

	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < n; j++) {
			struct tk_record r =
				round_trip(tk_record_meta(3, 5, 7), 1, edges[i], edges[j]);

			cr_assert_eq(r.duration, clamp(edges[i]), "%ld", edges[i]);
			cr_assert_eq(r.since_origin, clamp(edges[j]), "%ld", edges[j]);
		}
	}
}

Test(record, random_fields)
{
	unsigned seed = 1;

	for (unsigned i = 0; i < 5000; i++) {
		uint64_t bits[3];
		uint16_t timer = (uint16_t)rand_r(&seed) % LANE_TIMERS;
		uint32_t cpu = (uint32_t)rand_r(&seed) & 0xfffu, kind = i & 15;
		struct tk_record r;

		for (unsigned j = 0; j < 3; j++)
			bits[j] = (uint64_t)rand_r(&seed) << 33 ^ (uint64_t)rand_r(&seed) << 11;
		r = round_trip(tk_record_meta(timer, cpu, kind), bits[0],
			       (int64_t)bits[1] >> (i % 60), (int64_t)bits[2] >> (i % 61));
		cr_assert_eq(r.start, bits[0]);
		cr_assert_eq(r.timer, timer);
		cr_assert_eq(r.cpu, cpu);
		cr_assert_eq(r.kind, kind);
		cr_assert_eq(r.duration, clamp((int64_t)bits[1] >> (i % 60)));
		cr_assert_eq(r.since_origin, clamp((int64_t)bits[2] >> (i % 61)));
	}
}

/* The constant "none" takes another path through the push than a variable one. */
Test(record, none_is_none_both_ways)
{
	volatile int64_t none = TK_TICKS_NONE;
	struct lane_in_memory lane;

	lane_make(&lane, 256);
	tk_lane_push(&lane.writer, 0, 9, 5, TK_TICKS_NONE);
	tk_lane_push(&lane.writer, 0, 9, 5, none);
	cr_assert_eq(tk_slot_since_origin(&lane.slots[0]), TK_TICKS_NONE);
	cr_assert_eq(memcmp(&lane.slots[0], &lane.slots[1], sizeof(lane.slots[0])), 0);
	lane_free(&lane);
}
