/* SPDX-License-Identifier: MIT */
/*
 * A machine whose cpu 3 every check calls ok, and for each other verdict of a check the files to
 * change. test_doctor.c fails if a check has no fixture for one of its verdicts.
 */
#ifndef TK_TESTS_FIXTURES_H
#define TK_TESTS_FIXTURES_H

#include "collector/doctor/checks/check.h"
#include "tests/tree.h"

struct fixture_file {
	const char *path;
	const char *text; /* NULL: the file is missing */
};

struct fixture {
	const char *id;
	enum tk_verdict verdict;
	const char *value; /* the finding's value contains this */
	const char *fix;   /* the finding's fix contains this; NULL: it has none */
	struct fixture_file files[3];
	/* of the timed checks */
	uint64_t timer, gap_ns;
	int error;
};

#define CPU     "/sys/devices/system/cpu/"
#define CGROUP  "/sys/fs/cgroup/"
#define MADE    CGROUP "made/cpuset.cpus"
#define NODE0   "/sys/devices/system/node/node0/"
#define HUGE    "hugepages/hugepages-2048kB/free_hugepages"
#define IDLE    CPU "cpu3/cpuidle/"
#define IRQ24   "/proc/irq/24/"
#define USER    "Name:\tmatlab\nState:\tR (running)\nVmSize:\t  100 kB\nCpus_allowed_list:\t"
#define KTHREAD "Name:\tkswapd0\nState:\tS (sleeping)\nCpus_allowed_list:\t"

static const struct fixture_file good_files[] = {
	{ CPU "online", "0-3\n" },
	{ CPU "isolated", "3\n" },
	{ CPU "nohz_full", "3\n" },
	{ CPU "cpu3/topology/thread_siblings_list", "3\n" },
	{ CPU "cpu3/cpufreq/scaling_governor", "performance\n" },
	{ CPU "intel_pstate/no_turbo", "1\n" },
	{ IDLE "state0/latency", "0\n" },
	{ IDLE "state0/disable", "0\n" },
	{ IDLE "state1/latency", "133\n" },
	{ IDLE "state1/disable", "1\n" },
	{ "/dev/cpu_dma_latency", "\xff\xff\xff\xff" },
	{ CGROUP "cgroup.controllers", "cpuset cpu memory\n" },
	{ "/proc/cmdline", "quiet rcu_nocbs=3 nohz_full=3\n" },
	{ "/sys/devices/virtual/workqueue/cpumask", "7\n" },
	{ "/proc/self/status", "Name:\ttimekeeper\nTgid:\t10\nCapEff:\t0000000000000000\n" },
	{ "/proc/self/limits",
	  "Limit    Soft Limit   Hard Limit   Units\nMax locked memory    unlimited    unlimited  "
	  "bytes\n" },
	{ "/proc/10/task/10/status", USER "0-3\n" },
	{ "/proc/20/task/20/status", USER "0-2\n" },
	{ "/proc/20/task/21/status", USER "3\n" },
	{ "/proc/30/task/30/status", KTHREAD "3\n" },
	{ "/proc/irq/default_smp_affinity", "7\n" },
	{ IRQ24 "effective_affinity_list", "0\n" },
	{ "/proc/interrupts",
	  "      CPU0   CPU1  CPU2  CPU3\n 24:   5  0  0  9  PCI-MSI  eth0-rx \n"
	  "LOC:  9  9  9  9   Local timer interrupts\nERR:  0\n" },
	{ "/sys/devices/system/node/has_memory", "0\n" },
	{ "/sys/devices/system/node/online", "0\n" },
	{ NODE0 "cpulist", "0-3\n" },
	{ NODE0 HUGE, "8\n" },
	{ "/proc/sys/kernel/numa_balancing", "0\n" },
	{ "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n" },
	{ "/proc/sys/kernel/nmi_watchdog", "0\n" },
	{ "/proc/sys/kernel/soft_watchdog", "1\n" },
	{ "/proc/sys/kernel/watchdog_cpumask", "0-2\n" },
	{ "/proc/sys/kernel/timer_migration", "1\n" },
	{ "/proc/sys/vm/stat_interval", "10\n" },
	{ "/proc/sys/kernel/sched_rt_runtime_us", "-1\n" },
	{ "/proc/stat", "cpu  9 9 9 9 9 9 9 9 0 0\ncpu3 10 0 10 1000 0 0 0 0 0 0\nintr 7\n" },
	{ "/proc/pressure/cpu", "some avg10=0.00 avg60=9.00 avg300=0.00 total=1\n" },
	{ "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu constant_tsc\nbugs\t:\n" },
};

#define OK      TK_VERDICT_OK
#define WARN    TK_VERDICT_WARN
#define FAIL    TK_VERDICT_FAIL
#define UNKNOWN TK_VERDICT_UNKNOWN

static const struct fixture fixtures[] = {
	{ "isolation.domain", FAIL, "neither", "cpuset.cpus.partition",
	  .files = { { CPU "isolated", "\n" } } },
	{ "isolation.domain", FAIL, "neither", "isolcpus=managed_irq,domain,2-3",
	  .files = { { CPU "isolated", "2\n" }, { CGROUP "cgroup.controllers", "cpu memory\n" } } },
	{ "isolation.domain", UNKNOWN, "No such file", NULL,
	  .files = { { CPU "isolated", NULL } } },
	{ "isolation.domain", UNKNOWN, "Invalid", NULL,
	  .files = { { CPU "isolated", "three\n" } } },
	{ "isolation.domain", OK, "/sys/fs/cgroup/made", NULL,
	  .files = { { CPU "isolated", "" },
		     { MADE ".partition", "isolated\n" },
		     { MADE ".effective", "2-3\n" } } },
	{ "isolation.domain", FAIL, "invalid (Cpu list", "cpuset.cpus.partition",
	  .files = { { CPU "isolated", "" },
		     { MADE ".partition",
		       "isolated invalid (Cpu list in cpuset.cpus not exclusive)\n" },
		     { MADE, "3\n" } } },
	{ "isolation.partition", OK, "isolated", NULL,
	  .files = { { MADE ".partition", "isolated\n" }, { MADE ".effective", "3\n" } } },
	{ "isolation.partition", OK, "no partition", NULL,
	  .files = { { MADE ".partition", "isolated\n" }, { MADE ".effective", "2\n" } } },
	{ "isolation.partition", OK, "no partition", NULL,
	  .files = { { MADE ".partition", "member\n" }, { MADE ".effective", "0-3\n" } } },
	{ "isolation.partition", WARN, "root", "isolated",
	  .files = { { MADE ".partition", "root\n" }, { MADE ".effective", "3\n" } } },
	{ "isolation.partition", FAIL, "isolated invalid (Parent", "brackets",
	  .files = { { MADE ".partition", "isolated invalid (Parent is not a partition root)\n" },
		     { MADE, "1-3\n" } } },
	{ "isolation.partition", FAIL, "isolated invalid", "brackets",
	  .files = { { MADE ".partition", "isolated invalid\n" }, { MADE ".exclusive", "3\n" } } },
	{ "isolation.partition", UNKNOWN, "No such file", NULL,
	  .files = { { CGROUP "cgroup.controllers", NULL } } },
	{ "isolation.partition", OK, "no partition", NULL,
	  .files = { { CGROUP "cgroup.controllers", NULL },
		     { CGROUP "unified/cgroup.controllers", "memory\n" } } },
	{ "isolation.nohz_full", WARN, "cpu 3", "nohz_full=3",
	  .files = { { CPU "nohz_full", " (null)\n" } } },
	{ "isolation.nohz_full", WARN, "cpu 3", "nohz_full=3",
	  .files = { { CPU "nohz_full", "0-2\n" } } },
	{ "isolation.nohz_full", UNKNOWN, "No such file", NULL,
	  .files = { { CPU "nohz_full", NULL } } },
	{ "isolation.rcu_nocbs", OK, "rcu_nocbs=2-3", NULL,
	  .files = { { CPU "nohz_full", "" }, { "/proc/cmdline", "quiet rcu_nocbs=2-3\n" } } },
	{ "isolation.rcu_nocbs", OK, "rcu_nocbs=all", NULL,
	  .files = { { CPU "nohz_full", "" }, { "/proc/cmdline", "rcu_nocbs=all\n" } } },
	{ "isolation.rcu_nocbs", WARN, "rcu_nocbs=1", "rcu_nocbs=3",
	  .files = { { CPU "nohz_full", "" }, { "/proc/cmdline", "rcu_nocbs=1 x\n" } } },
	{ "isolation.rcu_nocbs", WARN, "no rcu_nocbs", "rcu_nocbs=3",
	  .files = { { CPU "nohz_full", "" }, { "/proc/cmdline", "my_rcu_nocbs=3\n" } } },
	{ "isolation.rcu_nocbs", UNKNOWN, "0-7:1/2", NULL,
	  .files = { { CPU "nohz_full", "" }, { "/proc/cmdline", "rcu_nocbs=0-7:1/2\n" } } },
	{ "isolation.rcu_nocbs", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/cmdline", NULL } } },
	{ "isolation.workqueue", WARN, "cpu 3", "echo 7 > /sys/devices/virtual/workqueue/cpumask",
	  .files = { { "/sys/devices/virtual/workqueue/cpumask", "f\n" } } },
	{ "isolation.workqueue", UNKNOWN, "not understood", NULL,
	  .files = { { "/sys/devices/virtual/workqueue/cpumask", "0-2\n" } } },
	{ "isolation.smt", FAIL, "1,3 are one core", "echo 0 > /sys/devices/system/cpu/cpu1/online",
	  .files = { { CPU "cpu3/topology/thread_siblings_list", "1,3\n" } } },
	{ "isolation.smt", WARN, "all of it isolated", "cpu2/online",
	  .files = { { CPU "cpu3/topology/thread_siblings_list", "2-3\n" },
		     { CPU "isolated", "2-3\n" } } },
	{ "isolation.smt", UNKNOWN, "No such file", NULL,
	  .files = { { CPU "cpu3/topology/thread_siblings_list", NULL } } },
	{ "tasks.others", FAIL, "1 programs' threads, first matlab",
	  "for t in 20; do taskset -pc 0-2",
	  .files = { { "/proc/20/task/20/status", USER "0-3\n" } } },
	{ "tasks.others", WARN, "1 of the kernel's", "for t in 30; do taskset -pc 0-2",
	  .files = { { "/proc/30/task/30/status", KTHREAD "0-3\n" } } },
	{ "tasks.others", OK, "and 1 of the kernel's cannot be moved", NULL,
	  .files = { { "/proc/30/task/30/status", KTHREAD "0-3\n" },
		     { "/proc/30/stat", "30 (a) S 1 () S 2 0 0 0 -1 69238880 0\n" } } },
	{ "tasks.others", UNKNOWN, "mount /proc", NULL,
	  .files = { { "/proc/20/task/20/status", "" },
		     { "/proc/20/task/21/status", "nonsense" },
		     { "/proc/30/task/30/status", NULL } } },
	{ "irq.default", WARN, "cpu 3", "echo 7 > /proc/irq/default_smp_affinity",
	  .files = { { "/proc/irq/default_smp_affinity", "00000000,0000000f\n" } } },
	{ "irq.default", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/irq/default_smp_affinity", NULL } } },
	{ "irq.devices", FAIL, "1 of 1 come to cpu 3: 24 eth0-rx 9 times",
	  "for i in 24; do echo 0-2 > ", .files = { { IRQ24 "effective_affinity_list", "3\n" } } },
	{ "irq.devices", WARN, "24 eth0-rx 0 times", "for i in 24; do",
	  .files = { { IRQ24 "effective_affinity_list", NULL },
		     { IRQ24 "smp_affinity_list", "0-3\n" },
		     { "/proc/interrupts",
		       "  CPU0 CPU1 CPU2 CPU3\n24: 5 0 0 0 PCI-MSI eth0-rx\n" } } },
	{ "irq.devices", UNKNOWN, "where some", NULL,
	  .files = { { IRQ24 "effective_affinity_list", NULL } } },
	{ "irq.devices", UNKNOWN, "No such file", NULL, .files = { { "/proc/interrupts", NULL } } },
	{ "irq.devices", UNKNOWN, "No data", NULL,
	  .files = { { "/proc/interrupts", "  CPU0 CPU1\n" } } },
	{ "power.governor", WARN, "powersave",
	  "echo performance > /sys/devices/system/cpu/cpu3/cpufreq/scaling_governor",
	  .files = { { CPU "cpu3/cpufreq/scaling_governor", "powersave\n" } } },
	{ "power.governor", UNKNOWN, "No such file", NULL,
	  .files = { { CPU "cpu3/cpufreq/scaling_governor", NULL } } },
	{ "power.governor", UNKNOWN, "empty", "echo performance",
	  .files = { { CPU "cpu3/cpufreq/scaling_governor", "\n" } } },
	{ "power.turbo", WARN, "on", "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo",
	  .files = { { CPU "intel_pstate/no_turbo", "0\n" } } },
	{ "power.turbo", OK, "off", NULL,
	  .files = { { CPU "intel_pstate/no_turbo", NULL }, { CPU "cpufreq/boost", "0\n" } } },
	{ "power.turbo", WARN, "on", "echo 0 > /sys/devices/system/cpu/cpufreq/boost",
	  .files = { { CPU "intel_pstate/no_turbo", NULL }, { CPU "cpufreq/boost", "1\n" } } },
	{ "power.turbo", UNKNOWN, "No such file", NULL,
	  .files = { { CPU "intel_pstate/no_turbo", NULL } } },
	{ "power.idle_states", WARN, "133 us",
	  "for s in 1; do echo 1 > \"/sys/devices/system/cpu/cpu3/cpuidle/state$s/disable\"",
	  .files = { { IDLE "state1/disable", "0\n" } } },
	{ "power.idle_states", UNKNOWN, "no idle state", NULL,
	  .files = { { IDLE "state0/latency", NULL } } },
	{ "power.latency_request", WARN, "16843009 us", "exec 3<> /dev/cpu_dma_latency",
	  .files = { { "/dev/cpu_dma_latency", "\1\1\1\1" }, { IDLE "state1/disable", "0\n" } } },
	{ "power.latency_request", OK, "no slow idle state", NULL,
	  .files = { { "/dev/cpu_dma_latency", "\1\1\1\1" } } },
	{ "power.latency_request", UNKNOWN, "No such file", NULL,
	  .files = { { "/dev/cpu_dma_latency", NULL } } },
	{ "power.latency_request", UNKNOWN, "32 bits", NULL,
	  .files = { { "/dev/cpu_dma_latency", "0\n" } } },
	{ "memory.node", WARN, "no memory", "choose",
	  .files = { { "/sys/devices/system/node/has_memory", "1\n" } } },
	{ "memory.node", UNKNOWN, "which node", NULL, .files = { { NODE0 "cpulist", "0-2\n" } } },
	{ "memory.node", UNKNOWN, "No such file", NULL,
	  .files = { { "/sys/devices/system/node/has_memory", NULL } } },
	{ "memory.numa_balancing", WARN, "on", "echo 0 > /proc/sys/kernel/numa_balancing",
	  .files = { { "/proc/sys/kernel/numa_balancing", "1\n" } } },
	{ "memory.numa_balancing", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/sys/kernel/numa_balancing", NULL } } },
	{ "memory.numa_balancing", UNKNOWN, "not understood: \"\"", NULL,
	  .files = { { "/proc/sys/kernel/numa_balancing", "" } } },
	{ "memory.thp", WARN, "[always]", "echo madvise > ",
	  .files = { { "/sys/kernel/mm/transparent_hugepage/enabled",
		       "[always] madvise never\n" } } },
	{ "memory.thp", UNKNOWN, "not understood", NULL,
	  .files = { { "/sys/kernel/mm/transparent_hugepage/enabled", "always\n" } } },
	{ "memory.hugepages", WARN, "0 free",
	  "echo 64 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
	  .files = { { NODE0 HUGE, "0\n" } } },
	{ "memory.hugepages", WARN, "0 free",
	  "echo 64 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
	  .files = { { NODE0 "cpulist", NULL }, { "/sys/kernel/mm/" HUGE, "0\n" } } },
	{ "memory.hugepages", UNKNOWN, "No such file", NULL, .files = { { NODE0 HUGE, NULL } } },
	{ "memory.memlock", WARN, "8388608 bytes", "ulimit -l",
	  .files = { { "/proc/self/limits",
		       "x\nMax locked memory   8388608   8388608  bytes\n" } } },
	{ "memory.memlock", OK, "may exceed", NULL,
	  .files = { { "/proc/self/limits", "x\nMax locked memory   8388608   8388608  bytes\n" },
		     { "/proc/self/status",
		       "Name:\tx\nTgid:\t10\nCapEff:\t0000000000004000\n" } } },
	{ "memory.memlock", UNKNOWN, "no limit", NULL,
	  .files = { { "/proc/self/limits", "Limits\n" } } },
	{ "memory.memlock", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/self/limits", NULL } } },
	{ "kernel.nmi_watchdog", WARN, "on", "echo 0 > /proc/sys/kernel/nmi_watchdog",
	  .files = { { "/proc/sys/kernel/nmi_watchdog", "1\n" } } },
	{ "kernel.nmi_watchdog", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/sys/kernel/nmi_watchdog", NULL } } },
	{ "kernel.watchdog", OK, "off", NULL,
	  .files = { { "/proc/sys/kernel/soft_watchdog", "0\n" } } },
	{ "kernel.watchdog", WARN, "cpu 3 too", "echo 0-2 > /proc/sys/kernel/watchdog_cpumask",
	  .files = { { "/proc/sys/kernel/watchdog_cpumask", "0-3\n" } } },
	{ "kernel.watchdog", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/sys/kernel/watchdog_cpumask", NULL } } },
	{ "kernel.timer_migration", WARN, "off, and the cpu is of nohz_full", "echo 1 > ",
	  .files = { { "/proc/sys/kernel/timer_migration", "0\n" } } },
	{ "kernel.timer_migration", OK, "isolated", NULL, .files = { { CPU "nohz_full", "" } } },
	{ "kernel.timer_migration", WARN, "one of all", "echo 0 > ",
	  .files = { { CPU "nohz_full", "" }, { CPU "isolated", "" } } },
	{ "kernel.timer_migration", UNKNOWN, "not understood", NULL,
	  .files = { { "/proc/sys/kernel/timer_migration", "yes\n" } } },
	{ "kernel.stat_interval", WARN, "1 s", "echo 10 > /proc/sys/vm/stat_interval",
	  .files = { { "/proc/sys/vm/stat_interval", "1\n" } } },
	{ "kernel.stat_interval", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/sys/vm/stat_interval", NULL } } },
	{ "kernel.rt_throttling", WARN, "950000 us", "echo -1 > ",
	  .files = { { "/proc/sys/kernel/sched_rt_runtime_us", "950000\n" } } },
	{ "kernel.rt_throttling", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/sys/kernel/sched_rt_runtime_us", NULL } } },
	{ "load.steal", WARN, "0.500 %", "host",
	  .files = { { "/proc/stat", "cpu 1\ncpu3 10 0 10 975 0 0 0 5 0 0\n" } } },
	{ "load.steal", FAIL, "50.000 %", "host",
	  .files = { { "/proc/stat", "cpu 1\ncpu3 0 0 0 5 0 0 0 5 0 0\n" } } },
	{ "load.steal", UNKNOWN, "cpu 3", NULL,
	  .files = { { "/proc/stat", "cpu 1\ncpu3 1 2 3 4 5 6 7\n" } } },
	{ "load.steal", UNKNOWN, "cpu 3", NULL,
	  .files = { { "/proc/stat", "cpu 1\ncpu33 1 2\n" } } },
	{ "load.steal", UNKNOWN, "No such file", NULL, .files = { { "/proc/stat", NULL } } },
	{ "load.pressure", WARN, "18.72 %", "top",
	  .files = { { "/proc/pressure/cpu", "some avg10=18.72 avg60=0.00\n" } } },
	{ "load.pressure", UNKNOWN, "not understood", NULL,
	  .files = { { "/proc/pressure/cpu", "some avg10=nan\n" } } },
	{ "load.pressure", UNKNOWN, "No such file", NULL,
	  .files = { { "/proc/pressure/cpu", NULL } } },
	{ "load.virtual", WARN, "virtual machine", "hardware",
	  .files = { { "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\n" } } },
	{ "load.virtual", UNKNOWN, "No such file", NULL, .files = { { "/proc/cpuinfo", NULL } } },
	{ "load.virtual", UNKNOWN, "No data", NULL,
	  .files = { { "/proc/cpuinfo", "model: 7\n" } } },
	{ "noise.ticks", WARN, "5.0 a second", "nohz_full=3", .timer = 10 },
	{ "noise.ticks", FAIL, "250.0 a second", "nohz_full=3", .timer = 500 },
	{ "noise.ticks", UNKNOWN, "not measured", "cgroup.procs", .error = -EINVAL },
	{ "noise.gaps", WARN, "longest 60.0 us", "again", .gap_ns = 60000 },
	{ "noise.gaps", FAIL, "longest 2000.0 us", "again", .gap_ns = 2000000 },
	{ "noise.gaps", UNKNOWN, "not measured", NULL, .error = -EAGAIN },
};

#define N_FIXTURES (sizeof(fixtures) / sizeof(fixtures[0]))

static inline void fixture_files(const struct fixture_file *files, size_t n)
{
	for (size_t i = 0; i < n && files[i].path; i++) {
		if (files[i].text)
			tree_text(files[i].path, files[i].text);
		else
			tree_gone(files[i].path);
	}
}

static inline void good_machine(void)
{
	tree_make();
	fixture_files(good_files, sizeof(good_files) / sizeof(good_files[0]));
}

#endif
