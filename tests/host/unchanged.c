/* SPDX-License-Identifier: MIT */
#include "tests/host/unchanged.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "tests/host/host.h"

#define SA_RESTORER 0x04000000 /* the C library adds it to every disposition that it sets */

static unsigned count_threads(DIR *dir)
{
	unsigned n = 0;

	rewinddir(dir);
	while (readdir(dir))
		n++;
	return n;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* 32 and 33 are the C library's own, and it tells nobody. */
static void note_signals(struct unchanged *u)
{
	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction action = { .sa_flags = 0 };

		if (!sigaction(sig, NULL, &action)) {
			u->handlers[sig] = action.sa_handler;
			u->flags[sig] = action.sa_flags & ~SA_RESTORER;
		}
	}
	pthread_sigmask(SIG_SETMASK, NULL, &u->mask);
}

void unchanged_note(struct unchanged *u)
{
	memset(u, 0, sizeof(*u));
	u->threads = opendir("/proc/self/task");
	must(u->threads, "no /proc");
	u->n_threads = count_threads(u->threads);
	note_signals(u);
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		u->open[fd] = is_open(fd);
}

static void check_threads(const struct unchanged *u)
{
	time_t deadline = time(NULL) + 10;

	while (count_threads(u->threads) != u->n_threads) {
		must(time(NULL) < deadline, "%u threads more or less than before",
		     count_threads(u->threads) - u->n_threads);
		sched_yield();
	}
}

void unchanged_check(const struct unchanged *u)
{
	struct unchanged now = { .threads = NULL };

	check_threads(u);
	note_signals(&now);
	for (int sig = 1; sig <= 64; sig++) {
		must(now.handlers[sig] == u->handlers[sig] && now.flags[sig] == u->flags[sig],
		     "signal %d has another disposition", sig);
		must(sigismember(&now.mask, sig) == sigismember(&u->mask, sig),
		     "signal %d is blocked or unblocked", sig);
	}
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		must(is_open(fd) == u->open[fd], "descriptor %d was opened or closed", fd);
}

void unchanged_check_exec(void)
{
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		must(!is_open(fd) || fcntl(fd, F_GETFD) & FD_CLOEXEC,
		     "descriptor %d would survive exec()", fd);
}
