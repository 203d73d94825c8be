/* SPDX-License-Identifier: MIT */
/*
 * What the clock's checks read of a machine: its files, as strings in the input, then CPUID, prctl
 * and the counter itself, as bytes. A list of cpus is also read by a second parser.
 */
#include <errno.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tsc/check.h"
#include "tsc/files.h"

static const char *const files[] = {
	"sys/devices/system/cpu/online",
	"sys/devices/system/clocksource/clocksource0/current_clocksource",
	"sys/devices/system/clocksource/clocksource0/available_clocksource",
	"sys/devices/system/cpu/cpu0/tsc_freq_khz",
	"proc/cpuinfo",
	"dev/cpu/0/msr",
	"dev/cpu/1/msr",
};

#define FILES (sizeof(files) / sizeof(files[0]))

static struct fuzz_input rest; /* of the input: what is no file */
static uint64_t stamps;

static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4])
{
	(void)subleaf;
	for (int i = 0; i < 4; i++)
		r[i] = (uint32_t)fuzz_number(&rest, 4);
	if ((leaf & 0x3fffffff) == 0) /* the highest leaf: mostly one that is there */
		r[0] = r[0] & 1 ? leaf + 0x20 : r[0];
}

static int tsc_mode(void)
{
	unsigned mode = (unsigned)fuzz_number(&rest, 1) % 4;

	return mode == 0 ? -EINVAL : mode == 1 ? PR_TSC_SIGSEGV : PR_TSC_ENABLE;
}

static uint64_t stamp(uint32_t *cpu)
{
	uint64_t from = fuzz_number(&rest, 1);

	*cpu = from & 1;
	return stamps += from;
}

static double kernel_hz(void)
{
	uint64_t bits = fuzz_number(&rest, 8);
	double hz;

	memcpy(&hz, &bits, sizeof(hz));
	return hz;
}

/* "a-b,c": is this cpu in it? 1, 0; or -1, this is no such list. Slow and simple. */
static int naive_has(const char *list, unsigned cpu)
{
	int has = 0;

	do {
		unsigned first = 0, last = 0, n = 0;

		for (; *list >= '0' && *list <= '9' && ++n; list++)
			first = first > 9999 ? first : first * 10 + (unsigned)(*list - '0');
		if (n == 0)
			return -1;
		last = first;
		if (*list == '-') {
			list++;
			last = n = 0;
			for (; *list >= '0' && *list <= '9' && ++n; list++)
				last = last > 9999 ? last : last * 10 + (unsigned)(*list - '0');
		}
		if (n == 0 || last < first || last >= TK_TSC_CPUS)
			return -1;
		has |= cpu >= first && cpu <= last;
	} while (*list++ == ',');
	return list[-1] ? -1 : has;
}

static void check_list(const char *text)
{
	struct tk_tsc_cpus cpus;
	bool valid = tk_tsc_cpus_parse(text, &cpus) == 0;

	for (unsigned cpu = 0; cpu < TK_TSC_CPUS; cpu += 61) {
		int has = naive_has(text, cpu);

		REQUIRE(valid == (has >= 0));
		REQUIRE(tk_tsc_cpus_has(&cpus, cpu) == (has > 0));
	}
}

static void check_report(const struct tk_tsc_report *r)
{
	REQUIRE(r->n_checks <= TK_TSC_CHECKS_MAX && r->n_refs <= TK_TSC_REFS_MAX);
	for (size_t i = 0; i < r->n_checks; i++) {
		REQUIRE(memchr(r->checks[i].value, 0, sizeof(r->checks[i].value)));
		REQUIRE(r->checks[i].id && r->checks[i].source && r->checks[i].reason);
		REQUIRE(r->checks[i].severity <= TK_TSC_FATAL);
	}
	for (size_t i = 1; i < r->n_refs; i++)
		REQUIRE(r->refs[i].hz > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tk_tsc_probe m = { fuzz_place(), cpuid, tsc_mode, stamp, kernel_hz };
	struct tk_tsc_report report;
	char why[256] = "";

	rest = (struct fuzz_input){ data, size };
	stamps = 0;
	for (size_t i = 0; i < FILES; i++) {
		char *text = fuzz_string(&rest);

		if (i == 0)
			check_list(text);
		fuzz_write_file(m.root, files[i], text, strlen(text));
		free(text);
	}
	tk_tsc_check_all(&m, &report);
	tk_tsc_check_freq(&m, 2.6e9, &report);
	check_report(&report);
	if (tk_tsc_quick_of(&m, why, sizeof(why)) < 0)
		REQUIRE(fuzz_is_reason(why, sizeof(why)));
	if (tk_tsc_atomic_of(&m, false, why, sizeof(why)) < 0)
		REQUIRE(fuzz_is_reason(why, sizeof(why)));
	return 0;
}
