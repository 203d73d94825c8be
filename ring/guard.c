/* SPDX-License-Identifier: MIT */
#include "ring/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#define MAPPINGS 32768

/* A place is free while its size is 0. Adding stores the size last, removing clears it first, both
 * by release stores; they pair with the handler's acquire load of the size, which comes before the
 * rest. */
static struct {
	uintptr_t addr;
	volatile int *bad;
	size_t size;
} mappings[MAPPINGS];

static int used; /* places ever used: the handler looks no further */
static int lock; /* between add and remove; the handler does not take it */
static struct sigaction before;

static void acquire(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
}

static void release(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static int cover(uintptr_t at)
{
	int n = __atomic_load_n(&used, __ATOMIC_ACQUIRE);

	for (int i = 0; i < n; i++) {
		size_t size = __atomic_load_n(&mappings[i].size, __ATOMIC_ACQUIRE);
		uintptr_t addr = __atomic_load_n(&mappings[i].addr, __ATOMIC_ACQUIRE);

		/* If the size changed, another thread gave this place to another mapping. It is not
		 * the mapping that faulted: that one is in use. */
		if (!size || at < addr || at - addr >= size ||
		    size != __atomic_load_n(&mappings[i].size, __ATOMIC_ACQUIRE))
			continue;
		if (mmap((void *)addr, size, PROT_READ | PROT_WRITE, /* a queue's reader writes */
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			 0) == MAP_FAILED)
			return -1;
		*mappings[i].bad = 1;
		return 0;
	}
	return -1;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	int error = errno;

	if (cover((uintptr_t)info->si_addr)) {
		/* Not a guarded mapping: do what was done before tk_guard_install(). */
		if ((before.sa_flags & SA_SIGINFO) && before.sa_sigaction)
			before.sa_sigaction(sig, info, context);
		else
			sigaction(SIGBUS, &before, NULL);
	}
	errno = error;
}

int tk_guard_install(void)
{
	struct sigaction action = { 0 };

	action.sa_sigaction = on_sigbus;
	action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, &before) ? -errno : 0;
}

int tk_guard_add(const void *addr, size_t size, volatile int *bad)
{
	int i;

	acquire();
	for (i = 0; i < MAPPINGS && mappings[i].size; i++)
		;
	if (i < MAPPINGS) {
		__atomic_store_n(&mappings[i].addr, (uintptr_t)addr, __ATOMIC_RELEASE);
		mappings[i].bad = bad;
		__atomic_store_n(&mappings[i].size, size, __ATOMIC_RELEASE);
		if (i >= used)
			__atomic_store_n(&used, i + 1, __ATOMIC_RELEASE);
	}
	release();
	return i < MAPPINGS ? 0 : -ENOSPC;
}

void tk_guard_remove(const void *addr)
{
	acquire();
	for (int i = 0; i < used; i++) {
		if (mappings[i].size && mappings[i].addr == (uintptr_t)addr) {
			__atomic_store_n(&mappings[i].size, 0, __ATOMIC_RELEASE);
			break;
		}
	}
	release();
}
