/* SPDX-License-Identifier: MIT */
#include "tests/edges/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <search.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t watch_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void watch_pause_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

/* ---- in the child ---- */

static bool refuse_call(uint32_t call, uint32_t error)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/* With the ids that we have, so that files are whose they were. */
static bool limit_to_none(void)
{
	char uid[64], gid[64];

	snprintf(uid, sizeof(uid), "%u %u 1", (unsigned)getuid(), (unsigned)getuid());
	snprintf(gid, sizeof(gid), "%u %u 1", (unsigned)getgid(), (unsigned)getgid());
	return unshare(CLONE_NEWUSER) == 0 && write_to("/proc/self/setgroups", "deny") &&
	       write_to("/proc/self/uid_map", uid) && write_to("/proc/self/gid_map", gid) &&
	       write_to("/proc/sys/user/max_inotify_instances", "0");
}

static bool deafen(enum deaf deaf)
{
	switch (deaf) {
	case DEAF_INIT:
		return refuse_call(SYS_inotify_init1, EMFILE) &&
		       refuse_call(SYS_inotify_init, EMFILE);
	case DEAF_WATCH:
		return refuse_call(SYS_inotify_add_watch, ENOSPC);
	case DEAF_LIMIT:
		return limit_to_none();
	default:
		return true;
	}
}

static _Noreturn void become_collector(const struct watch *w, const char *const *arguments,
				       enum deaf deaf, const char *preload, int failed)
{
	const char *program = getenv("TIMEKEEPER");
	const char *argv[32] = { program, "stat", "--format", "jsonl" };
	int error, n = 4;

	while (arguments && *arguments && n < 31)
		argv[n++] = *arguments++;
	setpgid(0, 0); /* so that waiting for the load does not reap it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (preload)
		setenv("LD_PRELOAD", preload, 1);
	if (deafen(deaf) && dup2(w->out, 1) >= 0 && dup2(w->err, 2) >= 0)
		execv(program, (char **)(uintptr_t)argv);
	error = errno;
	if (write(failed, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

bool watch_start(struct watch *w, const char *const *arguments, enum deaf deaf, const char *preload)
{
	int failed[2], error = 0;

	memset(w, 0, sizeof(*w));
	w->out = memfd_create("rows", MFD_CLOEXEC);
	w->err = memfd_create("said", MFD_CLOEXEC);
	if (w->out < 0 || w->err < 0 || pipe2(failed, O_CLOEXEC))
		return false;
	w->pid = fork();
	if (w->pid == 0)
		become_collector(w, arguments, deaf, preload, failed[1]);
	close(failed[1]);
	if (read(failed[0], &error, sizeof(error)) < 0)
		error = errno;
	close(failed[0]);
	if (error)
		waitpid(w->pid, NULL, 0);
	errno = error;
	return w->pid > 0 && error == 0;
}

/* ---- its rows ---- */

static int by_name(const void *a, const void *b)
{
	const struct watch_segment *const x = a, *const y = b;

	return strcmp(x->name, y->name);
}

static void *get(void *memory)
{
	if (!memory) {
		perror("edges");
		exit(1);
	}
	return memory;
}

static struct watch_segment *segment_of(struct watch *w, const struct row *row)
{
	struct watch_segment *s = get(calloc(1, sizeof(*s))), **known;

	snprintf(s->name, sizeof(s->name), "%s", row->segment);
	known = get(tsearch(s, &w->index, by_name));
	if (*known != s) {
		free(s);
		return *known;
	}
	snprintf(s->app, sizeof(s->app), "%s", row->app);
	s->pid = row->pid;
	s->next = w->segments;
	w->segments = s;
	w->n_segments++;
	return s;
}

static struct watch_timer *timer_of(struct watch_segment *s, const char *name)
{
	struct watch_timer *t;

	for (uint32_t i = s->n_timers; i-- > 0;)
		if (!strcmp(s->timers[i].name, name))
			return &s->timers[i];
	s->timers = get(realloc(s->timers, (s->n_timers + 1) * sizeof(*s->timers)));
	t = memset(&s->timers[s->n_timers++], 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->interval = UINT64_MAX;
	return t;
}

/* A record has a row in each measure of its timer: it is counted once. */
static void add_timer_row(struct watch *w, const struct row *row)
{
	struct watch_timer *t = timer_of(segment_of(w, row), row->timer);
	bool again = t->interval == row->interval;

	if (!again) {
		t->records += row->records;
		t->lost += row->lost;
		t->interval = row->interval;
	}
	if (strcmp(row->measure, "latency") == 0)
		return;
	if (row->count) {
		t->min_ns = t->count && t->min_ns < row->min_ns ? t->min_ns : row->min_ns;
		t->max_ns = t->max_ns > row->max_ns ? t->max_ns : row->max_ns;
	}
	t->count += row->count;
	t->set_aside += row->set_aside;
	t->without += row->without;
	t->sum_ns += row->sum_ns;
}

static void add_process_row(struct watch *w, const struct row *row)
{
	struct watch_segment *s = segment_of(w, row);

	s->has_process_row = true;
	s->delivered += row->delivered;
	s->lost += row->lost;
	s->unknown += row->unknown;
	s->refused += row->refused;
	s->unsettled = row->unsettled;
}

static void add_row(struct watch *w, const char *line, size_t length)
{
	struct row row;
	const char *wrong = row_read(&row, line, length);

	w->rows++;
	if (wrong && w->wrong++ == 0)
		snprintf(w->first_wrong, sizeof(w->first_wrong), "%s: %.*s", wrong,
			 length < 500 ? (int)length : 500, line);
	if (wrong && !strcmp(wrong, "no JSON object"))
		return;
	if (row.type == ROW_TIMER)
		add_timer_row(w, &row);
	else if (row.type == ROW_PROCESS)
		add_process_row(w, &row);
	if (row.type == ROW_UNREAD) {
		w->unread_processes += row.processes;
		w->unread_records += row.records;
	}
	if (w->hook.row)
		w->hook.row(w->hook.arg, &row);
}

void watch_read(struct watch *w)
{
	static char text[1 << 20];
	char *line = text, *end;
	ssize_t n = pread(w->out, text, sizeof(text), (off_t)w->taken);

	while (n > 0 && (end = memchr(line, '\n', (size_t)(text + n - line)))) {
		add_row(w, line, (size_t)(end - line));
		w->taken += (uint64_t)(end + 1 - line);
		line = end + 1;
	}
	if (line != text) /* there may be more */
		watch_read(w);
}

bool watch_until(struct watch *w, bool (*true_of)(const struct watch *w, const void *arg),
		 const void *arg)
{
	int64_t end = watch_now_ns() + WATCH_DEADLINE_S * INT64_C(1000000000);

	for (;;) {
		watch_read(w);
		if (true_of(w, arg))
			return true;
		if (watch_now_ns() > end)
			return false;
		watch_pause_us(5000);
	}
}

/* ---- its life ---- */

void watch_stop(struct watch *w, bool stop)
{
	if (w->stopped != stop)
		kill(w->pid, stop ? SIGSTOP : SIGCONT);
	w->stopped = stop;
}

void watch_end(struct watch *w, int signal)
{
	int64_t end = watch_now_ns() + WATCH_DEADLINE_S * INT64_C(1000000000);

	if (w->pid <= 0)
		return;
	if (signal)
		kill(w->pid, signal);
	watch_stop(w, false);
	while (waitpid(w->pid, &w->status, WNOHANG) == 0) {
		if (watch_now_ns() > end)
			kill(w->pid, SIGKILL);
		watch_pause_us(2000);
	}
	w->pid = 0;
	watch_read(w);
}

static void forget(void *unused)
{
	(void)unused;
}

void watch_free(struct watch *w)
{
	struct watch_segment *s;

	tdestroy(w->index, forget);
	while ((s = w->segments)) {
		w->segments = s->next;
		free(s->timers);
		free(s);
	}
	close(w->out);
	close(w->err);
}

const char *watch_said(const struct watch *w)
{
	static char text[8192];
	ssize_t n = pread(w->err, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* ---- sums ---- */

static bool is(const struct watch_segment *s, const char *app, uint32_t pid)
{
	return (!pid || s->pid == pid) && (!app || !strcmp(s->app, app));
}

static void add_timer(struct watch_sum *sum, const struct watch_timer *t)
{
	sum->count += t->count;
	sum->set_aside += t->set_aside;
	sum->without += t->without;
	sum->in_timers += t->records;
	sum->lost_in_timers += t->lost;
}

struct watch_sum watch_sum(const struct watch *w, const char *app, uint32_t pid)
{
	struct watch_sum sum = { 0 };

	for (const struct watch_segment *s = w->segments; s; s = s->next) {
		if (!is(s, app, pid))
			continue;
		sum.segments++;
		sum.records += s->delivered + s->lost + s->refused;
		sum.lost += s->lost;
		sum.unknown += s->unknown;
		sum.refused += s->refused;
		for (uint32_t i = 0; i < s->n_timers; i++)
			add_timer(&sum, &s->timers[i]);
	}
	if (!rows_of_processes) {
		sum.records = sum.in_timers;
		sum.lost = sum.lost_in_timers;
	}
	return sum;
}

struct watch_timer watch_timer(const struct watch *w, const char *app, uint32_t pid,
			       const char *timer)
{
	struct watch_timer sum = { 0 }, *t;

	for (const struct watch_segment *s = w->segments; s; s = s->next) {
		for (uint32_t i = 0; is(s, app, pid) && i < s->n_timers; i++) {
			t = &s->timers[i];
			if (strcmp(t->name, timer))
				continue;
			sum.min_ns = sum.count && sum.min_ns < t->min_ns ? sum.min_ns : t->min_ns;
			sum.max_ns = sum.max_ns > t->max_ns ? sum.max_ns : t->max_ns;
			sum.records += t->records;
			sum.count += t->count;
			sum.set_aside += t->set_aside;
			sum.without += t->without;
			sum.lost += t->lost;
			sum.sum_ns += t->sum_ns;
		}
	}
	return sum;
}
