/* SPDX-License-Identifier: MIT */
#include "tests/edges/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
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

struct how {
	const char *const *arguments;
	enum deaf deaf;
	const char *preload;
	bool blocked;
};

static _Noreturn void become_collector(const struct watch *w, const struct how *how, int failed)
{
	const char *program = getenv("TIMEKEEPER");
	const char *argv[32] = { "timekeeper", "stat", "--format", "jsonl" };
	int error, n = 4;

	for (const char *const *a = how->arguments; a && *a && n < 31; a++)
		argv[n++] = *a;
	setpgid(0, 0); /* so that waiting for the load does not reap it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (how->preload)
		setenv("LD_PRELOAD", how->preload, 1);
	if (program && deafen(how->deaf) && dup2(how->blocked ? w->pipe[1] : w->out, 1) >= 0 &&
	    dup2(w->err, 2) >= 0)
		execv(program, (char **)(uintptr_t)argv);
	error = errno;
	if (write(failed, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

static bool start(struct watch *w, const struct how *how)
{
	int failed[2], error = 0;

	memset(w, 0, sizeof(*w));
	w->pipe[0] = w->pipe[1] = -1;
	w->out = memfd_create("rows", MFD_CLOEXEC);
	w->err = memfd_create("said", MFD_CLOEXEC);
	if (w->out < 0 || w->err < 0 || pipe2(failed, O_CLOEXEC))
		return false;
	if (how->blocked && pipe2(w->pipe, O_CLOEXEC))
		return false;
	fflush(stdout);
	w->pid = fork();
	if (w->pid == 0)
		become_collector(w, how, failed[1]);
	close(failed[1]);
	if (read(failed[0], &error, sizeof(error)) < 0)
		error = errno;
	close(failed[0]);
	if (how->blocked)
		close(w->pipe[1]);
	if (error)
		waitpid(w->pid, NULL, 0);
	errno = error;
	return w->pid > 0 && error == 0;
}

bool watch_start(struct watch *w, const char *const *arguments, enum deaf deaf, const char *preload)
{
	return start(w, &(struct how){ arguments, deaf, preload, false });
}

bool watch_start_blocked(struct watch *w, const char *const *arguments)
{
	return start(w, &(struct how){ arguments, DEAF_NOT, NULL, true });
}

static _Noreturn void copy(int from, int to)
{
	static char text[1 << 16];
	ssize_t n;

	while ((n = read(from, text, sizeof(text))) > 0)
		if (write(to, text, (size_t)n) != n)
			_exit(1);
	_exit(0);
}

void watch_unblock(struct watch *w)
{
	fflush(stdout);
	w->copier = fork();
	if (w->copier == 0)
		copy(w->pipe[0], w->out);
	close(w->pipe[0]);
}

/* ---- its life ---- */

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
	if (w->copier)
		waitpid(w->copier, NULL, 0);
	watch_read(w);
	if (signal != SIGKILL) /* in the middle of an interval */
		watch_close_intervals(w);
}

const char *watch_said(const struct watch *w)
{
	static char text[8192];
	ssize_t n = pread(w->err, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}
