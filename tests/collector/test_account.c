/* SPDX-License-Identifier: MIT */
/* Which timers lost what: against a writer and a reader that know. */
#include "collector/drain/account.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/random.h"

#define TIMERS 8

static uint64_t pushed_all, lost_all;

static void take_all(struct tk_account *a, const uint64_t *counts, uint64_t *pushed, uint64_t *lost)
{
	pushed_all = lost_all = 0;
	for (uint32_t id = 0; id < TIMERS; id++) {
		uint64_t p, l;

		tk_account_take(a, id, counts, &p, &l);
		pushed[id] += p;
		lost[id] += l;
		pushed_all += p;
		lost_all += l;
	}
}

/* A lane's life: pushes of random timers, some delivered, some lost, level now and then. */
static void live(enum tk_account_base kind, uint64_t seed)
{
	uint64_t state = seed, counts[TIMERS] = { 0 }, before[TIMERS];
	uint64_t pushed[TIMERS] = { 0 }, lost[TIMERS] = { 0 };
	uint64_t really_pushed[TIMERS] = { 0 }, really_lost[TIMERS] = { 0 }, lane_lost = 0;
	struct tk_account a;

	if (kind != TK_BASE_ZERO)
		for (int i = 0; i < 1000; i++)
			counts[random_below(&state, TIMERS)]++;
	memcpy(before, counts, sizeof(before));
	cr_assert_eq(tk_account_init(&a, TIMERS, kind, before, counts), 0);
	for (int i = 0; i < 20000; i++) {
		size_t id = random_below(&state, TIMERS);

		counts[id]++;
		really_pushed[id]++;
		if (i > 100 && random_below(&state, 50) == 0) {
			really_lost[id]++;
			lane_lost++;
		} else {
			a.got[id]++;
		}
		if (random_below(&state, 20) == 0 && tk_account_wants(&a, lane_lost))
			tk_account_level(&a, counts, TIMERS, lane_lost);
		if (random_below(&state, 100) == 0) {
			take_all(&a, a.settled == lane_lost ? NULL : counts, pushed, lost);
			cr_assert_leq(lost_all, lane_lost);
		}
	}
	tk_account_level(&a, counts, TIMERS, lane_lost);
	take_all(&a, NULL, pushed, lost);
	for (uint32_t id = 0; id < TIMERS; id++) {
		cr_assert_eq(lost[id], really_lost[id]);
		cr_assert_eq(pushed[id], really_pushed[id]);
	}
	cr_assert_not(tk_account_wants(&a, lane_lost));
	tk_account_free(&a);
}

Test(account, exact_when_read_from_the_first_record)
{
	for (uint64_t seed = 1; seed < 20; seed++)
		live(TK_BASE_ZERO, seed);
}

Test(account, exact_when_attached_to_a_lane_at_rest)
{
	for (uint64_t seed = 1; seed < 20; seed++)
		live(TK_BASE_BETWEEN, seed);
}

Test(account, exact_when_attached_in_the_past_once_level_without_loss)
{
	for (uint64_t seed = 1; seed < 20; seed++)
		live(TK_BASE_UNKNOWN, seed);
}

/* One timer at full speed: it pushed 70 between the looks, the reader began after 30 of them. */
Test(account, a_single_busy_timer_is_exact_even_if_loss_comes_first)
{
	uint64_t before[TIMERS] = { 1000, 5 }, after[TIMERS] = { 1070, 5 };
	uint64_t counts[TIMERS] = { 1030 + 500, 5 + 20 };
	uint64_t pushed[TIMERS] = { 0 }, lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_BETWEEN, before, after);
	a.got[0] = 400;
	a.got[1] = 20;
	tk_account_level(&a, counts, TIMERS, 100);
	take_all(&a, NULL, pushed, lost);
	cr_assert_eq(lost[0], 100);
	cr_assert_eq(lost[1], 0);
	cr_assert_eq(pushed[0], 500);
	cr_assert_eq(pushed[1], 20);
	tk_account_free(&a);
}

Test(account, an_uncertain_base_never_gives_timers_more_than_the_lane_lost)
{
	uint64_t before[TIMERS] = { 10, 20, 30 }, after[TIMERS] = { 17, 27, 37 };
	uint64_t counts[TIMERS] = { 100, 100, 100 };
	uint64_t pushed[TIMERS] = { 0 }, lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_BETWEEN, before, after);
	a.got[0] = 80;
	a.got[1] = 70;
	a.got[2] = 60;
	tk_account_level(&a, counts, TIMERS, 11);
	take_all(&a, NULL, pushed, lost);
	cr_assert_eq(lost_all, 11);
	tk_account_free(&a);
}

Test(account, pushed_is_known_before_the_loss_is_attributed)
{
	uint64_t zero[TIMERS] = { 0 }, counts[TIMERS] = { 900 };
	uint64_t pushed[TIMERS] = { 0 }, lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_BETWEEN, zero, zero);
	a.got[0] = 500;
	take_all(&a, counts, pushed, lost);
	cr_assert_eq(pushed[0], 900);
	cr_assert_eq(lost[0], 0);
	tk_account_level(&a, counts, TIMERS, 400);
	take_all(&a, NULL, pushed, lost);
	cr_assert_eq(pushed[0], 900, "told once");
	cr_assert_eq(lost[0], 400);
	tk_account_free(&a);
}

Test(account, a_record_nobody_wrote_is_lost_to_the_lane_and_to_no_timer)
{
	uint64_t counts[TIMERS] = { 10 };
	uint64_t pushed[TIMERS] = { 0 }, lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_ZERO, NULL, NULL);
	a.got[0] = 10;
	tk_account_level(&a, counts, TIMERS, 1);
	take_all(&a, NULL, pushed, lost);
	cr_assert_eq(lost_all, 0);
	cr_assert_eq(pushed_all, 10);
	tk_account_free(&a);
}

Test(account, counts_that_lie_are_held_to_the_lane)
{
	uint64_t counts[TIMERS] = { UINT64_MAX, 3, UINT64_MAX / 2, 0 };
	uint64_t pushed[TIMERS] = { 0 }, lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_ZERO, NULL, NULL);
	a.got[1] = 10;
	tk_account_level(&a, counts, TIMERS, 5);
	take_all(&a, NULL, pushed, lost);
	cr_assert_leq(lost_all, 5);
	tk_account_free(&a);
}
