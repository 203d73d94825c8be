/* SPDX-License-Identifier: MIT */
/* Which timers lost what: against a writer and a reader that know. */
#include "collector/drain/account.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/random.h"

#define TIMERS 8

/* What became known to be lost since the last time, added up. @return all of it */
static uint64_t take_all(struct tk_account *a, uint64_t *lost)
{
	uint64_t sum = 0;

	for (uint32_t id = 0; id < TIMERS; id++) {
		uint64_t fresh = tk_account_take(a, id);

		lost[id] += fresh;
		sum += fresh;
		cr_assert_eq(tk_account_take(a, id), 0, "told once");
	}
	return sum;
}

/* A lane's life: pushes of random timers, some delivered, some lost, level now and then. */
static void live(enum tk_account_base kind, uint64_t seed)
{
	uint64_t state = seed, counts[TIMERS] = { 0 }, before[TIMERS];
	uint64_t lost[TIMERS] = { 0 }, really_lost[TIMERS] = { 0 };
	uint64_t lane_lost = 0, told = 0;
	struct tk_account a;

	if (kind != TK_BASE_ZERO)
		for (int i = 0; i < 1000; i++)
			counts[random_below(&state, TIMERS)]++;
	memcpy(before, counts, sizeof(before));
	cr_assert_eq(tk_account_init(&a, TIMERS, kind, before, counts), 0);
	for (int i = 0; i < 20000; i++) {
		size_t id = random_below(&state, TIMERS);

		counts[id]++;
		if (i > 100 && random_below(&state, 50) == 0) {
			really_lost[id]++;
			lane_lost++;
		} else {
			a.got[id]++;
		}
		if (random_below(&state, 20) == 0 && tk_account_wants(&a, lane_lost))
			tk_account_level(&a, counts, TIMERS, lane_lost);
		if (random_below(&state, 100) == 0) {
			told += take_all(&a, lost);
			cr_assert_leq(told, a.settled, "what timers have is settled");
			cr_assert_leq(a.settled, lane_lost);
		}
	}
	tk_account_level(&a, counts, TIMERS, lane_lost);
	told += take_all(&a, lost);
	for (uint32_t id = 0; id < TIMERS; id++)
		cr_assert_eq(lost[id], really_lost[id]);
	cr_assert_eq(told, lane_lost);
	cr_assert_eq(a.settled, lane_lost);
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
	uint64_t lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_BETWEEN, before, after);
	a.got[0] = 400;
	a.got[1] = 20;
	tk_account_level(&a, counts, TIMERS, 100);
	take_all(&a, lost);
	cr_assert_eq(lost[0], 100);
	cr_assert_eq(lost[1], 0);
	tk_account_free(&a);
}

Test(account, an_uncertain_base_never_gives_timers_more_than_the_lane_lost)
{
	uint64_t before[TIMERS] = { 10, 20, 30 }, after[TIMERS] = { 17, 27, 37 };
	uint64_t counts[TIMERS] = { 100, 100, 100 };
	uint64_t lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_BETWEEN, before, after);
	a.got[0] = 80;
	a.got[1] = 70;
	a.got[2] = 60;
	tk_account_level(&a, counts, TIMERS, 11);
	cr_assert_eq(take_all(&a, lost), 11);
	tk_account_free(&a);
}

Test(account, a_loss_is_told_of_once_when_it_is_settled)
{
	uint64_t zero[TIMERS] = { 0 }, counts[TIMERS] = { 900 };
	uint64_t lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_BETWEEN, zero, zero);
	a.got[0] = 500;
	cr_assert_eq(take_all(&a, lost), 0);
	cr_assert(tk_account_wants(&a, 400));
	cr_assert_eq(a.settled, 0);
	tk_account_level(&a, counts, TIMERS, 400);
	cr_assert_eq(take_all(&a, lost), 400);
	cr_assert_eq(lost[0], 400);
	cr_assert_eq(a.settled, 400);
	tk_account_free(&a);
}

Test(account, a_record_nobody_wrote_is_lost_to_the_lane_and_to_no_timer)
{
	uint64_t counts[TIMERS] = { 10 };
	uint64_t lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_ZERO, NULL, NULL);
	a.got[0] = 10;
	tk_account_level(&a, counts, TIMERS, 1);
	cr_assert_eq(take_all(&a, lost), 0);
	cr_assert_not(tk_account_wants(&a, 1), "there is nothing left to settle");
	tk_account_free(&a);
}

Test(account, counts_that_lie_are_held_to_the_lane)
{
	uint64_t counts[TIMERS] = { UINT64_MAX, 3, UINT64_MAX / 2, 0 };
	uint64_t lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_ZERO, NULL, NULL);
	a.got[1] = 10;
	tk_account_level(&a, counts, TIMERS, 5);
	cr_assert_leq(take_all(&a, lost), 5);
	tk_account_free(&a);
}

/* In 64 bits they add up to what the lane lost. */
Test(account, counts_that_lie_beyond_64_bits_are_held_to_the_lane)
{
	uint64_t counts[TIMERS] = { UINT64_C(1) << 63, (UINT64_C(1) << 63) + 5 };
	uint64_t lost[TIMERS] = { 0 };
	struct tk_account a;

	tk_account_init(&a, TIMERS, TK_BASE_ZERO, NULL, NULL);
	for (uint64_t lane_lost = 5; lane_lost < 10; lane_lost++) {
		tk_account_level(&a, counts, TIMERS, lane_lost);
		take_all(&a, lost);
		cr_assert_leq(lost[0] + lost[1], lane_lost);
		cr_assert(lost[0] <= lane_lost && lost[1] <= lane_lost);
	}
	tk_account_free(&a);
}
