/* SPDX-License-Identifier: MIT */
/*
 * A segments' directory of its own for each test of the library, and the system's clock where the
 * counter cannot be used: what is tested does not depend on it.
 */
#ifndef TK_TESTS_SCRATCH_H
#define TK_TESTS_SCRATCH_H

#include <criterion/criterion.h>

#include "producer/timekeeper.h"
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

#endif
