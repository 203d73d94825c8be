/* SPDX-License-Identifier: MIT */
/* What else wants the cpu: other guests of the hypervisor, and the load of this machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/checks/families.h"

#define STEAL_COLUMN  7 /* user nice system idle iowait irq softirq steal */
#define FAIL_STEAL    1e-2
#define WARN_PRESSURE 1.0

#define MOST_TICKS 1e11 /* thirty years of the kernel's 100 a second: more went below 0 */

/* The ticks of a line of /proc/stat. @return false: they are not there, or went below 0 */
static bool ticks_of(const char *line, double *all, double *steal)
{
	char *end;

	*all = 0;
	for (int c = 0; c <= STEAL_COLUMN; c++, line = end) {
		*steal = (double)strtoull(line, &end, 10);
		if (end == line || *steal > MOST_TICKS)
			return false;
		*all += *steal;
	}
	return true;
}

/* The share of the cpu's ticks that was stolen. @return false: as above */
static bool stolen(const char *stat, int cpu, double *share)
{
	double all, steal;
	const char *at;
	char key[16];

	snprintf(key, sizeof(key), "\ncpu%d ", cpu);
	at = strstr(stat, key);
	if (!at || !ticks_of(at + strlen(key), &all, &steal))
		return false;
	*share = all > 0 ? steal / all : 0;
	return true;
}

/*
 * A hypervisor need not tell its guest of stolen time: 0 on every cpu may mean either. The first
 * line is the sum over all cpus.
 */
static bool tells_nothing(const struct tk_subject *s, const char *stat)
{
	double all, steal;

	return !strncmp(stat, "cpu ", 4) && ticks_of(stat + 4, &all, &steal) && steal <= 0 &&
	       tk_tsc_cpu_flag(s->root, "hypervisor") > 0;
}

static void check_steal(const struct tk_subject *s, struct tk_finding *f)
{
	size_t size = 1u << 20; /* a line a cpu, and one with all interrupts after them */
	char *stat = malloc(size);
	double share;

	if (!stat) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s", strerror(ENOMEM));
	} else if (tk_check_read_text(s, f, stat, size)) {
		if (!stolen(stat, s->cpu, &share))
			tk_check_found(f, TK_VERDICT_UNKNOWN,
				       "no steal time of cpu %d is there, or it went below 0",
				       s->cpu);
		else if (share <= 0 && tells_nothing(s, stat))
			tk_check_found(f, TK_VERDICT_UNKNOWN,
				       "0 on all cpus: this hypervisor may not tell");
		else
			tk_check_found(f,
				       share >= FAIL_STEAL ? TK_VERDICT_FAIL
				       : share > 0         ? TK_VERDICT_WARN
							   : TK_VERDICT_OK,
				       "%.3f %% of the time since boot", 100 * share);
	}
	if (f->verdict >= TK_VERDICT_WARN)
		tk_check_fix(f, TK_FIX_TEXT, "have the host give this guest dedicated cpus");
	free(stat);
}

static void check_pressure(const struct tk_subject *s, struct tk_finding *f)
{
	static const char key[] = "some avg10=";
	char text[256], *end;
	const char *at;
	double share;

	if (!tk_check_read_text(s, f, text, sizeof(text)))
		return;
	at = strstr(text, key);
	share = at ? strtod(at + strlen(key), &end) : -1;
	if (!(share >= 0 && share <= 100)) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not understood: \"%.100s\"", text);
		return;
	}
	tk_check_found(f, share < WARN_PRESSURE ? TK_VERDICT_OK : TK_VERDICT_WARN,
		       "%.2f %% of the last 10 s", share);
	if (f->verdict)
		tk_check_fix(f, TK_FIX_TEXT, "stop other programs; top shows what runs");
}

static void check_virtual(const struct tk_subject *s, struct tk_finding *f)
{
	int has = tk_tsc_cpu_flag(s->root, "hypervisor");

	if (has < 0) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s", strerror(-has));
		return;
	}
	tk_check_found(f, has ? TK_VERDICT_WARN : TK_VERDICT_OK,
		       has ? "a virtual machine" : "hardware");
	if (has)
		tk_check_fix(
			f, TK_FIX_TEXT,
			"measure on hardware; or have the host pin this guest's cpus, each to one "
			"of its own");
}

const struct tk_check tk_load_checks[] = {
	{ "load.steal", "/proc/stat",
	  "In stolen time the cpu was ready to run and the hypervisor ran another guest instead: "
	  "gaps that nothing in this machine can prevent.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_steal },
	{ "load.pressure", "/proc/pressure/cpu",
	  "For this share of the time some thread had to wait for a cpu: what is measured, or "
	  "its collector, will wait too. If the file is missing, boot with psi=1.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_pressure },
	{ "load.virtual", "/proc/cpuinfo",
	  "Isolating a cpu inside a guest does not affect the host, which schedules that cpu as "
	  "one of its own threads.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_virtual },
	{ .id = NULL },
};
