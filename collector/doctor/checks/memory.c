/* SPDX-License-Identifier: MIT */
/* Whether memory stays where it is, is on the cpu's own node, and comes in large pages. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/checks/families.h"
#include "collector/machine/isolation.h"

#define MEMLOCK_BYTES (INT64_C(512) << 20) /* a collector's history is 256 MiB, a lane 2 MiB */

/* The file lists all words, and has the one that is chosen in brackets. */
static bool is_chosen(const char *text, const char *word)
{
	char want[32];

	snprintf(want, sizeof(want), "[%s]", word);
	return strstr(text, want);
}

/*
 * Since Linux 6.8 each size of page has a file of its own, and "inherit" there means the word
 * above.
 * @return the size in KiB that has "always"; 0: none has
 */
static unsigned int size_always(const struct tk_subject *s, bool above, bool *split)
{
	char path[96], text[64];

	*split = false;
	for (unsigned int kib = 8; kib <= 1u << 20; kib *= 2) {
		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/transparent_hugepage/hugepages-%ukB/enabled", kib);
		if (tk_tsc_file_read(s->root, path, text, sizeof(text)) <= 0)
			continue;
		*split = true;
		if (is_chosen(text, "always") || (above && is_chosen(text, "inherit")))
			return kib;
	}
	return 0;
}

static void check_thp(const struct tk_subject *s, struct tk_finding *f)
{
	unsigned int kib;
	char text[128];
	bool always, split;

	if (!tk_check_read_text(s, f, text, sizeof(text)))
		return;
	always = is_chosen(text, "always");
	if (!always && !is_chosen(text, "madvise") && !is_chosen(text, "never")) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not understood: \"%s\"", text);
		return;
	}
	kib = size_always(s, always, &split);
	always = split ? kib > 0 : always;
	tk_check_found(f, always ? TK_VERDICT_WARN : TK_VERDICT_OK, "%s", text);
	if (always && !is_chosen(text, "always")) {
		tk_check_source(f, "/sys/kernel/mm/transparent_hugepage/hugepages-%ukB/enabled",
				kib);
		tk_check_found(f, TK_VERDICT_WARN, "always for pages of %u KiB", kib);
	}
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

static bool number_in(const struct tk_subject *s, const char *dir, const char *name,
		      int64_t *number)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return tk_tsc_file_read(s->root, path, text, sizeof(text)) > 0 &&
	       tk_check_number_after(text, "", number);
}

/*
 * Free pages that are reserved are somebody's already; only the sum over all nodes says how many. A
 * fix adds to what there is: a smaller number would take pages away.
 */
static void check_hugepages(const struct tk_subject *s, struct tk_finding *f)
{
	static const char all[] = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
	int64_t free, reserved = 0, sum = 0, have = 0;
	char path[96];
	int node = node_of(s);

	snprintf(path, sizeof(path), "%s", all);
	if (node >= 0)
		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/", node);
	tk_check_source(f, "%sfree_hugepages", path);
	if (!tk_check_read_number(s, f, &free))
		return;
	if (number_in(s, all, "resv_hugepages", &reserved) &&
	    number_in(s, all, "free_hugepages", &sum) && sum <= reserved && free > 0)
		tk_check_found(f, TK_VERDICT_WARN, "%jd free, but all %jd are reserved",
			       (intmax_t)free, (intmax_t)sum);
	else
		tk_check_found(f, free > 0 ? TK_VERDICT_OK : TK_VERDICT_WARN, "%jd free",
			       (intmax_t)free);
	if (f->verdict && number_in(s, path, "nr_hugepages", &have))
		tk_check_fix(f, TK_FIX_COMMAND, "echo %jd > %snr_hugepages", (intmax_t)have + 64,
			     path);
	else if (f->verdict)
		tk_check_fix(f, TK_FIX_TEXT, "boot with hugepages=64");
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
	if (unlimited || bytes >= MEMLOCK_BYTES || tk_may_lock_memory(s->root)) {
		tk_check_found(f, TK_VERDICT_OK, "%s",
			       unlimited                ? "unlimited"
			       : bytes >= MEMLOCK_BYTES ? "enough"
							: "this user may exceed it");
		return;
	}
	tk_check_found(f, TK_VERDICT_WARN, "%jd bytes", (intmax_t)bytes);
	tk_check_fix(f, TK_FIX_TEXT,
		     "as root, ulimit -l unlimited in the shell that starts it; or "
		     "LimitMEMLOCK=infinity in its unit; or, on the host, --ulimit memlock=-1 for "
		     "its container");
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
