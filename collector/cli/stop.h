/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/stop.h - SIGINT and SIGTERM as a wish, for commands that have something to end
 * well: the first ends what is going on, and what is known by then is still shown. SIGPIPE is
 * ignored: EPIPE says the same at the write.
 */
#ifndef TK_COLLECTOR_CLI_STOP_H
#define TK_COLLECTOR_CLI_STOP_H

#include <signal.h>

/** Not 0 once a signal has come. */
extern volatile sig_atomic_t tk_told_to_stop;

/** From now on. Main thread, once. */
void tk_stop_on_signals(void);

#endif
