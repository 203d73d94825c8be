/* SPDX-License-Identifier: MIT */
/*
 * A segments' directory of its own for each test of the library, and the system's clock where the
 * counter cannot be used: what is tested does not depend on it.
 */
#ifndef TK_TESTS_SCRATCH_H
#define TK_TESTS_SCRATCH_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "producer/timekeeper.h"
#include "tsc/check.h"

static char place[64];

static void set_up(void)
{
	strcpy(place, "/dev/shm/tk-test-XXXXXX");
	cr_assert_not_null(mkdtemp(place));
	setenv("TIMEKEEPER_DIR", place, 1);
	if (tk_tsc_quick(NULL, 0))
		setenv("TIMEKEEPER_CLOCK", "monotonic", 1);
}

static void tear_down(void)
{
	char command[128];

	tk_close();
	snprintf(command, sizeof(command), "rm -rf %s", place);
	cr_assert_eq(system(command), 0);
}

#endif
