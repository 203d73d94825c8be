/* SPDX-License-Identifier: MIT */
/* Clocks that may not be read, are none, or run backwards. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/host/host.h"

/* The linker puts these two between the library and what it calls (see meson.build). */
int __real_tk_tsc_quick(char *why, size_t len);
int __wrap_tk_tsc_quick(char *why, size_t len);
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

static bool not_invariant;

int __wrap_tk_tsc_quick(char *why, size_t len)
{
	if (!not_invariant)
		return __real_tk_tsc_quick(why, len);
	snprintf(why, len, "invariant_tsc: no: as on a machine without");
	return -ENOTSUP;
}

int __real_tk_tsc_atomic(bool emulated, char *why, size_t len);
int __wrap_tk_tsc_atomic(bool emulated, char *why, size_t len);

static bool by_tcg;

int __wrap_tk_tsc_atomic(bool emulated, char *why, size_t len)
{
	if (!by_tcg || emulated)
		return __real_tk_tsc_atomic(emulated, why, len);
	snprintf(why, len, "tcg: yes: as on a machine that is emulated");
	return -ENOTSUP;
}

static int64_t hours_a_call; /* every clock goes back by so much, each time it is read */

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	static int64_t reads;
	int ret = __real_clock_gettime(id, t);

	if (hours_a_call)
		t->tv_sec -= 3600 * hours_a_call * __atomic_fetch_add(&reads, 1, __ATOMIC_RELAXED);
	return ret;
}

/* ---- none ---- */

static void none(unsigned step)
{
	(void)step;
	unsetenv("TIMEKEEPER_CLOCK");
	not_invariant = true;
	host_start();
	must(tk_open("host", NULL) == -ENOTSUP && strstr(tk_why(), "TIMEKEEPER_CLOCK=monotonic"),
	     "no way out is named");
	must(tk_now() == 0, "a stamp of no clock");
	host_goes_on(NULL);
}

static void none_but_the_systems(unsigned step)
{
	const struct tk_options asked = {
		.timebase = TK_TIMEBASE_SYSTEM, .slots = 2048, .timers = 64, .lanes = 8
	};

	not_invariant = true;
	if (!step)
		setenv("TIMEKEEPER_CLOCK", "monotonic", 1);
	else
		unsetenv("TIMEKEEPER_CLOCK");
	host_start();
	host_goes_on(step ? &asked : NULL);
}

/* Whatever else it says is not what it means. */
static void of_another_name(unsigned step)
{
	static const char *const names[] = { "", "MONOTONIC", "tsc", "monotonic " };

	not_invariant = true;
	setenv("TIMEKEEPER_CLOCK", names[step], 1);
	host_start();
	host_goes_on(NULL);
}

/* ---- emulated: stores may be torn, whatever the clock ---- */

static void emulated(unsigned step)
{
	static const char *const names[] = { "", "TCG", "avx" };

	by_tcg = true;
	not_invariant = true; /* of two reasons, that which no other clock helps against */
	setenv("TIMEKEEPER_FORCE", names[step % 3], 1);
	if (step < 3)
		setenv("TIMEKEEPER_CLOCK", "monotonic", 1);
	host_start();
	must(tk_open("host", NULL) == -ENOTSUP && strstr(tk_why(), "tcg") == tk_why(), "%s",
	     tk_why());
	host_goes_on(NULL);
}

static void emulated_and_forced(unsigned step)
{
	(void)step;
	by_tcg = true;
	setenv("TIMEKEEPER_FORCE", "tcg", 1);
	host_start();
	host_goes_on(NULL);
}

/* ---- forbidden: rdtsc raises SIGSEGV ---- */

static void forbid(void)
{
#ifdef __SANITIZE_ADDRESS__
	host_skip("the sanitizer's allocator reads the counter");
#endif
	if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV))
		host_skip("prctl(PR_SET_TSC) is refused");
}

/* New threads inherit it, so none may touch the counter. */
static void forbidden(unsigned step)
{
	(void)step;
	unsetenv("TIMEKEEPER_CLOCK");
	forbid();
	host_start();
	host_goes_on(NULL);
	(void)tk_origin_now();
	(void)tk_ns(100);
}

static void forbidden_with_the_systems(unsigned step)
{
	(void)step;
	setenv("TIMEKEEPER_CLOCK", "monotonic", 1);
	forbid();
	host_start();
	host_goes_on(NULL);
}

/* The one thing that cannot be survived, for rdtsc is all that a stamp is: timekeeper.h says so. */
static void forbidden_later(unsigned step)
{
	int status = 0;
	pid_t pid;

	(void)step;
#ifdef __SANITIZE_ADDRESS__
	host_skip("the sanitizer's handler takes the signal");
#endif
	if (getenv("TIMEKEEPER_CLOCK"))
		host_skip("the counter is not invariant here");
	pid = fork();
	if (pid == 0) {
		must(!tk_open("host", NULL), "not open");
		forbid();
		host_record(tk_timer("t"), 1);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
	     "ended with %#x: then timekeeper.h is wrong", status);
	host_leaves_files();
}

/* ---- backwards ---- */

static void backwards(unsigned step)
{
	struct tk_origin origin;
	tk_timer_t timer;

	if (step)
		setenv("TIMEKEEPER_CLOCK", "monotonic", 1);
	hours_a_call = 5;
	host_start();
	host_open(NULL);
	timer = tk_timer("t");
	for (unsigned i = 0; i < 1000; i++) {
		origin = tk_origin_now();
		tk_stop_latency(timer, tk_start(timer), origin);
		origin = tk_origin_from_real(origin.real_ns);
		tk_stop_latency_now(timer, tk_start(timer), origin);
		origin = tk_origin_from_ticks(origin.ticks);
		tk_latency_now(timer, origin);
		(void)tk_real_ns(origin);
		(void)tk_ns((int64_t)i << 40);
	}
	tk_leave();
	host_run();
	host_close();
}

const struct scenario scenarios[] = {
	{ "no invariant counter", none, 0, OPEN_REFUSED },
	{ "no invariant counter, the system's clock asked for", none_but_the_systems, 2, WORKS },
	{ "TIMEKEEPER_CLOCK is something else", of_another_name, 4, OPEN_REFUSED },
	{ "emulated", emulated, 6, OPEN_REFUSED },
	{ "emulated, and forced", emulated_and_forced, 0, WORKS },
	{ "PR_SET_TSC before open", forbidden, 0, OPEN_REFUSED },
	{ "PR_SET_TSC, the system's clock asked for", forbidden_with_the_systems, 0, WORKS },
	{ "PR_SET_TSC after open", forbidden_later, 0, 0 },
	{ "clocks that run backwards", backwards, 2, WORKS },
	{ 0 },
};
