#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# While a user of the same uid does all the harm he can to the segments in his directory
# (mutator.c), every command runs on it, the display too: none crashes, hangs, fills the memory,
# follows a link or a name out of the directory, or prints what is not text; and a healthy neighbour
# is read exactly. mutator.sh SECONDS KB [SEED]: for so long, peak memory below so much.
# Environment: TIMEKEEPER, MUTATOR, WATCHED, MISCHIEF (programs).
set -uo pipefail
export LC_ALL=C.UTF-8 TERM=xterm-256color
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"
seconds=$1 bound_kb=$2 seed=${3:-20261122}
export BAIT=$scratch/bait
echo bait >"$BAIT"
healthy_runs=0

no_control() {
	LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$@" &&
		fail "control characters in $*"
}

# Peak memory of process $1, in KB.
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0; }

# must_end PID NAME: within its deadline; a sanitizer's or a crash's exit code is none of ours.
must_end() {
	local code
	for ((i = 0; i < 3000; i++)); do kill -0 "$1" 2>/dev/null || break; sleep .01; done
	kill -0 "$1" 2>/dev/null && { fail "$2 does not end"; kill -9 "$1"; }
	wait "$1"
	code=$?
	[ $code -le 4 ] || fail "$2 ended with $code"
}

"$MISCHIEF" watch "$BAIT" >"$scratch/seen" &
pids+=($!)
until grep -q ready "$scratch/seen"; do sleep .01; done

# Two that watch all the time: one for programs to read, and the display.
"$TIMEKEEPER" stat --oldest --format jsonl --interval 50ms >"$scratch/jsonl" \
	2>"$scratch/jsonl.err" &
reader=$!
pids+=($reader)
mkfifo "$scratch/keys"
script -qec "stty rows 40 cols 120; exec $TIMEKEEPER top --interval 50ms" "$scratch/screen" \
	<"$scratch/keys" >/dev/null &
display=$!
pids+=($display)
exec 5>"$scratch/keys"
until pgrep -P $display >/dev/null; do sleep .01; done
top=$(pgrep -P $display | head -1)

"$MUTATOR" "$seconds" "$seed" >"$scratch/mutator" 2>&1 &
mutator=$!
pids+=($mutator)
trap '' PIPE # the display's end is found out below

# What somebody does who looks, again and again, until the harm is over.
commands=('ls --json' 'ls' 'stat --once --interval 100ms' 'clean' 'clean --force'
	'disable harm*' 'enable harm*'
	'tune --seconds 1' 'stat --count 3 --interval 10ms --oldest --format csv')
while kill -0 $mutator 2>/dev/null; do
	for command in "${commands[@]}"; do
		set -f
		timeout -k 5 60 "$TIMEKEEPER" $command >"$out" 2>"$err"
		code=$?
		set +f
		[ $code -le 4 ] || fail "$command ended with $code"
		no_control "$out" "$err"
		[ "$(wc -l <"$err")" -le 400 ] || fail "$command: $(wc -l <"$err") lines said"
		if [[ $command = *json ]] && [ -s "$out" ]; then
			jq -e . "$out" >/dev/null || fail 'ls --json is no JSON'
		fi
	done
	start "$WATCHED" healthy 2 20000 die
	healthy_runs=$((healthy_runs + 1))
	printf 'm  ? ' >&5 2>/dev/null ||
		{ fail "the display ended: $(tail -c 300 "$scratch/screen" | cat -v)"; break; }
done
wait $mutator || fail "mutator: $(cat "$scratch/mutator")"

# All that each of the healthy recorded is there, but of those for which there was no room at the
# time, and that was said. (Segments that hold all the room are part of the harm.)
counts() {
	jq -n '[inputs | select((.segment | startswith("healthy.")) and .kind == "processing")] |
		group_by(.segment)[] | map(.count) | add' "$scratch/jsonl" 2>/dev/null
}
all_there() {
	local there left_out
	there=$(counts | grep -cx 20000)
	left_out=$(grep -o 'healthy\.[^:]*: one too many' "$scratch/jsonl.err" | sort -u | wc -l)
	! counts | grep -qvx 20000 && [ "$there" -gt 0 ] &&
		[ $((there + left_out)) -ge $healthy_runs ]
}
for ((i = 0; i < 200; i++)); do all_there && break; sleep .1; done
all_there || fail "of $healthy_runs healthy: $(counts | xargs) records, 20000 each are due"
# Memory, while they still live; then the end.
for which in $reader $top; do
	kb=$(peak $which)
	[ "$kb" -gt 0 ] && [ "$kb" -lt $bound_kb ] ||
		fail "$(tr '\0' ' ' </proc/$which/cmdline): $kb KB at its peak"
	peaks="${peaks:-}$kb KB "
done
kill -TERM $reader
must_end $reader stat
lines=$(wc -l <"$scratch/jsonl")
rows_jsonl "$scratch/jsonl" || fail 'rows that do not add up'
jq -c . "$scratch/jsonl" 2>"$scratch/jq.err" | wc -l | grep -qx "$lines" ||
	fail "not every line is JSON: $(cat "$scratch/jq.err")"
no_control "$scratch/jsonl" "$scratch/jsonl.err"
printf 'q' >&5
must_end $display top
exec 5>&-
LC_ALL=C grep -qaP '\x1b\][0-9]|\x9b31m|\x1b\[2JPWNED' "$scratch/screen" &&
	fail 'the display passed on what a name said'
grep -qa 'Timers' "$scratch/screen" || fail 'the display showed nothing'
[ "$(cat "$scratch/seen")" = ready ] || fail "the bait was touched: $(sed -n 2,4p "$scratch/seen")"
end_all
printf '%s; %s healthy processes, %s of them read, exactly; ' "$(cat "$scratch/mutator")" \
	$healthy_runs "$(counts | wc -l)"
printf 'stat and top took %sat most; %s lines said\n' "$peaks" "$(wc -l <"$scratch/jsonl.err")"
exit $failed
