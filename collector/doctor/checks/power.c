/* SPDX-License-Identifier: MIT */
/* Whether the core runs at one speed, and wakes up quickly. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/doctor/checks/families.h"

#define STATES_MAX 16 /* the kernel has ten at the most */
#define QUICK_US   10 /* a quick wake-up: less than the scheduler takes to wake a thread anyway */

static void check_governor(const struct tk_subject *s, struct tk_finding *f)
{
	char name[64];

	if (!tk_check_read_text(s, f, name, sizeof(name)))
		return;
	tk_check_found(f, strcmp(name, "performance") ? TK_VERDICT_WARN : TK_VERDICT_OK, "%s",
		       name);
	if (f->verdict)
		tk_check_fix_echo(f, "performance");
}

/* The file of Intel's driver says 1 if turbo is off; that of the others says 1 if it is on. */
static void check_turbo(const struct tk_subject *s, struct tk_finding *f)
{
	int64_t off = 0, boost;

	if (!tk_check_read_number(s, f, &off)) {
		tk_check_source(f, "/sys/devices/system/cpu/cpufreq/boost");
		if (!tk_check_read_number(s, f, &boost))
			return;
		off = boost == 0;
	}
	tk_check_found(f, off ? TK_VERDICT_OK : TK_VERDICT_WARN, off ? "off" : "on");
	if (f->verdict)
		tk_check_fix_echo(f, strstr(f->source, "no_turbo") ? "1" : "0");
}

/* The idle states that are enabled: the longest wake-up, and the states that wake up slowly. */
struct idle {
	unsigned states; /* enabled ones */
	int64_t slowest_us;
	char slow[STATES_MAX * 4]; /* their numbers */
};

static bool number_of(const struct tk_subject *s, int state, const char *name, int64_t *number)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpuidle/state%d/%s", s->cpu,
		 state, name);
	return tk_tsc_file_read(s->root, path, text, sizeof(text)) > 0 &&
	       tk_check_number_after(text, "", number);
}

static struct idle read_idle(const struct tk_subject *s)
{
	struct idle i = { 0 };
	int64_t us, disabled;
	size_t used;

	for (int state = 0; state < STATES_MAX; state++) {
		if (!number_of(s, state, "latency", &us) ||
		    !number_of(s, state, "disable", &disabled) || disabled)
			continue;
		i.states++;
		i.slowest_us = us > i.slowest_us ? us : i.slowest_us;
		used = strlen(i.slow);
		if (us > QUICK_US)
			snprintf(i.slow + used, sizeof(i.slow) - used, " %d", state);
	}
	return i;
}

static void check_idle_states(const struct tk_subject *s, struct tk_finding *f)
{
	struct idle i = read_idle(s);

	if (i.states == 0) {
		tk_check_found(
			f, TK_VERDICT_UNKNOWN,
			"no idle state is listed: the hypervisor, or idle= at boot, decides");
		return;
	}
	tk_check_found(f, i.slow[0] ? TK_VERDICT_WARN : TK_VERDICT_OK,
		       "%jd us to wake up from the deepest that is enabled",
		       (intmax_t)i.slowest_us);
	if (f->verdict)
		tk_check_fix(f, TK_FIX_COMMAND,
			     "for s in%s; do echo 1 > "
			     "\"/sys/devices/system/cpu/cpu%d/cpuidle/state$s/disable\"; done",
			     i.slow, s->cpu);
}

static void check_latency_request(const struct tk_subject *s, struct tk_finding *f)
{
	struct idle i = read_idle(s);
	int32_t us = 0;
	char bytes[sizeof(us) + 1];
	ssize_t got = tk_tsc_file_read(s->root, f->source, bytes, sizeof(bytes));

	if (got != sizeof(us)) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s",
			       got < 0 ? strerror((int)-got) : "it is no number of 32 bits");
		if (got == -EACCES || got == -EPERM)
			tk_check_fix(f, TK_FIX_TEXT, "run as root");
		return;
	}
	memcpy(&us, bytes, sizeof(us));
	if (us <= QUICK_US || (i.states && !i.slow[0])) {
		tk_check_found(f, TK_VERDICT_OK, "%d us%s", us,
			       us <= QUICK_US ? "" : ", and no slow idle state is enabled");
		return;
	}
	tk_check_found(f, TK_VERDICT_WARN, "nobody asks for less than %d us", us);
	tk_check_fix(
		f, TK_FIX_TEXT,
		"hold a request for 0 us while you measure: exec 3<> %s; printf '\\0\\0\\0\\0' >&3",
		f->source);
}

const struct tk_check tk_power_checks[] = {
	{ "power.governor", "/sys/devices/system/cpu/cpuN/cpufreq/scaling_governor",
	  "Governors other than performance slow an idle core down: the first work after a pause "
	  "takes longer.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_governor },
	{ "power.turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo",
	  "With turbo the core's speed depends on its neighbours and its temperature: the same "
	  "work takes different times. Leave turbo on if you want speed rather than equal "
	  "measurements.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_turbo },
	{ "power.idle_states", "/sys/devices/system/cpu/cpuN/cpuidle/state*/{latency,disable}",
	  "A core in a deep idle state wakes up late, with cold caches: the first span after a "
	  "pause takes longer. A thread that spins never lets its core sleep.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_idle_states },
	{ "power.latency_request", "/dev/cpu_dma_latency",
	  "While a program holds this file open with a small number in it, no core enters a deep "
	  "idle state.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_latency_request },
	{ .id = NULL },
};
