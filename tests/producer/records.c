/* SPDX-License-Identifier: MIT */
/* timekeeper.h, from outside: every kind of record, as a reader finds it. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/producer/read_back.h"
#include "tests/producer/scratch.h"

TestSuite(records, .init = set_up, .fini = tear_down, .timeout = 60);

Test(records, every_kind_arrives_as_what_it_is)
{
	struct tk_origin origin = tk_origin_now(), none = { 0, 0 };
	struct tk_sum sum;
	struct read_back *b;
	tk_timer_t t;
	uint64_t lap, start;

	open_small();
	origin = tk_origin_now();
	t = tk_timer("work");
	tk_stop(t, tk_start(t));
	tk_stop_latency(t, tk_start(t), origin);
	tk_stop_latency_now(t, tk_start(t), origin);
	tk_latency_now(t, origin);
	tk_latency_now(t, none); /* nothing */
	start = tk_now();
	tk_record_span(t, start, start + 100, origin);
	tk_record_span(t, start, start - 5, none);
	tk_mark(t);
	tk_sum_begin(&sum);
	tk_sum_add(&sum, 30);
	tk_sum_add(&sum, 12);
	tk_sum_finish(t, &sum);
	lap = tk_now();
	tk_lap(t, &lap);

	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->n, 9);
	cr_assert_eq(b->lost, 0);
	for (unsigned i = 0; i < b->n; i++) {
		cr_assert_eq(b->records[i].timer, tk_meta_timer(t));
		cr_assert_gt(b->records[i].start, 0);
	}
	cr_assert_eq(b->records[0].kind, tk_meta_kind(t));
	cr_assert_geq(b->records[0].duration, 0);
	cr_assert_eq(b->records[0].since_origin, TK_TICKS_NONE);
	cr_assert_eq(b->records[1].kind, tk_meta_kind(t));
	cr_assert_eq(b->records[1].since_origin, (int64_t)(b->records[1].start - origin.ticks));
	cr_assert_eq(b->records[2].kind, tk_meta_kind(t) | TK_KIND_TO_STOP);
	cr_assert_eq(b->records[3].kind, TK_KIND_LATENCY);
	cr_assert_eq(b->records[3].duration, TK_TICKS_NONE);
	cr_assert_geq(b->records[3].since_origin, 0);
	cr_assert_eq(b->records[4].kind, TK_STAMP_HAND);
	cr_assert_eq(b->records[4].duration, 100);
	cr_assert_eq(b->records[4].since_origin, (int64_t)(start - origin.ticks));
	cr_assert_eq(b->records[5].duration, -5);
	cr_assert_eq(b->records[6].kind, TK_KIND_MARK);
	cr_assert_eq(b->records[7].kind, TK_KIND_SUM);
	cr_assert_eq(b->records[7].duration, 42);
	cr_assert_eq(b->records[8].kind, TK_KIND_LAP + tk_meta_kind(t));
	cr_assert_eq(b->counted, 9);
	cr_assert_str_eq(b->timers[tk_meta_timer(t)].name, "work");
}

/* What a record holds is there as it was given; what it does not hold is saturated. */
Test(records, values_arrive_as_they_are)
{
	const int64_t edge = INT64_C(1) << 47;
	const int64_t given[] = { 0,         1,  4096,     edge - 2, edge - 1,  edge,     edge + 1,
				  INT64_MAX, -1, 1 - edge, -edge,    -edge - 1, INT64_MIN };
	const int64_t found[] = { 0,        1,  4096,     edge - 2, edge - 1, edge - 1, edge - 1,
				  edge - 1, -1, 1 - edge, -edge,    1 - edge, 1 - edge };
	const unsigned n = sizeof(given) / sizeof(given[0]);
	struct read_back *b;
	uint64_t before;
	tk_timer_t t;

	open_small();
	t = tk_value_timer("sent", "bytes");
	before = tk_now();
	for (unsigned i = 0; i < n; i++)
		tk_value(t, given[i]);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, n);
	cr_assert_eq(b->counted, n);
	for (unsigned i = 0; i < n; i++) {
		cr_assert_eq(b->records[i].kind, TK_KIND_VALUE);
		cr_assert_eq(b->records[i].timer, tk_meta_timer(t));
		cr_assert_eq(b->records[i].duration, found[i], "value %u", i);
		cr_assert_eq(b->records[i].since_origin, TK_TICKS_NONE);
		cr_assert_leq(before, b->records[i].start, "stamped when it was recorded");
		cr_assert_leq(b->records[i].start, tk_now());
	}
	cr_assert_eq(b->timers[tk_meta_timer(t)].sort, TK_TIMER_VALUES);
	cr_assert_str_eq(b->timers[tk_meta_timer(t)].unit, "bytes");
}

/* Spans and values have one lane, and each record says what it is. */
Test(records, a_span_of_values_and_a_value_of_spans_say_what_they_are)
{
	tk_timer_t spans, values;
	struct read_back *b;

	open_small();
	spans = tk_timer("spans");
	values = tk_value_timer("values", NULL);
	tk_value(spans, 7);
	tk_stop(values, tk_start(values));
	tk_mark(values);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 3);
	cr_assert_eq(b->records[0].kind, TK_KIND_VALUE);
	cr_assert_lt(b->records[1].kind, TK_KIND_TO_STOP);
	cr_assert_eq(b->records[2].kind, TK_KIND_MARK);
	cr_assert_eq(b->timers[tk_meta_timer(spans)].sort, TK_TIMER_SPANS);
	cr_assert_eq(b->timers[tk_meta_timer(values)].sort, TK_TIMER_VALUES);
	cr_assert_str_empty(b->timers[tk_meta_timer(values)].unit);
}

Test(records, stamp_modes_and_the_cpu)
{
	struct tk_thread here = { .pin = true, .cpu = 0 };
	tk_timer_t t[3];
	struct read_back *b;

	if (system_clock())
		cr_skip("the counter is not invariant here");
	open_small();
	cr_assert_eq(tk_join(&here), 0, "%s", tk_why());
	for (unsigned i = 0; i < 3; i++) {
		char name[] = "mode-0";

		name[5] = (char)('0' + i);
		t[i] = tk_timer_stamped(name, (enum tk_stamp)i);
		tk_stop(t[i], tk_start(t[i]));
	}
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 3);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(b->records[i].kind, i);
		cr_assert_eq(b->records[i].cpu, i == TK_STAMP_FAST ? TK_CPU_UNKNOWN : 0);
		cr_assert_eq(b->timers[tk_meta_timer(t[i])].stamp, i);
	}
}

/* The reader subtracts by kind, so the kind says how each boundary was stamped. */
Test(records, a_lap_has_its_timers_stamp_mode)
{
	struct read_back *b;

	if (system_clock())
		cr_skip("the counter is not invariant here");
	open_small();
	for (unsigned i = 0; i < 3; i++) {
		char name[] = "lap-0";
		uint64_t lap = tk_now();

		name[4] = (char)('0' + i);
		tk_lap(tk_timer_stamped(name, (enum tk_stamp)i), &lap);
	}
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 3);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(b->records[i].kind, TK_KIND_LAP + i);
}

/* What is subtracted from fast spans and hand-made stamps: nothing. It is measured once a
 * process. */
Test(records, floors)
{
	uint32_t floor[TK_STAMPS];
	struct read_back *b;

	for (int i = 0; i < 3; i++) {
		open_small();
		b = read_back(getpid(), place);
		cr_assert_eq(b->segments, 1);
		cr_assert_eq(b->head.floor[TK_STAMP_FAST], 0);
		cr_assert_eq(b->head.floor[TK_STAMP_HAND], 0);
		if (system_clock())
			cr_assert_eq(b->head.floor[TK_STAMP_FENCED], 0);
		if (i)
			cr_assert_arr_eq(b->head.floor, floor, sizeof(floor));
		memcpy(floor, b->head.floor, sizeof(floor));
		tk_close();
	}
}

static int leave_early(tk_timer_t t)
{
	TK_TIME(t)
	{
		TK_SCOPE(t);
		return TK_CALL(t, 7);
	}
	return 0;
}

Test(records, blocks_record_however_they_are_left)
{
	struct read_back *b;
	tk_timer_t t;

	open_small();
	t = tk_timer("block");
	cr_assert_eq(leave_early(t), 7);
	for (int i = 0; i < 3; i++) {
		TK_TIME(t)
		{
			if (i == 1)
				break;
		}
	}
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 6);
}

struct handed_on {
	tk_timer_t timer;
	uint64_t start;
};

static void *stop_it(void *arg)
{
	const struct handed_on *span = arg;

	tk_stop(span->timer, span->start);
	return NULL;
}

/* As goroutines and coroutines move: the record is the stopping thread's. */
Test(records, a_span_stops_on_another_thread)
{
	struct handed_on span;
	struct read_back *b;
	pthread_t other;

	open_small();
	span.timer = tk_timer("moves");
	span.start = tk_start(span.timer);
	cr_assert_eq(pthread_create(&other, NULL, stop_it, &span), 0);
	pthread_join(other, NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 1);
	cr_assert_eq(b->lost, 0);
	cr_assert_eq(b->records[0].start, span.start);
	cr_assert_eq(b->records[0].timer, tk_meta_timer(span.timer));
	cr_assert_neq(b->records[0].duration, TK_TICKS_NONE);
}

Test(records, messages_carry_their_origin)
{
	typedef TK_MESSAGE(int) numbered;
	typedef TK_MESSAGE(char *) named;
	numbered in = { .origin = { 0, 0 }, .data = 5 };
	named out;

	open_small();
	in.origin = tk_origin_now();
	tk_derive(&out, &in);
	cr_assert_eq(out.origin.ticks, in.origin.ticks);
	cr_assert_eq(out.origin.real_ns, in.origin.real_ns);
	cr_assert_geq(tk_since(out.origin), 0);
	cr_assert_geq(tk_since_ns(out.origin), 0);
	cr_assert_geq(tk_real_ns(out.origin), in.origin.real_ns);
}

Test(records, origins_from_elsewhere)
{
	struct tk_origin now, nic, process;

	open_small();
	now = tk_origin_now();
	nic = tk_origin_from_real(now.real_ns - 1000000);
	process = tk_origin_from_ticks(nic.ticks);
	cr_assert_eq(nic.real_ns, now.real_ns - 1000000);
	/* Both ways through a rate that is known to some ppm, over a millisecond. */
	cr_assert_lt(llabs(tk_ns((int64_t)(now.ticks - nic.ticks)) - 1000000), 200000);
	cr_assert_lt(llabs(process.real_ns - nic.real_ns), 200000);
}
