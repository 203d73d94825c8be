/* SPDX-License-Identifier: MIT */
/* Which other threads may run on the cpu: threads of programs, and the kernel's own. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/checks/families.h"

#define MOVED          32         /* threads named in a fix */
#define NO_SETAFFINITY 0x04000000 /* PF_NO_SETAFFINITY of the kernel: bound, or a rescuer */

struct tasks {
	const struct tk_subject *s;
	int64_t self;          /* our own process, which does not count */
	unsigned user, kernel; /* threads that may run on this cpu and on others */
	unsigned fixed;        /* kernel threads that cannot be moved: every cpu has some */
	unsigned pinned;       /* threads that somebody pinned to this cpu alone */
	unsigned seen;
	bool kthreadd; /* the kernel's first thread is visible: every other one is, too */
	char name[24]; /* of the first program's thread */
	char moves[MOVED * 8 + 1];
};

/* The rest of the line that begins with `key` in a status file. */
static bool status_line(const char *status, const char *key, char *value, size_t len)
{
	const char *at = strstr(status, key);

	if (!at)
		return false;
	at += strlen(key);
	snprintf(value, len, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

static bool alone(const struct tk_subject *s, struct tk_tsc_cpus cpus)
{
	cpus.bits[s->cpu / 64] &= ~(UINT64_C(1) << (s->cpu % 64));
	for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
		if (cpus.bits[i])
			return false;
	return true;
}

/* The flags are the seventh field after the name. The name may hold anything, ")" included. */
static bool is_fixed(const struct tk_subject *s, const char *tid)
{
	char path[64], stat[1024];
	const char *at;
	unsigned flags;

	snprintf(path, sizeof(path), "/proc/%.7s/stat", tid);
	if (tk_tsc_file_read(s->root, path, stat, sizeof(stat)) <= 0)
		return false;
	at = strrchr(stat, ')');
	return at && sscanf(at, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
	       flags & NO_SETAFFINITY;
}

static void count(struct tasks *t, const char *status, const char *tid)
{
	bool kernel = !strstr(status, "\nVmSize:"); /* no memory of its own */
	char list[2048];
	struct tk_tsc_cpus cpus;

	if (strstr(status, "\nState:\tZ") ||
	    !status_line(status, "\nCpus_allowed_list:\t", list, sizeof(list)) ||
	    tk_tsc_cpus_parse(list, &cpus))
		return;
	t->seen++;
	t->kthreadd |= kernel && !strncmp(status, "Name:\tkthreadd\n", 15);
	if (!tk_check_has_cpu(t->s, &cpus))
		return;
	if (kernel && (alone(t->s, cpus) || is_fixed(t->s, tid))) {
		t->fixed++;
		return;
	}
	if (alone(t->s, cpus)) {
		t->pinned++;
		return;
	}
	if (!kernel && t->user == 0)
		(void)status_line(status, "Name:\t", t->name, sizeof(t->name));
	t->user += !kernel;
	t->kernel += kernel;
	if (t->user + t->kernel <= MOVED)
		snprintf(t->moves + strlen(t->moves), sizeof(t->moves) - strlen(t->moves), " %.7s",
			 tid);
}

static bool is_number(const char *name)
{
	return *name && !name[strspn(name, "0123456789")] && strlen(name) <= 7;
}

static DIR *open_dir(const struct tk_subject *s, const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s%s", s->root, path);
	return opendir(name);
}

static void count_threads(struct tasks *t, const char *pid)
{
	char path[64], status[8192];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.7s/task", pid);
	dir = open_dir(t->s, path);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		if (!is_number(e->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.7s/task/%.7s/status", pid, e->d_name);
		if (tk_tsc_file_read(t->s->root, path, status, sizeof(status)) > 0)
			count(t, status, e->d_name);
	}
	closedir(dir);
}

static void count_all(struct tasks *t)
{
	char status[8192];
	struct dirent *e;
	DIR *dir = open_dir(t->s, "/proc");

	if (!dir)
		return;
	if (tk_tsc_file_read(t->s->root, "/proc/self/status", status, sizeof(status)) <= 0 ||
	    !tk_check_number_after(status, "\nTgid:\t", &t->self))
		t->self = -1;
	while ((e = readdir(dir)))
		if (is_number(e->d_name) && atoll(e->d_name) != t->self)
			count_threads(t, e->d_name);
	closedir(dir);
}

static void check_others(const struct tk_subject *s, struct tk_finding *f)
{
	struct tasks t = { .s = s };
	const char *hidden;

	count_all(&t);
	if (t.seen == 0) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "no thread can be seen: mount /proc");
		return;
	}
	hidden = t.kthreadd ? "" : ", and others are hidden (hidepid=, or a container)";
	tk_check_found(
		f,
		t.user        ? TK_VERDICT_FAIL
		: t.kernel    ? TK_VERDICT_WARN
		: !t.kthreadd ? TK_VERDICT_UNKNOWN
			      : TK_VERDICT_OK,
		"%u programs' threads%s%s and %u of the kernel's may come here, of %u; %u are put "
		"here alone, and %u of the kernel's cannot be moved%s",
		t.user, t.user ? ", first " : "", t.name, t.kernel, t.seen, t.pinned, t.fixed,
		hidden);
	if (t.user + t.kernel > MOVED)
		tk_check_fix_boot(s, f, "isolcpus", &s->isolated);
	else if (f->verdict == TK_VERDICT_UNKNOWN)
		tk_check_fix(f, TK_FIX_TEXT,
			     "run this as root, and outside of containers, to see all threads");
	else if (f->verdict)
		tk_check_fix(f, TK_FIX_COMMAND,
			     "for t in%s; do taskset -pc %s \"$t\" >/dev/null; done", t.moves,
			     s->others);
}

const struct tk_check tk_task_checks[] = {
	{ "tasks.others", "/proc/*/task/*/status",
	  "Any other thread that may run on this cpu will do so sooner or later, when the "
	  "scheduler or the thread's own affinity says so; what is measured waits meanwhile.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_others,
	  .moves = true },
	{ .id = NULL },
};
