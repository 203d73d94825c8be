/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/top.h - `timekeeper top`: the live display.
 */
#ifndef TK_COLLECTOR_COMMANDS_TOP_H
#define TK_COLLECTOR_COMMANDS_TOP_H

#include "collector/display/canvas/grid.h"
#include "collector/engine/collector.h"

struct tk_top_options {
	struct tk_collector_options collector;
	enum tk_charset charset;
	bool no_color; /* as if NO_COLOR were set in the environment */
};

/**
 * Show until q, Ctrl-C, SIGTERM or SIGHUP. Errors go to standard error, when the terminal is
 * itself again.
 * @return the exit code: 0, or 1 if there is no terminal or no collector. After SIGTERM and
 * SIGHUP it does not return: the process dies of them, the terminal restored.
 */
int tk_cmd_top(const struct tk_top_options *o);

#endif
