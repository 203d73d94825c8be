/* SPDX-License-Identifier: MIT */
/*
 * tk_ns() on a machine that sleeps, or in a guest that is paused, with the counter running on: this
 * program's clock_gettime() stands in for the kernel's, and subtracts what the "machine" has slept.
 */
#include <criterion/criterion.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/producer/scratch.h"

#define MS INT64_C(1000000)

static int64_t stood_still; /* ns that CLOCK_MONOTONIC and CLOCK_MONOTONIC_RAW lag by */
static int64_t boot_too;    /* and CLOCK_BOOTTIME */

static int64_t true_ns(clockid_t id)
{
	struct timespec t;

	syscall(SYS_clock_gettime, id, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int64_t ns = true_ns(id);

	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW)
		ns -= stood_still;
	if (id == CLOCK_BOOTTIME)
		ns -= boot_too;
	*t = (struct timespec){ ns / 1000000000, ns % 1000000000 };
	return 0;
}

static void spin(int64_t ns)
{
	int64_t end = true_ns(CLOCK_MONOTONIC_RAW) + ns;

	while (true_ns(CLOCK_MONOTONIC_RAW) < end)
		tk_relax();
}

static void machine_sleeps(int64_t ns)
{
	spin(ns);
	stood_still += ns;
}

static void guest_is_paused(int64_t ns)
{
	machine_sleeps(ns);
	boot_too += ns;
}

/* 20 ms by the counter are what they are by the clock, within what reading both takes. */
static void expect_true(const char *when)
{
	int64_t before[2], after[2], least, most, said;
	uint64_t stamp[2];

	for (int i = 0; i < 2; i++) {
		before[i] = true_ns(CLOCK_MONOTONIC_RAW);
		stamp[i] = tk_now();
		after[i] = true_ns(CLOCK_MONOTONIC_RAW);
		if (!i)
			spin(20 * MS);
	}
	said = tk_ns((int64_t)(stamp[1] - stamp[0]));
	least = before[1] - after[0];
	most = after[1] - before[0];
	/* The first windows are short: 0.1 %. */
	cr_expect(said >= least - least / 1000 && said <= most + most / 1000,
		  "%s: %ld ns, which was %ld to %ld", when, said, least, most);
}

/* An origin of 50 ms ago by the wall clock is that old by the counter. */
static void expect_true_origin(const char *when)
{
	int64_t real = true_ns(CLOCK_REALTIME);
	struct tk_origin origin = tk_origin_from_real(real - 50 * MS);
	int64_t age = tk_since_ns(origin);
	int64_t later = true_ns(CLOCK_REALTIME) - real;

	cr_expect(age >= 50 * MS - MS / 10 && age <= 50 * MS + MS / 10 + later,
		  "%s: %ld ns old, and it took %ld", when, age, later);
}

static void open_it(void)
{
	set_up();
	if (system_clock())
		cr_skip("the counter is not invariant here");
	open_small();
}

TestSuite(sleeping, .init = open_it, .fini = tear_down);

static void story(void (*happens)(int64_t ns))
{
	spin(10 * MS);
	expect_true("before");
	for (int i = 0; i < 3; i++) {
		happens(150 * MS);
		expect_true("at once");
		expect_true_origin("at once");
		spin(30 * MS);
		expect_true("later");
		expect_true_origin("later");
	}
}

Test(sleeping, the_machine_slept)
{
	story(machine_sleeps);
}

Test(sleeping, the_guest_was_paused)
{
	story(guest_is_paused);
}

Test(sleeping, before_the_first_conversion)
{
	machine_sleeps(150 * MS);
	expect_true("at once");
	spin(30 * MS);
	expect_true("later");
}
