/* SPDX-License-Identifier: MIT */
#include "ring/bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

void tk_bell_ring(struct tk_bell *bell)
{
	if (__atomic_exchange_n(&bell->dozing, 0, __ATOMIC_ACQ_REL))
		futex(&bell->dozing, FUTEX_WAKE_PRIVATE, 1, NULL);
}

void tk_bell_doze(struct tk_bell *bell)
{
	(void)__atomic_exchange_n(&bell->dozing, 1, __ATOMIC_ACQ_REL);
}

void tk_bell_awake(struct tk_bell *bell)
{
	/* An exchange and not a store: it acquires what the last tk_bell_ring() released. */
	(void)__atomic_exchange_n(&bell->dozing, 0, __ATOMIC_ACQ_REL);
}

void tk_bell_sleep(struct tk_bell *bell, int64_t ns)
{
	struct timespec timeout = { ns / 1000000000, ns % 1000000000 };

	futex(&bell->dozing, FUTEX_WAIT_PRIVATE, 1, &timeout);
}
