/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/table.c - the program `timekeeper`, described: its commands.
 *
 * To add a command, write its function, a tk_command_run, in a file of its own in this folder;
 * declare the function and add its row here; name the file in meson.build. Its options are in
 * tables/options.c. --help and --version are not listed: every command takes them.
 */
#include <limits.h>

#include "collector/cli/shells/shells.h"
#include "collector/commands/commands.h"
#include "collector/commands/tables/facts.h"
#include "collector/commands/tables/options.h"
#include "collector/display/keys.h"

/* clang-format would put each field on a line of its own, and break the text where it likes. */
// clang-format off

/* An option, in the lists of those that take it. */
#define O(name) &tk_options.name

/* Which segments. */
#define SEGMENTS O(dir), O(app), O(pid)

/* How a collector collects. */
#define COLLECTING O(interval), O(oldest), O(raw), O(poll), O(cpus), O(isolated)

#define OPTIONS(...) (const struct tk_option *const[]){ __VA_ARGS__, NULL }

/* --- commands -------------------------------------------------------------------------------- */

/* A command's only caller is its row. */
tk_command_run tk_cmd_top, tk_cmd_stat, tk_cmd_ls, tk_cmd_clean, tk_cmd_enable, tk_cmd_disable;
tk_command_run tk_cmd_tsc, tk_cmd_doctor, tk_cmd_tune, tk_cmd_help, tk_cmd_record;
tk_command_run tk_cmd_diff;
tk_command_run tk_cmd_report, tk_cmd_serve;

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
		.options = OPTIONS(SEGMENTS, COLLECTING, O(history), O(charset), O(no_color),
			O(replay), O(speed), O(from), O(unit)),
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
		.columns = tk_facts_columns,
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
		.options = OPTIONS(SEGMENTS, O(timer), O(format), O(output), O(count), O(once),
			O(until_exit), O(by), O(stats), O(sort), O(window), O(total), O(idle),
			O(overhead), O(alert), O(alert_exit), O(on_alert), O(alert_arg),
			O(alert_timeout), O(alert_cooldown), O(alert_as_root), COLLECTING),
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
		.options = OPTIONS(SEGMENTS, O(timer), O(output), O(interval), O(duration),
			O(runs), O(label), O(rotate_size), O(rotate_time), O(fsync_), O(replace),
			O(oldest), O(raw), O(poll), O(cpus), O(isolated)),
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
		.options = OPTIONS(O(base), O(new), O(timer), O(percentiles), O(min_effect),
			O(min_runs), O(fail_if), O(diff_format)),
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
		.options = OPTIONS(O(app), O(timer), O(from), O(to), O(stats), O(unit), O(json),
			O(csv), O(hgrm), O(svg)),
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
		.options = OPTIONS(SEGMENTS, O(timer), O(listen_), O(buckets), O(max_series),
			O(per_process), COLLECTING),
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
		.options = OPTIONS(SEGMENTS, O(json), O(placement)),
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
		.options = OPTIONS(SEGMENTS, O(force)),
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
		.options = OPTIONS(O(json), O(offsets)),
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
		.options = OPTIONS(O(one_cpu), O(json), O(seconds), O(fix_script), O(root)),
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
		.options = OPTIONS(SEGMENTS, O(poll), O(one_cpu), O(json), O(seconds), O(rate),
			O(burst), O(burst_rate), O(stall), O(stalls), O(drain), O(slots),
			O(verify), O(plot)),
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
		.options = OPTIONS(O(man), O(completion)),
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

const struct tk_program tk_program = {
	.about = "Shows the latency of running programs that are instrumented with libtimekeeper. "
		 "It reads their shared memory and cannot disturb them: start it, stop it, kill "
		 "it, or run several at once.",
	.commands = commands,
	.words = tk_facts_words,
	.keys = keys,
	.files = tk_facts_files,
	.environment = tk_facts_environment,
	.exit_codes = tk_facts_exit_codes,
};
