/* SPDX-License-Identifier: MIT */
/* The measured bursts must be those that brute force finds in the same sequences of times. */
#include "collector/tune/bursts.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random.h"

#define SECOND UINT64_C(1000000000)

/* Times in ns, of many shapes: steady, log-random, bursts of bursts, many at once. */
static void make_times(uint64_t *times, size_t n, unsigned shape, uint64_t *state)
{
	uint64_t now = random_log(state, 40);

	for (size_t i = 0; i < n; i++) {
		times[i] = now;
		if (shape == 0)
			now += 1000;
		else if (shape == 1)
			now += random_log(state, 24);
		else if (shape == 2)
			now += random_below(state, 100) ? random_below(state, 30)
							: random_log(state, 27);
		else
			now += random_below(state, 3) ? 0 : random_log(state, 20);
	}
}

/* Add the times in pieces, as lanes are read: at most a chunk at a time. */
static void feed(struct tk_bursts *b, const uint64_t *times, size_t n, uint64_t *state)
{
	size_t fed = 0;

	while (fed < n) {
		size_t more = random_below(state, 65);

		more = more < n - fed ? more : n - fed;
		tk_bursts_add(b, times + fed, more, UINT64_MAX);
		fed += more;
	}
	cr_assert_eq(b->records, n);
}

/* Count every window that begins with a record, record by record. */
static uint64_t naive_peak(const uint64_t *times, size_t n, uint64_t window)
{
	uint64_t peak = 0;

	for (size_t i = 0; i < n; i++) {
		size_t end = i;

		while (end < n && times[end] - times[i] <= window)
			end++;
		peak = end - i > peak ? end - i : peak;
	}
	return peak;
}

/*
 * Look at every record and the one that would overwrite it. More than a second counts as a second.
 */
static uint64_t naive_fill(const uint64_t *times, size_t n, uint64_t slots)
{
	uint64_t shortest = SECOND + 1;

	for (size_t i = slots; i < n; i++)
		if (times[i] - times[i - slots] < shortest)
			shortest = times[i] - times[i - slots];
	return shortest;
}

static void check_fills(const struct tk_bursts *b, const uint64_t *times, size_t n)
{
	for (unsigned i = 0; i < TK_SIZES; i++)
		cr_assert_eq(b->fill[i], naive_fill(times, n, tk_size_slots(i)), "%u: %lu, not %lu",
			     i, b->fill[i], naive_fill(times, n, tk_size_slots(i)));
}

Test(bursts, are_those_that_brute_force_finds)
{
	uint64_t state = 1;

	for (unsigned round = 0; round < 400; round++) {
		size_t n = 1 + random_below(&state, 1500);
		uint64_t *times = malloc(n * sizeof(*times));
		struct tk_bursts b;

		cr_assert_eq(tk_bursts_init(&b, 1e9), 0);
		make_times(times, n, round % 4, &state);
		feed(&b, times, n, &state);
		for (unsigned w = 0; w < TK_WINDOWS; w++)
			cr_assert_eq(b.peak[w], naive_peak(times, n, tk_windows_ns[w]));
		check_fills(&b, times, n);
		cr_assert_not(b.cut);
		tk_bursts_free(&b);
		free(times);
	}
}

/* A second oracle, by bisection: the last record within the window that begins at i. */
static uint64_t bisected_peak(const uint64_t *times, size_t n, uint64_t window)
{
	uint64_t peak = 0;

	for (size_t i = 0; i < n; i++) {
		size_t in = i, out = n;

		while (out - in > 1) {
			size_t middle = in + (out - in) / 2;

			if (times[middle] - times[i] <= window)
				in = middle;
			else
				out = middle;
		}
		peak = in - i + 1 > peak ? in - i + 1 : peak;
	}
	return peak;
}

/* Enough records that the ring of times grows where it must, and wraps often where it need not. */
Test(bursts, are_the_same_when_the_ring_of_times_grows_and_turns)
{
	/* Thousands a second in either half: 500, 250, 25; and 25 first, then 500. */
	static const uint64_t step[][2] = {
		{ 2000, 2000 }, { 4000, 4000 }, { 40000, 40000 }, { 40000, 2000 }
	};
	size_t n = 1500000;
	uint64_t *times = malloc(n * sizeof(*times)), state = 2;

	for (unsigned shape = 0; shape < 4; shape++) {
		struct tk_bursts b;
		uint64_t now = 0;

		cr_assert_eq(tk_bursts_init(&b, 1e9), 0);
		for (size_t i = 0; i < n; i++) {
			now += random_below(&state, 2 * step[shape][i >= n / 2]);
			times[i] = now;
		}
		feed(&b, times, n, &state);
		for (unsigned w = 0; w < TK_WINDOWS; w++)
			cr_assert_eq(b.peak[w], bisected_peak(times, n, tk_windows_ns[w]), "%u %u",
				     shape, w);
		check_fills(&b, times, n);
		cr_assert_lt(b.mask + 1, n); /* the ring wrapped */
		tk_bursts_free(&b);
	}
	free(times);
}

Test(bursts, time_never_goes_back_nor_beyond_now)
{
	static const uint64_t times[] = { 1000, 900, 5000, 4000, 999999, 5001 };
	struct tk_bursts b;

	cr_assert_eq(tk_bursts_init(&b, 1e9), 0);
	tk_bursts_add(&b, times, 6, 6000);
	cr_assert_eq(b.records, 6);
	cr_assert_eq(b.peak[0], 6);
	/* As if at 1000, 1000, 5000, 5000, 6000, 6000: then ten seconds of silence. */
	tk_bursts_add(&b, &(uint64_t){ 10 * SECOND }, 1, UINT64_MAX);
	cr_assert_eq(b.peak[TK_WINDOWS - 1], 6);
	tk_bursts_free(&b);
}

Test(bursts, ticks_are_not_nanoseconds)
{
	struct tk_bursts b;
	uint64_t time = 0;

	/* A record each 100 ticks of 2 GHz: 20 a microsecond. */
	cr_assert_eq(tk_bursts_init(&b, 2e9), 0);
	for (unsigned i = 0; i < 100000; i++, time += 100)
		tk_bursts_add(&b, &time, 1, UINT64_MAX);
	cr_assert_eq(b.peak[0], 201); /* 10 us, both ends included */
	cr_assert_eq(b.peak[6], 20001);
	cr_assert_eq(b.fill[0], 25600);
	tk_bursts_free(&b);
}
