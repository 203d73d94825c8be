/* SPDX-License-Identifier: MIT */
#include "collector/cli/stop.h"

#include <stddef.h>
#include <stdint.h>

#include "collector/machine/now.h"

/* timeout(1) sends a signal to the program, and at once again to its process group: that is one
 * wish. */
#define SAME_WISH_NS (TK_SECOND_NS / 2)

volatile sig_atomic_t tk_stop_requested;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	static uint64_t first_ns;
	uint64_t now_ns = tk_now_ns(CLOCK_MONOTONIC);

	(void)context;
	if (!tk_stop_requested) {
		__atomic_store_n(&first_ns, now_ns, __ATOMIC_RELAXED);
		tk_stop_requested = 1;
		return;
	}
	if (info->si_code == SI_USER &&
	    now_ns - __atomic_load_n(&first_ns, __ATOMIC_RELAXED) < SAME_WISH_NS)
		return;
	signal(sig, SIG_DFL);
	raise(sig); /* comes when this returns */
}

void tk_stop_on_signals(void)
{
	struct sigaction stop = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}
