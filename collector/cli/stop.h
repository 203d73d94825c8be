/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/stop.h - SIGINT and SIGTERM set a flag, for commands that print a result when they
 * are stopped: the first ends what is going on, and what is known by then is still printed; the
 * second ends the program at once. SIGPIPE is ignored: the write then fails with EPIPE.
 */
#ifndef TK_COLLECTOR_CLI_STOP_H
#define TK_COLLECTOR_CLI_STOP_H

#include <signal.h>

/** Not 0 once a signal has come. */
extern volatile sig_atomic_t tk_stop_requested;

/** Install the handlers. Main thread, once. */
void tk_stop_on_signals(void);

#endif
