/* SPDX-License-Identifier: MIT */
/*
 * What doctor reads of a machine: files, each by its number and then its text. The rest of them are
 * missing. Cpu 3 is examined, and the first byte says whether it is to be found online.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/doctor/print.h"
#include "tests/fuzz/fuzz.h"

#define CGROUP "sys/fs/cgroup/"
#define CPU    "sys/devices/system/cpu/"
#define KERNEL "proc/sys/kernel/"

static const char *const files[] = {
	CPU "online",
	CPU "isolated",
	CPU "nohz_full",
	CPU "cpu3/topology/thread_siblings_list",
	CPU "cpu3/cpufreq/scaling_governor",
	CPU "intel_pstate/no_turbo",
	CPU "cpufreq/boost",
	CPU "cpu3/cpuidle/state1/latency",
	CPU "cpu3/cpuidle/state1/disable",
	"dev/cpu_dma_latency",
	CGROUP "cgroup.controllers",
	CGROUP "unified/cgroup.controllers",
	CGROUP "a/cpuset.cpus.partition",
	CGROUP "a/cpuset.cpus.effective",
	CGROUP "a/cpuset.cpus",
	CGROUP "a/$(b)\n/cpuset.cpus.partition",
	CGROUP "a/$(b)\n/cpuset.cpus.effective",
	"proc/cmdline",
	"sys/devices/virtual/workqueue/cpumask",
	"proc/self/status",
	"proc/self/limits",
	"proc/20/task/20/status",
	"proc/20/task/21/status",
	"proc/21/stat",
	"proc/irq/default_smp_affinity",
	"proc/irq/24/effective_affinity_list",
	"proc/irq/24/smp_affinity_list",
	"proc/interrupts",
	"sys/devices/system/node/has_memory",
	"sys/devices/system/node/online",
	"sys/devices/system/node/node0/cpulist",
	"sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages",
	KERNEL "numa_balancing",
	"sys/kernel/mm/transparent_hugepage/enabled",
	KERNEL "soft_watchdog",
	KERNEL "watchdog_cpumask",
	KERNEL "timer_migration",
	"proc/sys/vm/stat_interval",
	KERNEL "sched_rt_runtime_us",
	"proc/stat",
	"proc/pressure/cpu",
	"proc/cpuinfo",
	"proc/schedstat",
	"proc/self/cgroup",
	"proc/2/comm",
	CGROUP "cgroup.type",
	CGROUP "a/cpu.max",
	CGROUP "a/cpu.stat",
	CPU "possible",
	CPU "kernel_max",
	CPU "cpu3/power/pm_qos_resume_latency_us",
	KERNEL "osrelease",
	"sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled",
};

#define FILES (sizeof(files) / sizeof(files[0]))

/* @return 1 if the cpu is in the mask, 0 if not, -1 if this is no mask. Slow and simple. */
static int naive_has(const char *mask, unsigned cpu)
{
	size_t length = strlen(mask), place = 0;
	int has = 0;

	for (size_t i = length; i-- > 0;) {
		const char *digit = mask[i] ? strchr("0123456789abcdef", mask[i]) : NULL;

		if ((length - i) % 9 == 0) {
			if (mask[i] != ',' || i == 0)
				return -1;
			continue;
		}
		if (!digit || place >= TK_TSC_CPUS)
			return -1;
		if (cpu / 4 == place / 4)
			has = (digit - "0123456789abcdef") >> (cpu % 4) & 1;
		place += 4;
	}
	return length ? has : -1;
}

static void check_mask(const char *text)
{
	struct tk_tsc_cpus cpus;
	bool valid = tk_tsc_cpus_parse_mask(text, &cpus) == 0;

	for (unsigned cpu = 0; cpu < TK_TSC_CPUS; cpu += 61) {
		int has = naive_has(text, cpu);

		REQUIRE(valid == (has >= 0));
		REQUIRE(tk_tsc_cpus_has(&cpus, cpu) == (has > 0));
	}
}

static unsigned verdicts_of(const char *id)
{
	for (size_t i = 0; tk_doctor_families[i]; i++)
		for (const struct tk_check *c = tk_doctor_families[i]; c->id; c++)
			if (!strcmp(c->id, id))
				return c->verdicts;
	return 0;
}

static void check_findings(const struct tk_doctor *d)
{
	REQUIRE(d->n > 0 && d->n < TK_FINDINGS_MAX);
	for (size_t i = 0; i < d->n; i++) {
		const struct tk_finding *f = &d->findings[i];

		REQUIRE(verdicts_of(f->id) >> f->verdict & 1);
		REQUIRE(f->value[0] && fuzz_printable(f->value, false));
		REQUIRE(fuzz_printable(f->source, false) && fuzz_printable(f->fix, false));
		if (f->fix_kind == TK_FIX_COMMAND || f->fix_kind == TK_FIX_BOOT)
			REQUIRE(!strpbrk(f->fix, "`'\\()#*?~") && !strstr(f->fix, "$("));
	}
}

static char *text_of(const struct tk_doctor *d, void (*print)(const struct tk_doctor *, FILE *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	REQUIRE(out);
	print(d, out);
	fclose(out);
	return text;
}

static void print_json(const struct tk_doctor *d, FILE *out)
{
	REQUIRE(tk_doctor_json(d, out) == 0);
}

/* Every output is printable lines, or valid JSON. */
static void check_outputs(const struct tk_doctor *d)
{
	char *table = text_of(d, tk_doctor_table), *script = text_of(d, tk_doctor_script);
	char *json = text_of(d, print_json);
	json_t *parsed = json_loads(json, 0, NULL);

	REQUIRE(parsed);
	json_decref(parsed);
	for (char *l = strtok(table, "\n"); l; l = strtok(NULL, "\n"))
		REQUIRE(fuzz_printable(l, false));
	REQUIRE(!strncmp(script, "#!/bin/sh\n", 10));
	free(table);
	free(script);
	free(json);
}

static void remove_files(const char *root)
{
	char path[512];

	for (size_t i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, files[i]);
		unlink(path);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tk_doctor d;
	struct fuzz_input in = { data, size };
	const char *root = fuzz_place();
	int descriptor = fuzz_free_descriptor();
	char why[256] = "";

	if (fuzz_number(&in, 1) & 1)
		fuzz_write_file(root, files[0], "0-3\n", 4);
	while (in.left > 0) {
		size_t which = fuzz_number(&in, 1) % FILES;
		char *text = fuzz_string(&in);

		check_mask(text);
		fuzz_write_file(root, files[which], text, strlen(text));
		free(text);
	}
	if (tk_doctor_begin(&d, root, 3, why, sizeof(why)) == 0) {
		tk_doctor_run(&d);
		check_findings(&d);
		check_outputs(&d);
	} else {
		REQUIRE(why[0]);
	}
	remove_files(root);
	REQUIRE(fuzz_free_descriptor() == descriptor);
	return 0;
}
