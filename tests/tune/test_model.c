/* SPDX-License-Identifier: MIT */
/* The model must agree with a second one: a list of arrivals and a reader, event by event. */
#include "collector/tune/model/model.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/random.h"

#define MAX_RECORDS 2000000u

/* How closely bound and simulation agree if the reader empties the lane at one poll. */
#define MARGIN 1.01
#define CHUNK  64u

struct naive {
	uint64_t *time; /* of each arrival, ps */
	uint64_t records, arrived, next, delivered, lost, waiting;
};

static void arrive(struct naive *n, uint64_t now)
{
	while (n->arrived < n->records && n->time[n->arrived] <= now)
		n->arrived++;
}

static uint64_t naive_drain(struct naive *n, uint64_t now, uint64_t slots, uint64_t record_ps)
{
	uint64_t left = (slots / CHUNK + 1) * CHUNK;

	for (arrive(n, now); left && n->arrived > n->next; arrive(n, now)) {
		uint64_t waiting = n->arrived - n->next;

		n->waiting = waiting > n->waiting ? waiting : n->waiting;
		if (waiting > slots) {
			n->lost += waiting - slots + slots / 8;
			n->next += waiting - slots + slots / 8;
			continue;
		}
		n->next++;
		n->delivered++;
		left--;
		now += record_ps;
	}
	return now;
}

/* @return false: the list would have too many records */
static bool naive_run(const struct tk_load *l, const struct tk_reader *r, uint64_t slots,
		      uint64_t polls, struct naive *n)
{
	uint64_t now = 0, random = 1, record_ps = TK_PS_PER_S / r->drain;

	for (n->records = 0; n->records < MAX_RECORDS; n->records++)
		n->time[n->records] = n->records / l->burst * l->period_ps +
				      n->records % l->burst * l->spacing_ps;
	for (uint64_t i = 0; i < polls; i++) {
		uint64_t gap = i == 0               ? r->worst_ns
			       : r->recorded        ? tk_gaps_draw(r->recorded, &random)
			       : i % TK_STALL_EVERY ? r->poll_ns
						    : r->worst_ns;

		now = naive_drain(n, now + gap * 1000, slots, record_ps);
		arrive(n, now);
	}
	return n->arrived < n->records;
}

struct trial {
	struct tk_load load;
	struct tk_reader reader;
	struct tk_gaps gaps;
	uint64_t slots;
};

/*
 * A load slower than the reader, with gaps of any length; in three of four cases near the limit of
 * loss.
 */
static bool make_trial(struct trial *t, unsigned rate_bits, uint64_t *state)
{
	uint64_t rate = 1000 + random_log(state, rate_bits), burst = 1 + random_log(state, 12);
	uint64_t drain = rate + 1 + random_log(state, 27),
		 burst_rate = rate + random_log(state, 29);
	uint64_t gap;

	*t = (struct trial){ .slots = tk_size_slots((unsigned)random_below(state, 8)) };
	if (tk_load_init(&t->load, rate, burst, burst_rate) < 0)
		return false;
	gap = (uint64_t)((double)t->slots * 1e9 / (double)rate) + 2000;
	t->reader.drain = drain < 1000000000 ? drain : 1000000000;
	t->reader.poll_ns = 1000 + random_below(state, gap / 4 + 1);
	t->reader.worst_ns = t->reader.poll_ns + random_below(state, gap * 2);
	if (random_below(state, 3) == 0) {
		uint64_t ns = 1000;

		for (unsigned i = 0; i < 8; i++, ns += 1 + random_below(state, gap / 4))
			tk_gaps_add(&t->gaps, ns, 1 + random_below(state, 50));
		t->reader.recorded = &t->gaps;
		t->reader.worst_ns = tk_gaps_worst(&t->gaps);
	}
	return t->reader.worst_ns < 1000000000;
}

Test(model, simulation_is_what_happens_event_by_event)
{
	struct naive n = { .time = malloc(MAX_RECORDS * sizeof(uint64_t)) };
	uint64_t state = 11;
	unsigned compared = 0, lossy = 0, clean = 0;

	for (int round = 0; round < 600; round++) {
		struct tk_simulated s;
		struct trial t;

		if (make_trial(&t, 20, &state)) {
			/* The simulation ends by time, so ask for as many polls of both. */
			tk_simulate(&t.load, &t.reader, t.slots, 1, &s);
			n = (struct naive){ .time = n.time };
			if (naive_run(&t.load, &t.reader, t.slots, s.polls, &n)) {
				cr_assert_eq(s.produced, n.arrived);
				cr_assert_eq(s.delivered, n.delivered);
				cr_assert_eq(s.lost, n.lost);
				cr_assert_eq(s.waiting, n.waiting);
				cr_assert_leq(s.delivered + s.lost, s.produced);
				compared++;
				lossy += s.lost > 0;
				clean += s.lost == 0;
			}
		}
		tk_gaps_free(&t.gaps);
	}
	free(n.time);
	/* If these fail, the cases were not worth comparing. */
	cr_assert(compared > 150 && lossy > 50 && clean > 50, "%u %u %u", compared, lossy, clean);
}

Test(model, the_bound_is_never_below_the_simulation_and_close_to_it)
{
	unsigned close = 0, bounded = 0;
	uint64_t state = 12;

	for (int round = 0; round < 1200; round++) {
		uint64_t bound, quota;
		struct tk_simulated s;
		struct trial t;

		if (make_trial(&t, 25, &state)) {
			tk_simulate(&t.load, &t.reader, t.slots, 1, &s);
			bound = tk_bound(&t.load, &t.reader, t.slots);
			cr_assert_geq(bound, s.waiting, "round %d: %lu < %lu", round, bound,
				      s.waiting);
			quota = t.slots + CHUNK;
			/* Emptied at one poll: what waits and what comes meanwhile is less than
			 * that. */
			if (bound < t.slots &&
			    (double)bound / (1 - tk_load_rate(&t.load) / (double)t.reader.drain) +
					    (double)t.load.burst <
				    (double)quota) {
				cr_assert_leq((double)bound, MARGIN * (double)s.waiting + CHUNK);
				close++;
			}
			bounded += bound != TK_UNBOUNDED;
			if (bound <= t.slots)
				cr_assert_eq(s.lost, 0);
		}
		tk_gaps_free(&t.gaps);
	}
	cr_assert(close > 50 && bounded > 200, "%u %u", close, bounded);
}

/* No window, wherever it begins, has more records than one that begins with a burst. */
Test(model, the_arrival_curve_is_the_most_of_any_window)
{
	uint64_t state = 14;

	for (int round = 0; round < 100; round++) {
		struct trial t;

		make_trial(&t, 20, &state);
		for (uint64_t n = 0; t.load.period_ps && n < 3 * t.load.burst; n++) {
			uint64_t begin = n / t.load.burst * t.load.period_ps +
					 n % t.load.burst * t.load.spacing_ps;
			uint64_t length = random_below(&state, 4 * t.load.period_ps);

			cr_assert_leq(tk_load_arrived(&t.load, begin + length) - n,
				      tk_load_arrived(&t.load, length));
		}
		tk_gaps_free(&t.gaps);
	}
}

/* Cruz's bound for a leaky bucket and a reader that is away for a time: burst + rate * latency. */
Test(model, the_bound_of_a_steady_load_is_the_textbooks)
{
	struct tk_reader r = { .drain = 50000000, .worst_ns = 20000000, .poll_ns = 1000000 };
	struct tk_load l;

	tk_load_init(&l, 1000000, 1, 100000000);
	cr_assert_eq(tk_bound(&l, &r, 65536), 1 + 20000);
	tk_load_init(&l, 1000000, 5000, 1000000000);
	cr_assert_leq(tk_bound(&l, &r, 65536), 5000 + 20000);
	cr_assert_gt(tk_bound(&l, &r, 65536), 5000 + 20000 - 5000 / 20 - 1); /* taken meanwhile */
}

Test(model, what_is_survived_is_survived_and_no_more)
{
	uint64_t state = 13;

	for (int round = 0; round < 200; round++) {
		struct trial t;
		uint64_t ns;

		if (make_trial(&t, 25, &state) && !t.reader.recorded) {
			ns = tk_bound_survives(&t.load, &t.reader, t.slots);
			t.reader.worst_ns = ns + 1;
			cr_assert_gt(tk_bound(&t.load, &t.reader, t.slots), t.slots);
			t.reader.worst_ns = ns;
			cr_assert(ns == 0 || tk_bound(&t.load, &t.reader, t.slots) <= t.slots);
		}
		tk_gaps_free(&t.gaps);
	}
}

Test(model, the_answer_is_the_smallest_that_loses_nothing)
{
	static const struct {
		uint64_t rate, burst, stall_ms, slots;
	} known[] = {
		{ 1000000, 1, 20, 32768 },  { 500000, 5000, 15, 16384 }, { 20000000, 1, 5, 131072 },
		{ 2000000, 500, 5, 16384 }, { 1000, 1, 100, 256 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct tk_model m = { .drain = 50000000, .seconds = 1 };
		struct tk_model_size size[TK_SIZES];
		unsigned k;

		m.stall_ns = known[i].stall_ms * 1000000;
		tk_load_init(&m.load, known[i].rate, known[i].burst, 100000000);
		tk_model_run(&m, size);
		k = tk_model_recommend(size);
		cr_assert_eq(size[k].slots, known[i].slots, "%zu: %lu", i, size[k].slots);
		cr_assert_eq(size[k].simulated.lost, 0);
		cr_assert_geq(size[k].survives_ns, size[k].worst_gap_ns);
		if (k)
			cr_assert_gt(size[k - 1].simulated.lost, 0);
	}
}

Test(model, loads_that_cannot_be_are_refused)
{
	struct tk_load l;

	cr_assert_eq(tk_load_init(&l, 1000000, 500, 900000), -ERANGE);
	cr_assert_eq(tk_load_init(&l, 1, UINT64_C(1000000000), 1000000000), -EOVERFLOW);
	cr_assert_eq(tk_load_init(&l, 1000000, 500, 999999), -ERANGE);
	cr_assert_eq(tk_load_init(&l, 1000000, 500, 1100000), 0);
	cr_assert_eq(tk_load_init(&l, 1000000, 1, 1), 0);
}

Test(model, sizes_are_powers_of_two)
{
	cr_assert_eq(tk_size_slots(0), 256);
	cr_assert_eq(tk_size_slots(TK_SIZES - 1), TK_SIZE_MAX);
	for (unsigned i = 0; i < TK_SIZES; i++) {
		cr_assert_eq(tk_size_of(tk_size_slots(i)), i);
		cr_assert_eq(tk_size_of(tk_size_slots(i) + 1), TK_SIZES);
	}
	cr_assert_eq(tk_size_of(0), TK_SIZES);
	cr_assert_eq(tk_size_of(128), TK_SIZES);
}
