/* SPDX-License-Identifier: MIT */
/*
 * A segments' directory of its own for each test of the library, and the system's clock where the
 * counter cannot be used: what is tested does not depend on it.
 */
#ifndef TK_TESTS_SCRATCH_H
#define TK_TESTS_SCRATCH_H

#include <criterion/criterion.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/place.h"
#include "tsc/check.h"

static void set_up(void)
{
	cr_assert(place_make());
	if (tk_tsc_quick(NULL, 0))
		setenv("TIMEKEEPER_CLOCK", "monotonic", 1);
}

static void tear_down(void)
{
	tk_close();
	cr_assert(place_remove());
}

/* Not every test needs these. */
static inline void open_small(void)
{
	struct tk_options o = { .slots = 4096, .timers = 64, .lanes = 4, .discipline = DISCIPLINE };

	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
}

static inline bool system_clock(void)
{
	return getenv("TIMEKEEPER_CLOCK") != NULL;
}

#endif
