/* SPDX-License-Identifier: MIT */
/* Memory that is zeroed, reserved and faulted in when it is handed out: hugepages and others. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/memory.h"
#include "tests/place.h"

struct wanted {
	size_t size;
	bool small; /* the kernel gives this process no hugepage */
};

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* Write to all of it. @return how many words were not zero. ASan would fault in its own memory. */
static __attribute__((no_sanitize_address, noinline)) size_t use(uint64_t *at, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size / sizeof(*at); i++) {
		n += ((volatile uint64_t *)at)[i] != 0;
		((volatile uint64_t *)at)[i] = 1;
	}
	return n;
}

ParameterizedTestParameters(memory, is_whole_when_handed_out)
{
	static struct wanted wanted[] = {
		{ 4096, false },
		{ 3 * 4096, false },
		{ TK_HUGEPAGE, false },
		{ 3 * TK_HUGEPAGE, false },
		{ TK_HUGEPAGE + 4096, false },
		{ TK_HUGEPAGE, true },
		{ 3 * TK_HUGEPAGE, true },
	};

	return cr_make_param_array(struct wanted, wanted, sizeof(wanted) / sizeof(wanted[0]));
}

ParameterizedTest(struct wanted *w, memory, is_whole_when_handed_out)
{
	struct tk_memory m;
	struct stat st;
	long before;
	int dir = place_make_open();

	cr_assert(dir >= 0);
	cr_assert(!w->small || prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	cr_assert_eq(tk_memory_file(dir, "m", w->size, 0, 0600, &m), 0);
	cr_assert_eq(m.size, w->size);
	cr_assert(!w->small || m.pages == TK_PAGES_SMALL);
	cr_assert(w->size % TK_HUGEPAGE == 0 || m.pages == TK_PAGES_SMALL);
	cr_assert_eq(fstatat(dir, "m", &st, 0), 0);
	cr_assert_eq((size_t)st.st_blocks * 512, w->size, "not all is reserved");
	before = faults();
	cr_assert_eq(use(m.addr, m.size), 0, "not zeroed");
	/* The kernel may be moving a few pages. Pages that are missing are 32 or more of 512. */
	cr_assert_leq(faults(), before + (long)(w->size / 4096 / 64), "use faulted");
	munmap(m.addr, m.size);
	close(dir);
	cr_assert(place_remove());
}

/* What ends the program when it is touched has to be an error before. */
Test(memory, more_than_there_may_be_is_an_error_and_leaves_no_file)
{
	const struct rlimit limit = { TK_HUGEPAGE, RLIM_INFINITY };
	struct tk_memory m;
	int dir = place_make_open();

	cr_assert(dir >= 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_assert_eq(tk_memory_file(dir, "m", 2 * TK_HUGEPAGE, 0, 0600, &m), -EFBIG);
	cr_assert_neq(faccessat(dir, "m", F_OK, 0), 0);
	cr_assert_eq(tk_memory_file(dir, "m", TK_HUGEPAGE, 0, 0600, &m), 0);
	close(dir);
	cr_assert(place_remove());
}
