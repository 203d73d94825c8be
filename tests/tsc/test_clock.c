/* SPDX-License-Identifier: MIT */
/*
 * Epochs and refinement, on a machine whose clocks the test moves by hand.
 */
#include "tsc/check.h"
#include "tsc/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static struct {
	double hz;      /* the truth */
	double fit_ppm; /* how far the first fit is off */
	int fit_error;  /* what it returns instead */
	int64_t raw_ns;
	double tsc;
	struct tk_clock_reading r;
	unsigned int fits;
} world;

static int fit(void *arg, struct tk_tsc_freq *out)
{
	(void)arg;
	world.fits++;
	if (world.fit_error)
		return world.fit_error;
	*out = (struct tk_tsc_freq){ .hz = world.hz * (1 + world.fit_ppm * 1e-6),
				     .stat_ppm = 0.005,
				     .bound_ppm = 3 };
	return 0;
}

static void read_world(void *arg, struct tk_clock_reading *out)
{
	(void)arg;
	world.r.pair.tsc = world.r.wall_tsc = (uint64_t)world.tsc;
	world.r.pair.raw_ns = world.raw_ns;
	world.r.pair.width = 50;
	*out = world.r;
}

static const struct tk_clock_source source = { fit, read_world, NULL };
static struct tk_clock clk;

static void pass(int64_t ns)
{
	world.raw_ns += ns;
	world.r.wall_ns += ns;
	world.tsc += (double)ns * world.hz / 1e9;
}

static void open_clock(void)
{
	memset(&world, 0, sizeof(world));
	world.hz = 2.5e9;
	world.raw_ns = 77 * SECOND;
	world.tsc = 1e12;
	world.r.wall_ns = INT64_C(1700000000) * SECOND;
	world.r.online.bits[0] = 3;
	strcpy(world.r.clocksource, "tsc");
	cr_assert_eq(tk_clock_open(&clk, &source), 0);
}

/* A second passes and the owner looks. */
static void tick(void)
{
	pass(SECOND);
	cr_assert_eq(tk_clock_refine(&clk), 0);
}

static void expect_epoch(uint32_t number, enum tk_epoch_reason reason)
{
	cr_expect_eq(clk.epoch.number, number, "epoch %u, %s", clk.epoch.number,
		     tk_epoch_reason_name(clk.epoch.reason));
	cr_expect_eq(clk.epoch.reason, reason);
}

TestSuite(clock, .init = open_clock);

Test(clock, nothing_happens_nothing_changes)
{
	for (int i = 0; i < 5000; i++)
		tick();
	expect_epoch(0, TK_EPOCH_OPENED);
	cr_expect_eq(world.fits, 1);
	cr_expect(!tk_clock_crossed(&clk, 0, UINT64_MAX), "the first epoch has no beginning");
}

Test(clock, the_rate_is_refined_and_its_bound_shrinks)
{
	double last;

	world.fit_ppm = 2;
	open_clock();
	world.fit_ppm = 2;
	cr_assert_eq(tk_clock_open(&clk, &source), 0);
	cr_expect_float_eq(clk.hz, 2.5e9 * (1 + 2e-6), 1);
	last = clk.bound_ppm;
	for (int i = 0; i < 2000; i++) {
		double off;

		tick();
		off = 1e6 * fabs(clk.hz - world.hz) / world.hz;
		cr_assert(off <= clk.bound_ppm + 1e-9, "%g ppm off, bound %g", off, clk.bound_ppm);
		if (i < 600)
			cr_assert(clk.bound_ppm <= last);
		last = clk.bound_ppm;
	}
	expect_epoch(0, TK_EPOCH_OPENED);
	cr_expect(clk.bound_ppm < 1e-4);
	cr_expect(fabs(clk.hz - world.hz) / world.hz < 1e-10);
}

Test(clock, a_short_window_tightens_the_bound_but_keeps_the_rate)
{
	double hz = clk.hz;

	pass(SECOND / 10);
	cr_assert_eq(tk_clock_refine(&clk), 0);
	cr_expect_eq(clk.hz, hz);
	cr_expect(clk.bound_ppm < 0.5);
}

Test(clock, stamps_become_ns)
{
	tick();
	cr_expect_eq(tk_tsc_to_ns(&clk.conv, (uint64_t)world.tsc), world.raw_ns);
	cr_expect(llabs(tk_tsc_to_ns(&clk.conv, (uint64_t)world.tsc - 2500000) -
			(world.raw_ns - 1000000)) <= 1);
	cr_expect_eq(tk_clock_wall_ns(&clk, (uint64_t)world.tsc), world.r.wall_ns);
	cr_expect(llabs(tk_clock_wall_ns(&clk, (uint64_t)world.tsc + 2500) -
			(world.r.wall_ns + 1000)) <= 1);
}

Test(clock, a_wall_clock_step_is_no_epoch)
{
	tick();
	world.r.wall_ns -= 3600 * SECOND;
	tick();
	expect_epoch(0, TK_EPOCH_OPENED);
	cr_expect_eq(tk_clock_wall_ns(&clk, (uint64_t)world.tsc), world.r.wall_ns);
}

Test(clock, a_counter_step_is_an_epoch)
{
	uint64_t before, after;

	for (int i = 0; i < 10; i++)
		tick();
	before = (uint64_t)world.tsc;
	world.tsc += 2500; /* one us: far less than a human would notice */
	tick();
	after = (uint64_t)world.tsc;
	expect_epoch(1, TK_EPOCH_RESIDUAL);
	cr_expect(llabs(clk.epoch.residual_ns + 1000) < 5, "%ld", clk.epoch.residual_ns);
	cr_expect_eq(world.fits, 2);

	cr_expect(tk_clock_crossed(&clk, before - 10, after + 10));
	cr_expect(tk_clock_crossed(&clk, before + 10, after - 10), "nobody knows on which side");
	cr_expect(tk_clock_crossed(&clk, before - 10, before + 10));
	cr_expect(!tk_clock_crossed(&clk, before - 20, before - 10));
	cr_expect(!tk_clock_crossed(&clk, after, after + 10));
	/* A new epoch is a new base: converted right at once, nothing is slewed. */
	cr_expect_eq(tk_tsc_to_ns(&clk.conv, after), world.raw_ns);
	tick();
	expect_epoch(1, TK_EPOCH_RESIDUAL);
}

Test(clock, a_change_of_rate_is_an_epoch)
{
	for (int i = 0; i < 100; i++)
		tick();
	world.hz *= 1 + 1e-6;
	tick();
	expect_epoch(1, TK_EPOCH_RESIDUAL);
	cr_expect_eq(clk.hz, world.hz);
}

Test(clock, a_counter_that_began_again_from_zero)
{
	uint64_t old;

	tick();
	old = (uint64_t)world.tsc;
	world.tsc = 1000;
	tick();
	expect_epoch(1, TK_EPOCH_RESIDUAL);
	cr_expect(tk_clock_crossed(&clk, old, clk.epoch.start_tsc + 5));
	cr_expect(!tk_clock_crossed(&clk, clk.epoch.start_tsc, clk.epoch.start_tsc + 5));
	cr_expect(!tk_clock_crossed(&clk, old - 10, old));
}

Test(clock, jitter_within_the_brackets_is_not)
{
	for (int i = 0; i < 2000; i++) {
		world.tsc += i % 2 ? 24 : -24; /* half a bracket, to and fro */
		tick();
	}
	expect_epoch(0, TK_EPOCH_OPENED);
}

Test(clock, cores_that_differ_a_little_are_not)
{
	for (int i = 0; i < 100; i++) {
		world.r.pair.cpu = (uint32_t)i % 2;
		world.tsc += i % 2 ? 2500 : -2500;
		tick();
	}
	expect_epoch(0, TK_EPOCH_OPENED);
	world.tsc += 2500; /* the same step on the same core */
	tick();
	expect_epoch(1, TK_EPOCH_RESIDUAL);
}

Test(clock, another_oscillator_may_wander)
{
	strcpy(world.r.clocksource, "hpet");
	cr_assert_eq(tk_clock_open(&clk, &source), 0);
	for (int i = 0; i < 700; i++)
		tick();
	world.hz *= 1 + 0.5e-6;
	for (int i = 0; i < 2000; i++)
		tick();
	expect_epoch(0, TK_EPOCH_OPENED);
	/* The window moves on: what lies long back no longer counts. */
	cr_expect(fabs(clk.hz - world.hz) / world.hz < 1e-10);
	world.hz *= 1 + 5e-6;
	tick();
	expect_epoch(1, TK_EPOCH_RESIDUAL);
}

Test(clock, suspend)
{
	tick();
	world.r.suspended_ns += 900000; /* reading two clocks one after the other is not exact */
	tick();
	expect_epoch(0, TK_EPOCH_OPENED);
	world.r.suspended_ns += 30 * SECOND;
	tick();
	expect_epoch(1, TK_EPOCH_SUSPEND);
	tick();
	expect_epoch(1, TK_EPOCH_SUSPEND);
}

Test(clock, clocksource)
{
	world.r.clocksource[0] = '\0'; /* could not be read: no change that anybody saw */
	tick();
	expect_epoch(0, TK_EPOCH_OPENED);
	strcpy(world.r.clocksource, "tsc");
	tick();
	expect_epoch(0, TK_EPOCH_OPENED);
	strcpy(world.r.clocksource, "hpet");
	tick();
	expect_epoch(1, TK_EPOCH_CLOCKSOURCE);
}

Test(clock, cpus)
{
	world.r.online.bits[0] = 1; /* one leaves: nobody's counter is touched */
	tick();
	expect_epoch(0, TK_EPOCH_OPENED);
	world.r.online.bits[0] = 3;
	tick();
	expect_epoch(1, TK_EPOCH_CPU_ONLINE);
	world.r.online.bits[0] = 0; /* could not be read */
	tick();
	world.r.online.bits[0] = 3;
	tick();
	expect_epoch(1, TK_EPOCH_CPU_ONLINE);
	world.r.online.bits[2] = 1; /* as many as before, but one of them is new */
	world.r.online.bits[0] = 1;
	tick();
	expect_epoch(2, TK_EPOCH_CPU_ONLINE);
}

Test(clock, a_fit_that_fails_is_tried_again)
{
	uint64_t last;

	tick();
	last = (uint64_t)world.tsc;
	world.tsc += 1e6;
	world.fit_error = -EAGAIN;
	pass(SECOND);
	cr_expect_eq(tk_clock_refine(&clk), -EAGAIN);
	expect_epoch(0, TK_EPOCH_OPENED);
	world.fit_error = 0;
	tick();
	expect_epoch(1, TK_EPOCH_RESIDUAL);
	cr_expect_eq(clk.epoch.last_tsc, last, "all that passed meanwhile is in doubt");
}

Test(clock, open_fails_when_nothing_can_be_measured)
{
	world.fit_error = -EAGAIN;
	cr_expect_eq(tk_clock_open(&clk, &source), -EAGAIN);
	world.fit_error = 0;
	world.hz = 50;
	cr_expect_eq(tk_clock_open(&clk, &source), -ENOTSUP);
}

Test(clock, this_machine)
{
	int64_t wall;
	char why[256];
	int err;

	if (tk_tsc_quick(why, sizeof(why)))
		cr_skip_test("%s", why);
	err = tk_clock_open(&clk, NULL);
	if (err == -EAGAIN)
		cr_skip_test("machine too busy to measure a frequency");
	cr_assert_eq(err, 0);
	cr_assert_eq(tk_clock_refine(&clk), 0);
	cr_expect(clk.hz > 1e6 && clk.hz < 2e10);
	/* The wall clock of a stamp taken between two readings lies between them. */
	for (int i = 0; i < 100; i++) {
		uint64_t width;
		struct tk_tsc_pair p;

		cr_assert_eq(tk_clock_refine(&clk), 0);
		width = clk.last.wall_tsc - clk.last.pair.tsc;
		wall = tk_clock_wall_ns(&clk, clk.last.pair.tsc);
		cr_expect(wall <= clk.last.wall_ns);
		cr_expect(clk.last.wall_ns - wall <= (int64_t)((double)width * 1e9 / clk.hz) + 2);
		tk_tsc_pair_read(&p);
		cr_expect(tk_tsc_to_ns(&clk.conv, p.tsc) > clk.last.pair.raw_ns);
	}
}
