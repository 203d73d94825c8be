/* SPDX-License-Identifier: MIT */
#include "collector/machine/watchers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "collector/machine/list.h"
#include "collector/machine/nodes.h"
#include "tsc/affinity.h"

/* Parse a whole number below a million at the beginning. @return -1: there is none */
static int number(const char *text, const char **end)
{
	size_t digits = strspn(text, "0123456789");

	*end = text + digits;
	return digits && digits <= 6 ? (int)strtol(text, NULL, 10) : -1;
}

int tk_watchers_node_of_name(const char *comm)
{
	const size_t length = strlen(TK_WATCHER_NAME);
	const char *end;
	int node;

	if (strncmp(comm, TK_WATCHER_NAME, length))
		return -1;
	node = number(comm + length, &end);
	return *end ? -1 : node;
}

/* The cpu is the 37th field after the thread's name, which may hold anything. */
int tk_watchers_stat_cpu(const char *stat)
{
	const char *at = strrchr(stat, ')');

	for (int field = 0; at && field < 37; field++)
		at = strchr(at + 1, ' ');
	return at ? number(at + 1, &at) : -1;
}

/* Parse a number that ends with `end`; *at moves past both. */
static bool take(const char **at, int base, char end, unsigned long long *n)
{
	char *stop;

	if (!isxdigit((unsigned char)**at))
		return false;
	*n = strtoull(*at, &stop, base);
	if (*stop != end)
		return false;
	*at = stop + 1;
	return true;
}

/* START-END MODE OFFSET MAJOR:MINOR INODE NAME; an anonymous mapping has inode 0. */
bool tk_watchers_maps_line(const char *line, struct tk_mapping *m)
{
	unsigned long long n, major, minor, inode;

	if (!take(&line, 16, '-', &n) || !take(&line, 16, ' ', &n) || strnlen(line, 5) < 5 ||
	    line[3] != 's' || line[4] != ' ')
		return false;
	line += 5;
	if (!take(&line, 16, ' ', &n) || !take(&line, 16, ':', &major) ||
	    !take(&line, 16, ' ', &minor) || !take(&line, 10, ' ', &inode) || !inode)
		return false;
	m->dev = makedev((unsigned)major, (unsigned)minor);
	m->ino = (ino_t)inode;
	return true;
}

static ssize_t read_of_thread(uint32_t pid, uint32_t tid, const char *file, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", pid, tid, file);
	return tk_tsc_file_read("", path, text, size);
}

int tk_watchers_thread_cpu(uint32_t pid, uint32_t tid)
{
	char stat[2048];

	return read_of_thread(pid, tid, "stat", stat, sizeof(stat)) > 0 ? tk_watchers_stat_cpu(stat)
									: -1;
}

static bool is_pinned(uint32_t tid)
{
	struct tk_tsc_cpus cpus;

	return !tk_tsc_affinity((pid_t)tid, &cpus) && tk_tsc_cpus_count(&cpus) == 1;
}

static int add_watcher(struct tk_watchers *w, uint32_t pid, uint32_t tid, int drains)
{
	struct tk_watcher *list = tk_list_grow(w->list, w->n, sizeof(*list));
	int cpu = tk_watchers_thread_cpu(pid, tid);

	if (!list)
		return -ENOMEM;
	w->list = list;
	list[w->n++] = (struct tk_watcher){ .pid = pid,
					    .tid = tid,
					    .drains = drains,
					    .cpu = cpu,
					    .node = cpu < 0 ? -1 : tk_node_of_cpu(cpu),
					    .pinned = is_pinned(tid) };
	return 0;
}

static int add_mapping(struct tk_watchers *w, const struct tk_mapping *m)
{
	struct tk_mapping *list = tk_list_grow(w->mappings, w->n_mappings, sizeof(*list));

	if (!list)
		return -ENOMEM;
	w->mappings = list;
	list[w->n_mappings++] = *m;
	return 0;
}

static int read_mappings(struct tk_watchers *w, uint32_t pid)
{
	struct tk_mapping m = { .pid = pid };
	char path[32], *line = NULL;
	size_t size = 0;
	int err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	f = fopen(path, "re");
	if (!f) {
		w->hidden += errno == EACCES || errno == EPERM;
		return 0;
	}
	while (!err && getline(&line, &size, f) > 0)
		if (tk_watchers_maps_line(line, &m))
			err = add_mapping(w, &m);
	free(line);
	fclose(f);
	return err;
}

/* Call each() for every entry that is a number, until one fails. */
static int each_number(struct tk_watchers *w, const char *path, uint32_t pid,
		       int (*each)(struct tk_watchers *w, uint32_t pid, uint32_t number))
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int err = 0;

	while (dir && !err && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			err = each(w, pid, (uint32_t)strtoul(e->d_name, NULL, 10));
	if (dir)
		closedir(dir);
	return err;
}

static int visit_thread(struct tk_watchers *w, uint32_t pid, uint32_t tid)
{
	char comm[64];
	int drains;

	if (read_of_thread(pid, tid, "comm", comm, sizeof(comm)) <= 0)
		return 0;
	drains = tk_watchers_node_of_name(comm);
	return drains < 0 ? 0 : add_watcher(w, pid, tid, drains);
}

static int visit_process(struct tk_watchers *w, uint32_t parent, uint32_t pid)
{
	size_t before = w->n;
	char path[32];
	int err;

	(void)parent;
	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	err = each_number(w, path, pid, visit_thread);
	return err || w->n == before ? err : read_mappings(w, pid);
}

static int compare(const void *a, const void *b)
{
	const struct tk_mapping *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

int tk_watchers_find(struct tk_watchers *w)
{
	int err;

	memset(w, 0, sizeof(*w));
	err = each_number(w, "/proc", 0, visit_process);
	if (w->n_mappings)
		qsort(w->mappings, w->n_mappings, sizeof(*w->mappings), compare);
	return err;
}

void tk_watchers_free(struct tk_watchers *w)
{
	free(w->list);
	free(w->mappings);
}

static bool has_mapped(const struct tk_watchers *w, uint32_t pid, dev_t dev, ino_t ino)
{
	const struct tk_mapping m = { .pid = pid, .dev = dev, .ino = ino };

	return w->n_mappings && bsearch(&m, w->mappings, w->n_mappings, sizeof(m), compare);
}

static bool serves(const struct tk_watchers *w, uint32_t pid, int node)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].pid == pid && w->list[i].drains == node)
			return true;
	return false;
}

void tk_watchers_pick(struct tk_watchers *w, dev_t dev, ino_t ino, int node)
{
	for (size_t i = 0; i < w->n; i++) {
		struct tk_watcher *d = &w->list[i];

		d->picked = has_mapped(w, d->pid, dev, ino) &&
			    (d->drains == node || !serves(w, d->pid, node));
	}
}
