/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/table.c - the program `timekeeper`, described: its options and its commands.
 *
 * To add a command, write its function, a tk_command_run, in a file of its own in this folder;
 * declare the function and add its row here; name the file in meson.build. To add an option, give
 * it a field in struct tk_args, a row here, and a place in the list of each command that takes it.
 * --help and --version are not listed: every command takes them.
 */
#include <limits.h>

#include "collector/cli/shells/shells.h"
#include "collector/commands/commands.h"
#include "collector/display/keys.h"
#include "collector/tune/model/sizes.h"

#define SECONDS_MAX 3600u

/* --- options --------------------------------------------------------------------------------- */

#define AT(field) .offset = offsetof(struct tk_args, field)

/* clang-format would put each field on a line of its own, and break the text where it likes. */
// clang-format off

static const struct tk_option
	dir = {
		.name = "dir", .letter = 'd', .type = TK_OPTION_TEXT, .argument = "DIR",
		AT(collector.dir),
		.help = "look for segments here, not in $TIMEKEEPER_DIR or "
			"/dev/shm/timekeeper-UID",
	},
	app = {
		.name = "app", .letter = 'a', .type = TK_OPTION_TEXT, .argument = "NAME",
		AT(collector.app),
		.help = "only processes of this app",
	},
	pid = {
		.name = "pid", .letter = 'p', .type = TK_OPTION_PID, .argument = "PID",
		AT(collector.pid),
		.help = "only this process",
	},
	timer = {
		.name = "timer", .letter = 't', .type = TK_OPTION_TEXTS, .argument = "PATTERN",
		AT(timers),
		.help = "only timers whose name matches this shell pattern; repeated: any of them",
	},
	format = {
		.name = "format", .letter = 'f', .type = TK_OPTION_CHOICE, .argument = "FORMAT",
		.choices = "table|jsonl|csv", AT(format),
		.help = "table for people, jsonl or csv for programs (in ns)",
	},
	count = {
		.name = "count", .letter = 'n', .type = TK_OPTION_COUNT, .argument = "N",
		AT(count),
		.help = "stop after this many intervals",
	},
	once = {
		.name = "once", .letter = '1', .type = TK_OPTION_FLAG, AT(once),
		.help = "one interval; the same as --count 1",
	},
	by = {
		.name = "by", .type = TK_OPTION_CHOICE, .argument = "WHAT",
		.choices = "process|app", AT(by),
		.help = "a row for each timer of a process (the default), or of an app: all its "
			"processes of one user and directory together, also those that were "
			"started again",
	},
	stats = {
		.name = "stats", .type = TK_OPTION_STATS, .argument = "LIST", AT(stats),
		.help = "these statistics, in this order: any of sum, min, avg, max and any "
			"percentile, e.g. p50,p99.9,max",
	},
	sort = {
		.name = "sort", .type = TK_OPTION_TEXT, .argument = "WHAT", AT(sort),
		.help = "by name (the default), app, records, count, lost, or one of the "
			"statistics, e.g. p99: the larger of processing and latency, largest first",
	},
	window = {
		.name = "window", .type = TK_OPTION_TIME, .argument = "TIME", AT(window_ns),
		.help = "rows are about all samples of the last TIME, and slide with each "
			"interval; rounded to whole intervals, 600 at the most",
	},
	total = {
		.name = "total", .type = TK_OPTION_FLAG, AT(total),
		.help = "rows are about everything since stat began; TOTAL, in jsonl and csv "
			"since_start, is how many records the program itself has counted since it "
			"began",
	},
	overhead = {
		.name = "overhead", .type = TK_OPTION_FLAG, AT(overhead),
		.help = "instead of timers: how much of a core recording takes from each watched "
			"thread, and from all; says what a span costs here, and how that was "
			"measured",
	},
	idle = {
		.name = "idle", .type = TK_OPTION_FLAG, AT(idle),
		.help = "rows for living timers without a record, too",
	},
	interval = {
		.name = "interval", .letter = 'i', .type = TK_OPTION_INTERVAL, .argument = "TIME",
		AT(collector.interval_ns),
		.help = "statistics over this long: 10ms to 60s (default 100ms; stat, record, "
			"serve: 1s)",
	},
	oldest = {
		.name = "oldest", .letter = 'O', .type = TK_OPTION_FLAG, AT(collector.oldest),
		.help = "begin at the oldest records still there, those of dead processes "
			"included; top draws them where they were, stat counts them as they are "
			"read",
	},
	alert = {
		.name = "alert", .type = TK_OPTION_TEXTS, .argument = "RULE", AT(alerts),
		.help = "say when a timer passes a limit, and when it is ok again, e.g. "
			"'Seal*:p99.9>50us for 3s'; repeated: any of them. FIGURE is one of "
			"--stats, or count, lost or rate, which take whole numbers, as value.p99 does: "
			"PATTERN:[processing.|latency.|value.]FIGURE>LIMIT or <LIMIT, then, if wanted, "
			"for TIME, over TIME (a window), min SAMPLES, clear LIMIT. docs/alert.md",
	},
	alert_exit = {
		.name = "alert-exit", .type = TK_OPTION_FLAG, AT(alert_exit),
		.help = "end when the first alert fires",
	},
	on_alert = {
		.name = "on-alert", .type = TK_OPTION_TEXT, .argument = "PROG", AT(on_alert),
		.help = "run this program, a path, for each alert that changes: without a shell, "
			"one at a time, with the facts in TIMEKEEPER_ALERT_...",
	},
	alert_arg = {
		.name = "alert-arg", .type = TK_OPTION_TEXTS, .argument = "ARG", AT(alert_args),
		.help = "an argument for it; may be repeated",
	},
	alert_timeout = {
		.name = "alert-timeout", .type = TK_OPTION_TIME, .argument = "TIME",
		AT(alert_timeout_ns),
		.help = "kill it, and what it has started, after this long (default 10s)",
	},
	alert_cooldown = {
		.name = "alert-cooldown", .type = TK_OPTION_TIME, .argument = "TIME",
		AT(alert_cooldown_ns),
		.help = "do not run it for the same alert again before this long (default 10s): "
			"then it is told what holds by then, if that has changed",
	},
	alert_as_root = {
		.name = "alert-as-root", .type = TK_OPTION_FLAG, AT(alert_as_root),
		.help = "run it as root, too",
	},
	output = {
		.name = "output", .letter = 'o', .type = TK_OPTION_TEXT, .argument = "FILE",
		AT(output),
		.help = "write to this file (stat: else to standard output, with COMMAND to "
			"standard error)",
	},
	until_exit = {
		.name = "until-exit", .type = TK_OPTION_FLAG, AT(until_exit),
		.help = "end when the processes that it watches have ended, and print their "
			"totals; with --interval, the intervals, too",
	},
	raw = {
		.name = "raw", .letter = 'r', .type = TK_OPTION_FLAG, AT(collector.raw),
		.help = "do not subtract what an empty span costs",
	},
	poll = {
		.name = "poll", .type = TK_OPTION_POLL, .argument = "TIME", AT(collector.poll_ns),
		.help = "drain this often; `spin` never sleeps (default: 50us to 5ms, as the "
			"load asks)",
	},
	cpus = {
		.name = "cpu", .type = TK_OPTION_CPUS, .argument = "LIST", AT(collector.cpus),
		.help = "drain the lanes on these cpus, e.g. 3 or 3,7-9: a thread pinned to "
			"each; the rest keeps away from them (default: a thread for each NUMA "
			"node with lanes, not pinned)",
	},
	isolated = {
		.name = "isolated", .type = TK_OPTION_FLAG, AT(collector.isolated),
		.help = "refuse, with the reason, if a cpu of --cpu is not isolated; lock memory",
	},
	one_cpu = {
		.name = "cpu", .type = TK_OPTION_CPU, .argument = "CPU", AT(cpu),
		.help = "tune: read the lanes on this cpu; doctor: examine it",
	},
	history = {
		.name = "history", .type = TK_OPTION_SIZE, .argument = "SIZE",
		AT(collector.history_bytes),
		.help = "memory for the past (default 256M)",
	},
	charset = {
		.name = "charset", .type = TK_OPTION_CHOICE, .argument = "SET",
		.choices = "auto|braille|block|ascii", AT(charset),
		.help = "what graphs are drawn with",
	},
	no_color = {
		.name = "no-color", .type = TK_OPTION_FLAG, AT(no_color),
		.help = "no colours; so does NO_COLOR",
	},
	replay = {
		.name = "replay", .type = TK_OPTION_TEXTS, .argument = "FILE", AT(replay),
		.help = "play this recording, of record or another program; repeated: all of them, "
			"as one",
	},
	speed = {
		.name = "speed", .type = TK_OPTION_FACTOR, .argument = "N", AT(speed),
		.help = "with --replay: so many times as fast as it was recorded, e.g. 10 or 0.5",
	},
	json = {
		.name = "json", .letter = 'j', .type = TK_OPTION_FLAG, AT(json),
		.help = "one JSON object",
	},
	placement = {
		.name = "placement", .type = TK_OPTION_FLAG, AT(placement),
		.help = "show on which NUMA node each lane, its producer and its drainers are",
	},
	force = {
		.name = "force", .type = TK_OPTION_FLAG, AT(force),
		.help = "remove them",
	},
	offsets = {
		.name = "offsets", .type = TK_OPTION_FLAG, AT(offsets),
		.help = "measure cores against each other; runs a thread on each",
	},
	seconds = {
		.name = "seconds", .type = TK_OPTION_COUNT, .argument = "N", AT(seconds),
		.max = SECONDS_MAX,
		.help = "measure, or simulate, for so long (tune: default 10; doctor: not unless "
			"asked)",
	},
	fix_script = {
		.name = "fix-script", .type = TK_OPTION_FLAG, AT(fix_script),
		.help = "print a shell script that mends what is not ok; nothing is run",
	},
	root = {
		.name = "root", .type = TK_OPTION_TEXT, .argument = "DIR", AT(root),
		.help = "examine copies of /sys, /proc and /dev in this directory",
	},
	rate = {
		.name = "rate", .type = TK_OPTION_RATE, .argument = "N", AT(rate),
		.help = "a load to try instead: so many records a second, e.g. 2M",
	},
	burst = {
		.name = "burst", .type = TK_OPTION_RATE, .argument = "N", AT(burst),
		.help = "which come so many at a time (default 1)",
	},
	burst_rate = {
		.name = "burst-rate", .type = TK_OPTION_RATE, .argument = "N", AT(burst_rate),
		.help = "and then at so many a second (default 100M: 10 ns apart)",
	},
	stall = {
		.name = "stall", .type = TK_OPTION_TIME, .argument = "TIME", AT(stall_ns),
		.help = "its reader is away for so long, one poll in a thousand, besides its "
			"poll interval",
	},
	stalls = {
		.name = "stalls", .type = TK_OPTION_TEXT, .argument = "FILE", AT(stalls),
		.help = "its reader is away as was measured: what tune --json wrote",
	},
	drain = {
		.name = "drain", .type = TK_OPTION_RATE, .argument = "N", AT(drain),
		.help = "its reader takes so many records a second (default 50M)",
	},
	slots = {
		.name = "slots", .type = TK_OPTION_SLOTS, .argument = "N", AT(slots),
		.max = TK_SIZE_MAX,
		.help = "say what a lane of so many slots survives",
	},
	verify = {
		.name = "verify", .type = TK_OPTION_FLAG, AT(verify),
		.help = "prove the answer: run that load and such stalls, at that size and at "
			"half of it",
	},
	plot = {
		.name = "plot", .type = TK_OPTION_TEXT, .argument = "FILE", AT(plot),
		.help = "draw it, as SVG",
	},
	duration = {
		.name = "duration", .type = TK_OPTION_TIME, .argument = "TIME", AT(duration_ns),
		.help = "stop after this long, e.g. 60s (default: until told to stop)",
	},
	label = {
		.name = "label", .type = TK_OPTION_TEXTS, .argument = "NAME=VALUE", AT(labels),
		.help = "say this in the file, e.g. commit=abc; may be repeated",
	},
	fsync_ = {
		.name = "fsync", .type = TK_OPTION_FLAG, AT(fsync),
		.help = "wait for the disk after each line, so that not even a power loss takes "
			"what was written",
	},
	rotate_size = {
		.name = "rotate-size", .type = TK_OPTION_SIZE, .argument = "SIZE",
		AT(rotate_bytes),
		.help = "when the file has this size, e.g. 100M, name it FILE.1, FILE.2, ... and "
			"begin anew",
	},
	rotate_time = {
		.name = "rotate-time", .type = TK_OPTION_TIME, .argument = "TIME", AT(rotate_ns),
		.help = "the same when it is this old, e.g. 3600s",
	},
	runs = {
		.name = "runs", .type = TK_OPTION_COUNT, .argument = "N", AT(runs), .max = 1000,
		.help = "run COMMAND so often, one after the other, and record to FILE with -1, "
			"-2, ... before its ending",
	},
	replace = {
		.name = "force", .type = TK_OPTION_FLAG, AT(force),
		.help = "replace a file that holds something",
	},
	base = {
		.name = "base", .type = TK_OPTION_TEXT, .argument = "FILES", AT(base),
		.help = "recordings of how it was: a.hlog,b.hlog,...",
	},
	new = {
		.name = "new", .type = TK_OPTION_TEXT, .argument = "FILES", AT(new),
		.help = "recordings of how it is",
	},
	percentiles = {
		.name = "stats", .type = TK_OPTION_STATS, .argument = "LIST", AT(stats),
		.help = "the percentiles to compare (default p50,p90,p99,p99.9)",
	},
	min_effect = {
		.name = "min-effect", .type = TK_OPTION_PERCENT, .argument = "N%", AT(min_effect),
		.help = "a smaller shift has no verdict (default 2%)",
	},
	min_runs = {
		.name = "min-runs", .type = TK_OPTION_COUNT, .argument = "N", AT(min_runs),
		.max = 1000,
		.help = "with fewer recordings a side there is no better or worse (default 5); "
			"fewer than 4 never show anything",
	},
	fail_if = {
		.name = "fail-if", .type = TK_OPTION_TEXTS, .argument = "RULE", AT(fail_if),
		.help = "exit with 7 if a timer became so much worse, e.g. 'Sequencer-*:p99>+5%', "
			"or better: 'A:latency.p50<-5%'; repeated: any of them",
	},
	diff_format = {
		.name = "format", .letter = 'f', .type = TK_OPTION_CHOICE, .argument = "FORMAT",
		.choices = "text|json|markdown|junit", AT(diff_format),
		.help = "text for people, json for programs (in ns), markdown and junit for CI",
	},
	from = {
		.name = "from", .type = TK_OPTION_TEXT, .argument = "WHEN", AT(from),
		.help = "only intervals that begin from then on: 10s after the first, "
			"2026-11-30T02:00:00 (local; with Z: UTC), or @1764460000",
	},
	to = {
		.name = "to", .type = TK_OPTION_TEXT, .argument = "WHEN", AT(to),
		.help = "only intervals that begin before then",
	},
	unit = {
		.name = "unit", .type = TK_OPTION_TIME, .argument = "TIME", AT(unit_ns),
		.help = "what 1 is worth in a log that does not say it, e.g. 1us (default 1ns)",
	},
	csv = {
		.name = "csv", .type = TK_OPTION_FLAG, AT(csv),
		.help = "a heading, and a line a row; in ns",
	},
	hgrm = {
		.name = "hgrm", .type = TK_OPTION_FLAG, AT(hgrm),
		.help = "HdrHistogram's percentile distribution, for its plotters; in ms",
	},
	svg = {
		.name = "svg", .type = TK_OPTION_CHOICE, .argument = "WHAT",
		.choices = "none|curve|time", AT(svg),
		.help = "draw values by percentile, or percentiles over time",
	},
	listen_ = {
		.name = "listen", .type = TK_OPTION_TEXT, .argument = "ADDRESS:PORT", AT(listen),
		.help = "answer here, e.g. [::1]:9464 (default 127.0.0.1:9464: only this machine "
			"can reach it); port 0 is any that is free",
	},
	buckets = {
		.name = "buckets", .type = TK_OPTION_TEXTS, .argument = "PATTERN:LIMITS",
		AT(buckets),
		.help = "timers that match this shell pattern have these limits, e.g. "
			"'Seal*:50us,1ms', so that one that is promised is an exact le, or, of "
			"values, 'queue*:1,10,100'; the others have powers of two, from 128 ns or "
			"1 on",
	},
	max_series = {
		.name = "max-series", .type = TK_OPTION_COUNT, .argument = "N", AT(max_series),
		.max = 100000000,
		.help = "lines of timers in an answer at most (default 100000); a timer has 35 "
			"for a measure and 33 more for the other",
	},
	per_process = {
		.name = "per-process", .type = TK_OPTION_FLAG, AT(per_process),
		.help = "a label pid, in the place of sums over the processes of an app",
	},
	man = {
		.name = "man", .type = TK_OPTION_FLAG, AT(man),
		.help = "print the man page, in roff",
	},
	completion = {
		.name = "completion", .type = TK_OPTION_CHOICE, .argument = "SHELL",
		.choices = TK_SHELL_WORDS, AT(completion),
		.help = "print completion for this shell",
	};

/* Which segments. */
#define SEGMENTS &dir, &app, &pid

/* How a collector collects. */
#define COLLECTING &interval, &oldest, &raw, &poll, &cpus, &isolated

#define OPTIONS(...) (const struct tk_option *const[]){ __VA_ARGS__, NULL }

/* --- commands -------------------------------------------------------------------------------- */

/* A command's only caller is its row. */
tk_command_run tk_cmd_top, tk_cmd_stat, tk_cmd_ls, tk_cmd_clean, tk_cmd_enable, tk_cmd_disable;
tk_command_run tk_cmd_tsc, tk_cmd_doctor, tk_cmd_tune, tk_cmd_help, tk_cmd_record;
tk_command_run tk_cmd_diff;
tk_command_run tk_cmd_report, tk_cmd_serve;

/* In csv's order. rows.schema.json says it to programs; tests/collector/schema.sh compares. */
static const struct tk_fact stat_columns[] = {
	{ "schema", "2. It changes when a column changes its meaning; columns may be added" },
	{ "type", "timer: one measure of one timer of one process. process: one process or, with "
		  "pid 0, those of an app that were removed before anybody could read them, for "
		  "which lost is all that is known (`unread`)" },
	{ "interval", "its number, from 1 on; 0 is everything since the beginning, from "
		      "stat -- COMMAND and --until-exit. interval_ns is its length by the "
		      "monotonic clock, or that of the window or all time that a row is about; "
		      "t_ns its end by the wall clock, which is a label" },
	{ "kind", "processing: how long the work took; latency: since the message's origin; "
		  "value: numbers, which are no times" },
	{ "unit", "of the statistics: ns; of values as their program named it, or empty. Of "
		  "values jsonl names the statistics sum, p999 and so on, without _ns" },
	{ "records", "of a timer: count + set_aside + without + lost, for each measure; of a "
		     "process: delivered + lost. rate_per_s is records by interval_ns" },
	{ "count", "samples in sum, min, avg, percentiles and max, which are null (csv: empty) "
		   "where there is none, or no memory for a histogram. Their columns are sum_ns "
		   "and so on; a percentile's has two digits before where its point was: p999_ns "
		   "is p99.9, p05_ns is p5" },
	{ "set_aside", "samples in no statistic: they ended before they began, the clock changed "
		       "or the machine slept under them, or they are beyond what can be measured" },
	{ "without", "records that have no such measure, as marks" },
	{ "lost", "overwritten or dropped before they were read. Of a process: exactly what was "
		  "found in this interval. Of a timer: those known by now to have been its own" },
	{ "unsettled", "whether the process has lost records that no timer's row has yet" },
	{ "processes", "how many a row is about: 1, or more with pid 0. With --by app, segment "
		       "is empty then" },
	{ "alive", "whether the process was, when the interval ended; of several: one of them" },
	{ "delivered", "what its timers' rows have, losses apart, + unknown" },
	{ "attributed", "losses in its timers' rows of this interval; some may be of earlier "
			"ones" },
	{ "unknown", "delivered, and in no timer's row: there was no memory for one" },
	{ "refused", "never written, and not among records: their threads have no lane" },
	{ "lag", "written, and not read yet when the interval ended" },
	{ "uid", "who owns the segment; dir is the directory that it is in" },
	{ "since_start", "with --total: records of the timer that its program counted since it "
			 "began, also before stat; refused ones are not among them" },
	{ "thread", "rows of type thread and overhead, of stat --overhead: what recording cost "
		    "one thread, with its tid and lane; all of them, and how many threads" },
	{ "span_ns", "what recording one span costs: measured in a loop of nothing else when "
		     "stat began, by the stamps of the timers" },
	{ "rule", "rows of type alert, with --alert: an alert has changed. Then state is firing, ok "
		  "(again), unknown, no-data or ended; value what the rule is about, and limit its "
		  "limit, both in the unit of the column unit; kind is empty where it is "
		  "the timer's; and lost is how many lost records may have been its own" },
	{ "core_percent", "records x span_ns / interval_ns x 100: the share of a core that "
			  "recording takes" },
	{ NULL, NULL },
};

static const struct tk_command commands[] = {
	{
		.name = "top",
		.run = tk_cmd_top,
		.operands = "[-- COMMAND [ARG]...]",
		.runs = true,
		.summary = "live display of every timer (the default)",
		.text =
			"Shows the timers of all running programs, their latency, processing time "
			"and rate as they change. The man page has its keys, and so has it: press "
			"h. Watched programs cannot tell that it runs. With COMMAND it starts that "
			"program, as stat does, and shows it and all it starts. Its output goes to "
			"a file in TMPDIR or /tmp, which is named at the end, and its input is "
			"empty. The display stays when the command ends; q before that waits for "
			"it, and Ctrl-C ends both. At the end come the totals of every timer, and "
			"the exit code is the command's. With --replay it plays a recording as if "
			"its programs ran now, with the same keys; Space stops it. Intervals are "
			"as they were recorded, and gaps pass as quiet time. At the end the last "
			"picture stays. What is damaged is passed over: a line at the end says "
			"what and where, and the exit code is 1.",
		.examples = {
			{ "timekeeper", "watch everything" },
			{ "timekeeper top -- ./hello", "start a program, and watch it" },
			{ "timekeeper top --app gateway", "only this app" },
			{ "timekeeper top --replay run.hlog --speed 10",
			  "play a recording, ten times as fast" },
		},
		.options = OPTIONS(SEGMENTS, COLLECTING, &history, &charset, &no_color, &replay,
			&speed, &from, &unit),
	},
	{
		.name = "stat",
		.run = tk_cmd_stat,
		.operands = "[-- COMMAND [ARG]...]",
		.runs = true,
		.summary = "statistics per interval, or of a command, as table, JSON lines or CSV",
		.text =
			"Prints, for each interval, a row for each measure of each timer that had "
			"a record, and a row for each process; every record is in a column. "
			"Percentiles come from histograms of every record. Losses and notes also "
			"go to standard error. jsonl and csv have all columns; the table leaves "
			"columns out where it is narrow, has only those processes of which records "
			"were lost, refused or unknown, and marks a PID with + when it has ended. "
			"In the table, what stands left of KIND is the timer's, and the same in "
			"both of its rows; what stands right of it is of that row's measure alone. "
			"It tells a percentile where samples came for one beyond it: 2 for P50, 10 "
			"for P90, 100 for P99 and so on. No name is cut: one too long for the "
			"terminal has a line of its own, and rows of one name that no column tells "
			"apart have their PID or app in brackets. Wall-clock changes affect no "
			"column but t_ns. --by app, --window and --total make rows of more than a "
			"process and an interval: their percentiles are those of all samples "
			"together, and two clocks are one in ns. --overhead has threads in the "
			"place of timers, and what recording costs them. "
			"--alert says on standard error when a limit is passed, and makes the exit "
			"code 8, unless COMMAND's is another than 0. While records are lost, it "
			"fires only if the limit is passed whatever they were, else it says that "
			"nobody knows. "
			"With COMMAND it starts that program as perf stat does, collects from it "
			"and all it starts, and prints the totals of every timer when it ends, to "
			"standard error or --output: its standard output is the command's, signals "
			"are sent on to it, and the exit code is the command's (128 + signal; 126: "
			"cannot be run, 127: not found). With --interval it prints the intervals, "
			"too. What the command leaves running goes on, unseen. "
			"--until-exit prints such totals of what runs already.",
		.columns = stat_columns,
		.examples = {
			{ "timekeeper stat", "a table once a second" },
			{ "timekeeper stat -- ./hello", "start a program; totals when it ends" },
			{ "timekeeper stat --by app --window 10s --stats p50,p99.95 --sort p99.95",
			  "all workers of an app as one, over the last ten seconds" },
			{ "timekeeper stat --alert '*:p99.9>50us for 3s' --on-alert ./page",
			  "run a program when a timer is too slow for three seconds" },
			{ "timekeeper stat --once --oldest --pid 4242",
			  "the last records of a process that died" },
		},
		.options = OPTIONS(SEGMENTS, &timer, &format, &output, &count, &once, &until_exit,
			&by, &stats, &sort, &window, &total, &idle, &overhead, &alert, &alert_exit,
			&on_alert, &alert_arg, &alert_timeout, &alert_cooldown, &alert_as_root,
			COLLECTING),
	},
	{
		.name = "record",
		.run = tk_cmd_record,
		.operands = "[-- COMMAND [ARG]...]",
		.runs = true,
		.summary = "write every interval to a file that other tools read, too",
		.text =
			"Writes an HdrHistogram interval log: a line for each measure of each "
			"timer that had samples in an interval, with all of them in a histogram. "
			"Tools for such logs, in any language, read it as it is. Values are in "
			"picoseconds, and off by at most 0.44 % + 0.5 ps; a tag is "
			"app/timer/measure, percent-encoded. Comments have the exact bounds of "
			"intervals, what was lost, labels, clock and machine. A line is written "
			"at once and whole: if the recorder is killed, at most the interval that "
			"is open is lost. If the disk is full, it says so, goes on when there is "
			"room, and says then what is missing. A second recorder to the same file "
			"is refused. With COMMAND it starts that program, as stat does, records it "
			"and all it starts until it ends, and exits with its exit code.",
		.examples = {
			{ "timekeeper record -o run.hlog --duration 60s --label commit=abc",
			  "a minute, an interval a second" },
			{ "timekeeper record -o day.hlog --interval 10s --rotate-time 3600s",
			  "until it is stopped, a file an hour" },
			{ "timekeeper record -o new.hlog --runs 5 -- ./server --selftest",
			  "five runs, to new-1.hlog to new-5.hlog, for diff" },
		},
		.options = OPTIONS(SEGMENTS, &timer, &output, &interval, &duration, &runs, &label,
			&rotate_size, &rotate_time, &fsync_, &replace, &oldest, &raw, &poll,
			&cpus, &isolated),
	},
	{
		.name = "diff",
		.run = tk_cmd_diff,
		.operands = "",
		.summary = "did it become better or worse? compare recordings",
		.text =
			"Compares recordings of two sides (of record, or other HdrHistogram "
			"logs), timer by timer and percentile by percentile: the shift with "
			"its 95 % interval, and a verdict. With one recording a side, the "
			"verdict is \"differs\", and is about these two recordings only: two "
			"runs of the same program often differ. With 5 or more a side it is "
			"\"better\" or \"worse\", by a test over runs, and the probability "
			"that any verdict is false, among all timers and percentiles, is at "
			"most 3 %. FINDS is the smallest shift that would have been found 4 "
			"times in 5. Timers that lost records, and those of one side only, "
			"are named. --fail-if holds only for shifts that have a verdict; "
			"where there is too little data for any, it is an error. "
			"docs/compare.md has a recipe for CI.",
		.examples = {
			{ "timekeeper diff --base a.hlog --new b.hlog",
			  "do these two recordings differ?" },
			{ "timekeeper diff --base a1.hlog,a2.hlog,... --new b1.hlog,b2.hlog,... "
			  "--fail-if '*:p99>+5%'",
			  "did any timer's p99 become worse by more than 5 %?" },
		},
		.options = OPTIONS(&base, &new, &timer, &percentiles, &min_effect, &min_runs,
			&fail_if, &diff_format),
	},
	{
		.name = "report",
		.run = tk_cmd_report,
		.operands = "FILE...",
		.min_operands = 1,
		.max_operands = INT_MAX,
		.summary = "percentiles from what record, or another program, wrote",
		.text =
			"Reads HdrHistogram interval logs, of encoding V0, V1 and V2, adds up all "
			"of their intervals, and prints a row for each measure of each timer, with "
			"the records that it lost beside it; - is standard input. Percentiles are "
			"those of all samples. In the table, one stands where samples came for one "
			"beyond it: from 100 for P99 on. In a log of another program a tag is the "
			"name of a timer. What is damaged is passed over: a line says what and "
			"where, the rest is used, and the exit code is 1.",
		.examples = {
			{ "timekeeper report run.hlog", "all of it" },
			{ "timekeeper report --timer 'Seal*' --from 10s --to 20s --stats p50,p99.9 "
			  "run.hlog",
			  "ten seconds of some timers" },
			{ "timekeeper report --svg time run.hlog > run.svg", "how it went" },
		},
		.options = OPTIONS(&app, &timer, &from, &to, &stats, &unit, &json, &csv, &hgrm,
			&svg),
	},
	{
		.name = "serve",
		.run = tk_cmd_serve,
		.operands = "",
		.summary = "metrics for Prometheus, over HTTP, until it is stopped",
		.text =
			"Answers GET /metrics in Prometheus' text format 0.0.4, or in OpenMetrics "
			"where the Accept header prefers it, with gzip where that is accepted; "
			"/healthz says whether it collects. Each timer of an app has a histogram "
			"in seconds of each measure, over all processes of the app, and counters "
			"of records, losses and samples set aside; each app has its lag and "
			"losses; the collector has gaps, clock and memory. Counters never step "
			"back while it runs. A scrape costs watched programs and the collecting "
			"thread nothing. docs/metrics.md names them all, docs/prometheus.md has "
			"rules, alerts and a dashboard, and shows how to put TLS before it. It "
			"ends with 0 at SIGTERM.",
		.examples = {
			{ "timekeeper serve", "on 127.0.0.1:9464" },
			{ "timekeeper serve --listen '[::1]:9464' --app gateway", "of one app" },
			{ "timekeeper serve --buckets 'Seal*:50us,1ms' --buckets 'Exec*:1ms,5ms'",
			  "limits that are promised" },
		},
		.options = OPTIONS(SEGMENTS, &timer, &listen_, &buckets, &max_series, &per_process,
			COLLECTING),
	},
	{
		.name = "ls",
		.run = tk_cmd_ls,
		.operands = "",
		.summary = "segments, their lanes and memory, and whether their owners live",
		.text =
			"Lists the shared memory of each watched process: state of the owner, "
			"lanes with the thread that writes them, slots, the kind of memory they "
			"got, and records written; and the share of a core that recording has "
			"taken since the program began, on the average. With --placement instead: "
			"the NUMA node that was asked for each lane, where it lies now, its "
			"pages' size, the cpu and node of its producer, and the collectors' "
			"threads that drain it. --json has both.",
		.examples = {
			{ "timekeeper ls", "everything there is" },
			{ "timekeeper ls --placement",
			  "is each lane beside those who write and read it?" },
			{ "timekeeper ls --json", "the same, for a program to read" },
		},
		.options = OPTIONS(SEGMENTS, &json, &placement),
	},
	{
		.name = "clean",
		.run = tk_cmd_clean,
		.operands = "",
		.summary = "remove the segments of dead processes",
		.text =
			"Lists what dead processes left behind, and removes it with --force. "
			"Segments whose owner may live are left alone. Whoever still reads a "
			"removed one keeps it. Also removes the directories of commands (.run.*) "
			"whose timekeeper was killed.",
		.examples = {
			{ "timekeeper clean", "show what would be removed" },
			{ "timekeeper clean --force", "remove it" },
		},
		.options = OPTIONS(SEGMENTS, &force),
	},
	{
		.name = "enable",
		.run = tk_cmd_enable,
		.operands = "PATTERN",
		.min_operands = 1,
		.max_operands = 1,
		.summary = "record these timers again",
		.text =
			"Switches timers on in running programs, by name; shell patterns are "
			"understood.",
		.examples = {
			{ "timekeeper enable 'Sequencer-*'", "all timers of that prefix" },
		},
		.options = OPTIONS(SEGMENTS),
	},
	{
		.name = "disable",
		.run = tk_cmd_disable,
		.operands = "PATTERN",
		.min_operands = 1,
		.max_operands = 1,
		.summary = "stop recording these timers",
		.text =
			"Switches timers off in running programs, by name; shell patterns are "
			"understood. A disabled timer costs about a cycle.",
		.examples = {
			{ "timekeeper disable '*' --app gateway", "everything of one app" },
		},
		.options = OPTIONS(SEGMENTS),
	},
	{
		.name = "tsc",
		.run = tk_cmd_tsc,
		.operands = "",
		.summary = "is this machine's time stamp counter worth reading?",
		.text =
			"Shows every check of the counter with its source, its frequency with "
			"bounds, and, if asked, the offsets between cores. Also by how many ticks "
			"spans read longer than their work, from the least to the most that was "
			"measured with known work on the cpu it names, for ordered, fast and "
			"fenced stamps; and how many of them collectors would subtract: the "
			"least, and nothing from fast spans, whose stamps move into the work.",
		.examples = {
			{ "timekeeper tsc", "checks and frequency" },
			{ "timekeeper tsc --offsets --json",
			  "measure the cores against each other, too" },
		},
		.options = OPTIONS(&json, &offsets),
	},
	{
		.name = "doctor",
		.run = tk_cmd_doctor,
		.operands = "",
		.summary = "is this machine, and one cpu of it, fit to measure on?",
		.text =
			"Checks the counter and what else may disturb one cpu: isolation, ticks, "
			"interrupts, other threads, power, memory, the kernel's housekeeping, "
			"load. Each check has a value, a verdict (ok, warn, fail, unknown), why "
			"it matters, and what mends it. With --seconds it also spins on the cpu "
			"and shows what took it away meanwhile; two seconds or more tell ticks "
			"from chance, and without it these two checks are left out. Without --cpu "
			"it takes the first isolated cpu, or else the last one. The exit code is "
			"the worst verdict: fail 1, warn 5, unknown 6, ok 0.",
		.examples = {
			{ "timekeeper doctor", "everything that takes no time" },
			{ "timekeeper doctor --cpu 3 --seconds 5",
			  "measure what interrupts cpu 3, too" },
			{ "timekeeper doctor --cpu 3 --fix-script > fix.sh",
			  "what would mend it, to read and run" },
		},
		.options = OPTIONS(&one_cpu, &json, &seconds, &fix_script, &root),
	},
	{
		.name = "tune",
		.run = tk_cmd_tune,
		.operands = "",
		.summary = "which ring size loses nothing, and which stall a size survives",
		.text =
			"Answers with the smallest power of two of slots that loses nothing. Of "
			"running programs, it measures how bursty each lane is and how long a "
			"reader on this machine is away, and wants twice that. Of a load that is "
			"described by --rate, and stalls by --stall or --stalls, it simulates "
			"every record, and proves a bound beside it. --verify puts the answer to "
			"the test: a producer with that load, a collector that is stopped for "
			"that long, at the size and at half of it. --slots asks the other way "
			"round.",
		.examples = {
			{ "timekeeper tune --app gateway",
			  "measure a running program for ten seconds" },
			{ "timekeeper tune --rate 2M --burst 500 --stall 5ms",
			  "a load that does not run yet" },
			{ "timekeeper tune --rate 1M --stall 20ms --verify",
			  "the same with processes, to prove it" },
			{ "timekeeper tune --rate 1M --slots 65536",
			  "which stall does this size survive?" },
		},
		.options = OPTIONS(SEGMENTS, &poll, &one_cpu, &json, &seconds, &rate, &burst,
			&burst_rate, &stall, &stalls, &drain, &slots, &verify, &plot),
	},
	{
		.name = "help",
		.run = tk_cmd_help,
		.operands = "[COMMAND]",
		.min_operands = 0,
		.max_operands = 1,
		.summary = "help, the man page, shell completion",
		.text =
			"Shows help on the program or one of its commands. Man page and "
			"completion are made from the same table.",
		.examples = {
			{ "timekeeper help stat", "help on stat" },
			{ "timekeeper help --completion bash > /etc/bash_completion.d/timekeeper",
			  "install completion" },
		},
		.options = OPTIONS(&man, &completion),
	},
	{ .name = NULL },
};

// clang-format on

static const struct tk_fact *keys(void)
{
	static struct tk_fact facts[TK_KEYS_MAX + 1];
	size_t n;
	const struct tk_key *k = tk_keys(&n);

	for (size_t i = 0; i < n; i++)
		facts[i] = (struct tk_fact){ k[i].keys, k[i].help };
	return facts;
}

static const struct tk_fact words[] = {
	{ "processing", "how long the work took: from a span's start to its stop" },
	{ "latency", "how long ago the message entered the system: from its origin" },
	{ "lost", "records that were overwritten or dropped before this reader read them" },
	{ "lag", "records in the lanes that this reader has not read yet" },
	{ "gap", "the longest time that a drainer was away from its lanes; records that come "
		 "meanwhile must find room in the lane, or are lost" },
	{ "set aside", "samples in no statistic: they ended before they began (the display says "
		       "below zero), or the clock changed under them" },
	{ "never recorded",
	  "timers without a sample, which n lists in the display: only while fewer than 32,768 "
	  "timers live; beyond that, a timer is listed from its first record on" },
	{ "35s ago", "in the overview: no sample came in the last 10 s, and the p99 is that of the "
		     "last interval that had one" },
	{ "p99, last 20 s",
	  "in the overview, on wide screens: a bar a second, as high as its p99 of processing or "
	  "latency, the larger; in seven steps from the row's least value to its largest, or to "
	  "eight times the least" },
	{ "\u00d76 \u20202", "in the overview, behind a name: six processes of one app and user, "
			     "and two that have ended, in one row, which Enter unfolds" },
	{ "\u2020", "in the display: the process has ended, and its timers stay. stat has a +" },
	{ NULL, NULL },
};

static const struct tk_fact files[] = {
	{ "/dev/shm/timekeeper-UID/",
	  "segments of that user's processes, where TIMEKEEPER_DIR names "
	  "no other directory; root sees those of every user" },
	{ "APP.PID.XXXXXXXX/",
	  "in it, a segment: the shared memory of one process. It goes when the "
	  "process ends, and stays when it is killed, until clean" },
	{ ".run.PID.XXXXXX/",
	  "in it, where a command records that timekeeper PID has started; it goes when the "
	  "command ends, and stays when timekeeper is killed, until clean" },
	{ "collectors", "in it, what tells programs that a collector is present" },
	{ NULL, NULL },
};

static const struct tk_fact environment[] = {
	{ "TIMEKEEPER_DIR", "where segments are, for watched programs and for this one" },
	{ "TIMEKEEPER_CLOCK", "of a watched program: monotonic stamps with the system's clock" },
	{ "TIMEKEEPER_KEEP", "of a watched program: 1 leaves its segment when it ends, to be read "
			     "by --oldest and removed by clean" },
	{ "TIMEKEEPER_FORCE", "of a watched program: tcg records under QEMU TCG, where stores may "
			      "tear" },
	{ "TMPDIR", "where top -- COMMAND puts the file that has the command's output" },
	{ "NO_COLOR", "if not empty, the display uses no colours" },
	{ "COLUMNS",
	  "how wide the table of stat is; else as the terminal, and in a file as it takes" },
	{ "TERM, LANG",
	  "LC_ALL and LC_CTYPE, too: what the display may draw with; --charset decides" },
	{ NULL, NULL },
};

static const struct tk_fact exit_codes[] = {
	{ "0", "fine" },
	{ "1", "failed; a line on standard error says why. doctor: a check failed" },
	{ "2", "the command line was not understood, or no timer matches the pattern" },
	{ "3", "nothing to show" },
	{ "4", "only segments of another format version" },
	{ "5", "doctor: nothing failed, but there are warnings" },
	{ "6", "doctor: neither, but something could not be checked" },
	{ "7", "diff: what --fail-if says holds" },
	{ "8", "stat: an alert fired (--alert)" },
	{ NULL, NULL },
};

const struct tk_program tk_program = {
	.about = "Shows the latency of running programs that are instrumented with libtimekeeper. "
		 "It reads their shared memory and cannot disturb them: start it, stop it, kill "
		 "it, or run several at once.",
	.commands = commands,
	.words = words,
	.keys = keys,
	.files = files,
	.environment = environment,
	.exit_codes = exit_codes,
};
