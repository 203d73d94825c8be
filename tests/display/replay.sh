#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper top --replay` on what `timekeeper record` makes: what it refuses, here; what it shows,
# by replay.c. Environment: TIMEKEEPER, KNOWN, WATCHED, REPLAY (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
log=$scratch/run.hlog

# expect CODE ARGUMENTS...: top, without a terminal.
expect() {
	local code=$1 got
	shift
	timeout -k 5 60 "$TIMEKEEPER" top "$@" >"$out" 2>"$err" </dev/null
	got=$?
	[ "$got" = "$code" ] || fail "top $*: exit $got, not $code"
	[ "$(wc -l <"$err")" = 1 ] || fail "top $*: not one line"
}

# --- what makes no sense
for option in --dir=/tmp --pid=1 --interval=1s --oldest --raw --poll=spin --cpu=0; do
	expect 2 --replay "$log" "$option"
	said "${option%=*} is for programs that run"
done
expect 2 --replay "$log" -- true
said 'a COMMAND is for programs that run'
expect 2 --speed 2
said '\--speed is for --replay'
expect 2 --unit 1us
expect 2 --from 1s
expect 2 --replay "$log" --from soon
said '\--from takes 10s, .* not soon'
for speed in 0 -1 nan x 1y 1e9; do
	expect 2 --replay "$log" --speed "$speed"
	said 'a number from 0.01 to 1000000'
done
expect 2 --replay -
said 'standard input has the keys'
expect 1 --replay "$log" --speed 10x
said 'no terminal: use `timekeeper report`'

# --- a recording: of known percentiles first, and of a program that goes on
start "$KNOWN" monotonic
start "$WATCHED" going 3 1000 linger
"$TIMEKEEPER" record -o "$log" --oldest --interval 100ms --label commit=abc >"$out" 2>"$err" &
recorder=$!
pids+=("$recorder")
for ((i = 0; i < 600; i++)); do
	grep -qs '^Tag=known/spans/' "$log" &&
		[ "$(grep -c '^Tag=going/timer-00/proc' "$log")" -ge 20 ] && break
	sleep 0.1
done
kill "$recorder"
wait "$recorder" || fail 'the recorder failed'

# Its last line is cut, and one in its middle is spoiled.
damaged=$scratch/damaged.hlog
awk '/^Tag=going/ && ++n == 10 { $0 = substr($0, 1, 60) "!" } { print }' "$log" >"$damaged"
truncate -s -20 "$damaged"

# --- what cannot be played
# on_terminal CODE ARGUMENTS...
on_terminal() {
	local code=$1
	shift
	TERM=xterm SHELL=/bin/sh timeout -k 5 60 script -qec "exec $TIMEKEEPER top $*" /dev/null \
		>"$out" 2>"$err" </dev/null
	local got=$?
	[ "$got" = "$code" ] || fail "top $* on a terminal: exit $got, not $code"
}
on_terminal 1 --replay "$scratch/nothing"
printed 'nothing: No such file or directory'
on_terminal 1 --replay "$scratch"
printed ': Is a directory'
echo 'no log' >"$scratch/text"
on_terminal 1 --replay "$scratch/text"
printed 'text:1: '
on_terminal 3 --replay /dev/null
printed 'there are no samples in it'
on_terminal 3 --replay "$log" --app nosuch
printed 'no samples in it that --app and --from let through'
on_terminal 3 --replay "$log" --from 999s

# Spans of 1 to 10,007 ns, each once: ranks 5,004 and 9,907 are in buckets of 32 and 64 ns, whose
# middles are 5,007.5 and 9,887.5.
"$REPLAY" "$TIMEKEEPER" "$log" "$damaged" 5.01µs 9.89µs timer-02 ||
	fail 'on a pseudo-terminal'
exit $failed
