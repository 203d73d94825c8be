/* SPDX-License-Identifier: MIT */
#include "collector/doctor/isolation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tsc/files.h"

/* Where cgroup2 is mounted; the second where version 1 has the place. */
static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

struct search {
	const char *root;
	unsigned int cpu;
	struct tk_partition *out;
	int rank; /* of what is in out; 0: nothing */
};

static int rank(const char *state)
{
	if (!strcmp(state, "isolated"))
		return 3;
	return strstr(state, "invalid") ? 2 : 1;
}

static bool file_has(const struct search *s, const char *dir, const char *name)
{
	struct tk_tsc_cpus cpus;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return tk_tsc_cpus_read(s->root, path, &cpus) == 0 && tk_tsc_cpus_has(&cpus, s->cpu);
}

/* A valid partition has the cpus it was given, an invalid one those it asked for. */
static bool covers(const struct search *s, const char *dir, const char *state)
{
	if (rank(state) != 2)
		return file_has(s, dir, "cpuset.cpus.effective");
	return file_has(s, dir, "cpuset.cpus") || file_has(s, dir, "cpuset.cpus.exclusive");
}

/* @return whether this cgroup has a cpuset: below one that has none there is none */
static bool look_at(struct search *s, const char *dir)
{
	char path[512], state[sizeof(s->out->state)];

	snprintf(path, sizeof(path), "%s/cpuset.cpus.partition", dir);
	if (tk_tsc_file_read(s->root, path, state, sizeof(state)) < 0)
		return false;
	if (strcmp(state, "member") != 0 && rank(state) > s->rank && covers(s, dir, state)) {
		s->rank = rank(state);
		snprintf(s->out->path, sizeof(s->out->path), "%s", dir);
		memcpy(s->out->state, state, sizeof(state));
	}
	return true;
}

/* The cgroups below one. Paths that do not fit are left out, so that depth is bounded. */
static void descend(struct search *s, const char *dir) /* NOLINT(misc-no-recursion) */
{
	char path[sizeof(s->out->path)];
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

int tk_partition_find(const char *root, int cpu, struct tk_partition *out)
{
	struct search s = { .root = root, .cpu = (unsigned int)cpu, .out = out };

	*out = (struct tk_partition){ 0 };
	if (cpu < 0 || cpu >= TK_TSC_CPUS)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		descend(&s, mounts[i]);
	return s.rank ? 0 : -ENOENT;
}

int tk_cpu_isolated(const char *root, int cpu, char why[], size_t len)
{
	static const char list[] = "/sys/devices/system/cpu/isolated";
	struct tk_partition p;
	struct tk_tsc_cpus cpus;
	int err = tk_tsc_cpus_read(root, list, &cpus);
	int found = tk_partition_find(root, cpu, &p);

	if (!err && cpu >= 0 && cpu < TK_TSC_CPUS && tk_tsc_cpus_has(&cpus, (unsigned int)cpu)) {
		snprintf(why, len, "%s has it", list);
		return 0;
	}
	if (!found && !strcmp(p.state, "isolated")) {
		snprintf(why, len, "the cpuset partition %s has it", p.path);
		return 0;
	}
	if (err)
		snprintf(why, len, "%s: %s", list, strerror(-err));
	else if (!found)
		snprintf(why, len, "the cpuset partition %s is \"%s\"", p.path, p.state);
	else
		snprintf(why, len, "neither isolcpus= nor an isolated cpuset partition has it");
	return err ? err : -EPERM;
}
