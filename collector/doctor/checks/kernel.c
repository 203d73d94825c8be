/* SPDX-License-Identifier: MIT */
/* Work that the kernel does on every cpu now and then, unless it is told not to. */
#include <string.h>

#include "collector/doctor/checks/families.h"
#include "collector/machine/isolation.h"

#define STAT_SECONDS 10 /* what distributions' latency profiles set */

/*
 * Both watchdogs run on the cpus of one mask, and neither runs with a threshold of 0.
 * @return whether one that is on, as its file says, reaches the cpu; false: a finding says why not
 */
static bool reaches(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus cpus;
	char threshold[32];
	int64_t on;

	if (!tk_check_read_number(s, f, &on))
		return false;
	if (on && tk_tsc_file_read(s->root, "/proc/sys/kernel/watchdog_thresh", threshold,
				   sizeof(threshold)) > 0)
		on = strcmp(threshold, "0") != 0;
	if (!on) {
		tk_check_found(f, TK_VERDICT_OK, "off");
		return false;
	}
	tk_check_source(f, "/proc/sys/kernel/watchdog_cpumask");
	if (!tk_check_read_cpus(s, f, &cpus))
		return false;
	if (!tk_check_has_cpu(s, &cpus)) {
		tk_check_found(f, TK_VERDICT_OK, "on, for others than cpu %d", s->cpu);
		return false;
	}
	tk_check_found(f, TK_VERDICT_WARN, "on, for cpu %d too", s->cpu);
	return true;
}

static void check_nmi_watchdog(const struct tk_subject *s, struct tk_finding *f)
{
	if (reaches(s, f))
		tk_check_fix(f, TK_FIX_COMMAND, "echo 0 > /proc/sys/kernel/nmi_watchdog");
}

static void check_watchdog(const struct tk_subject *s, struct tk_finding *f)
{
	if (reaches(s, f) && s->others[0])
		tk_check_fix_echo(f, s->others);
}

/*
 * With timer migration, a cpu of nohz_full hands its timers to other cpus. A cpu that is only
 * isolated neither hands over timers nor receives any. Every other cpu receives timers of idle cpus
 * while it is busy.
 */
static void check_timer_migration(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus nohz;
	char why[192];
	bool tickless, isolated;
	int64_t on;

	if (!tk_check_read_number(s, f, &on))
		return;
	(void)tk_tsc_cpus_read(s->root, "/sys/devices/system/cpu/nohz_full", &nohz);
	tickless = tk_check_has_cpu(s, &nohz);
	isolated = tickless || !tk_cpu_isolated(s->root, s->cpu, why, sizeof(why));
	tk_check_found(
		f, tickless == !!on || (isolated && !tickless) ? TK_VERDICT_OK : TK_VERDICT_WARN,
		"%s, and the cpu is %s", on ? "on" : "off",
		tickless   ? "of nohz_full"
		: isolated ? "isolated"
			   : "one of all");
	if (f->verdict)
		tk_check_fix_echo(f, tickless ? "1" : "0");
}

/* Since Linux 6.5 the kernel leaves out cpus of isolcpus= and nohz_full= (cpu_is_isolated()). */
static bool left_out(const struct tk_subject *s)
{
	struct tk_tsc_cpus boot, nohz;

	(void)tk_tsc_cpus_read(s->root, "/sys/devices/system/cpu/isolated", &boot);
	(void)tk_tsc_cpus_read(s->root, "/sys/devices/system/cpu/nohz_full", &nohz);
	return tk_check_kernel_is(s, 6, 5) &&
	       (tk_check_has_cpu(s, &boot) || tk_check_has_cpu(s, &nohz));
}

static void check_stat_interval(const struct tk_subject *s, struct tk_finding *f)
{
	int64_t seconds;
	bool out = left_out(s);

	if (!tk_check_read_number(s, f, &seconds))
		return;
	tk_check_found(f, seconds >= STAT_SECONDS || out ? TK_VERDICT_OK : TK_VERDICT_WARN,
		       "%jd s%s", (intmax_t)seconds, out ? ", and not on isolated cpus" : "");
	if (f->verdict)
		tk_check_fix_echo(f, "10");
}

/*
 * Since Linux 6.12 the fair server stops a real-time thread for ordinary ones that wait, whatever
 * sched_rt_runtime_us says (but for kernels with RT_GROUP_SCHED).
 */
static void check_fair_server(const struct tk_subject *s, struct tk_finding *f)
{
	int64_t ns;

	tk_check_source(f, "/sys/kernel/debug/sched/fair_server/cpu%d/runtime", s->cpu);
	if (!tk_check_read_number(s, f, &ns)) {
		tk_check_fix(f, TK_FIX_TEXT, "run this as root, with debugfs mounted");
		return;
	}
	tk_check_found(f, ns ? TK_VERDICT_WARN : TK_VERDICT_OK,
		       ns ? "%jd us of each period for ordinary threads that wait" : "off",
		       (intmax_t)ns / 1000);
	if (ns)
		tk_check_fix_echo(f, "0");
}

/* A runtime of the whole period, too, is no throttling (sched_rt_runtime_exceeded()). */
static void check_rt_throttling(const struct tk_subject *s, struct tk_finding *f)
{
	int64_t runtime, period = INT64_MAX;
	char text[32];

	if (!tk_check_read_number(s, f, &runtime))
		return;
	if (tk_check_kernel_is(s, 6, 12)) {
		check_fair_server(s, f);
		return;
	}
	if (tk_tsc_file_read(s->root, "/proc/sys/kernel/sched_rt_period_us", text, sizeof(text)) >
	    0)
		(void)tk_check_number_after(text, "", &period);
	if (runtime < 0 || runtime >= period)
		tk_check_found(f, TK_VERDICT_OK, "off");
	else
		tk_check_found(f, TK_VERDICT_WARN, "%jd us of each period", (intmax_t)runtime);
	if (f->verdict)
		tk_check_fix_echo(f, "-1");
}

const struct tk_check tk_kernel_checks[] = {
	{ "kernel.nmi_watchdog", "/proc/sys/kernel/nmi_watchdog",
	  "The NMI watchdog takes one performance counter of each cpu, and interrupts each cpu "
	  "every few seconds.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_nmi_watchdog },
	{ "kernel.watchdog", "/proc/sys/kernel/soft_watchdog",
	  "The watchdog sets a timer on each of its cpus every four seconds, and wakes a thread "
	  "there.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_watchdog, .moves = true },
	{ "kernel.timer_migration", "/proc/sys/kernel/timer_migration",
	  "With timer migration, timers leave a cpu of nohz_full; but where no cpu is isolated, "
	  "timers of idle cpus move to a busy one.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_timer_migration },
	{ "kernel.stat_interval", "/proc/sys/vm/stat_interval",
	  "At this interval a kernel thread on each cpu sums up that cpu's memory statistics, "
	  "and interrupts what runs there.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_stat_interval },
	{ "kernel.rt_throttling", "/proc/sys/kernel/sched_rt_runtime_us",
	  "The kernel stops a SCHED_FIFO thread that spins for the rest of each period, by "
	  "default 50 ms a second; ordinary threads are not stopped. With throttling off, such a "
	  "thread can hang its cpu.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_rt_throttling },
	{ .id = NULL },
};
