/* SPDX-License-Identifier: MIT */
#include "collector/machine/isolation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/machine/below.h"
#include "tsc/files.h"

const char *const tk_cgroup2_mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified", NULL };

static const char at_boot[] = "/sys/devices/system/cpu/isolated";

struct search {
	const char *root;
	unsigned int cpu;
	struct tk_partition out;
	enum tk_partition_standing standing; /* of what is in out */
	struct tk_tsc_cpus isolated;         /* by any partition */
};

enum tk_partition_standing tk_partition_standing(const char *state)
{
	if (!strcmp(state, "isolated"))
		return TK_PARTITION_ISOLATED;
	return strstr(state, "invalid") ? TK_PARTITION_INVALID : TK_PARTITION_NOT_ISOLATED;
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
static struct tk_tsc_cpus covered(const struct search *s, const char *dir,
				  enum tk_partition_standing standing)
{
	struct tk_tsc_cpus cpus, exclusive;

	if (standing != TK_PARTITION_INVALID)
		return cpus_of(s, dir, "cpuset.cpus.effective");
	cpus = cpus_of(s, dir, "cpuset.cpus");
	exclusive = cpus_of(s, dir, "cpuset.cpus.exclusive");
	unite(&cpus, &exclusive);
	return cpus;
}

static void look_at_partition(struct search *s, const char *dir, const char *state)
{
	enum tk_partition_standing its = tk_partition_standing(state);
	struct tk_tsc_cpus cpus = covered(s, dir, its);

	if (its == TK_PARTITION_ISOLATED)
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

/*
 * The root of all cgroups is no partition, and has no such file: below it, look at every child.
 * What is mounted in a container is not that root, and may be a partition itself.
 */
static void search(struct search *s)
{
	for (const char *const *mount = tk_cgroup2_mounts; *mount; mount++) {
		(void)look_at(s, *mount);
		descend(s, *mount);
	}
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

/* Only the root of all cgroups has no type. */
bool tk_partitions_hidden(const char *root)
{
	char path[64], type[32];

	for (const char *const *mount = tk_cgroup2_mounts; *mount; mount++) {
		snprintf(path, sizeof(path), "%s/cgroup.type", *mount);
		if (tk_tsc_file_read(root, path, type, sizeof(type)) > 0)
			return true;
	}
	return false;
}

enum balanced { NOT_TOLD, BALANCED, NOT_BALANCED };

/*
 * /proc/schedstat: below each cpu's line, the domains in which the scheduler balances it. A cpu
 * without one is isolated, by whatever means, if others have one; where none has, the kernel does
 * not balance at all.
 */
static enum balanced balanced(const char *root, int cpu)
{
	FILE *f = tk_open_below(root, "/proc/schedstat");
	bool any = false, here = false, seen = false;
	long this = -1;
	size_t size = 0;
	char *line = NULL;

	if (!f)
		return NOT_TOLD;
	while (getline(&line, &size, f) > 0) {
		if (!strncmp(line, "cpu", 3))
			this = strtol(line + 3, NULL, 10);
		seen |= this == cpu;
		if (strncmp(line, "domain", 6) != 0)
			continue;
		any = true;
		here |= this == cpu;
	}
	free(line);
	fclose(f);
	if (!seen || !any)
		return NOT_TOLD;
	return here ? BALANCED : NOT_BALANCED;
}

/* Neither isolcpus= nor a partition that is visible has the cpu: ask the scheduler. */
static int ask_scheduler(const char *root, int cpu, char why[], size_t len)
{
	enum balanced b = balanced(root, cpu);

	if (b == NOT_BALANCED) {
		snprintf(why, len, "/proc/schedstat: the scheduler balances no domain with it");
		return 0;
	}
	if (b == NOT_TOLD && tk_partitions_hidden(root)) {
		snprintf(why, len,
			 "isolcpus= does not have it, and from within a container the partitions "
			 "outside cannot be seen");
		return -ENODATA;
	}
	snprintf(why, len, "neither isolcpus= nor an isolated cpuset partition has it");
	return -EPERM;
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
	else if (found)
		return ask_scheduler(root, cpu, why, len);
	else
		snprintf(why, len, "the cpuset partition %s is \"%s\"", p.path, p.state);
	return err ? err : -EPERM;
}

/* --- memory ---------------------------------------------------------------------------------- */

#define CAP_IPC_LOCK 14
#define FIRST_USER_NAMESPACE \
	"user:[4026531837]" /* PROC_USER_INIT_INO, of include/linux/proc_ns.h */

/* A kernel without user namespaces has no such file. */
static bool in_first_user_namespace(const char *root)
{
	char path[512], name[64];
	ssize_t got;

	snprintf(path, sizeof(path), "%s/proc/self/ns/user", root);
	got = readlink(path, name, sizeof(name) - 1);
	if (got < 0)
		return errno == ENOENT;
	name[got] = '\0';
	return !strcmp(name, FIRST_USER_NAMESPACE);
}

bool tk_may_lock_memory(const char *root)
{
	static const char key[] = "\nCapEff:\t";
	char status[8192];
	const char *at;

	if (tk_tsc_file_read(root, "/proc/self/status", status, sizeof(status)) <= 0)
		return false;
	at = strstr(status, key);
	return at && strtoull(at + strlen(key), NULL, 16) >> CAP_IPC_LOCK & 1 &&
	       in_first_user_namespace(root);
}
