/* SPDX-License-Identifier: MIT */
#include "collector/cli/stop.h"

#include <stddef.h>

volatile sig_atomic_t tk_stop_requested;

static void on_signal(int sig)
{
	(void)sig;
	tk_stop_requested = 1;
}

void tk_stop_on_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}
