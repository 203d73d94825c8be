/* SPDX-License-Identifier: MIT */
/* What a span costs: a figure for each kind of stamps, and of each timer the right one. */
#include <criterion/criterion.h>
#include <math.h>

#include "ring/span_cost.h"

/* No timing decides: on a machine that does other things any figure may come out, but a figure. */
Test(span_cost, measured)
{
	struct tk_span_cost cost;

	for (int i = 0; i < 10; i++) {
		tk_span_cost_measure(&cost);
		for (unsigned stamp = 0; stamp <= TK_STAMP_HAND; stamp++)
			cr_assert(isfinite(cost.by_stamp[stamp]) && cost.by_stamp[stamp] >= 0);
		cr_assert(isfinite(cost.monotonic) && cost.monotonic >= 0);
	}
}

Test(span_cost, of_a_timer)
{
	const struct tk_span_cost cost = { .by_stamp = { 1, 2, 3, 4 }, .monotonic = 5 };

	cr_assert_eq(tk_span_cost_of(&cost, TK_STAMP_ORDERED, true), 1);
	cr_assert_eq(tk_span_cost_of(&cost, TK_STAMP_FAST, true), 2);
	cr_assert_eq(tk_span_cost_of(&cost, TK_STAMP_FENCED, true), 3);
	cr_assert_eq(tk_span_cost_of(&cost, TK_STAMP_HAND, true), 4);
	cr_assert_eq(tk_span_cost_of(&cost, TK_STAMP_HAND, false), 4);
	cr_assert_eq(tk_span_cost_of(&cost, TK_STAMP_FAST, false), 5);
	/* What a hostile segment may say. */
	cr_assert_eq(tk_span_cost_of(&cost, 4000000000, true), 1);
	cr_assert_eq(tk_span_cost_of(&cost, 4000000000, false), 5);
}
