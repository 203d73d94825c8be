/* SPDX-License-Identifier: MIT */
/*
 * A machine with 2,048 possible cpus. This program's sched_getaffinity() takes the place of the C
 * library's, and does there what such a kernel does: it refuses a set that is too small.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tsc/affinity.h"
#include "tsc/offset.h"

#define POSSIBLE 2048u

static bool is_large; /* the machine has cpu 2000, too, and this process may use it */

int sched_getaffinity(pid_t tid, size_t size, cpu_set_t *set)
{
	long got;

	if (size < POSSIBLE / 8) {
		errno = EINVAL;
		return -1;
	}
	got = syscall(SYS_sched_getaffinity, tid, size, set);
	if (got < 0)
		return -1;
	memset((char *)set + got, 0, size - (size_t)got);
	if (is_large)
		((char *)set)[2000 / 8] = 1;
	return 0;
}

Test(affinity, is_had_from_a_large_machine)
{
	struct tk_tsc_cpus here, there;

	cr_assert_eq(tk_tsc_affinity(0, &here), 0);
	is_large = true;
	cr_assert_eq(tk_tsc_affinity(0, &there), 0);
	cr_assert(tk_tsc_cpus_has(&there, 2000));
	cr_assert_eq(tk_tsc_cpus_count(&there), tk_tsc_cpus_count(&here) + 1);
	tk_tsc_cpus_remove(&there, 2000);
	cr_assert_eq(memcmp(&here, &there, sizeof(here)), 0);
}

Test(affinity, is_set_and_set_back)
{
	struct tk_tsc_cpus had, one = { 0 }, now;
	unsigned first = 0;

	cr_assert_eq(tk_tsc_affinity(0, &had), 0);
	while (!tk_tsc_cpus_has(&had, first))
		first++;
	tk_tsc_cpus_add(&one, first);
	cr_assert_eq(tk_tsc_affinity_set(0, &one), 0);
	cr_assert_eq(tk_tsc_affinity(0, &now), 0);
	cr_assert_eq(memcmp(&now, &one, sizeof(now)), 0);
	cr_assert_eq(tk_tsc_affinity_set(0, &had), 0);
	memset(&one, 0, sizeof(one));
	tk_tsc_cpus_add(&one, TK_TSC_CPUS - 1);
	cr_assert_eq(tk_tsc_affinity_set(0, &one), -EINVAL);
}

/* A cpu that cannot be run on is an error of its pair; the others are measured. */
Test(affinity, offsets_are_measured_on_a_large_machine)
{
	struct tk_tsc_offsets offsets;
	struct tk_tsc_cpus here;

	cr_assert_eq(tk_tsc_affinity(0, &here), 0);
	is_large = true;
	cr_assert_eq(tk_tsc_offsets_measure(&offsets), 0);
	cr_assert_eq(offsets.n, tk_tsc_cpus_count(&here));
	cr_assert_eq(offsets.v[offsets.n - 1].cpu, 2000);
	cr_assert_neq(offsets.v[offsets.n - 1].error, 0);
	tk_tsc_offsets_free(&offsets);
}
