/* SPDX-License-Identifier: MIT */
/*
 * The table of options. To add one, give it a field in struct tk_args, a name in options.h, a row
 * here, and a place in the list of each command that takes it (commands/table.c).
 */
#include "collector/commands/tables/options.h"

#include "collector/cli/shells/shells.h"
#include "collector/tune/model/sizes.h"

#define SECONDS_MAX 3600u

#define AT(field) .offset = offsetof(struct tk_args, field)

/* clang-format would put each field on a line of its own, and break the text where it likes. */
// clang-format off

const struct tk_all_options tk_options = {
	.dir = {
		.name = "dir", .letter = 'd', .type = TK_OPTION_TEXT, .argument = "DIR",
		AT(collector.dir),
		.help = "look for segments here, not in $TIMEKEEPER_DIR or "
			"/dev/shm/timekeeper-UID",
	},
	.app = {
		.name = "app", .letter = 'a', .type = TK_OPTION_TEXT, .argument = "NAME",
		AT(collector.app),
		.help = "only processes of this app",
	},
	.pid = {
		.name = "pid", .letter = 'p', .type = TK_OPTION_PID, .argument = "PID",
		AT(collector.pid),
		.help = "only this process",
	},
	.timer = {
		.name = "timer", .letter = 't', .type = TK_OPTION_TEXTS, .argument = "PATTERN",
		AT(timers),
		.help = "only timers whose name matches this shell pattern; repeated: any of them",
	},
	.format = {
		.name = "format", .letter = 'f', .type = TK_OPTION_CHOICE, .argument = "FORMAT",
		.choices = "table|jsonl|csv", AT(format),
		.help = "table for people, jsonl or csv for programs (in ns)",
	},
	.count = {
		.name = "count", .letter = 'n', .type = TK_OPTION_COUNT, .argument = "N",
		AT(count),
		.help = "stop after this many intervals",
	},
	.once = {
		.name = "once", .letter = '1', .type = TK_OPTION_FLAG, AT(once),
		.help = "one interval; the same as --count 1",
	},
	.by = {
		.name = "by", .type = TK_OPTION_CHOICE, .argument = "WHAT",
		.choices = "process|app", AT(by),
		.help = "a row for each timer of a process (the default), or of an app: all its "
			"processes of one user and directory together, also those that were "
			"started again, and its timers whose names differ in labels only",
	},
	.stats = {
		.name = "stats", .type = TK_OPTION_STATS, .argument = "LIST", AT(stats),
		.help = "these statistics, in this order: any of sum, min, avg, max and any "
			"percentile, e.g. p50,p99.9,max",
	},
	.sort = {
		.name = "sort", .type = TK_OPTION_TEXT, .argument = "WHAT", AT(sort),
		.help = "by name (the default), app, records, count, lost, or one of the "
			"statistics, e.g. p99: the larger of processing and latency, largest first",
	},
	.window = {
		.name = "window", .type = TK_OPTION_TIME, .argument = "TIME", AT(window_ns),
		.help = "rows are about all samples of the last TIME, and slide with each "
			"interval; rounded to whole intervals, 600 at the most",
	},
	.total = {
		.name = "total", .type = TK_OPTION_FLAG, AT(total),
		.help = "rows are about everything since stat began; TOTAL, in jsonl and csv "
			"since_start, is how many records the program itself has counted since it "
			"began",
	},
	.overhead = {
		.name = "overhead", .type = TK_OPTION_FLAG, AT(overhead),
		.help = "instead of timers: how much of a core recording takes from each watched "
			"thread, and from all; says what a span costs here, and how that was "
			"measured",
	},
	.idle = {
		.name = "idle", .type = TK_OPTION_FLAG, AT(idle),
		.help = "rows for living timers without a record, too",
	},
	.interval = {
		.name = "interval", .letter = 'i', .type = TK_OPTION_INTERVAL, .argument = "TIME",
		AT(collector.interval_ns),
		.help = "statistics over this long: 10ms to 60s (default 100ms; stat, record, "
			"serve: 1s)",
	},
	.oldest = {
		.name = "oldest", .letter = 'O', .type = TK_OPTION_FLAG, AT(collector.oldest),
		.help = "begin at the oldest records still there, those of dead processes "
			"included; top draws them where they were, stat counts them as they are "
			"read",
	},
	.alert = {
		.name = "alert", .type = TK_OPTION_TEXTS, .argument = "RULE", AT(alerts),
		.help = "say when a timer passes a limit, and when it is ok again, e.g. "
			"'Seal*:p99.9>50us for 3s'; repeated: any of them. FIGURE is one of "
			"--stats, or count, lost or rate, which take whole numbers, as value.p99 "
			"does: PATTERN:[processing.|latency.|value.]FIGURE>LIMIT or <LIMIT, then, "
			"if wanted, for TIME, over TIME (a window), min SAMPLES, clear LIMIT. "
			"docs/alert.md",
	},
	.alert_exit = {
		.name = "alert-exit", .type = TK_OPTION_FLAG, AT(alert_exit),
		.help = "end when the first alert fires",
	},
	.on_alert = {
		.name = "on-alert", .type = TK_OPTION_TEXT, .argument = "PROG", AT(on_alert),
		.help = "run this program, a path, for each alert that changes: without a shell, "
			"one at a time, with the facts in TIMEKEEPER_ALERT_...",
	},
	.alert_arg = {
		.name = "alert-arg", .type = TK_OPTION_TEXTS, .argument = "ARG", AT(alert_args),
		.help = "an argument for it; may be repeated",
	},
	.alert_timeout = {
		.name = "alert-timeout", .type = TK_OPTION_TIME, .argument = "TIME",
		AT(alert_timeout_ns),
		.help = "kill it, and what it has started, after this long (default 10s)",
	},
	.alert_cooldown = {
		.name = "alert-cooldown", .type = TK_OPTION_TIME, .argument = "TIME",
		AT(alert_cooldown_ns),
		.help = "do not run it for the same alert again before this long (default 10s): "
			"then it is told what holds by then, if that has changed",
	},
	.alert_as_root = {
		.name = "alert-as-root", .type = TK_OPTION_FLAG, AT(alert_as_root),
		.help = "run it as root, too",
	},
	.output = {
		.name = "output", .letter = 'o', .type = TK_OPTION_TEXT, .argument = "FILE",
		AT(output),
		.help = "write to this file (stat: else to standard output, with COMMAND to "
			"standard error)",
	},
	.until_exit = {
		.name = "until-exit", .type = TK_OPTION_FLAG, AT(until_exit),
		.help = "end when the processes that it watches have ended, and print their "
			"totals; with --interval, the intervals, too",
	},
	.raw = {
		.name = "raw", .letter = 'r', .type = TK_OPTION_FLAG, AT(collector.raw),
		.help = "do not subtract what an empty span costs",
	},
	.poll = {
		.name = "poll", .type = TK_OPTION_POLL, .argument = "TIME", AT(collector.poll_ns),
		.help = "drain this often; `spin` never sleeps (default: 50us to 5ms, as the "
			"load asks)",
	},
	.cpus = {
		.name = "cpu", .type = TK_OPTION_CPUS, .argument = "LIST", AT(collector.cpus),
		.help = "drain the lanes on these cpus, e.g. 3 or 3,7-9: a thread pinned to "
			"each; the rest keeps away from them (default: a thread for each NUMA "
			"node with lanes, not pinned)",
	},
	.isolated = {
		.name = "isolated", .type = TK_OPTION_FLAG, AT(collector.isolated),
		.help = "refuse, with the reason, if a cpu of --cpu is not isolated; lock memory",
	},
	.one_cpu = {
		.name = "cpu", .type = TK_OPTION_CPU, .argument = "CPU", AT(cpu),
		.help = "tune: read the lanes on this cpu; doctor: examine it",
	},
	.history = {
		.name = "history", .type = TK_OPTION_SIZE, .argument = "SIZE",
		AT(collector.history_bytes),
		.help = "memory for the past (default 256M)",
	},
	.charset = {
		.name = "charset", .type = TK_OPTION_CHOICE, .argument = "SET",
		.choices = "auto|braille|block|ascii", AT(charset),
		.help = "what graphs are drawn with",
	},
	.no_color = {
		.name = "no-color", .type = TK_OPTION_FLAG, AT(no_color),
		.help = "no colours; so does NO_COLOR",
	},
	.replay = {
		.name = "replay", .type = TK_OPTION_TEXTS, .argument = "FILE", AT(replay),
		.help = "play this recording, of record or another program; repeated: all of them, "
			"as one",
	},
	.speed = {
		.name = "speed", .type = TK_OPTION_FACTOR, .argument = "N", AT(speed),
		.help = "with --replay: so many times as fast as it was recorded, e.g. 10 or 0.5",
	},
	.json = {
		.name = "json", .letter = 'j', .type = TK_OPTION_FLAG, AT(json),
		.help = "one JSON object",
	},
	.placement = {
		.name = "placement", .type = TK_OPTION_FLAG, AT(placement),
		.help = "show on which NUMA node each lane, its producer and its drainers are",
	},
	.force = {
		.name = "force", .type = TK_OPTION_FLAG, AT(force),
		.help = "remove them",
	},
	.offsets = {
		.name = "offsets", .type = TK_OPTION_FLAG, AT(offsets),
		.help = "measure cores against each other; runs a thread on each",
	},
	.seconds = {
		.name = "seconds", .type = TK_OPTION_COUNT, .argument = "N", AT(seconds),
		.max = SECONDS_MAX,
		.help = "measure, or simulate, for so long (tune: default 10; doctor: not unless "
			"asked)",
	},
	.fix_script = {
		.name = "fix-script", .type = TK_OPTION_FLAG, AT(fix_script),
		.help = "print a shell script that mends what is not ok; nothing is run",
	},
	.root = {
		.name = "root", .type = TK_OPTION_TEXT, .argument = "DIR", AT(root),
		.help = "examine copies of /sys, /proc and /dev in this directory",
	},
	.rate = {
		.name = "rate", .type = TK_OPTION_RATE, .argument = "N", AT(rate),
		.help = "a load to try instead: so many records a second, e.g. 2M",
	},
	.burst = {
		.name = "burst", .type = TK_OPTION_RATE, .argument = "N", AT(burst),
		.help = "which come so many at a time (default 1)",
	},
	.burst_rate = {
		.name = "burst-rate", .type = TK_OPTION_RATE, .argument = "N", AT(burst_rate),
		.help = "and then at so many a second (default 100M: 10 ns apart)",
	},
	.stall = {
		.name = "stall", .type = TK_OPTION_TIME, .argument = "TIME", AT(stall_ns),
		.help = "its reader is away for so long, one poll in a thousand, besides its "
			"poll interval",
	},
	.stalls = {
		.name = "stalls", .type = TK_OPTION_TEXT, .argument = "FILE", AT(stalls),
		.help = "its reader is away as was measured: what tune --json wrote",
	},
	.drain = {
		.name = "drain", .type = TK_OPTION_RATE, .argument = "N", AT(drain),
		.help = "its reader takes so many records a second (default 50M)",
	},
	.slots = {
		.name = "slots", .type = TK_OPTION_SLOTS, .argument = "N", AT(slots),
		.max = TK_SIZE_MAX,
		.help = "say what a lane of so many slots survives",
	},
	.verify = {
		.name = "verify", .type = TK_OPTION_FLAG, AT(verify),
		.help = "prove the answer: run that load and such stalls, at that size and at "
			"half of it",
	},
	.plot = {
		.name = "plot", .type = TK_OPTION_TEXT, .argument = "FILE", AT(plot),
		.help = "draw it, as SVG",
	},
	.duration = {
		.name = "duration", .type = TK_OPTION_TIME, .argument = "TIME", AT(duration_ns),
		.help = "stop after this long, e.g. 60s (default: until told to stop)",
	},
	.label = {
		.name = "label", .type = TK_OPTION_TEXTS, .argument = "NAME=VALUE", AT(labels),
		.help = "say this in the file, e.g. commit=abc; may be repeated",
	},
	.fsync_ = {
		.name = "fsync", .type = TK_OPTION_FLAG, AT(fsync),
		.help = "wait for the disk after each line, so that not even a power loss takes "
			"what was written",
	},
	.rotate_size = {
		.name = "rotate-size", .type = TK_OPTION_SIZE, .argument = "SIZE",
		AT(rotate_bytes),
		.help = "when the file has this size, e.g. 100M, name it FILE.1, FILE.2, ... and "
			"begin anew",
	},
	.rotate_time = {
		.name = "rotate-time", .type = TK_OPTION_TIME, .argument = "TIME", AT(rotate_ns),
		.help = "the same when it is this old, e.g. 3600s",
	},
	.runs = {
		.name = "runs", .type = TK_OPTION_COUNT, .argument = "N", AT(runs), .max = 1000,
		.help = "run COMMAND so often, one after the other, and record to FILE with -1, "
			"-2, ... before its ending",
	},
	.replace = {
		.name = "force", .type = TK_OPTION_FLAG, AT(force),
		.help = "replace a file that holds something",
	},
	.base = {
		.name = "base", .type = TK_OPTION_TEXT, .argument = "FILES", AT(base),
		.help = "recordings of how it was: a.hlog,b.hlog,...",
	},
	.new = {
		.name = "new", .type = TK_OPTION_TEXT, .argument = "FILES", AT(new),
		.help = "recordings of how it is",
	},
	.percentiles = {
		.name = "stats", .type = TK_OPTION_STATS, .argument = "LIST", AT(stats),
		.help = "the percentiles to compare (default p50,p90,p99,p99.9)",
	},
	.min_effect = {
		.name = "min-effect", .type = TK_OPTION_PERCENT, .argument = "N%", AT(min_effect),
		.help = "a smaller shift has no verdict (default 2%)",
	},
	.min_runs = {
		.name = "min-runs", .type = TK_OPTION_COUNT, .argument = "N", AT(min_runs),
		.max = 1000,
		.help = "with fewer recordings a side there is no better or worse (default 5); "
			"fewer than 4 never show anything",
	},
	.fail_if = {
		.name = "fail-if", .type = TK_OPTION_TEXTS, .argument = "RULE", AT(fail_if),
		.help = "exit with 7 if a timer became so much worse, e.g. 'Sequencer-*:p99>+5%', "
			"or better: 'A:latency.p50<-5%'; repeated: any of them",
	},
	.diff_format = {
		.name = "format", .letter = 'f', .type = TK_OPTION_CHOICE, .argument = "FORMAT",
		.choices = "text|json|markdown|junit", AT(diff_format),
		.help = "text for people, json for programs (in ns), markdown and junit for CI",
	},
	.from = {
		.name = "from", .type = TK_OPTION_TEXT, .argument = "WHEN", AT(from),
		.help = "only intervals that begin from then on: 10s after the first, "
			"2026-11-30T02:00:00 (local; with Z: UTC), or @1764460000",
	},
	.to = {
		.name = "to", .type = TK_OPTION_TEXT, .argument = "WHEN", AT(to),
		.help = "only intervals that begin before then",
	},
	.unit = {
		.name = "unit", .type = TK_OPTION_TIME, .argument = "TIME", AT(unit_ns),
		.help = "what 1 is worth in a log that does not say it, e.g. 1us (default 1ns)",
	},
	.csv = {
		.name = "csv", .type = TK_OPTION_FLAG, AT(csv),
		.help = "a heading, and a line a row; in ns",
	},
	.hgrm = {
		.name = "hgrm", .type = TK_OPTION_FLAG, AT(hgrm),
		.help = "HdrHistogram's percentile distribution, for its plotters; in ms",
	},
	.svg = {
		.name = "svg", .type = TK_OPTION_CHOICE, .argument = "WHAT",
		.choices = "none|curve|time", AT(svg),
		.help = "draw values by percentile, or percentiles over time",
	},
	.listen_ = {
		.name = "listen", .type = TK_OPTION_TEXT, .argument = "ADDRESS:PORT", AT(listen),
		.help = "answer here, e.g. [::1]:9464 (default 127.0.0.1:9464: only this machine "
			"can reach it); port 0 is any that is free",
	},
	.buckets = {
		.name = "buckets", .type = TK_OPTION_TEXTS, .argument = "PATTERN:LIMITS",
		AT(buckets),
		.help = "timers that match this shell pattern have these limits, e.g. "
			"'Seal*:50us,1ms', so that one that is promised is an exact le, or, of "
			"values, 'queue*:1,10,100'; the others have powers of two, from 128 ns or "
			"1 on",
	},
	.max_series = {
		.name = "max-series", .type = TK_OPTION_COUNT, .argument = "N", AT(max_series),
		.max = 100000000,
		.help = "lines of timers in an answer at most (default 100000); a timer has 35 "
			"for a measure and 33 more for the other",
	},
	.per_process = {
		.name = "per-process", .type = TK_OPTION_FLAG, AT(per_process),
		.help = "a label pid, in the place of sums over the processes of an app",
	},
	.man = {
		.name = "man", .type = TK_OPTION_FLAG, AT(man),
		.help = "print the man page, in roff",
	},
	.completion = {
		.name = "completion", .type = TK_OPTION_CHOICE, .argument = "SHELL",
		.choices = TK_SHELL_WORDS, AT(completion),
		.help = "print completion for this shell",
	},
};

// clang-format on
