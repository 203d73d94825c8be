/* SPDX-License-Identifier: MIT */
/* Whether the scheduler and the kernel's own work leave this cpu alone. */
#include "collector/machine/isolation.h"

#include <errno.h>
#include <string.h>

#include "collector/doctor/checks/families.h"

/* Where cgroup2 has cpusets, a partition isolates the cpu now; elsewhere it takes a boot. */
static void fix_domain(const struct tk_subject *s, struct tk_finding *f)
{
	static const char top[] = "/sys/fs/cgroup";
	char controllers[256];

	if (tk_tsc_file_read(s->root, "/sys/fs/cgroup/cgroup.controllers", controllers,
			     sizeof(controllers)) > 0 &&
	    tk_tsc_has_word(controllers, "cpuset"))
		tk_check_fix(f, TK_FIX_COMMAND,
			     "mkdir -p %s/measure && echo +cpuset > %s/cgroup.subtree_control && "
			     "echo %d "
			     "> %s/measure/cpuset.cpus && echo isolated > "
			     "%s/measure/cpuset.cpus.partition",
			     top, top, s->cpu, top, top);
	else
		tk_check_fix(f, TK_FIX_BOOT, "isolcpus=managed_irq,domain,%s", s->isolate);
}

static void check_domain(const struct tk_subject *s, struct tk_finding *f)
{
	char why[sizeof(f->value)];
	int err = tk_cpu_isolated(s->root, s->cpu, why, sizeof(why));

	tk_check_found(f,
		       !err            ? TK_VERDICT_OK
		       : err == -EPERM ? TK_VERDICT_FAIL
				       : TK_VERDICT_UNKNOWN,
		       "%s", why);
	if (err == -EPERM)
		fix_domain(s, f);
}

static bool has_cgroup2(const struct tk_subject *s, struct tk_finding *f)
{
	char text[16];

	for (const char *const *mount = tk_cgroup2_mounts; *mount; mount++) {
		tk_check_source(f, "%s/cgroup.controllers", *mount);
		if (tk_check_read_text(s, f, text, sizeof(text)))
			return true;
	}
	return false;
}

static void check_partition(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_partition p;

	if (tk_partition_find(s->root, s->cpu, &p) < 0) {
		if (has_cgroup2(s, f))
			tk_check_found(f, TK_VERDICT_OK, "no partition has cpu %d", s->cpu);
		return;
	}
	tk_check_source(f, "%s/cpuset.cpus.partition", p.path);
	tk_check_found(f,
		       tk_partition_standing(p.state) == TK_PARTITION_ISOLATED  ? TK_VERDICT_OK
		       : tk_partition_standing(p.state) == TK_PARTITION_INVALID ? TK_VERDICT_FAIL
										: TK_VERDICT_WARN,
		       "%s", p.state);
	if (f->verdict == TK_VERDICT_FAIL)
		tk_check_fix(f, TK_FIX_TEXT,
			     "remove the cause that the kernel names in brackets, then write "
			     "isolated to this file again");
	else if (f->verdict == TK_VERDICT_WARN)
		tk_check_fix(f, TK_FIX_TEXT, "write isolated to this file");
}

static void check_nohz_full(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus cpus;

	if (!tk_check_read_cpus(s, f, &cpus))
		return;
	if (tk_check_has_cpu(s, &cpus)) {
		tk_check_found(f, TK_VERDICT_OK, "has cpu %d", s->cpu);
		return;
	}
	tk_check_found(f, TK_VERDICT_WARN, "does not have cpu %d", s->cpu);
	tk_check_fix(f, TK_FIX_BOOT, "nohz_full=%s", s->isolate);
}

/* @return the list after rcu_nocbs= on the kernel's command line; NULL: there is none */
static char *rcu_nocbs(char *line)
{
	char *rest = NULL;

	for (char *w = strtok_r(line, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		if (!strncmp(w, "rcu_nocbs=", 10))
			return w + 10;
	return NULL;
}

/* nohz_full= implies rcu_nocbs= for its cpus. */
static void check_rcu(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus nohz, cpus = { 0 };
	char line[4096], *list;

	if (!tk_check_read_text(s, f, line, sizeof(line)))
		return;
	(void)tk_tsc_cpus_read(s->root, "/sys/devices/system/cpu/nohz_full", &nohz);
	list = rcu_nocbs(line);
	if (tk_check_has_cpu(s, &nohz)) {
		tk_check_found(f, TK_VERDICT_OK, "nohz_full has cpu %d, and that does it", s->cpu);
	} else if (list && strcmp(list, "all") && tk_tsc_cpus_parse(list, &cpus)) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not understood: rcu_nocbs=%s", list);
	} else if (list && (!strcmp(list, "all") || tk_check_has_cpu(s, &cpus))) {
		tk_check_found(f, TK_VERDICT_OK, "rcu_nocbs=%s", list);
	} else {
		tk_check_found(f, TK_VERDICT_WARN, "%s%s", list ? "rcu_nocbs=" : "no rcu_nocbs",
			       list ? list : "");
		tk_check_fix(f, TK_FIX_BOOT, "rcu_nocbs=%s", s->isolate);
	}
}

/*
 * @shared: how many other cpus of the core are not isolated
 * @return the first other cpu of the core; -1: there is none
 */
static int siblings(const struct tk_subject *s, const struct tk_tsc_cpus *core, unsigned *shared)
{
	char why[192];
	int first = -1;

	for (int cpu = 0; cpu < TK_TSC_CPUS; cpu++) {
		if (cpu == s->cpu || !tk_tsc_cpus_has(core, (unsigned int)cpu))
			continue;
		first = first < 0 ? cpu : first;
		*shared += tk_cpu_isolated(s->root, cpu, why, sizeof(why)) != 0;
	}
	return first;
}

static void check_smt(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus core;
	char list[64];
	unsigned shared = 0;
	int other;

	if (!tk_check_read_cpus(s, f, &core))
		return;
	tk_tsc_cpus_list(&core, list, sizeof(list));
	other = siblings(s, &core, &shared);
	if (other < 0) {
		tk_check_found(f, TK_VERDICT_OK, "alone on its core");
		return;
	}
	tk_check_found(f, shared ? TK_VERDICT_FAIL : TK_VERDICT_WARN, "cpus %s are one core%s",
		       list, shared ? "" : ", all of it isolated");
	tk_check_fix(f, TK_FIX_COMMAND, "echo 0 > /sys/devices/system/cpu/cpu%d/online", other);
}

const struct tk_check tk_isolation_checks[] = {
	{ "isolation.domain", "/sys/devices/system/cpu/isolated",
	  "Unless the cpu is isolated, the scheduler runs other tasks on it, each for "
	  "milliseconds.",
	  TK_CAN(OK) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_domain, .moves = true },
	{ "isolation.partition", "/sys/fs/cgroup/cgroup.controllers",
	  "An invalid cpuset partition isolates nothing, and a partition that is not an isolated "
	  "one balances its tasks over all its cpus.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_partition },
	{ "isolation.nohz_full", "/sys/devices/system/cpu/nohz_full",
	  "Without nohz_full the timer interrupts even a single busy task, 100 to 1,000 times a "
	  "second; if the file is missing, the kernel was built without nohz_full.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_nohz_full, .moves = true },
	{ "isolation.rcu_nocbs", "/proc/cmdline",
	  "Without rcu_nocbs (or nohz_full) the kernel frees memory that RCU held back on this "
	  "cpu, in a softirq that interrupts what runs.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_rcu, .moves = true },
	{ "isolation.workqueue", "/sys/devices/virtual/workqueue/cpumask",
	  "The kernel's unbound work, such as the writeback of dirty pages, runs on any cpu of "
	  "this mask.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = tk_check_mask, .moves = true },
	{ "isolation.smt", "/sys/devices/system/cpu/cpuN/topology/thread_siblings_list",
	  "Two cpus of one core share its execution units and caches: work on one slows down the "
	  "other.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_smt },
	{ .id = NULL },
};
