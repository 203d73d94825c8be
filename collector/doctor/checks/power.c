/* SPDX-License-Identifier: MIT */
/* Whether the core runs at one speed, and wakes up quickly. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/doctor/checks/families.h"

#define STATES_MAX 16 /* the kernel has ten at the most */
#define QUICK_US   10 /* a quick wake-up: less than the scheduler takes to wake a thread anyway */

static bool has_performance(const struct tk_subject *s)
{
	char path[96], names[256];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_available_governors", s->cpu);
	return tk_tsc_file_read(s->root, path, names, sizeof(names)) < 0 ||
	       tk_tsc_has_word(names, "performance");
}

static void check_governor(const struct tk_subject *s, struct tk_finding *f)
{
	char name[64];

	if (!tk_check_read_text(s, f, name, sizeof(name)))
		return;
	tk_check_found(f, strcmp(name, "performance") ? TK_VERDICT_WARN : TK_VERDICT_OK, "%s",
		       name);
	if (!f->verdict)
		return;
	if (has_performance(s))
		tk_check_fix_echo(f, "performance");
	else
		tk_check_fix(f, TK_FIX_TEXT,
			     "modprobe cpufreq_performance: this kernel has no such governor yet");
}

/*
 * Intel's driver has a file that says 1 if turbo is off. The others have one for all cpus that says
 * 1 if it is on, and by Linux 6.12 one for the cpu, which decides.
 */
static void check_turbo(const struct tk_subject *s, struct tk_finding *f)
{
	int64_t number = 0;
	bool intel = true, off;

	if (!tk_check_read_number(s, f, &number)) {
		intel = false;
		tk_check_source(f, "/sys/devices/system/cpu/cpu%d/cpufreq/boost", s->cpu);
		if (!tk_check_exists(s, "%s", f->source))
			tk_check_source(f, "/sys/devices/system/cpu/cpufreq/boost");
		if (!tk_check_read_number(s, f, &number))
			return;
	}
	off = intel == !!number;
	tk_check_found(f, off ? TK_VERDICT_OK : TK_VERDICT_WARN, off ? "off" : "on");
	if (f->verdict)
		tk_check_fix_echo(f, intel ? "1" : "0");
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

/*
 * The longest wake-up that somebody allows, of this cpu or of all: the kernel enters no state that
 * takes longer (cpuidle_governor_latency_req()). The cpu's own file says "n/a" for 0, and 0 for no
 * limit.
 * @return whether there is a number; @us is then set
 */
static bool request_here(const struct tk_subject *s, int64_t *us)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/power/pm_qos_resume_latency_us",
		 s->cpu);
	if (tk_tsc_file_read(s->root, path, text, sizeof(text)) <= 0)
		return false;
	if (!strcmp(text, "n/a")) {
		*us = 0;
		return true;
	}
	return tk_check_number_after(text, "", us) && *us > 0;
}

/* @return 0, -ERANGE: no number of the kernel's, or why it could not be read */
static int request_everywhere(const struct tk_subject *s, int64_t *us)
{
	int32_t number = 0;
	char bytes[sizeof(number) + 1];
	ssize_t got = tk_tsc_file_read(s->root, "/dev/cpu_dma_latency", bytes, sizeof(bytes));

	if (got != sizeof(number))
		return got < 0 ? (int)got : -ERANGE;
	memcpy(&number, bytes, sizeof(number));
	*us = number;
	return number < 0 ? -ERANGE : 0;
}

static void check_idle_states(const struct tk_subject *s, struct tk_finding *f)
{
	struct idle i = read_idle(s);
	int64_t us;

	if (i.states == 0) {
		tk_check_found(
			f, TK_VERDICT_UNKNOWN,
			"no idle state is listed: the hypervisor, or idle= at boot, decides");
		return;
	}
	if (i.slow[0] && ((request_here(s, &us) && us <= QUICK_US) ||
			  (!request_everywhere(s, &us) && us <= QUICK_US))) {
		tk_check_found(f, TK_VERDICT_OK,
			       "somebody asks for at most %jd us, so slower ones are not entered",
			       (intmax_t)us);
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
	int64_t us = 0, here;
	int err = request_everywhere(s, &us);

	if (request_here(s, &here) && here <= QUICK_US) {
		tk_check_found(f, TK_VERDICT_OK, "%jd us, for this cpu", (intmax_t)here);
		return;
	}
	if (err) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s",
			       err == -ERANGE ? "it is no number of 31 bits" : strerror(-err));
		if (err == -EACCES || err == -EPERM)
			tk_check_fix(f, TK_FIX_TEXT, "run as root");
		return;
	}
	if (us <= QUICK_US || (i.states && !i.slow[0])) {
		tk_check_found(f, TK_VERDICT_OK, "%jd us%s", (intmax_t)us,
			       us <= QUICK_US ? "" : ", and no slow idle state is enabled");
		return;
	}
	tk_check_found(f, TK_VERDICT_WARN, "nobody asks for less than %jd us", (intmax_t)us);
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
