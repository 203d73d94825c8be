/* SPDX-License-Identifier: MIT */
/* System calls that fail: every one that the library makes, in every place where it makes one. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/gate.h"
#include "tests/host/host.h"

static bool looks(int nr)
{
	return nr == SYS_newfstatat || nr == SYS_fstat;
}

static bool removes(int nr)
{
	return looks(nr) || nr == SYS_openat || nr == SYS_openat2 || nr == SYS_getdents64 ||
	       nr == SYS_unlinkat;
}

static void live_through(int nr, unsigned after, bool and_all_later, int error)
{
#ifdef __SANITIZE_ADDRESS__
	host_skip("the sanitizer makes system calls of its own");
#endif
	gate_build(nr, after, and_all_later, error);
	host_start();
	host_goes_on(NULL);
	if (gate_refused() < 0)
		return;
	/* What cannot be removed stays; what cannot be looked at is not closed, for it may be the
	 * host's by now. timekeeper.h says so. */
	if (and_all_later || removes(gate_refused()))
		host_leaves_files();
	if (and_all_later || looks(gate_refused()))
		host_unchanged_from_here();
	host_more();
}

/* The first call that fails, then the second, until there are no more. */
static void once_denied(unsigned step)
{
	live_through(-1, step, false, EPERM);
}

static void once_no_memory(unsigned step)
{
	live_through(-1, step, false, ENOMEM);
}

static void once_invalid(unsigned step)
{
	live_through(-1, step, false, EINVAL);
}

static void from_there_on(unsigned step)
{
	live_through(-1, step, true, EPERM);
}

/* By number, as sandboxes do. */
static void number_unknown(unsigned nr)
{
	live_through((int)nr, 0, true, ENOSYS);
}

/* ---- none at all ---- */

/* Once joined, any call but those to end is death. */
static void none_but_the_end(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };

	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
		     !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter),
	     "no filter");
}

static void record_without_calls(void)
{
	static const struct tk_options small = { .slots = 1024 };
	tk_timer_t timer[3];

	must(!tk_open("host", &small) && !tk_join(NULL), "not open");
	for (unsigned i = 0; i < 3; i++)
		timer[i] = tk_timer_stamped(i ? i > 1 ? "fenced" : "fast" : "ordered",
					    (enum tk_stamp)i);
	none_but_the_end();
	for (unsigned i = 0; i < 3; i++) {
		struct tk_origin origin = tk_origin_now();
		uint64_t lap = tk_now();

		host_record(timer[i], 100000);
		for (unsigned n = 0; n < 10000; n++) {
			tk_stop_latency_now(timer[i], tk_start(timer[i]), origin);
			tk_latency_now(timer[i], origin);
			tk_mark(timer[i]);
			tk_lap(timer[i], &lap);
		}
		tk_flush();
	}
}

static void recording_calls_nobody(unsigned step)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		record_without_calls();
		if (step) /* to show that the filter bites */
			(void)syscall(SYS_getppid);
		syscall(SYS_exit_group, 0);
	}
	must(waitpid(pid, &status, 0) == pid, "no child");
	must(step ? WTERMSIG(status) == SIGSYS : !status, "ended with %#x", status);
	host_leaves_files();
}

const struct scenario scenarios[] = {
	{ "the n-th call: EPERM", once_denied, UNTIL_DONE, OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "the n-th call: ENOMEM", once_no_memory, UNTIL_DONE,
	  OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "the n-th call: EINVAL", once_invalid, UNTIL_DONE, OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "every call from the n-th on: EPERM", from_there_on, UNTIL_DONE,
	  OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "a call by its number: ENOSYS", number_unknown, 470, OPEN_REFUSED | WORKS },
	{ "recording makes no call", recording_calls_nobody, 2, 0 },
	{ 0 },
};
