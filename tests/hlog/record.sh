#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper record` from outside: what is in its file, and what becomes of it when something is in
# its way. Environment: TIMEKEEPER, WATCHED, KNOWN, LOGS (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
log=$scratch/run.hlog

# expect CODE ARGUMENTS...: record, check what it exits with.
expect() {
	local code=$1 got
	shift
	timeout -k 5 60 "$TIMEKEEPER" record "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "record $*: exit $got, not $code"
}

# wait_for WHAT: until the command succeeds.
wait_for() {
	for ((i = 0; i < 600; i++)); do "$@" && return; sleep 0.1; done
	fail "not within a minute: $*"
}

# begin ARGUMENTS...: record in the background, until its file has a header.
begin() {
	rm -f "$log" "$log".*
	"$TIMEKEEPER" record -o "$log" --force "$@" >"$out" 2>"$err" &
	recorder=$!
	pids+=("$recorder")
	wait_for grep -qs '^"StartTimestamp"' "$log"
}

# end CODE [SIGNAL]
end() {
	kill -"${2:-TERM}" "$recorder"
	wait "$recorder"
	local got=$?
	[ "$got" = "$1" ] || fail "the recorder: exit $got, not $1"
}

# Samples of a measure in logs, and what is lost of timers.
samples() {
	for file in "${@:2}"; do "$LOGS" read "$file" || fail "cannot be read: $file"; done |
		awk -v measure="/$1\$" '/^histogram/ && $2 ~ measure { n += $5 }
			END { print n + 0 }'
}
lost() {
	awk -F '[= \\]]' '/^#\[Timekeeper lost: .* timer=/ { n += $(NF - 1) }
		END { print n + 0 }' "$@"
}
lines() { [ "$(grep -c '^Tag=' "$log")" -gt "$1" ]; }
accounted() { [ $(($(samples processing "$log") + $(lost "$log"))) = "$1" ]; }

# --- the command line
expect 2
said 'usage: timekeeper record .*--output FILE says where to'
for bad in novalue =x; do
	expect 2 -o "$log" --label "$bad"
	said "label takes NAME=VALUE, not $bad"
done
expect 2 -o "$log" --duration soon
[ ! -e "$log" ] || fail 'a usage line made a file'
expect 1 -o /nonexistent/x
said '^timekeeper: /nonexistent/x: No such file or directory$'
expect 1 -o "$scratch"
said ': Is a directory$'
expect 1 -o /dev/full
said '^timekeeper: /dev/full: No space left on device$'
expect 3 -o "$log" --duration 10ms --interval 10ms
said 'no samples came meanwhile'

# --- a program whose statistics are known: spans of 1 to 10,007 ns, each once
start "$KNOWN" monotonic
echo something >"$log"
expect 1 -o "$log" --oldest
said 'it holds something already; name another file, or replace it with --force'
begin --oldest --label commit=abc --label 'a b=c, d]'
wait_for lines 7
end 0
said ': 8 lines with 40032 samples; 0 records were lost$'
grep -qx '#\[Timekeeper label: commit=abc\]' "$log" || fail 'no label'
grep -qx '#\[Timekeeper label: a%20b=c%2C%20d%5D\]' "$log" || fail 'no second label'
grep -q '^#\[Timekeeper machine: host=.* cpus=' "$log" || fail 'nothing of the machine'
"$LOGS" read "$log" >"$out" || fail 'cannot be read'
printed '^histogram known/na%C3%AFve-%CF%80/processing [0-9]* [0-9]* 1 7003 '
# In ps, and by the largest value of each bucket: within 0.44 % and what a bucket holds.
awk '/^histogram/ { on = $2 == "known/spans/processing"; next }
	on { seen += $2; at = seen * 1000; off = $1 - at; if (off < 0) off = -off
	     if (off > at * 0.0088 + 1) { print "sample " seen " at " $1; wrong = 1 } }
	END { exit wrong || seen != 10007 }' "$out" || fail 'spans'
begin --oldest --timer 'na*'
wait_for lines 0
end 0
said ': 1 lines with 1 samples; 0 records were lost$'
end_all
rm -rf "$TIMEKEEPER_DIR"/*

# --- every record is in the log, or in what it says is lost; a second recorder is refused
# The header is there before it has looked for programs: --oldest reads who came before that, too.
begin --interval 50ms --oldest
start "$WATCHED" many 7 30000 die
expect 1 -o "$log" --force
said 'another recorder writes it; stop that one, or name another file'
wait_for accounted 30000
end 0
accounted 30000 || fail 'not all of 30000'
echo "30000 = $(samples processing "$log") + $(lost "$log")"
[ "$(samples latency "$log")" = "$(samples processing "$log")" ] ||
	fail 'another number of latencies'
# Intervals follow one another, and say so to the nanosecond.
awk -F '[= \\].]' '/^#\[Timekeeper interval: / {
	print $(NF - 5) $(NF - 4), $(NF - 2) $(NF - 1) }' "$log" >"$out"
[ -s "$out" ] && while read -r at length; do
	[ "$at" -ge "${next:-0}" ] || fail "an interval at $at, before $next"
	next=$((at + 10#$length))
done <"$out"
end_all
rm -rf "$TIMEKEEPER_DIR"/*

# --- a command, however short: all of it, its output, its exit code; and several runs of it
rm -f "$scratch"/run*
expect 0 -o "$log" -- "$WATCHED" short 2 500 close
printed '^done$'
said ': 4 lines with 1000 samples; 0 records were lost$'
grep -q '^#\[Timekeeper command: 0=.*watched 1=short 2=2 3=500 4=close\]$' "$log" ||
	fail 'no command'
expect 0 -o "$log" --runs 3 --force -- "$WATCHED" short 1 100 close
for run in 1 2 3; do
	[ "$(samples latency "$scratch/run-$run.hlog")" = 100 ] || fail "run $run"
done
expect 3 -o "$log" --runs 3 --force -- sh -c 'exit 3'
said 'run 1 of 3 ended with exit code 3: no further run is made'
expect 127 -o "$log" --force -- "$scratch/nosuch"
said 'cannot run .*nosuch: not found'
expect 143 -o "$log" --force -- sh -c 'kill $$'
expect 2 -o "$log" --runs 3
expect 2 -o "$log" --duration 1s -- true
[ "$(find "$TIMEKEEPER_DIR" -name '.run*' | wc -l)" = 0 ] || fail 'a directory is left'

# --- killed at any time, the file has whole lines
start "$WATCHED" linger 20 1 linger
for ((round = 1; round <= 5; round++)); do
	begin --interval 10ms
	wait_for lines $((round * 50))
	end 137 KILL 2>/dev/null
	[ "$(tail -c 1 "$log" | od -An -c | tr -d ' ')" = '\n' ] || fail 'a line is not whole'
	samples processing "$log" >/dev/null
done

# --- rotation: nothing is lost between files, and each has a header
begin --interval 10ms --rotate-size 8K --label x=1
wait_for [ -e "$log.3" ]
end 0
for file in "$log".* "$log"; do
	grep -q 'label: x=1' "$file" && grep -q '^#\[BaseTime: ' "$file" || fail "no header: $file"
	[ "$(stat -c %s "$file")" -lt 65536 ] || fail "not rotated: $file"
done
[ "$(samples processing "$log" "$log".*)" = "$(samples latency "$log" "$log".*)" ] ||
	fail 'rotated'
begin --interval 10ms --rotate-time 100ms
wait_for [ -e "$log.2" ]
end 0

# --- no room: said once; when there is room again the log says what is missing
begin --interval 10ms
wait_for lines 10
prlimit --pid "$recorder" --fsize=$(($(stat -c %s "$log") + 5000)):unlimited
wait_for grep -qs 'File too large: intervals from now on are not recorded' "$err"
prlimit --pid "$recorder" --fsize=unlimited
wait_for grep -qs 'there is room again: [0-9]* lines with [0-9]* samples' "$err"
end 1
grep -q '^#\[Timekeeper missed: .* why=File%20too%20large\]$' "$log" || fail 'not in the log'
samples processing "$log" >/dev/null
[ "$(grep -c 'not recorded' "$err")" = 1 ] || fail 'not said once'
begin --interval 10ms
prlimit --pid "$recorder" --fsize=$(($(stat -c %s "$log") + 5000)):unlimited
wait_for grep -qs 'not recorded' "$err"
end 1
said 'the disk is still full: '
samples processing "$log" >/dev/null

exit $failed
