/* SPDX-License-Identifier: MIT */
#include "collector/machine/isolation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void search(struct search *s)
{
	for (const char *const *mount = tk_cgroup2_mounts; *mount; mount++)
		descend(s, *mount);
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
