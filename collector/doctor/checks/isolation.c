/* SPDX-License-Identifier: MIT */
/* Whether the scheduler and the kernel's own work leave this cpu alone. */
#include "collector/machine/isolation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/doctor/checks/families.h"
#include "collector/machine/parameters.h"

/*
 * Where cgroup2 has cpusets, a partition isolates the cpu now; elsewhere it takes a boot. In a
 * container neither is possible: a partition lies directly below another, and the kernel is the
 * host's.
 */
static void fix_domain(const struct tk_subject *s, struct tk_finding *f)
{
	static const char top[] = "/sys/fs/cgroup";
	struct tk_partition p;
	char controllers[256];

	if (tk_partition_find(s->root, s->cpu, &p) == 0)
		tk_check_fix(f, TK_FIX_TEXT,
			     "a partition has the cpu already: isolation.partition says what its "
			     "cpuset.cpus.partition lacks");
	else if (tk_partitions_hidden(s->root))
		tk_check_fix(f, TK_FIX_TEXT,
			     "isolate cpu %d on the host (isolcpus=, or a cpuset partition), and "
			     "start this container in it",
			     s->cpu);
	else if (tk_tsc_file_read(s->root, "/sys/fs/cgroup/cgroup.controllers", controllers,
				  sizeof(controllers)) > 0 &&
		 tk_tsc_has_word(controllers, "cpuset"))
		tk_check_fix(f, TK_FIX_COMMAND,
			     "mkdir -p %s/measure && echo +cpuset > %s/cgroup.subtree_control && "
			     "echo %d "
			     "> %s/measure/cpuset.cpus && echo isolated > "
			     "%s/measure/cpuset.cpus.partition",
			     top, top, s->cpu, top, top);
	else
		tk_check_fix_boot(s, f, "isolcpus", &s->isolated);
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
		if (!has_cgroup2(s, f))
			return;
		if (tk_partitions_hidden(s->root))
			tk_check_found(f, TK_VERDICT_UNKNOWN,
				       "none in this container; those outside cannot be seen");
		else
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
	tk_check_fix_tick(s, f);
}

enum offloaded { NO, YES, UNCLEAR };

/* How many cpus a file of /sys/devices/system/cpu counts from 0 to its last; 0: it does not say. */
static unsigned int count_of(const struct tk_subject *s, const char *name)
{
	struct tk_tsc_cpus cpus;
	char path[64];
	unsigned int n = TK_TSC_CPUS;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", name);
	if (tk_tsc_cpus_read(s->root, path, &cpus))
		return 0;
	while (n > 0 && !tk_tsc_cpus_has(&cpus, n - 1))
		n--;
	return n;
}

/*
 * A list of rcu_nocbs=; a list that the kernel does not take means all cpus. "N" and the limit are
 * the last possible cpu; but before Linux 6.3, on kernels built for up to 512 cpus
 * (CPUMASK_OFFSTACK is off), the last that the kernel was built for.
 */
static enum offloaded in_list(const struct tk_subject *s, const char *list,
			      struct tk_tsc_cpus *cpus)
{
	unsigned int possible = count_of(s, "possible"), most = count_of(s, "kernel_max");
	struct tk_tsc_cpus other;
	bool has, would;

	possible = possible ? possible : count_of(s, "online");
	most = most ? most : possible;
	has = tk_parameter_cpus(list, possible, cpus) || tk_check_has_cpu(s, cpus);
	would = tk_parameter_cpus(list, most, &other) || tk_check_has_cpu(s, &other);
	if (has != would && most <= 512)
		return UNCLEAR;
	return has ? YES : NO;
}

/* A kernel that offloads callbacks at all has a thread "rcuop/N" or "rcuos/N" for every cpu N. */
static enum offloaded has_thread(const struct tk_subject *s)
{
	char path[512], name[64], text[32], want[2][24];
	enum offloaded found = UNCLEAR;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc", s->root);
	dir = opendir(path);
	snprintf(want[0], sizeof(want[0]), "rcuop/%d", s->cpu);
	snprintf(want[1], sizeof(want[1]), "rcuos/%d", s->cpu);
	while (dir && found != YES && (e = readdir(dir))) {
		snprintf(name, sizeof(name), "/proc/%.16s/comm", e->d_name);
		if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
		    tk_tsc_file_read(s->root, name, text, sizeof(text)) <= 0)
			continue;
		if (!strcmp(text, "kthreadd")) /* the kernel's threads are visible */
			found = NO;
		if (!strcmp(text, want[0]) || !strcmp(text, want[1]))
			found = YES;
	}
	if (dir)
		closedir(dir);
	return found;
}

/*
 * nohz_full= implies rcu_nocbs= for its cpus, and of several rcu_nocbs= the last counts
 * (rcu_nocb_setup()). Without either a kernel may offload all cpus (RCU_NOCB_CPU_DEFAULT_ALL): then
 * it has the threads. With either, one built without RCU_NOCB_CPU has no threads, and does nothing.
 */
static void check_rcu(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus nohz, cpus = { 0 };
	char list[128];
	int times = tk_parameter_find(s->root, "rcu_nocbs", list, sizeof(list));
	enum offloaded it = NO, thread = has_thread(s);

	if (times < 0) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s", strerror(-times));
		return;
	}
	(void)tk_tsc_cpus_read(s->root, "/sys/devices/system/cpu/nohz_full", &nohz);
	if (times > 0 && strlen(list) < sizeof(list) - 1)
		it = in_list(s, list, &cpus);
	else if (times > 0)
		it = UNCLEAR;
	if (tk_check_has_cpu(s, &nohz))
		tk_check_found(f, TK_VERDICT_OK, "nohz_full has cpu %d, and that does it", s->cpu);
	else if (times == 0 && tk_tsc_cpus_empty(&nohz) && thread == YES)
		tk_check_found(f, TK_VERDICT_OK, "this kernel offloads every cpu");
	else if (it == UNCLEAR)
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not understood: rcu_nocbs=%s", list);
	else
		tk_check_found(f, it == YES ? TK_VERDICT_OK : TK_VERDICT_WARN, "%s%s%s",
			       times ? "rcu_nocbs=" : "no rcu_nocbs", list,
			       times > 1 ? ", the last of several" : "");
	if (f->verdict == TK_VERDICT_OK && thread == NO) {
		tk_check_found(f, TK_VERDICT_WARN, "asked for, but no thread rcuop/%d or rcuos/%d",
			       s->cpu, s->cpu);
		tk_check_fix(f, TK_FIX_TEXT, "boot a kernel built with CONFIG_RCU_NOCB_CPU");
	} else if (f->verdict == TK_VERDICT_WARN) {
		for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
			cpus.bits[i] |= s->isolated.bits[i];
		tk_check_fix_boot(s, f, "rcu_nocbs", &cpus);
	}
}

/* --- the core -------------------------------------------------------------------------------- */

/* The other cpus of the core: how many are not isolated, and how to take them all offline. */
struct siblings {
	unsigned n, shared;
	int stays; /* one that cannot be taken offline; -1: there is none */
	char offline[512];
};

static struct siblings siblings(const struct tk_subject *s, const struct tk_tsc_cpus *core)
{
	struct siblings all = { .stays = -1 };
	char why[192];
	size_t used = 0;

	for (int cpu = 0; cpu < TK_TSC_CPUS; cpu++) {
		if (cpu == s->cpu || !tk_tsc_cpus_has(core, (unsigned int)cpu))
			continue;
		all.shared += tk_cpu_isolated(s->root, cpu, why, sizeof(why)) != 0;
		if (!tk_check_exists(s, "/sys/devices/system/cpu/cpu%d/online", cpu))
			all.stays = cpu;
		used = strlen(all.offline);
		snprintf(all.offline + used, sizeof(all.offline) - used,
			 "%secho 0 > /sys/devices/system/cpu/cpu%d/online", all.n++ ? " && " : "",
			 cpu);
	}
	return all;
}

static void check_smt(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus core;
	struct siblings other;
	char list[64];

	if (!tk_check_read_cpus(s, f, &core))
		return;
	tk_tsc_cpus_list(&core, list, sizeof(list));
	other = siblings(s, &core);
	if (other.n == 0) {
		tk_check_found(f, TK_VERDICT_OK, "alone on its core");
		return;
	}
	tk_check_found(f, other.shared ? TK_VERDICT_FAIL : TK_VERDICT_WARN,
		       "cpus %s are one core%s", list, other.shared ? "" : ", all of it isolated");
	if (other.stays >= 0)
		tk_check_fix(f, TK_FIX_TEXT,
			     "choose a cpu of another core: cpu %d of this one cannot be taken "
			     "offline; or turn SMT off in the firmware",
			     other.stays);
	else
		tk_check_fix(f, TK_FIX_COMMAND, "%s", other.offline);
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
