/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/recording/facts.h - what a log says of itself, of the machine and of clocks.
 *
 * Main thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_RECORDING_FACTS_H
#define TK_COLLECTOR_COMMANDS_RECORDING_FACTS_H

#include "collector/cli/options.h"
#include "collector/hlog/write.h"

/** The log's own facts, the machine's, and the labels of the command line. */
void tk_recording_put_facts(struct tk_hlog_writer *w, const struct tk_args *a);

/** What a tick of a clock is worth. @clock: as in struct tk_bins_rated */
void tk_recording_put_clock(struct tk_hlog_writer *w, uint32_t clock, double ns_per_tick);

#endif
