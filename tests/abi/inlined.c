/* SPDX-License-Identifier: MIT */
/*
 * What a program has of us in its own code once it is compiled, printed as a table: where the
 * inline functions find the fields of a lane, what they store for known stamps, when they take
 * their turn and with which arguments, and which functions of the library they call. A newer
 * library, and a newer collector, have to do with all of it as it is. abidiff sees the types, and
 * none of the rest.
 *
 * It links no library: tk_self and the functions that the header calls are defined here, with
 * stamps that are known. Timers are fenced wherever a record is printed whole, because only then
 * does the header ask the library for each stamp.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "producer/timekeeper.h"

#define SIZE(type)         printf("sizeof %s = %zu\n", #type, sizeof(type))
#define FIELD(type, field) printf("%s.%s at %zu\n", #type, #field, offsetof(type, field))
#define VALUE(name)        printf("%s = %" PRId64 "\n", #name, (int64_t)(name))

#define TIMER  7u
#define FENCED (TIMER << 16 | (uint32_t)TK_STAMP_FENCED << 12)
#define START  UINT64_C(0x123456789abc)
#define STOP   (START + 0x1234)
#define CPU    5u

__thread struct tk_lane_writer tk_self;
static struct tk_slot slots[256];
static uint64_t counts[16];
static uint8_t disabled[16];
static const struct tk_origin origin = { START - 0x100, 0 };

uint64_t tk_now(void)
{
	printf("  calls tk_now()\n");
	return STOP;
}

uint64_t tk_stamp_start(tk_timer_t timer)
{
	printf("  calls tk_stamp_start(%#x)\n", timer);
	return START;
}

uint64_t tk_stamp_stop(tk_timer_t timer, uint32_t *cpu)
{
	printf("  calls tk_stamp_stop(%#x)\n", timer);
	*cpu = CPU;
	return STOP;
}

int64_t tk_ns(int64_t ticks)
{
	printf("  calls tk_ns(%" PRId64 ")\n", ticks);
	return 2 * ticks;
}

static void turn(struct tk_lane_writer *w, uint64_t head, int64_t placed, uint32_t meta,
		 uint64_t start, uint64_t low)
{
	printf("  turn: head %" PRIu64 ", placed %" PRIx64 ", meta %x, start %" PRIx64
	       ", low %" PRIx64 "\n",
	       head, (uint64_t)placed, meta, start, low);
	tk_lane_store(w, head, placed, meta, start, low);
}

/* A lane that stands at its first record after one lap. */
static void fresh(const char *what)
{
	printf("%s\n", what);
	memset(slots, 0, sizeof(slots));
	memset(counts, 0, sizeof(counts));
	tk_self.head = 256 * TK_HEAD_STEP;
	tk_self.mask = sizeof(slots) - 1;
	tk_self.slots = (char *)slots;
	tk_self.counts = counts;
	tk_self.disabled = disabled;
	tk_self.turn_at = UINT64_MAX;
	tk_self.turn = turn;
}

static void stored(void)
{
	printf("  head %" PRIu64 ", count %" PRIu64 ", record %016" PRIx64 " %016" PRIx64
	       " %016" PRIx64 " %016" PRIx64 "\n",
	       tk_self.head, counts[TIMER], slots[0].w[0], slots[0].w[1], slots[0].w[2],
	       slots[0].w[3]);
}

/* Of a span with real stamps: timer, kind and tag, and whether the cpu is known. */
static void stored_meta(void)
{
	printf("  head %" PRIu64 ", count %" PRIu64 ", meta %016" PRIx64 ", cpu %s\n", tk_self.head,
	       counts[TIMER], slots[0].w[1] & ~UINT64_C(0xfff),
	       (slots[0].w[1] & 0xfff) == TK_CPU_UNKNOWN ? "unknown" : "known");
}

static void layouts(void)
{
	SIZE(struct tk_lane_writer);
	FIELD(struct tk_lane_writer, head);
	FIELD(struct tk_lane_writer, mask);
	FIELD(struct tk_lane_writer, slots);
	FIELD(struct tk_lane_writer, counts);
	FIELD(struct tk_lane_writer, disabled);
	FIELD(struct tk_lane_writer, turn_at);
	FIELD(struct tk_lane_writer, turn);
	FIELD(struct tk_lane_writer, sink);
	printf("alignof struct tk_lane_writer = %zu\n", _Alignof(struct tk_lane_writer));
	SIZE(struct tk_slot);
	printf("alignof struct tk_slot = %zu\n", _Alignof(struct tk_slot));
	SIZE(struct tk_options);
	SIZE(struct tk_thread);
	SIZE(struct tk_discipline);
	SIZE(struct tk_queue_layout);
	SIZE(struct tk_origin);
	FIELD(struct tk_origin, ticks);
	FIELD(struct tk_origin, real_ns);
	SIZE(tk_timer_t);
}

static void numbers(void)
{
	VALUE(TK_HEAD_STEP);
	VALUE(TK_TAG_SHIFT);
	VALUE(TK_CPU_UNKNOWN);
	VALUE(TK_TICKS_NONE);
	VALUE(TK_TICKS_MAX);
	VALUE(TK_STAMP_ORDERED);
	VALUE(TK_STAMP_FAST);
	VALUE(TK_STAMP_FENCED);
	VALUE(TK_STAMP_HAND);
	VALUE(TK_KIND_TO_STOP);
	VALUE(TK_KIND_SUM);
	VALUE(TK_KIND_LATENCY);
	VALUE(TK_KIND_LAP);
	VALUE(TK_KIND_MARK);
	VALUE(TK_KIND_VALUE);
	VALUE(TK_DISCIPLINE_BROADCAST);
	VALUE(TK_DISCIPLINE_RTE);
	VALUE(TK_TIMEBASE_COUNTER);
	VALUE(TK_TIMEBASE_SYSTEM);
}

static void spans(void)
{
	fresh("a span");
	tk_stop(FENCED, tk_start(FENCED));
	stored();
	fresh("a span, and the latency to its start");
	tk_stop_latency(FENCED, tk_start(FENCED), origin);
	stored();
	fresh("a span, and the latency to its stop");
	tk_stop_latency_now(FENCED, tk_start(FENCED), origin);
	stored();
	fresh("an ordered span");
	tk_stop(TIMER << 16, tk_start(TIMER << 16));
	stored_meta();
	fresh("a fast span");
	tk_stop(TIMER << 16 | TK_STAMP_FAST << 12, tk_start(TIMER << 16 | TK_STAMP_FAST << 12));
	stored_meta();
	fresh("a scope");
	{
		TK_SCOPE_FROM(FENCED, origin);
	}
	stored();
	fresh("a span that takes its turn");
	tk_self.turn_at = tk_self.head;
	tk_stop_latency(FENCED, tk_start(FENCED), origin);
	stored();
	fresh("a disabled timer");
	disabled[TIMER] = 1;
	tk_stop(FENCED, tk_start(FENCED));
	tk_mark(FENCED);
	disabled[TIMER] = 0;
	stored();
}

static void others(void)
{
	struct tk_sum sum;
	uint64_t lap = START;

	fresh("a span by hand");
	tk_record_span(FENCED, START, STOP, origin);
	stored();
	fresh("a span by hand, negative, without an origin");
	tk_record_span(FENCED, STOP, START, (struct tk_origin){ 0, 0 });
	stored();
	fresh("a span by hand that is too long");
	tk_record_span(FENCED, 1, UINT64_C(1) << 50, (struct tk_origin){ 0, 0 });
	stored();
	fresh("a latency");
	tk_latency_now(FENCED, origin);
	stored();
	fresh("a mark");
	tk_mark(FENCED);
	stored();
	fresh("a value");
	tk_value(FENCED, -42);
	stored();
	fresh("a sum");
	tk_sum_begin(&sum);
	tk_sum_add(&sum, 0x42);
	tk_sum_finish(FENCED, &sum);
	stored();
	fresh("a lap");
	tk_lap(FENCED, &lap);
	stored();
	fresh("the times since an origin");
	printf("  %" PRId64 " ticks\n", tk_since(origin));
	printf("  %" PRId64 " ns\n", tk_since_ns(origin));
	printf("  at %" PRId64 "\n", tk_real_ns(origin));
}

int main(void)
{
	layouts();
	numbers();
	spans();
	others();
	return 0;
}
