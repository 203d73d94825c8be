#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# While a user of the same uid does all the harm he can to the segments in his directory (mutator.c),
# every command runs on it, the display too: none crashes, hangs, fills the memory, follows a link or
# a name out of the directory, or prints what is not text; and a healthy neighbour is read exactly.
# mutator.sh SECONDS KB [SEED]: for so long, peak memory below so much.
# Environment: TIMEKEEPER, MUTATOR, WATCHED, MISCHIEF (programs).
set -uo pipefail
export LC_ALL=C.UTF-8 TERM=xterm-256color
. "$(dirname "$0")/scratch.sh"
seconds=$1 bound_kb=$2 seed=${3:-20261122}
work=$TIMEKEEPER_DIR
TIMEKEEPER_DIR=$(mktemp -d /dev/shm/tk-mutator-XXXXXX) # where thousands of files are made in a moment
trap 'finish; rm -rf "$work"' EXIT
export BAIT=$work/bait
echo bait >"$BAIT"
healthy_runs=0

no_control() {
	LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$@" && fail "control characters in $*"
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

"$MISCHIEF" watch "$BAIT" >"$work/seen" &
pids+=($!)
until grep -q ready "$work/seen"; do sleep .01; done

# Two that watch all the time: one for programs to read, and the display.
"$TIMEKEEPER" stat --oldest --format jsonl --interval 50ms >"$work/jsonl" 2>"$work/jsonl.err" &
reader=$!
pids+=($reader)
mkfifo "$work/keys"
script -qec "stty rows 40 cols 120; exec $TIMEKEEPER top --interval 50ms" "$work/screen" <"$work/keys" >/dev/null &
display=$!
pids+=($display)
exec 5>"$work/keys"
until pgrep -P $display >/dev/null; do sleep .01; done
top=$(pgrep -P $display | head -1)

"$MUTATOR" "$seconds" "$seed" >"$work/mutator" 2>&1 &
mutator=$!
pids+=($mutator)
trap '' PIPE # the display's end is found out below

# What somebody does who looks, again and again, until the harm is over.
commands=('ls --json' 'ls' 'stat --once --format table' 'clean' 'clean --force' 'disable harm*' 'enable harm*'
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
		[[ $command = *json ]] && [ -s "$out" ] && { jq -e . "$out" >/dev/null || fail 'ls --json is no JSON'; }
	done
	start "$WATCHED" healthy 2 20000 die
	healthy_runs=$((healthy_runs + 1))
	printf 'm  ? ' >&5 2>/dev/null || { fail "the display ended: $(tail -c 300 "$work/screen" | cat -v)"; break; }
done
wait $mutator || fail "mutator: $(cat "$work/mutator")"

# All that the healthy recorded is there, of every one of them.
want=$((healthy_runs * 20000))
have() { jq -n '[inputs | select((.segment | startswith("healthy.")) and .kind == "processing") | .count] | add // 0' "$work/jsonl" 2>/dev/null || echo 0; }
for ((i = 0; i < 200; i++)); do [ "$(have)" = $want ] && break; sleep .1; done
[ "$(have)" = $want ] || fail "the healthy: $(have) of $want records"
# Memory, while they still live; then the end.
for which in $reader $top; do
	kb=$(peak $which)
	[ "$kb" -gt 0 ] && [ "$kb" -lt $bound_kb ] || fail "$(tr '\0' ' ' </proc/$which/cmdline): $kb KB at its peak"
	peaks="${peaks:-}$kb KB "
done
kill -TERM $reader
must_end $reader stat
lines=$(wc -l <"$work/jsonl")
jq -c . "$work/jsonl" 2>"$work/jq.err" | wc -l | grep -qx "$lines" || fail "not every line is JSON: $(cat "$work/jq.err")"
no_control "$work/jsonl" "$work/jsonl.err"
printf 'q' >&5
must_end $display top
exec 5>&-
LC_ALL=C grep -qaP '\x1b\][0-9]|\x9b31m|\x1b\[2JPWNED' "$work/screen" && fail 'the display passed on what a name said'
grep -qa 'Timers' "$work/screen" || fail 'the display showed nothing'
[ "$(cat "$work/seen")" = ready ] || fail "the bait was touched: $(sed -n 2,4p "$work/seen")"
end_all
printf '%s; %s healthy processes exactly; stat and top took %sat most; %s lines said\n' "$(cat "$work/mutator")" \
	$healthy_runs "$peaks" "$(wc -l <"$work/jsonl.err")"
exit $failed
