/* SPDX-License-Identifier: MIT */
#include "collector/doctor/checks/quota.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/checks/families.h"
#include "collector/machine/isolation.h"

/* A cgroup: where its hierarchy is mounted, and its path below that. */
struct group {
	bool v2;
	const char *const *mounts;
	char path[512];
};

static const char *const v1_mounts[] = { "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", NULL };

static bool lists_cpu(const char *names)
{
	for (size_t n; *names; names += n + (names[n] == ',')) {
		n = strcspn(names, ",");
		if (n == 3 && !strncmp(names, "cpu", 3))
			return true;
	}
	return false;
}

/* Lines such as "4:cpu,cpuacct:/a/b" of version 1, and "0::/a/b" of version 2. */
static int own_group(const char *root, struct group *g)
{
	char text[4096], *rest = NULL, *names, *path;
	ssize_t got = tk_tsc_file_read(root, "/proc/self/cgroup", text, sizeof(text));

	*g = (struct group){ .v2 = true, .mounts = tk_cgroup2_mounts };
	if (got < 0)
		return (int)got;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		names = strchr(line, ':');
		path = names ? strchr(names + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		if (names[1] && !lists_cpu(names + 1))
			continue;
		if (names[1])
			*g = (struct group){ .mounts = v1_mounts };
		snprintf(g->path, sizeof(g->path), "%s", strcmp(path, "/") ? path : "");
		if (names[1])
			return 0;
	}
	return 0;
}

/* Call for this cgroup and all above, the mount itself at last; what is not there is left out. */
static void each_level(const char *root, struct group *g,
		       void (*fn)(const char *root, const char *dir, bool v2, void *arg), void *arg)
{
	char dir[600], *slash;

	for (;;) {
		for (const char *const *mount = g->mounts; *mount; mount++) {
			snprintf(dir, sizeof(dir), "%s%s", *mount, g->path);
			fn(root, dir, g->v2, arg);
		}
		slash = strrchr(g->path, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

static ssize_t read_in(const char *root, const char *dir, const char *name, char *text, size_t len)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return tk_tsc_file_read(root, path, text, len);
}

struct limits {
	bool visible;
	double cpus, period_us; /* of the tightest quota; cpus 0: there is none */
	uint64_t throttled;
};

static void read_quota(struct limits *l, double quota, double period)
{
	if (quota <= 0 || period <= 0 || (l->cpus > 0 && quota / period >= l->cpus))
		return;
	l->cpus = quota / period;
	l->period_us = period;
}

/* Version 2 has "QUOTA PERIOD" or "max PERIOD" in one file, version 1 has two; -1 is no quota. */
static void read_level(const char *root, const char *dir, bool v2, void *arg)
{
	struct limits *l = arg;
	char text[1024], period[64], *end;
	double quota;
	int64_t times;

	if (read_in(root, dir, "cpu.stat", text, sizeof(text)) > 0) {
		l->visible = true;
		if (tk_check_number_after(text, "nr_throttled ", &times))
			l->throttled += (uint64_t)times;
	}
	if (read_in(root, dir, v2 ? "cpu.max" : "cpu.cfs_quota_us", text, sizeof(text)) <= 0)
		return;
	l->visible = true;
	quota = strtod(text, &end);
	if (v2 && strncmp(text, "max", 3) != 0)
		read_quota(l, quota, strtod(end, NULL));
	else if (!v2 && read_in(root, dir, "cpu.cfs_period_us", period, sizeof(period)) > 0)
		read_quota(l, quota, strtod(period, NULL));
}

static int read_limits(const char *root, struct limits *l)
{
	struct group own;
	int err = own_group(root, &own);

	*l = (struct limits){ 0 };
	if (err)
		return err;
	each_level(root, &own, read_level, l);
	return l->visible ? 0 : -ENODATA;
}

int tk_quota_throttled(const char *root, uint64_t *times)
{
	struct limits l;
	int err = read_limits(root, &l);

	*times = l.throttled;
	return err;
}

/* --- the check ------------------------------------------------------------------------------- */

static void check_quota(const struct tk_subject *s, struct tk_finding *f)
{
	struct limits l;
	int err = read_limits(s->root, &l);

	if (err) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s",
			       err == -ENODATA ? "no cgroup with cpu.stat is mounted"
					       : strerror(-err));
	} else if (l.cpus > 0) {
		tk_check_found(f, TK_VERDICT_WARN,
			       "%.2f cpus, in periods of %.0f ms; it stopped its threads %ju times",
			       l.cpus, l.period_us / 1e3, (uintmax_t)l.throttled);
		tk_check_fix(f, TK_FIX_TEXT,
			     "raise or remove the quota: cpu.max (version 1: cpu.cfs_quota_us), "
			     "docker --cpus, CPUQuota= of a unit, limits.cpu of a pod");
	} else if (tk_partitions_hidden(s->root)) {
		tk_check_found(f, TK_VERDICT_UNKNOWN,
			       "none in this container; those outside cannot be seen");
	} else {
		tk_check_found(f, TK_VERDICT_OK, "none");
	}
}

const struct tk_check tk_quota_checks[] = {
	{ "load.quota", "/proc/self/cgroup, cpu.max, cpu.stat",
	  "A thread of a cgroup that has used up its CPU quota stops until the period ends, for up "
	  "to 100 ms. This is the cgroup that doctor runs in: start it where the program runs.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = check_quota },
	{ .id = NULL },
};
