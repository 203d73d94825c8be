/* SPDX-License-Identifier: MIT */
#include "ring/bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long futex(_Atomic uint32_t *word, int operation, uint32_t value,
		  const struct timespec *timeout)
{
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

void tk_bell_ring(struct tk_bell *bell)
{
	if (atomic_exchange_explicit(&bell->dozing, 0, memory_order_acq_rel))
		futex(&bell->dozing, FUTEX_WAKE_PRIVATE, 1, NULL);
}

void tk_bell_doze(struct tk_bell *bell)
{
	atomic_exchange_explicit(&bell->dozing, 1, memory_order_acq_rel);
}

void tk_bell_awake(struct tk_bell *bell)
{
	/* An exchange, not a store: it must see what the last ring announced. */
	atomic_exchange_explicit(&bell->dozing, 0, memory_order_acq_rel);
}

void tk_bell_sleep(struct tk_bell *bell, int64_t ns)
{
	struct timespec timeout = { ns / 1000000000, ns % 1000000000 };

	futex(&bell->dozing, FUTEX_WAIT_PRIVATE, 1, &timeout);
}
