/* SPDX-License-Identifier: MIT */
/* Whether memory stays where it is, is on the cpu's own node, and comes in large pages. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/checks/families.h"

#define MEMLOCK_BYTES (INT64_C(512) << 20) /* a collector's history is 256 MiB, a lane 2 MiB */
#define CAP_IPC_LOCK  14

/* The file lists all words, and has the one that is chosen in brackets. */
static bool is_chosen(const char *text, const char *word)
{
	char want[32];

	snprintf(want, sizeof(want), "[%s]", word);
	return strstr(text, want);
}

static void check_thp(const struct tk_subject *s, struct tk_finding *f)
{
	char text[128];
	bool always;

	if (!tk_check_read_text(s, f, text, sizeof(text)))
		return;
	always = is_chosen(text, "always");
	if (!always && !is_chosen(text, "madvise") && !is_chosen(text, "never")) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not understood: \"%s\"", text);
		return;
	}
	tk_check_found(f, always ? TK_VERDICT_WARN : TK_VERDICT_OK, "%s", text);
	if (always)
		tk_check_fix_echo(f, "madvise");
}

/* @return the node whose list has the cpu; -1: no node has it, or there are no nodes */
static int node_of(const struct tk_subject *s)
{
	struct tk_tsc_cpus online, cpus;
	char path[64];

	(void)tk_tsc_cpus_read(s->root, "/sys/devices/system/node/online", &online);
	for (int node = 0; node < TK_TSC_CPUS; node++) {
		if (!tk_tsc_cpus_has(&online, (unsigned int)node))
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpulist", node);
		if (!tk_tsc_cpus_read(s->root, path, &cpus) && tk_check_has_cpu(s, &cpus))
			return node;
	}
	return -1;
}

static void check_node(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus nodes;
	int node = node_of(s);

	if (!tk_check_read_cpus(s, f, &nodes))
		return;
	if (node < 0)
		tk_check_found(f, TK_VERDICT_UNKNOWN, "which node cpu %d is of is not said",
			       s->cpu);
	else if (tk_tsc_cpus_has(&nodes, (unsigned int)node))
		tk_check_found(f, TK_VERDICT_OK, "node %d, which has memory", node);
	else {
		tk_check_found(f, TK_VERDICT_WARN, "node %d, which has no memory", node);
		tk_check_fix(f, TK_FIX_TEXT,
			     "choose a cpu of a node that has memory, or add memory to this node");
	}
}

static void check_hugepages(const struct tk_subject *s, struct tk_finding *f)
{
	int node = node_of(s);
	int64_t free;

	if (node >= 0)
		tk_check_source(f,
				"/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/"
				"free_hugepages",
				node);
	if (!tk_check_read_number(s, f, &free))
		return;
	tk_check_found(f, free > 0 ? TK_VERDICT_OK : TK_VERDICT_WARN, "%jd free", (intmax_t)free);
	if (free <= 0)
		tk_check_fix(f, TK_FIX_COMMAND, "echo 64 > %.*snr_hugepages",
			     (int)(strrchr(f->source, '/') + 1 - f->source), f->source);
}

/* A process with CAP_IPC_LOCK may exceed the limit. */
static bool may_lock_all(const struct tk_subject *s)
{
	char status[8192];
	const char *at;

	if (tk_tsc_file_read(s->root, "/proc/self/status", status, sizeof(status)) <= 0)
		return false;
	at = strstr(status, "\nCapEff:\t");
	return at && strtoull(at + 9, NULL, 16) >> CAP_IPC_LOCK & 1;
}

static void check_memlock(const struct tk_subject *s, struct tk_finding *f)
{
	static const char key[] = "\nMax locked memory";
	char limits[4096];
	const char *at;
	int64_t bytes = 0;
	bool unlimited;

	if (!tk_check_read_text(s, f, limits, sizeof(limits)))
		return;
	at = strstr(limits, key);
	at = at ? at + strlen(key) + strspn(at + strlen(key), " ") : "";
	unlimited = !strncmp(at, "unlimited", 9);
	if (!unlimited && !tk_check_number_after(at, "", &bytes)) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "the file has no limit of locked memory");
		return;
	}
	if (unlimited || bytes >= MEMLOCK_BYTES || may_lock_all(s)) {
		tk_check_found(f, TK_VERDICT_OK, "%s",
			       unlimited                ? "unlimited"
			       : bytes >= MEMLOCK_BYTES ? "enough"
							: "this user may exceed it");
		return;
	}
	tk_check_found(f, TK_VERDICT_WARN, "%jd bytes", (intmax_t)bytes);
	tk_check_fix(f, TK_FIX_TEXT,
		     "ulimit -l unlimited, in the shell that starts it; or "
		     "LimitMEMLOCK=infinity in its unit");
}

const struct tk_check tk_memory_checks[] = {
	{ "memory.node", "/sys/devices/system/node/has_memory",
	  "On a node without memory, every access goes to another node.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_node },
	{ "memory.numa_balancing", "/proc/sys/kernel/numa_balancing",
	  "NUMA balancing unmaps pages to see who touches them: page faults, and pages that "
	  "move, lengthen spans.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = tk_check_switch },
	{ "memory.thp", "/sys/kernel/mm/transparent_hugepage/enabled",
	  "With `always` the kernel collapses and splits pages of programs that never asked for "
	  "it, which stops them for up to milliseconds; timekeeper asks for huge pages itself, "
	  "so madvise is enough.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_thp },
	{ "memory.hugepages", "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
	  "A lane of 64 Ki slots fills one 2 MiB page. Without a free one the lane's small pages "
	  "are collapsed into one (Linux 6.1 or later), or accesses to the lane miss the TLB.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_hugepages },
	{ "memory.memlock", "/proc/self/limits",
	  "The kernel may take away memory that is not locked; it comes back by a page fault "
	  "within a span.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_memlock },
	{ .id = NULL },
};
