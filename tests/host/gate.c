/* SPDX-License-Identifier: MIT */
#include "tests/host/gate.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/host/host.h"

/* Shared with children. */
static struct {
	int listener, ready;
	bool closed, and_all_later;
	int nr, error, refused;
	unsigned after;
} * gate;

/* Never asked about: what the test needs to get along, and what does not fail. close() lets the
 * descriptor go whatever it returns; a program that may not block its signals has no threads. */
static const int free_to_pass[] = {
	SYS_close,        SYS_futex,           SYS_sched_yield, SYS_exit,   SYS_exit_group,
	SYS_rt_sigreturn, SYS_rt_sigprocmask,  SYS_write,       SYS_clone,  SYS_clone3,
	SYS_wait4,        SYS_set_robust_list, SYS_rseq,        SYS_gettid, SYS_getpid,
	SYS_geteuid,      SYS_munmap,
};
#define FREE (sizeof(free_to_pass) / sizeof(free_to_pass[0]))

static bool is_refused(int nr)
{
	if (!__atomic_load_n(&gate->closed, __ATOMIC_ACQUIRE) || (gate->nr >= 0 && nr != gate->nr))
		return false;
	if (gate->after) {
		gate->after--;
		return false;
	}
	if (gate->refused >= 0 && !gate->and_all_later)
		return false;
	gate->refused = nr;
	return true;
}

static void *keep(void *unused)
{
	(void)unused;
	__atomic_store_n(&gate->ready, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&gate->listener, __ATOMIC_ACQUIRE) < 0)
		sched_yield();
	for (;;) {
		struct seccomp_notif asked = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
			continue;
		answer.id = asked.id;
		if (is_refused(asked.data.nr))
			answer.error = -gate->error;
		else
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		(void)ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	return NULL;
}

static int install(void)
{
	struct sock_filter code[2 * FREE + 2], *at = code;
	struct sock_fprog filter = { .filter = code };

	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < FREE; i++) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						     (unsigned)free_to_pass[i], 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	filter.len = (unsigned short)(at - code);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &filter);
}

static void entering(bool library)
{
	__atomic_store_n(&gate->closed, library, __ATOMIC_RELEASE);
}

void gate_build(int nr, unsigned after, bool and_all_later, int error)
{
	pthread_t keeper;
	int listener;

	gate = mmap(NULL, sizeof(*gate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(gate != MAP_FAILED, "no memory");
	gate->nr = nr;
	gate->after = after;
	gate->and_all_later = and_all_later;
	gate->error = error;
	gate->listener = gate->refused = -1;
	must(!pthread_create(&keeper, NULL, keep, NULL), "no threads");
	while (!__atomic_load_n(&gate->ready, __ATOMIC_ACQUIRE))
		sched_yield();
	listener = install();
	if (listener < 0)
		host_skip("no seccomp filters that ask, here");
	__atomic_store_n(&gate->listener, listener, __ATOMIC_RELEASE);
	host_unchanged_from_here();
	host_entering = entering;
}

int gate_refused(void)
{
	return gate->refused;
}
