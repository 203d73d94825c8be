/* SPDX-License-Identifier: MIT */
/*
 * The rate of a library without a thread, on a machine whose clocks the test moves: it sleeps, is
 * paused, migrates, at any time; the caller looks when a look is due, or hours late.
 */
#include "tests/random.h"
#include "tsc/check.h"
#include "tsc/rate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define SECOND 1e9
#define WIDTH  50 /* ticks */

static struct {
	double hz; /* the truth */
	double ns, tsc, suspended_ns;
	uint32_t cpu;
	uint64_t state; /* of the random numbers */
} world;

static struct tk_tsc_rate rate;

static void pass(double ns)
{
	world.ns += ns;
	world.tsc += ns * world.hz / 1e9;
}

/* Read within a bracket: off by up to half of it. */
static struct tk_tsc_reading read_world(void)
{
	double off = (double)random_below(&world.state, WIDTH) - WIDTH / 2.0;

	return (struct tk_tsc_reading){
		.pair = { .tsc = (uint64_t)(world.tsc + off),
			  .raw_ns = (int64_t)world.ns,
			  .width = WIDTH,
			  .cpu = world.cpu },
		.suspended_ns = (int64_t)world.suspended_ns,
	};
}

static bool look(void)
{
	struct tk_tsc_reading now = read_world();

	return tk_tsc_rate_look(&rate, &now);
}

/* Until the next look is due, and that look. */
static bool next(void)
{
	pass(fmax((double)tk_tsc_rate_wait(&rate) / world.hz * SECOND, 1000));
	return look();
}

static void begin(void)
{
	struct tk_tsc_reading now;

	memset(&world, 0, sizeof(world));
	world.hz = 2.5e9;
	world.ns = 77 * SECOND;
	world.tsc = 1e12;
	world.state = 1;
	now = read_world();
	tk_tsc_rate_begin(&rate, &now);
}

static double off_ppm(void)
{
	return 1e6 * fabs(rate.hz - world.hz) / world.hz;
}

static void expect_right(const char *when)
{
	cr_expect(off_ppm() <= rate.bound_ppm + 1, "%s: %g ppm off, bound %g", when, off_ppm(),
		  rate.bound_ppm);
}

static void settle(int looks)
{
	for (int i = 0; i < looks; i++)
		next();
}

TestSuite(rate, .init = begin);

Test(rate, not_known_before_the_first_look)
{
	cr_expect_eq(rate.hz, 0);
	cr_expect_eq(tk_tsc_rate_wait(&rate), 0, "it is due at once");
	cr_expect(next());
	expect_right("first look");
}

Test(rate, better_the_longer_and_always_within_its_bound)
{
	double last = INFINITY;

	for (int i = 0; i < 60; i++) {
		next();
		cr_assert(off_ppm() <= rate.bound_ppm, "%g ppm off, bound %g", off_ppm(),
			  rate.bound_ppm);
		cr_assert(rate.bound_ppm <= last);
		last = rate.bound_ppm;
	}
	cr_expect(rate.bound_ppm < 1e-3);
	cr_expect_leq((double)tk_tsc_rate_wait(&rate), 60.0 * rate.hz, "a look a minute");
}

/* s2idle, or firmware that keeps the counter: it runs on while both clocks of the kernel stand. */
Test(rate, sleep_with_the_counter_running)
{
	static const double slept[] = { 2e6, 1 * SECOND, 5 * SECOND, 86400 * SECOND };

	for (int looks = 1; looks < 40; looks++)
		for (size_t i = 0; i < sizeof(slept) / sizeof(slept[0]); i++) {
			double before;

			begin();
			settle(looks);
			before = rate.hz;
			pass(SECOND);
			world.tsc += slept[i] * world.hz / 1e9;
			world.suspended_ns += slept[i];
			cr_expect(!look(), "sleep is no new rate");
			cr_expect_eq(rate.hz, before);
			settle(5);
			expect_right("after");
		}
}

Test(rate, sleep_before_the_first_look)
{
	world.tsc += 5 * world.hz;
	world.suspended_ns += 5 * SECOND;
	next();
	next();
	expect_right("after");
}

/* S3: the counter stands still, or begins again from zero. */
Test(rate, sleep_with_the_counter_reset)
{
	settle(20);
	world.tsc = 1000;
	world.suspended_ns += 30 * SECOND;
	look();
	expect_right("at once");
	settle(10);
	expect_right("after");
}

/* Nothing but the counter tells: CLOCK_BOOTTIME was paused, too. */
Test(rate, a_paused_guest)
{
	static const double paused[] = { -3600 * SECOND, -SECOND, SECOND, 3600 * SECOND };

	for (int looks = 1; looks < 40; looks++)
		for (size_t i = 0; i < sizeof(paused) / sizeof(paused[0]); i++) {
			double before;

			begin();
			settle(looks);
			before = rate.hz;
			pass(SECOND / 2);
			world.tsc += paused[i] * world.hz / 1e9;
			cr_expect(!look(), "%d looks, paused for %g s", looks, paused[i] / SECOND);
			cr_expect_eq(rate.hz, before);
			settle(3);
			expect_right("after");
		}
}

/* A window that was wrong from its beginning: the first rate is off by a factor, the third look
 * mends it. */
Test(rate, a_pause_before_the_first_look)
{
	pass(2e6);
	world.tsc += 5 * world.hz;
	look();
	cr_expect(off_ppm() > 1e6, "nothing could tell");
	settle(3);
	expect_right("three looks later");
}

/* Behind where the window began: no window that begins there says anything. */
Test(rate, the_counter_goes_back_before_the_first_look)
{
	pass(SECOND);
	world.tsc = 1e9;
	cr_expect(!look());
	settle(2);
	expect_right("two looks later");
}

Test(rate, a_migration_to_another_rate)
{
	settle(30);
	pass(SECOND);
	world.hz = 3.1e9;
	settle(4);
	expect_right("after");
	settle(20);
	cr_expect(rate.bound_ppm < 1e-2, "and it is known ever better again: %g", rate.bound_ppm);
}

Test(rate, cores_that_differ_a_little_are_no_step)
{
	uint64_t anchor;

	settle(10);
	anchor = rate.anchor.tsc;
	for (int i = 0; i < 50; i++) {
		world.cpu ^= 1;
		world.tsc += world.cpu ? 2000 : -2000;
		next();
	}
	cr_expect_eq(rate.anchor.tsc, anchor, "the window goes on");
}

/*
 * Whatever happens, and whenever the caller looks: a few undisturbed looks later the rate is right,
 * but for steps too small to be told from another oscillator's wander: 1 ppm of the window between
 * two looks, and their brackets.
 */
Test(rate, any_story_ends_well)
{
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		uint64_t s = seed;

		begin();
		for (int i = 0; i < 30; i++) {
			double ns = (double)random_log(&s, 45);

			switch (random_below(&s, 6)) {
			case 0:
				world.tsc += ns * world.hz / 1e9;
				world.suspended_ns += ns;
				break;
			case 1:
				world.tsc += ns * world.hz / 1e9;
				break;
			case 2:
				world.tsc = fmax(world.tsc - ns * world.hz / 1e9, 1);
				break;
			case 3:
				world.hz = 1e9 + (double)random_below(&s, 3000000000u);
				break;
			default:
				break;
			}
			pass((double)random_log(&s, 40) + 1000);
			look();
		}
		for (int i = 0; i < 4; i++) {
			pass(SECOND / 10 + (double)tk_tsc_rate_wait(&rate) / world.hz * SECOND);
			look();
		}
		cr_assert(off_ppm() <= rate.bound_ppm + 2, "story %lu: %g ppm off, bound %g", seed,
			  off_ppm(), rate.bound_ppm);
	}
}

Test(rate, this_machine)
{
	struct tk_tsc_reading now;
	double other;

	if (tk_tsc_quick(NULL, 0))
		cr_skip_test("the counter is not invariant here");
	tk_tsc_reading_take(&now);
	tk_tsc_rate_begin(&rate, &now);
	for (int i = 0; i < 10; i++) {
		struct tk_tsc_pair from = now.pair;

		do
			tk_tsc_reading_take(&now);
		while (now.pair.raw_ns - from.raw_ns < 1000000);
		tk_tsc_rate_look(&rate, &now);
	}
	other = tk_tsc_pair_hz(&rate.anchor, &now.pair, NULL);
	cr_expect(rate.hz > 1e6 && rate.hz < 2e10);
	cr_expect(fabs(other - rate.hz) <= 1e-6 * rate.hz * (2 * rate.bound_ppm + 1));
}
