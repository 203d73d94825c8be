/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/tables/options.h - every option that a command may take, by a name of its own:
 * two commands may have different options of one name on the command line.
 */
#ifndef TK_COLLECTOR_COMMANDS_TABLES_OPTIONS_H
#define TK_COLLECTOR_COMMANDS_TABLES_OPTIONS_H

#include "collector/cli/options.h"

struct tk_all_options {
	struct tk_option dir, app, pid, timer, format, count, once, by, stats, sort, window, total,
		overhead, idle, interval, oldest, alert, alert_exit, on_alert, alert_arg,
		alert_timeout, alert_cooldown, alert_as_root, output, until_exit, raw, poll, cpus,
		isolated, one_cpu, history, charset, no_color, replay, speed, json, placement,
		force, offsets, seconds, fix_script, root, rate, burst, burst_rate, stall, stalls,
		drain, slots, verify, plot, duration, label, fsync_, rotate_size, rotate_time, runs,
		replace, base, new, percentiles, min_effect, min_runs, fail_if, diff_format, from,
		to, unit, csv, hgrm, svg, listen_, buckets, max_series, per_process, man,
		completion;
};

extern const struct tk_all_options tk_options;

#endif
