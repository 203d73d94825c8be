/* SPDX-License-Identifier: MIT */
/*
 * What a pair of stamps adds to a span. Figures are for bench/floor; here is what holds on a busy
 * machine, too.
 */
#include "tests/random.h"
#include "tsc/check.h"
#include "tsc/floor.h"

#include <criterion/criterion.h>

Test(floor, the_middle_half)
{
	uint32_t four[] = { 1000000, 10, 0, 20 };
	uint32_t steps[] = { 26, 52, 26, 52, 26, 52, 26, 52 };

	cr_expect_float_eq(tk_tsc_middle_mean(four, 4), 15, 1e-9);
	cr_expect_float_eq(tk_tsc_middle_mean(steps, 8), 39, 1e-9, "finer than the counter's step");
}

/* An interrupt, or a hundred, in up to a quarter of the spans changes nothing. */
Test(floor, outliers_do_not_count)
{
	uint64_t state = 3;

	for (int run = 0; run < 200; run++) {
		uint32_t ticks[64];

		for (unsigned i = 0; i < 64; i++)
			ticks[i] = 100 + (uint32_t)random_below(&state, 27);
		for (unsigned i = 0; i < 15; i++)
			ticks[random_below(&state, 64)] = (uint32_t)random64(&state) | 1u << 20;
		cr_assert(tk_tsc_middle_mean(ticks, 64) >= 100);
		cr_assert(tk_tsc_middle_mean(ticks, 64) <= 126);
	}
}

Test(floor, this_machine)
{
	struct tk_tsc_floor f[TK_TSC_FLOOR_MODES];

	if (tk_tsc_quick(NULL, 0))
		cr_skip_test("the counter is not invariant here");
	for (int run = 0; run < 20; run++) {
		tk_tsc_floor_measure(f);
		for (unsigned i = 0; i < TK_TSC_FLOOR_MODES; i++) {
			const char *name = tk_tsc_floor_name((enum tk_tsc_floor_mode)i);

			cr_assert(f[i].least <= f[i].most, "%s", name);
			cr_assert(f[i].least >= -TK_TSC_FLOOR_MAX && f[i].most <= TK_TSC_FLOOR_MAX);
			cr_assert((int64_t)f[i].subtract <= (f[i].least > 0 ? f[i].least : 0),
				  "%s: never more than the least", name);
		}
		cr_assert_eq(f[TK_TSC_FLOOR_FAST].subtract, 0, "fast stamps move into the work");
	}
}
