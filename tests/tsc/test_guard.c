/* SPDX-License-Identifier: MIT */
/*
 * A drainer's guard and the clock of its owner, on a machine whose clocks the test moves.
 */
#include "tests/random.h"
#include "tsc/check.h"
#include "tsc/guard.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)

static struct {
	int64_t raw_ns, suspended_ns;
	uint64_t tsc; /* 2.5 a ns */
} world;

static struct tk_clock owner;
static struct tk_clock_guard guard;

static void pass(int64_t ns)
{
	world.raw_ns += ns;
	world.tsc += (uint64_t)ns * 5 / 2;
}

static int fit(void *arg, struct tk_tsc_freq *out)
{
	(void)arg;
	pass(10 * MS);
	*out = (struct tk_tsc_freq){ .hz = 2.5e9 * (1 + 1e-6), .stat_ppm = 0.1, .bound_ppm = 3 };
	return 0;
}

static void read_world(void *arg, struct tk_clock_reading *out)
{
	(void)arg;
	memset(out, 0, sizeof(*out));
	out->pair = (struct tk_tsc_pair){ .tsc = world.tsc, .raw_ns = world.raw_ns, .width = 50 };
	out->wall_tsc = world.tsc;
	out->suspended_ns = world.suspended_ns;
}

static bool look(void)
{
	struct tk_clock_reading r;

	read_world(NULL, &r);
	pass(100);
	return tk_clock_guard_look(
		&guard, &(struct tk_tsc_reading){ .pair = r.pair, .suspended_ns = r.suspended_ns },
		world.tsc);
}

static void begin(void)
{
	static const struct tk_clock_source source = { fit, read_world, NULL };

	memset(&world, 0, sizeof(world));
	world.raw_ns = 77 * SECOND;
	world.tsc = UINT64_C(1) << 40;
	cr_assert_eq(tk_clock_open(&owner, &source), 0);
	tk_clock_guard_init(&guard, &owner);
}

TestSuite(guard, .init = begin);

/* As of the last look, a span from there to now: is it set aside? */
static bool crossed(uint64_t from)
{
	return guard.clock.epoch.number && tk_clock_crossed(&guard.clock, from, world.tsc);
}

Test(guard, nothing_happens_nothing_is_noticed)
{
	uint64_t state = 5;

	for (int i = 0; i < 20000; i++) {
		pass((int64_t)random_log(&state, 32)); /* up to 4 s */
		world.suspended_ns += (int64_t)random_below(&state, 1000) - 500;
		cr_assert(!look());
		if (random_below(&state, 50) == 0) {
			cr_assert_eq(tk_clock_refine(&owner), 0);
			tk_clock_guard_update(&guard, &owner);
		}
	}
	cr_expect_eq(guard.clock.epoch.number, 0);
	cr_expect_eq(owner.epoch.number, 0);
}

static void counter_runs_on(int64_t ns)
{
	world.tsc += (uint64_t)ns * 5 / 2;
	world.suspended_ns += ns;
}

static void counter_stands(int64_t ns)
{
	world.suspended_ns += ns;
}

static void paused(int64_t ns)
{
	world.tsc += (uint64_t)ns * 5 / 2;
}

static void counter_set_back(int64_t ns)
{
	world.tsc -= (uint64_t)ns * 5 / 2;
}

/* Noticed before the owner looks; the owner's own epoch, when it comes, takes its place. */
Test(guard, whatever_happens_is_noticed_first)
{
	void (*const happens[])(int64_t) = { counter_runs_on, counter_stands, paused,
					     counter_set_back };

	for (size_t i = 0; i < 4; i++)
		for (int64_t ns = 2 * MS; ns < 400 * SECOND; ns = ns * 3 / 2) {
			uint64_t before;

			begin();
			pass(SECOND / 3);
			cr_assert(!look());
			before = world.tsc;
			pass(50 * MS);
			happens[i](ns);
			pass(20000);
			cr_assert(look(), "case %zu, %ld ns", i, ns);
			cr_expect(crossed(before));
			before = world.tsc;
			pass(5 * MS);
			cr_expect(!look() && !crossed(before), "what began after it is counted");

			tk_clock_guard_update(&guard, &owner);
			cr_expect_eq(guard.clock.epoch.number, 1, "it stays until the owner knows");
			cr_assert_eq(tk_clock_refine(&owner), 0);
			cr_expect_eq(owner.epoch.number, 1);
			tk_clock_guard_update(&guard, &owner);
			cr_expect_eq(guard.clock.epoch.number, 1);
			cr_expect_eq(guard.clock.epoch.last_tsc, owner.epoch.last_tsc);
			before = world.tsc;
			pass(5 * MS);
			cr_expect(!look() && !crossed(before));
		}
}

/* The owner noticed, and the guard has not looked since: no second epoch for one event. */
Test(guard, the_owner_noticed_first)
{
	uint64_t before = world.tsc;

	pass(SECOND);
	counter_runs_on(5 * SECOND);
	cr_assert_eq(tk_clock_refine(&owner), 0);
	tk_clock_guard_update(&guard, &owner);
	cr_expect(crossed(before));
	cr_expect(!look());
	cr_expect_eq(guard.clock.epoch.number, 1);
}

Test(guard, this_machine)
{
	if (tk_tsc_quick(NULL, 0))
		cr_skip_test("the counter is not invariant here");
	if (tk_clock_open(&owner, NULL))
		cr_skip_test("machine too busy to measure a frequency");
	tk_clock_guard_init(&guard, &owner);
	for (int i = 0; i < 1000000; i++)
		tk_clock_guard_check(&guard);
	cr_expect_eq(guard.clock.epoch.number, 0);
	cr_expect(guard.last.pair.tsc > owner.last.pair.tsc, "it has looked");
}
