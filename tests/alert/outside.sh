#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `stat --alert` from outside: what fires, when it is ok again, what is unknown, and the program
# that is run.
# Environment: TIMEKEEPER, SPEAKER, TOLD (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
here=$(cd "$(dirname "$0")" && pwd)
schema=$here/../../collector/commands/rows/rows.schema.json
rows=$scratch/rows log=$scratch/log

# until_true WHAT COMMAND...: it comes true within a minute.
until_true() {
	local what=$1 i
	shift
	for ((i = 0; i < 6000; i++)); do
		"$@" && return
		sleep .01
	done
	fail "it never came true: $what"
	return 1
}
comes() { until_true "standard error has: $1" grep -qe "$1" "$err"; }
has_line() { [ -e "$log" ] && grep -qe "$1" "$log"; }
is_stopped() { grep -q '^State:.*[tT]' "/proc/$1/status"; }
ended() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

# speaks ARGUMENTS...: a program that records; then tell it with `say`.
speaks() {
	coproc SPEAKS { exec "$SPEAKER" "$@" 2>/dev/null; }
	speaker=$SPEAKS_PID
	exec {to}>&"${SPEAKS[1]}" {from}<&"${SPEAKS[0]}"
	say every 0 0
}
say() {
	local answer
	echo "$*" >&"$to"
	read -r -u "$from" answer && [ "$answer" = done ] ||
		fail "the program did not answer to: $*"
}
hushes() {
	kill -9 "$speaker" 2>/dev/null
	exec {to}>&- {from}<&-
	wait "$speaker" 2>/dev/null
}

# watch ARGUMENTS...: stat in the background, as $stat; quits CODE: ^C for it, and its exit code.
watch() {
	: >"$err"
	rm -f "$log"
	"$TIMEKEEPER" stat -i 50ms "$@" >"$out" 2>"$err" &
	stat=$!
	pids+=("$stat")
}
quits() {
	kill -INT "$stat"
	wait "$stat"
	code=$?
	[ "$code" = "$1" ] || fail "exit $code, not $1"
}
# refused SAYS ARGUMENTS...: one line, exit code 2.
refused() {
	timeout 60 "$TIMEKEEPER" stat "${@:2}" >"$out" 2>"$err"
	code=$?
	[ "$code" = 2 ] || fail "stat ${*:2}: exit $code, not 2"
	[ "$(wc -l <"$err")" = 1 ] || fail "stat ${*:2}: not one line"
	said "$1"
}

# --- what is no rule, or does not go together
refused 'a rule is PATTERN' --alert nonsense
refused 'the limit is a time' --alert 'a:p99>5'
refused 'no such figure' --alert 'a:p101>5us'
refused 'for, over, min and clear' --alert 'a:p99>5us since 3s'
refused 'a rule is PATTERN' --alert $'a\n:p99>5us'
refused 'takes 1 to 600 intervals' --alert 'a:p99>5us over 10ms'
refused 'go with --alert' --alert-exit
refused 'go with --alert' --on-alert /bin/true
refused 'go with --on-alert' --alert 'a:p99>5us' --alert-arg x
refused 'not both' --alert 'a:p99>5us' --overhead
refused 'ends by itself' --alert 'a:p99>5us' --alert-exit -- true
refused 'say its path' --alert 'a:p99>5us' --on-alert true
refused 'No such file' --alert 'a:p99>5us' --on-alert "$scratch/missing"
refused 'no program' --alert 'a:p99>5us' --on-alert "$scratch"
refused 'no program' --alert 'a:p99>5us' --on-alert /etc/passwd
[ "$(id -u)" != 0 ] || refused 'as root' --alert 'a:p99>5us' --on-alert /bin/true

# --- it fires, is ok again, has no data, ends; rows say so, and so does the exit code
speaks app 0 work
watch -f jsonl --alert 'w*:p99.9>50us for 200ms min 2' --alert 'w*:p99.9>1s'
say every 5 60000
comes 'alert firing: work, processing of app\[[0-9]*\]: p99.9 is 60 us (w\*:p99.9>50us for'
say every 5 46000
say every 5 44000
comes 'alert ok again: work, processing of app.*: p99.9 is 44 us'
say every 5 60000
until_true 'it fires again' eval '[ "$(grep -c firing "$err")" = 2 ]'
say every 0 0
comes 'alert without data: work, .*: it fired, and there are 0 samples now'
hushes
comes 'alert ended: work, .*: its process has ended'
quits 8
grep -q '1s' "$err" && fail 'a limit that was never passed'
jq -rn --slurpfile schema "$schema" -f "$here/../collector/schema.jq" <"$out" 2>&1 | grep . &&
	fail 'rows that are not as the schema says'
jq -es '[.[] | select(.type == "alert")] | map(.state) ==
	["firing", "ok", "firing", "no-data", "ended"] and all(.timer == "work" and .limit == 50000)
	and .[0].value == 60000 and .[1].value == 44000' "$out" >/dev/null || fail 'rows of alerts'
jq -es '[.[] | select(.type == "timer")] | all(.records > 0)' "$out" >/dev/null ||
	fail 'a row without a record'

# --- nothing fires: 0. A timer that is silent, csv, and the columns of it
speaks app 0 work
say every 5 1000
watch -f csv --alert 'work:count<1 for 200ms' --by app
until_true 'rows' grep -q ,timer, "$out"
quits 0
[ ! -s "$err" ] || fail 'something was said, of an interval that the end cut short, perhaps'
watch -f csv --alert 'work:count<1 for 200ms' --by app
until_true 'rows' grep -q ,timer, "$out"
say every 0 0
comes 'alert firing: work of app: count is 0 (work:count<1 for 200ms)'
say every 5 1000
comes 'alert ok again: work of app: count is [1-9]'
quits 8
awk -F, 'NR == 1 { columns = NF } NF != columns { exit 1 }' "$out" || fail 'csv: columns that move'
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
	$2 == "alert" { print $at["timer"], $at["state"], ($at["count"] > 0), $at["limit"] }
	' "$out" >"$rows"
[ "$(head -2 "$rows")" = '"work" firing 0 1.000
"work" ok 1 1.000' ] || fail "csv: $(cat "$rows")"

# --- values have limits of their own: a number of their unit
watch -f jsonl --alert '*:value.p50>100' --alert '*:p50>1ns' --timer sizes
until_true 'rows of values' eval 'say values 9 1000; grep -q \"value\" "$out"'
comes 'alert firing: sizes, value of app.*: p50 is 1 kbytes'
say values 9 9
comes 'alert ok again: sizes, value of app.*: p50 is 9 bytes'
quits 8
jq -es '[.[] | select(.type == "alert")] | length > 1 and all(.unit == "bytes" and .limit == 100)' \
	"$out" >/dev/null || fail 'alerts of values'

# --- --alert-exit ends at the first; over a window, too, and with totals that nobody sees
say every 5 60000
watch --alert 'work:max>50us over 200ms' --alert-exit
wait "$stat"
[ $? = 8 ] || fail '--alert-exit'
said 'alert firing: work'
hushes
for how in 0 5; do
	timeout 60 "$TIMEKEEPER" stat -i 50ms --alert 'work:max>50us' -- sh -c '
		(echo every 5 60000; echo once 9 60000; sleep .5) | "$SPEAKER" app 0 work
		exit '$how >"$out" 2>"$err"
	code=$?
	[ "$code" = $((how ? how : 8)) ] || fail "a command that exits with $how: $code"
	said 'alert firing: work'
done
timeout 60 "$TIMEKEEPER" stat --alert 'wirk:max>50us' -- true >"$out" 2>"$err"
said 'no timer matched --alert wirk'

# --- while records are lost: a lane of 256 slots, and a collector that is paused. All that is left
# is slow: 256 of 20,000 are more than 0.1 % and less than half
speaks app 256 work
watch --alert 'work:p99.9>50us' --alert 'work:p50>50us' --alert 'work:lost>0' --alert 'work:p1>1s'
say every 5 1000
until_true 'stat reads its lane' grep -q '^work ' "$out"
say every 0 0
kill -STOP "$stat"
until_true 'stat is stopped' is_stopped "$stat"
say once 20000 60000
kill -CONT "$stat"
comes 'alert firing: work, processing.*(work:p99.9>50us)'
comes 'alert firing: work of app.*: lost is [1-9][0-9,]* (work:lost>0)'
comes 'alert unknown: work, processing .*: up to [0-9]* of its records were lost; without.*p50 is'
comes 'alert unknown: .*(work:p1>1s)'
say every 5 1000
comes 'alert ok again: .*(work:p99.9>50us)'
comes 'alert ok again: .*(work:p50>50us)'
quits 8
hushes

# --- the program: exactly its path and arguments, and the facts; names are harmless
hostile=$'../$(touch pwned)`touch pwned`";touch pwned\'=x'
harmless=%2E.%2F%24%28touch%20pwned%29%60touch%20pwned%60%22%3Btouch%20pwned%27%3Dx
speaks "app=x/.." 0 "$hostile"
say every 5 60000
trap '' USR2
SECRET=1 watch --alert '*:p50>50us' --on-alert "$TOLD" --alert-arg "$log" --alert-arg=-n \
	--alert-arg 'two words; $(touch pwned)' --alert-as-root
trap - USR2
until_true 'the program was run' test -s "$log"
comes 'said by the program'
quits 8
printf 'argument %s\n' "$TOLD" "$log" -n 'two words; $(touch pwned)' >"$rows"
grep ^argument "$log" | cmp -s - "$rows" || fail "arguments: $(cat "$log")"
for fact in 'STATE=firing' 'RULE=\*:p50>50us' "PID=$speaker" "UID=$(id -u)" 'KIND=processing' \
	'FIGURE=p50' 'VALUE=60000' 'LIMIT=50000' 'UNIT=ns' 'SAMPLES=[1-9][0-9]*' 'LOST=0' \
	'T_NS=[0-9]*' 'APP=app%3Dx%2F..' "TIMER=$harmless"; do
	grep -qx "variable TIMEKEEPER_ALERT_$fact" "$log" || fail "no fact $fact: $(cat "$log")"
done
grep ^variable "$log" | cut -d' ' -f2- | cut -d= -f1 |
	grep -vE '^(TIMEKEEPER_ALERT_[A-Z_]+|PATH|HOME|USER|LOGNAME|LANG|LC_ALL|TZ|TMPDIR)$' &&
	fail 'a variable that is none of its'
grep -E '^(blocked|ignored)' "$log" && fail 'a signal that is not as by default'
[ "$(grep -c ^descriptor "$log")" = 3 ] || fail "descriptors: $(cat "$log")"
grep -qx 'session its own' "$log" || fail "no session of its own: $(cat "$log")"
grep -qx 'input -1' "$log" || fail 'its input is not empty'
[ -z "$(find . "$scratch" -maxdepth 1 -name pwned 2>/dev/null)" ] || fail 'a name was run'
grep -q 'said by the program' "$out" && fail 'its output is among our rows'
hushes

program() {
	{
		printf '#!/bin/sh\nlog=%q\n' "$log"
		cat
	} >"$scratch/page"
	chmod +x "$scratch/page"
}

# --- one that hangs is killed, with what it has started; one that fails is said once, and counted
program <<'END'
sleep 1000 &
echo "$!" >>"$log"
wait
END
speaks app 0 one two
say every 5 60000
watch --alert '*:p50>50us' --on-alert "$scratch/page" --alert-timeout 300ms --alert-as-root
comes '--on-alert .*page: it ran for longer than --alert-timeout'
until_true 'both were run' eval '[ "$(grep -c . "$log")" = 2 ]'
quits 8
while read -r sleeper; do
	until_true 'what it has started is killed' ended "$sleeper"
done <"$log"
[ "$(grep -c 'ran for longer' "$err")" = 1 ] || fail 'said more than once'
said 'failed 2 times of 2'
program <<'END'
echo x >>"$log"
exit 3
END
watch --alert '*:p50>50us' --on-alert "$scratch/page" --alert-as-root
until_true 'both were run' eval 'has_line x && [ "$(grep -c x "$log")" = 2 ]'
quits 8
[ "$(grep -c 'ended with exit code 3' "$err")" = 1 ] || fail 'said more or less than once'
said 'failed 2 times of 2'
printf 'no program\n' >"$scratch/page"
watch --alert 'one:p50>50us' --on-alert "$scratch/page" --alert-as-root
comes 'it cannot be run: Exec format error'
quits 8
hushes

# --- one at a time, each alert told; and within the cooldown only what holds in the end
program <<'END'
mkdir "$log.lock" || echo two at a time >>"$log"
sleep .1
rmdir "$log.lock"
echo "$TIMEKEEPER_ALERT_TIMER $TIMEKEEPER_ALERT_STATE" >>"$log"
END
speaks app 0 a b c d e f
say every 5 60000
watch --alert '?:p50>50us' --on-alert "$scratch/page" --alert-cooldown 1000s --alert-as-root
until_true 'each was told' eval 'has_line firing && [ "$(grep -c firing "$log")" = 6 ]'
say every 5 1000
until_true 'all are ok again' eval '[ "$(grep -c "ok again" "$err")" = 6 ]'
say every 5 60000
until_true 'all fire again' eval '[ "$(grep -c "alert firing" "$err")" = 12 ]'
say every 5 1000
until_true 'all are ok again' eval '[ "$(grep -c "ok again" "$err")" = 12 ]'
[ "$(sort "$log")" = "$(printf '%s firing\n' a b c d e f)" ] || fail "the cooldown: $(cat "$log")"
quits 8
[ "$(sort "$log")" = "$(printf '%s firing\n%s ok\n' a a b b c c d d e e f f)" ] ||
	fail "what it was told: $(cat "$log")"
hushes
exit $failed
