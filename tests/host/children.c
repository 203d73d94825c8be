/* SPDX-License-Identifier: MIT */
/* Processes that come of the one that records, by every way there is. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/host.h"

static const struct tk_options small = { .slots = 1024, .timers = 64, .lanes = 64 };
static tk_timer_t timer;

static void opened(void)
{
	must(!tk_open("host", &small), "not open");
	timer = tk_timer("t");
	host_record(timer, 100);
	tk_flush();
}

/* The segment of `pid` holds n records, and nobody else's. */
static void holds(pid_t pid, uint64_t n)
{
	struct account a = host_account(pid);

	must(a.segments == 1, "%d segments of %d", a.segments, pid);
	must(a.counted + a.refused == n, "%lu counted, %lu refused, of %lu", a.counted, a.refused,
	     n);
}

/* What a child does that is watched like its parent. */
static void lives(void)
{
	host_record(timer, 50);
	tk_flush();
	holds(getpid(), 50);
	tk_close();
}

static void forked(unsigned step)
{
	(void)step;
	opened();
	for (unsigned i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			lives();
			_exit(0);
		}
		host_wait(pid);
	}
	holds(getpid(), 100);
	tk_close();
}

/* fork() before tk_open(): a server that opens in each of its children. */
static void forked_before(unsigned step)
{
	pid_t pid = fork();

	(void)step;
	if (pid == 0) {
		opened();
		holds(getpid(), 100);
		exit(0); /* which closes */
	}
	host_wait(pid);
}

static void generations(unsigned step)
{
	(void)step;
	opened();
	for (unsigned i = 0; i < 6; i++) {
		pid_t pid = fork();

		if (pid) {
			host_wait(pid);
			holds(getpid(), i ? 20 : 100);
			tk_close();
			if (i)
				_exit(0);
			return;
		}
		host_record(timer, 20);
		tk_flush();
	}
	tk_close();
	_exit(0);
}

/* As daemon() does: two forks, a session, descriptors on /dev/null. */
static void daemonised(unsigned step)
{
	int ready[2];
	pid_t pid;
	char c = 0;

	(void)step;
	opened();
	must(!pipe2(ready, O_CLOEXEC), "no pipe");
	pid = fork();
	if (pid == 0) {
		if (daemon(0, 0))
			_exit(1);
		lives();
		_exit(write(ready[1], "1", 1) != 1);
	}
	host_wait(pid); /* daemon() ends this one */
	close(ready[1]);
	must(read(ready[0], &c, 1) == 1 && c == '1', "the daemon did not live");
	close(ready[0]);
	holds(getpid(), 100);
	tk_close();
}

/* ---- exec ---- */

/* Succeeds if none of its descriptors belongs to a segment. */
static char *look[] = { "sh", "-c", "! ls -l /proc/$$/fd 2>/dev/null | grep -q tk-test-", NULL };

static void forked_and_replaced(unsigned step)
{
	pid_t pid;

	(void)step;
	opened();
	pid = fork();
	if (pid == 0) {
		host_record(timer, 10); /* in a segment of its own, which exec() orphans */
		execv("/bin/sh", look);
		_exit(127);
	}
	host_wait(pid);
	holds(getpid(), 100);
	host_leaves_files();
	tk_close();
}

static void vforked(unsigned step)
{
	pid_t pid;

	(void)step;
	opened();
	pid = vfork();
	if (pid == 0) {
		execv("/bin/sh", look);
		_exit(127);
	}
	host_wait(pid);
	host_record(timer, 100);
	tk_flush();
	holds(getpid(), 200);
	tk_close();
}

/* It is its parent's thread until it calls exec(): what it records is the parent's. */
static void vforked_and_recording(unsigned step)
{
	pid_t pid;

	(void)step;
	opened();
	pid = vfork();
	if (pid == 0) {
		for (unsigned i = 0; i < 5000; i++)
			tk_stop(timer, tk_start(timer));
		_exit(0);
	}
	host_wait(pid);
	tk_flush();
	holds(getpid(), 5100);
	tk_close();
}

static void spawned(unsigned step)
{
	pid_t pid = -1;

	(void)step;
	opened();
	must(!posix_spawn(&pid, "/bin/sh", NULL, NULL, look, environ), "not spawned");
	host_wait(pid);
	holds(getpid(), 100);
	tk_close();
}

/* ---- past fork() ---- */

static pid_t cloned(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void past_fork(unsigned step)
{
	pid_t pid;

	opened();
	pid = step ? cloned() : _Fork();
	if (pid == 0) {
		tk_after_fork();
		lives();
		_exit(0);
	}
	host_wait(pid);
	holds(getpid(), 100);
	tk_close();
}

/* It writes into its parent's lane, whose counts that spoils; nobody dies of it. */
static void past_fork_and_forgetful(unsigned step)
{
	pid_t pid;

	opened();
	pid = step ? cloned() : _Fork();
	if (pid == 0) {
		for (unsigned i = 0; i < 5000; i++)
			tk_stop(timer, tk_start(timer));
		tk_close();
		_exit(0);
	}
	host_wait(pid);
	host_record(timer, 2000);
	tk_flush();
	must(host_account(getpid()).segments == 1, "the parent's segment is gone");
	tk_close();
}

/* ---- fork() while others are busy ---- */

static int stop;

static void *record_on(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		host_record(timer, 100);
		tk_leave();
	}
	return NULL;
}

static void *fork_on(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < 25; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			(void)tk_join(NULL);
			host_record(timer, 100);
			tk_close();
			_exit(0);
		}
		host_wait(pid);
	}
	return NULL;
}

static void forked_by_many(unsigned step)
{
	pthread_t thread[6];

	(void)step;
	opened();
	for (unsigned i = 0; i < 6; i++)
		must(!pthread_create(&thread[i], NULL, i % 2 ? fork_on : record_on, NULL),
		     "thread");
	for (unsigned i = 1; i < 6; i += 2)
		pthread_join(thread[i], NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 6; i += 2)
		pthread_join(thread[i], NULL);
	must(host_account(getpid()).segments == 1, "the parent's segment is gone");
	tk_close();
}

static volatile unsigned forks;

static void fork_in_handler(int sig)
{
	int error = errno;
	pid_t pid = fork();

	(void)sig;
	if (pid == 0) {
		for (unsigned i = 0; i < 100; i++)
			tk_stop(timer, tk_start(timer));
		tk_close();
		_exit(0);
	}
	forks += pid > 0 && waitpid(pid, NULL, 0) == pid;
	errno = error;
}

static void *send_signals(void *thread)
{
	while (forks < 100)
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static void forked_by_handlers(unsigned step)
{
	struct sigaction action = { .sa_handler = fork_in_handler }, old;
	pthread_t self = pthread_self(), sender;
	uint64_t n = 100;

	(void)step;
	opened();
	sigaction(SIGUSR1, &action, &old);
	must(!pthread_create(&sender, NULL, send_signals, &self), "no thread");
	for (; forks < 100; n++)
		tk_stop(timer, tk_start(timer));
	pthread_join(sender, NULL);
	sigaction(SIGUSR1, &old, NULL);
	tk_flush();
	must(host_account(getpid()).counted == n, "not %lu counted", n);
	tk_close();
}

/* ---- ends ---- */

/* Ended properly, a process leaves nothing; by force, its segment: it can be read afterwards. */
static void ended(void (*end)(void), bool leaves, int status)
{
	int had = 0;
	pid_t pid = fork();

	if (pid == 0) {
		opened();
		end();
		pause();
	}
	must(waitpid(pid, &had, 0) == pid && (had & ~0x80) == status, "ended with %#x", had);
	must(host_account(pid).segments == leaves, "%d segments are left",
	     host_account(pid).segments);
	if (leaves) {
		holds(pid, 100);
		must(!host_account(pid).alive, "it looks alive");
		host_leaves_files();
	}
}

static void end_by_exit(void)
{
	exit(0);
}

static void end_at_once(void)
{
	_exit(0);
}

static void end_quickly(void)
{
	quick_exit(0);
}

static void *exit_elsewhere(void *unused)
{
	(void)unused;
	exit(0);
}

static void end_from_a_thread(void)
{
	pthread_t recording, ending;

	pthread_create(&recording, NULL, record_on, NULL);
	pthread_create(&ending, NULL, exit_elsewhere, NULL);
	for (;;)
		tk_stop(timer, tk_start(timer));
}

static void *go_on_alone(void *main_thread)
{
	pthread_join(*(pthread_t *)main_thread, NULL);
	host_record(timer, 1000);
	tk_close();
	exit(0);
}

static void end_main_alone(void)
{
	static pthread_t self;
	pthread_t thread;

	self = pthread_self();
	pthread_create(&thread, NULL, go_on_alone, &self);
	pthread_exit(NULL);
}

static void record_at_exit(void)
{
	for (unsigned i = 0; i < 2000; i++)
		tk_stop(timer, tk_start(timer));
}

static void end_recording(void)
{
	atexit(record_at_exit);
	exit(0);
}

static void ends(unsigned step)
{
	static const struct {
		void (*end)(void);
		bool leaves;
		int status;
	} way[] = {
		{ end_by_exit, false, 0 },       { end_at_once, true, 0 },
		{ end_quickly, true, 0 },        { abort, true, SIGABRT },
		{ end_from_a_thread, false, 0 }, { end_main_alone, false, 0 },
		{ end_recording, false, 0 },
	};

	ended(way[step].end, way[step].leaves, way[step].status);
}

const struct scenario scenarios[] = {
	{ "fork", forked, 0, 0 },
	{ "fork before open", forked_before, 0, 0 },
	{ "fork, six generations", generations, 0, 0 },
	{ "daemon()", daemonised, 0, 0 },
	{ "fork, record, exec", forked_and_replaced, 0, 0 },
	{ "vfork, exec", vforked, 0, 0 },
	{ "vfork, record", vforked_and_recording, 0, 0 },
	{ "posix_spawn", spawned, 0, 0 },
	{ "_Fork, clone, and tk_after_fork()", past_fork, 2, 0 },
	{ "_Fork, clone, forgetful", past_fork_and_forgetful, 2, 0 },
	{ "fork by three threads beside three that record", forked_by_many, 0, 0 },
	{ "fork by handlers that interrupt pushes", forked_by_handlers, 0, 0 },
	{ "exit, _exit, quick_exit, abort, exit by a thread, pthread_exit of main, atexit", ends, 7,
	  0 },
	{ 0 },
};
