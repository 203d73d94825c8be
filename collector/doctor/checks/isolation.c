/* SPDX-License-Identifier: MIT */
#include "collector/doctor/checks/isolation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/doctor/check.h"
#include "tsc/files.h"

/* Where cgroup2 is mounted; the second where version 1 has the place. */
static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

static const char at_boot[] = "/sys/devices/system/cpu/isolated";

/* What a partition comes to, the most telling last. */
enum standing { NONE, NOT_ISOLATED, INVALID, ISOLATED };

struct search {
	const char *root;
	unsigned int cpu;
	struct tk_partition out;
	enum standing standing;      /* of what is in out */
	struct tk_tsc_cpus isolated; /* by any partition */
};

static enum standing standing_of(const char *state)
{
	if (!strcmp(state, "isolated"))
		return ISOLATED;
	return strstr(state, "invalid") ? INVALID : NOT_ISOLATED;
}

/* One of a cgroup's lists of cpus; empty if it cannot be read. */
static struct tk_tsc_cpus cpus_of(const struct search *s, const char *dir, const char *name)
{
	struct tk_tsc_cpus cpus;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)tk_tsc_cpus_read(s->root, path, &cpus);
	return cpus;
}

static void unite(struct tk_tsc_cpus *to, const struct tk_tsc_cpus *more)
{
	for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
		to->bits[i] |= more->bits[i];
}

/* A valid partition has the cpus it was given, an invalid one those it asked for. */
static struct tk_tsc_cpus covered(const struct search *s, const char *dir, enum standing standing)
{
	struct tk_tsc_cpus cpus, exclusive;

	if (standing != INVALID)
		return cpus_of(s, dir, "cpuset.cpus.effective");
	cpus = cpus_of(s, dir, "cpuset.cpus");
	exclusive = cpus_of(s, dir, "cpuset.cpus.exclusive");
	unite(&cpus, &exclusive);
	return cpus;
}

static void look_at_partition(struct search *s, const char *dir, const char *state)
{
	enum standing its = standing_of(state);
	struct tk_tsc_cpus cpus = covered(s, dir, its);

	if (its == ISOLATED)
		unite(&s->isolated, &cpus);
	if (its <= s->standing || !tk_tsc_cpus_has(&cpus, s->cpu))
		return;
	s->standing = its;
	snprintf(s->out.path, sizeof(s->out.path), "%s", dir);
	snprintf(s->out.state, sizeof(s->out.state), "%s", state);
}

/* @return whether this cgroup has a cpuset: below one that has none there is none */
static bool look_at(struct search *s, const char *dir)
{
	char path[512], state[sizeof(s->out.state)];

	snprintf(path, sizeof(path), "%s/cpuset.cpus.partition", dir);
	if (tk_tsc_file_read(s->root, path, state, sizeof(state)) < 0)
		return false;
	if (strcmp(state, "member") != 0)
		look_at_partition(s, dir, state);
	return true;
}

/* The cgroups below one. Paths that do not fit are left out, so that depth is bounded. */
static void descend(struct search *s, const char *dir) /* NOLINT(misc-no-recursion) */
{
	char path[sizeof(s->out.path)];
	struct dirent *e;
	DIR *d;
	int fd;

	snprintf(path, sizeof(path), "%s%s", s->root, dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return;
	while ((e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < sizeof(path) &&
		    look_at(s, path))
			descend(s, path);
	}
	closedir(d);
}

static void search(struct search *s)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		descend(s, mounts[i]);
}

int tk_partition_find(const char *root, int cpu, struct tk_partition *out)
{
	struct search s = { .root = root, .cpu = (unsigned int)cpu };

	if (cpu >= 0 && cpu < TK_TSC_CPUS)
		search(&s);
	*out = s.out;
	return s.standing ? 0 : -ENOENT;
}

void tk_cpus_isolated(const char *root, struct tk_tsc_cpus *out)
{
	struct search s = { .root = root };

	search(&s);
	(void)tk_tsc_cpus_read(root, at_boot, out);
	unite(out, &s.isolated);
}

int tk_cpu_isolated(const char *root, int cpu, char why[], size_t len)
{
	struct tk_partition p;
	struct tk_tsc_cpus cpus;
	int err = tk_tsc_cpus_read(root, at_boot, &cpus);
	int found = tk_partition_find(root, cpu, &p);

	if (!err && cpu >= 0 && cpu < TK_TSC_CPUS && tk_tsc_cpus_has(&cpus, (unsigned int)cpu)) {
		snprintf(why, len, "%s has it", at_boot);
		return 0;
	}
	if (!found && !strcmp(p.state, "isolated")) {
		snprintf(why, len, "the cpuset partition %s has it", p.path);
		return 0;
	}
	if (err)
		snprintf(why, len, "%s: %s", at_boot, strerror(-err));
	else if (!found)
		snprintf(why, len, "the cpuset partition %s is \"%s\"", p.path, p.state);
	else
		snprintf(why, len, "neither isolcpus= nor an isolated cpuset partition has it");
	return err ? err : -EPERM;
}

/* --- checks ---------------------------------------------------------------------------------- */

/* With a cpuset to be had it can be done now, else at boot. */
static void fix_domain(const struct tk_doctor *d, struct tk_finding *f)
{
	static const char top[] = "/sys/fs/cgroup";
	char controllers[256];

	if (tk_tsc_file_read(d->root, "/sys/fs/cgroup/cgroup.controllers", controllers,
			     sizeof(controllers)) > 0 &&
	    tk_tsc_has_word(controllers, "cpuset"))
		tk_fix(f, TK_FIX_COMMAND,
		       "mkdir -p %s/measure && echo +cpuset > %s/cgroup.subtree_control && echo %d "
		       "> %s/measure/cpuset.cpus && echo isolated > "
		       "%s/measure/cpuset.cpus.partition",
		       top, top, d->cpu, top, top);
	else
		tk_fix(f, TK_FIX_BOOT, "isolcpus=managed_irq,domain,%s", d->isolate);
}

static void check_domain(const struct tk_doctor *d, struct tk_finding *f)
{
	char why[sizeof(f->value)];
	int err = tk_cpu_isolated(d->root, d->cpu, why, sizeof(why));

	tk_find(f,
		!err            ? TK_VERDICT_OK
		: err == -EPERM ? TK_VERDICT_FAIL
				: TK_VERDICT_UNKNOWN,
		"%s", why);
	if (err == -EPERM)
		fix_domain(d, f);
}

static bool has_cgroup2(const struct tk_doctor *d, struct tk_finding *f)
{
	char text[16];

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		tk_source(f, "%s/cgroup.controllers", mounts[i]);
		if (tk_read_text(d, f, text, sizeof(text)))
			return true;
	}
	return false;
}

static void check_partition(const struct tk_doctor *d, struct tk_finding *f)
{
	struct tk_partition p;

	if (tk_partition_find(d->root, d->cpu, &p) < 0) {
		if (has_cgroup2(d, f))
			tk_find(f, TK_VERDICT_OK, "no partition has cpu %d", d->cpu);
		return;
	}
	tk_source(f, "%s/cpuset.cpus.partition", p.path);
	tk_find(f,
		standing_of(p.state) == ISOLATED  ? TK_VERDICT_OK
		: standing_of(p.state) == INVALID ? TK_VERDICT_FAIL
						  : TK_VERDICT_WARN,
		"%s", p.state);
	if (f->verdict == TK_VERDICT_FAIL)
		tk_fix(f, TK_FIX_TEXT,
		       "mend what the kernel says in brackets, and write isolated there again");
	else if (f->verdict == TK_VERDICT_WARN)
		tk_fix(f, TK_FIX_TEXT, "write isolated there");
}

static void check_nohz_full(const struct tk_doctor *d, struct tk_finding *f)
{
	struct tk_tsc_cpus cpus;

	if (!tk_read_cpus(d, f, &cpus))
		return;
	if (tk_has_cpu(d, &cpus)) {
		tk_find(f, TK_VERDICT_OK, "has cpu %d", d->cpu);
		return;
	}
	tk_find(f, TK_VERDICT_WARN, "does not have cpu %d", d->cpu);
	tk_fix(f, TK_FIX_BOOT, "nohz_full=%s", d->isolate);
}

/* The list after rcu_nocbs= on the kernel's command line. @return NULL: none */
static char *rcu_nocbs(char *line)
{
	char *rest = NULL;

	for (char *w = strtok_r(line, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		if (!strncmp(w, "rcu_nocbs=", 10))
			return w + 10;
	return NULL;
}

/* nohz_full= does the same for its cpus. */
static void check_rcu(const struct tk_doctor *d, struct tk_finding *f)
{
	struct tk_tsc_cpus nohz, cpus = { 0 };
	char line[4096], *list;

	if (!tk_read_text(d, f, line, sizeof(line)))
		return;
	(void)tk_tsc_cpus_read(d->root, "/sys/devices/system/cpu/nohz_full", &nohz);
	list = rcu_nocbs(line);
	if (tk_has_cpu(d, &nohz)) {
		tk_find(f, TK_VERDICT_OK, "nohz_full has cpu %d, and that does it", d->cpu);
	} else if (list && strcmp(list, "all") && tk_tsc_cpus_parse(list, &cpus)) {
		tk_find(f, TK_VERDICT_UNKNOWN, "not understood: rcu_nocbs=%s", list);
	} else if (list && (!strcmp(list, "all") || tk_has_cpu(d, &cpus))) {
		tk_find(f, TK_VERDICT_OK, "rcu_nocbs=%s", list);
	} else {
		tk_find(f, TK_VERDICT_WARN, "%s%s", list ? "rcu_nocbs=" : "no rcu_nocbs",
			list ? list : "");
		tk_fix(f, TK_FIX_BOOT, "rcu_nocbs=%s", d->isolate);
	}
}

/* The first cpu of its core besides it; -1: none. How many of them are not isolated. */
static int siblings(const struct tk_doctor *d, const struct tk_tsc_cpus *core, unsigned *shared)
{
	char why[192];
	int first = -1;

	for (int cpu = 0; cpu < TK_TSC_CPUS; cpu++) {
		if (cpu == d->cpu || !tk_tsc_cpus_has(core, (unsigned int)cpu))
			continue;
		first = first < 0 ? cpu : first;
		*shared += tk_cpu_isolated(d->root, cpu, why, sizeof(why)) != 0;
	}
	return first;
}

static void check_smt(const struct tk_doctor *d, struct tk_finding *f)
{
	struct tk_tsc_cpus core;
	char list[64];
	unsigned shared = 0;
	int other;

	if (!tk_read_cpus(d, f, &core))
		return;
	tk_tsc_cpus_list(&core, list, sizeof(list));
	other = siblings(d, &core, &shared);
	if (other < 0) {
		tk_find(f, TK_VERDICT_OK, "alone on its core");
		return;
	}
	tk_find(f, shared ? TK_VERDICT_FAIL : TK_VERDICT_WARN, "cpus %s are one core%s", list,
		shared ? "" : ", all of it isolated");
	tk_fix(f, TK_FIX_COMMAND, "echo 0 > /sys/devices/system/cpu/cpu%d/online", other);
}

const struct tk_check tk_isolation_checks[] = {
	{ "isolation.domain", "/sys/devices/system/cpu/isolated",
	  "Unless the cpu is isolated the scheduler puts other tasks there, each for milliseconds.",
	  TK_CAN(OK) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), true, false, check_domain },
	{ "isolation.partition", "/sys/fs/cgroup/cgroup.controllers",
	  "A cpuset partition that is invalid isolates nothing, and one that is no isolated one "
	  "balances its tasks over its cpus.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), false, false,
	  check_partition },
	{ "isolation.nohz_full", "/sys/devices/system/cpu/nohz_full",
	  "Without nohz_full the timer interrupts even a single busy task, 100 to 1,000 times a "
	  "second; a file that is missing means a kernel that cannot do without.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), true, false, check_nohz_full },
	{ "isolation.rcu_nocbs", "/proc/cmdline",
	  "Memory that the kernel frees by RCU is otherwise freed on this cpu, in its softirq.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), true, false, check_rcu },
	{ "isolation.workqueue", "/sys/devices/virtual/workqueue/cpumask",
	  "The kernel's unbound work, writeback for one, runs on any cpu of this mask.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), true, false, tk_check_mask },
	{ "isolation.smt", "/sys/devices/system/cpu/cpuN/topology/thread_siblings_list",
	  "Two cpus of one core share its execution units and caches: what one does slows the "
	  "other.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), false, false, check_smt },
	{ .id = NULL },
};
