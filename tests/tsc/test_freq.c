/* SPDX-License-Identifier: MIT */
/*
 * The fit against clocks whose rate is known, because the test made them; and once against this
 * machine's own.
 */
#include "tsc/check.h"
#include "tsc/freq.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <time.h>

#define N 4096

static struct tk_tsc_pair pairs[N];

static uint32_t random32(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

/* Readings every 2.5 us; error_ticks() says how far from the bracket's middle the clock was read.
 */
static void synthesise(double hz, uint32_t width, double (*error_ticks)(size_t i, uint32_t width))
{
	for (size_t i = 0; i < N; i++) {
		double ticks = 2.5e-6 * hz * (double)i;
		double at = floor(ticks) + error_ticks(i, width);

		pairs[i] = (struct tk_tsc_pair){
			.tsc = UINT64_C(123456789012345) + (uint64_t)ticks,
			.raw_ns = INT64_C(98765432109) + (int64_t)floor(at * 1e9 / hz),
			.width = width,
		};
	}
}

static double in_the_middle(size_t i, uint32_t width)
{
	(void)i;
	(void)width;
	return 0;
}

static double anywhere(size_t i, uint32_t width)
{
	static uint64_t state = 7;

	(void)i;
	return ((double)random32(&state) / UINT32_MAX - 0.5) * width;
}

/* The same, but neighbours err together, 128 at a time. */
static double in_stretches(size_t i, uint32_t width)
{
	static double error;

	if (i % 128 == 0)
		error = anywhere(i, width);
	return error;
}

/* As unkind as a bracket allows: early readings at its start, late ones at its end. */
static double against_us(size_t i, uint32_t width)
{
	return (i < N / 2 ? -0.5 : 0.5) * width;
}

static double ppm_off(const struct tk_tsc_freq *f, double hz)
{
	return 1e6 * fabs(f->hz - hz) / hz;
}

Test(freq, an_exact_clock_is_recovered_exactly)
{
	struct tk_tsc_freq f;

	/* 1 GHz and 2 GHz: every reading is a whole number of ns, nothing is cut off. */
	for (double hz = 1e9; hz <= 2e9; hz += 1e9) {
		synthesise(hz, 40, in_the_middle);
		cr_assert_eq(tk_tsc_fit(pairs, N, &f), 0);
		cr_expect(ppm_off(&f, hz) < 1e-9, "%.12g", f.hz);
		cr_expect_eq(f.kept, N);
		cr_expect(f.stat_ppm < 1e-9);
		cr_expect_eq(f.window_ns, 2500 * (N - 1));
	}
}

Test(freq, noise_inside_the_brackets_averages_out)
{
	const double rates[] = { 1.0e9, 2.599998140e9, 3.7e9, 24e6 };
	struct tk_tsc_freq f;

	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		synthesise(rates[r], rates[r] > 1e9 ? 80 : 4, anywhere);
		cr_assert_eq(tk_tsc_fit(pairs, N, &f), 0);
		/* Seeded, so this is arithmetic: four standard errors. */
		cr_expect(ppm_off(&f, rates[r]) <= 2 * f.stat_ppm, "%g ppm off, stat %g",
			  ppm_off(&f, rates[r]), f.stat_ppm);
		cr_expect(ppm_off(&f, rates[r]) <= f.bound_ppm);
		cr_expect(f.stat_ppm < f.bound_ppm / 10);
	}
}

Test(freq, neighbours_that_err_together_are_not_taken_for_many_witnesses)
{
	struct tk_tsc_freq f, independent;

	synthesise(2.6e9, 80, anywhere);
	cr_assert_eq(tk_tsc_fit(pairs, N, &independent), 0);
	synthesise(2.6e9, 80, in_stretches);
	cr_assert_eq(tk_tsc_fit(pairs, N, &f), 0);
	cr_expect(ppm_off(&f, 2.6e9) <= 2 * f.stat_ppm);
	cr_expect(f.stat_ppm > 4 * independent.stat_ppm, "%g, %g", f.stat_ppm,
		  independent.stat_ppm);
}

Test(freq, the_bound_holds_against_the_worst_readings)
{
	struct tk_tsc_freq f;

	synthesise(2.6e9, 100, against_us);
	cr_assert_eq(tk_tsc_fit(pairs, N, &f), 0);
	cr_expect(ppm_off(&f, 2.6e9) <= f.bound_ppm);
	/* It is reached, too: a bound ten times as wide would be no use. */
	cr_expect(ppm_off(&f, 2.6e9) > 0.8 * f.bound_ppm, "%g of %g", ppm_off(&f, 2.6e9),
		  f.bound_ppm);
}

Test(freq, wide_brackets_are_left_out)
{
	struct tk_tsc_freq f;

	synthesise(2e9, 40, in_the_middle);
	for (size_t i = 0; i < N; i += 3) { /* preempted: wide, and wrong by half of that */
		pairs[i].width = 100000;
		pairs[i].raw_ns += 25000;
	}
	cr_assert_eq(tk_tsc_fit(pairs, N, &f), 0);
	cr_expect(ppm_off(&f, 2e9) < 1e-9);
	cr_expect_eq(f.kept, N - (N + 2) / 3);
	cr_expect_eq(f.width, 40);
}

Test(freq, within_four_ticks_of_the_narrowest)
{
	struct tk_tsc_freq f;

	synthesise(2e9, 40, in_the_middle);
	for (size_t i = 0; i < N; i++)
		pairs[i].width = 40 + (uint32_t)(i % 10);
	cr_assert_eq(tk_tsc_fit(pairs, N, &f), 0);
	cr_expect_eq(f.width, 44);
}

Test(freq, a_few_freak_brackets_do_not_throw_out_the_rest)
{
	struct tk_tsc_freq f;

	synthesise(2e9, 80, in_the_middle);
	for (size_t i = 0; i < 20; i++)
		pairs[i * (N / 20)].width = 2;
	cr_assert_eq(tk_tsc_fit(pairs, N, &f), 0);
	cr_expect_eq(f.kept, N);
	cr_expect_eq(f.width, 80, "the bound must follow what was kept");
}

Test(freq, a_step_in_the_window_is_refused)
{
	struct tk_tsc_freq f;

	synthesise(2e9, 40, in_the_middle);
	for (size_t i = N / 2; i < N; i++)
		pairs[i].raw_ns += 1000;
	cr_expect_eq(tk_tsc_fit(pairs, N, &f), -EAGAIN);
}

Test(freq, a_stopped_clock_is_refused)
{
	struct tk_tsc_freq f;

	synthesise(2e9, 40, in_the_middle);
	for (size_t i = 0; i < N; i++)
		pairs[i].raw_ns = 5;
	cr_expect_eq(tk_tsc_fit(pairs, N, &f), -EAGAIN);
	synthesise(2e9, 40, in_the_middle);
	for (size_t i = 0; i < N; i++)
		pairs[i].tsc = 5;
	cr_expect_eq(tk_tsc_fit(pairs, N, &f), -EAGAIN);
}

Test(freq, a_window_mostly_lost_is_refused)
{
	struct tk_tsc_freq f;

	synthesise(2e9, 40, in_the_middle);
	for (size_t i = N / 3; i < N; i++)
		pairs[i].width = 5000;
	cr_expect_eq(tk_tsc_fit(pairs, N, &f), -EAGAIN);
}

Test(freq, too_little_is_refused)
{
	struct tk_tsc_freq f;

	synthesise(2e9, 40, in_the_middle);
	cr_expect_eq(tk_tsc_fit(pairs, 31, &f), -EINVAL);
	cr_expect_eq(tk_tsc_fit(pairs, 32, &f), 0);
	cr_expect_eq(tk_tsc_freq_measure(999999, &f), -EINVAL);
	cr_expect_eq(tk_tsc_freq_measure(UINT64_C(10000000001), &f), -EINVAL);
}

Test(freq, two_pairs_give_rate_and_bound)
{
	struct tk_tsc_pair a = { .tsc = 1000, .raw_ns = 500, .width = 60 };
	struct tk_tsc_pair b = { .tsc = 1000 + 2600000000u,
				 .raw_ns = 500 + 1000000000,
				 .width = 40 };
	double bound;

	cr_expect_eq(tk_tsc_pair_hz(&a, &b, &bound), 2.6e9);
	cr_expect_float_eq(bound, 50.0 / 2600 + 0.001, 1e-12);
	cr_expect_eq(tk_tsc_pair_hz(&b, &a, NULL), 0);
	cr_expect_eq(tk_tsc_pair_hz(&a, &a, NULL), 0);
}

Test(freq, this_machine)
{
	struct tk_tsc_freq f;
	struct tk_tsc_pair a, b;
	double hz, bound;
	char why[256];
	int err;

	if (tk_tsc_quick(why, sizeof(why)))
		cr_skip_test("%s", why);
	tk_tsc_pair_read(&a);
	err = tk_tsc_freq_measure(10000000, &f);
	tk_tsc_pair_read(&b);
	if (err == -EAGAIN)
		cr_skip_test("machine too busy to measure a frequency");
	cr_assert_eq(err, 0);
	/* Two independent measurements, each within its hard bound of the truth. */
	hz = tk_tsc_pair_hz(&a, &b, &bound);
	cr_expect(ppm_off(&f, hz) <= f.bound_ppm + bound, "%g Hz, %g Hz", f.hz, hz);
	cr_expect(f.stat_ppm > 0 && f.stat_ppm < f.bound_ppm);
	cr_expect(f.window_ns >= 5000000);
}
