/* SPDX-License-Identifier: MIT */
/*
 * The conversion against exact arithmetic: ticks * 1e9 / hz in 128-bit integers, for whole hz.
 */
#include "tsc/convert.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/random.h"

#define CENTURY_S UINT64_C(3155760000)

static const uint64_t rates[] = {
	1000,       1001,        32768,      3579545,     14318180,
	999999999,  1000000000,  1000000001, 1800000000,  2600000000,
	2599998140, 3999999999u, 5000000000, 99999999999, 100000000000,
};

#define N_RATES (sizeof(rates) / sizeof(rates[0]))

/* Largest multiple of a tick count whose ns fit 63 bits, a century or less. */
static uint64_t ticks_limit(uint64_t hz)
{
	unsigned __int128 ticks = (unsigned __int128)hz * CENTURY_S;

	return ticks > INT64_MAX ? INT64_MAX : (uint64_t)ticks;
}

static int64_t exact_ns(int64_t ticks, uint64_t hz)
{
	return (int64_t)((__int128)ticks * 1000000000 / (__int128)hz); /* towards zero */
}

/*
 * The multiplier is off by at most 2^-65 ns a tick, hence the product by ticks * 2^-65, and then
 * one ns more may be lost where that crosses a whole number.
 */
static int64_t allowed(uint64_t ticks)
{
	return 1 + (int64_t)ceil(ldexp((double)ticks, -65));
}

static void agree(const struct tk_tsc_conv *c, int64_t ticks, uint64_t hz)
{
	int64_t got = tk_tsc_delta_ns(c, ticks), want = exact_ns(ticks, hz);

	cr_assert(llabs(got - want) <= allowed((uint64_t)llabs(ticks)),
		  "%ld ticks at %lu Hz: %ld ns, exactly %ld", ticks, hz, got, want);
}

Test(convert, agrees_with_exact_arithmetic)
{
	uint64_t state = 42;
	struct tk_tsc_conv c;

	for (size_t r = 0; r < N_RATES; r++) {
		uint64_t limit = ticks_limit(rates[r]);

		cr_assert_eq(tk_tsc_conv_init(&c, (double)rates[r], 0, 0), 0);
		for (int i = 0; i < 20000; i++) {
			uint64_t bits = random64(&state) % 63 + 1;
			int64_t ticks = (int64_t)((random64(&state) >> (64 - bits)) % limit);

			agree(&c, ticks, rates[r]);
			agree(&c, -ticks, rates[r]);
		}
		for (int64_t ticks = -1000; ticks <= 1000; ticks++)
			agree(&c, ticks, rates[r]);
	}
}

Test(convert, drifts_less_than_a_ns_in_a_century)
{
	struct tk_tsc_conv c;

	for (size_t r = 0; r < N_RATES; r++) {
		uint64_t ticks = rates[r] * CENTURY_S;

		if (rates[r] > UINT64_C(2900000000)) /* the difference has 63 bits */
			continue;
		cr_assert_eq(tk_tsc_conv_init(&c, (double)rates[r], 0, 0), 0);
		cr_assert(llabs(tk_tsc_delta_ns(&c, (int64_t)ticks) -
				(int64_t)(CENTURY_S * 1000000000)) <= 1);
	}
}

Test(convert, splits_whole_and_fraction)
{
	struct tk_tsc_conv c;

	cr_assert_eq(tk_tsc_conv_init(&c, 1e9, 0, 0), 0);
	cr_expect_eq(c.whole, 1);
	cr_expect_eq(c.mult, 0);
	cr_assert_eq(tk_tsc_conv_init(&c, 2e9, 0, 0), 0);
	cr_expect_eq(c.whole, 0);
	cr_expect_eq(c.mult, UINT64_C(1) << 63);
	cr_assert_eq(tk_tsc_conv_init(&c, 4e8, 0, 0), 0);
	cr_expect_eq(c.whole, 2);
	cr_expect_eq(c.mult, UINT64_C(1) << 63);
	/* The smallest step above 1 GHz, 2^-23 Hz: 2^64 * (1 - 2^-23 / 1e9), still below a whole.
	 */
	cr_assert_eq(tk_tsc_conv_init(&c, nextafter(1e9, 2e9), 0, 0), 0);
	cr_expect_eq(c.whole, 0);
	cr_expect_eq(c.mult, UINT64_MAX - 2198);
}

Test(convert, rounds_towards_zero_on_both_sides)
{
	struct tk_tsc_conv c;

	cr_assert_eq(tk_tsc_conv_init(&c, 2e9, 0, 0), 0);
	cr_expect_eq(tk_tsc_delta_ns(&c, 3), 1);
	cr_expect_eq(tk_tsc_delta_ns(&c, -3), -1);
	cr_expect_eq(tk_tsc_delta_ns(&c, 0), 0);
}

Test(convert, is_monotonic)
{
	struct tk_tsc_conv c;
	int64_t last;

	cr_assert_eq(tk_tsc_conv_init(&c, 2599998140.3, 1000, 5), 0);
	last = tk_tsc_to_ns(&c, 0);
	for (uint64_t tsc = 1; tsc < 100000; tsc++) {
		int64_t ns = tk_tsc_to_ns(&c, tsc);

		cr_assert(ns >= last);
		last = ns;
	}
}

Test(convert, stamps_lie_around_the_base)
{
	struct tk_tsc_conv c;

	cr_assert_eq(tk_tsc_conv_init(&c, 2e9, 1000000, -77), 0);
	cr_expect_eq(tk_tsc_to_ns(&c, 1000000), -77);
	cr_expect_eq(tk_tsc_to_ns(&c, 1000200), 23);
	cr_expect_eq(tk_tsc_to_ns(&c, 999800), -177);
	/* A base near the counter's end: differences wrap, and are still right. */
	cr_assert_eq(tk_tsc_conv_init(&c, 2e9, UINT64_MAX - 99, 0), 0);
	cr_expect_eq(tk_tsc_to_ns(&c, 100), 100);
}

Test(convert, refuses_rates_that_no_counter_has)
{
	const double bad[] = { 0, -1, 999.9, 1.0001e11, NAN, INFINITY, -INFINITY };
	struct tk_tsc_conv c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(tk_tsc_conv_init(&c, bad[i], 0, 0), -EINVAL);
	cr_expect_eq(tk_tsc_conv_init(&c, 1e3, 0, 0), 0);
	cr_expect_eq(tk_tsc_conv_init(&c, 1e11, 0, 0), 0);
}
