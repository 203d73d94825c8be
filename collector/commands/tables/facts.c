/* SPDX-License-Identifier: MIT */
/* What the help says besides commands and options. See facts.h. */
#include "collector/commands/tables/facts.h"

/* In csv's order. rows.schema.json says it to programs; tests/collector/schema.sh compares. */
const struct tk_fact tk_facts_columns[] = {
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
	{ "rule",
	  "rows of type alert, with --alert: an alert has changed. Then state is firing, ok "
	  "(again), unknown, no-data or ended; value what the rule is about, and limit its "
	  "limit, both in the unit of the column unit; kind is empty where it is "
	  "the timer's; and lost is how many lost records may have been its own" },
	{ "core_percent", "records x span_ns / interval_ns x 100: the share of a core that "
			  "recording takes" },
	{ NULL, NULL },
};

const struct tk_fact tk_facts_words[] = {
	{ "processing", "how long the work took: from a span's start to its stop" },
	{ "latency", "how long ago the message entered the system: from its origin" },
	{ "lost", "records that were overwritten or dropped before this reader read them" },
	{ "lag", "records in the lanes that this reader has not read yet" },
	{ "gap", "the longest time that a drainer was away from its lanes; records that come "
		 "meanwhile must find room in the lane, or are lost" },
	{ "value", "a number that is no time, as bytes or the length of a queue, in the unit that "
		   "its program named" },
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

const struct tk_fact tk_facts_files[] = {
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

const struct tk_fact tk_facts_environment[] = {
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

const struct tk_fact tk_facts_exit_codes[] = {
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
