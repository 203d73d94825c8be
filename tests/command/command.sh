#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper stat -- COMMAND`: what the command gets, what is counted, what is left behind, what it
# exits with. Environment: TIMEKEEPER, RECORDER (programs); RUNS: how often a program that records
# 100 times and exits is started (default 25). Nothing here depends on how fast anything is.
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/shared.sh"

# --- exit codes: the command's, and a shell's where it cannot be run
counted 100 0 record 100
counted 7 3 record 7 exit 3
counted 7 143 record 7 raise 15
said 'recorder was ended by SIGTERM'
counted 7 137 record 7 raise 9
expect 127 stat -- "$scratch/nosuch"
said 'cannot run .*/nosuch: not found'
[ "$(wc -l <"$err")" = 1 ] || fail 'not one line'
expect 127 stat -- timekeeper-nosuch-command
expect 126 stat -- "$scratch"
[ "$(wc -l <"$err")" = 1 ] || fail 'not one line'
: >"$scratch/plain"
expect 126 stat -- "$scratch/plain"
expect 126 stat -- "$scratch/plain/below"
expect 0 stat -- env true

# --- our own failures, before the command begins
expect 1 stat -o "$scratch/nosuch/file" -- "$RECORDER" touch "$scratch/began"
[ "$(wc -l <"$err")" = 1 ] || fail 'not one line'
said 'nosuch/file cannot be written'
expect 1 stat --dir "$scratch/plain" -- "$RECORDER" touch "$scratch/began"
[ "$(wc -l <"$err")" = 1 ] || fail 'not one line'
expect 2 stat --
said 'missing COMMAND after --'
expect 2 stat "$RECORDER" touch "$scratch/began"
said 'too much: .*; a COMMAND to run comes after --'
expect 2 stat --pid 1 -- "$RECORDER" touch "$scratch/began"
expect 2 stat --count 1 -- "$RECORDER" touch "$scratch/began"
expect 2 stat --until-exit -- "$RECORDER" touch "$scratch/began"
[ ! -e "$scratch/began" ] || fail 'it began all the same'

# --- standard output is the command's, byte by byte; so is its input
head -c 100000 /dev/urandom >"$scratch/random"
timeout 60 "$TIMEKEEPER" stat -- cat <"$scratch/random" >"$out" 2>"$err" || fail "cat: exit $?"
cmp -s "$scratch/random" "$out" || fail 'standard output is not what the command wrote'
expect 0 stat -- "$RECORDER" record 100
[ ! -s "$out" ] || fail 'standard output is not empty'
said '^in all, '
said '^span .* processing  *100 '
expect 0 stat -f jsonl -- "$RECORDER" record 100
grep '^{' "$err" >"$rows.jsonl"
rows_jsonl "$rows.jsonl" || fail 'JSON lines that do not add up'
[ "$(jq -c 'select(.type == "timer") | [.interval, .count]' "$rows.jsonl")" = '[0,100]' ] ||
	fail 'JSON lines'
expect 0 stat --interval 10ms -f csv -o "$rows" -- "$RECORDER" record 100
awk -F, '$2 == "timer" && $3 > 0 { n += $12 } END { exit n != 100 }' "$rows" || fail 'intervals'
recorded 100

# --- without a standard error, sentences are nowhere, and not in the file that has its number
"$TIMEKEEPER" stat -o "$rows" -- sh -c 'exit 5' 2>&-
[ $? = 5 ] || fail 'standard error is closed'
[ ! -s "$rows" ] || fail 'sentences in the rows'

# --- what the command inherits is as if its shell had started it
ulimit -Sn 512
"$RECORDER" descriptors signals >"$scratch/plainly"
expect 0 stat -o "$rows" -- "$RECORDER" descriptors signals
cmp -s "$scratch/plainly" "$out" || fail 'limits and signals'
(trap '' HUP USR1 PIPE; "$RECORDER" signals) >"$scratch/plainly"
(trap '' HUP USR1 PIPE; exec "$TIMEKEEPER" stat -o "$rows" -- "$RECORDER" signals) >"$out" 2>"$err"
cmp -s "$scratch/plainly" "$out" || fail 'ignored signals'

for ((i = 0; i < 2; i++)); do "$RECORDER" descriptors signals; done >"$scratch/plainly"
expect 127 record -o "$scratch/none.hlog" -- "$scratch/nosuch"
[ "$(grep -c 'cannot run' "$err")" = 1 ] || fail 'record: not said once'
expect 0 record -o "$scratch/log.hlog" --runs 2 -- "$RECORDER" record 1 descriptors signals
cmp -s "$scratch/plainly" "$out" || fail 'signals under record'
counted 3 162 record 3 raise 34
said 'recorder was ended by a signal (Real-time signal 0)'
cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
grep Cpus_allowed_list /proc/self/status >"$scratch/plainly"
expect 0 stat --cpu "$cpu" -o "$rows" -- grep Cpus_allowed_list /proc/self/status
cmp -s "$scratch/plainly" "$out" || fail 'cpus'
(cd "$scratch" && TIMEKEEPER_DIR=segments "$TIMEKEEPER" stat -f csv -o "$rows" -- \
	sh -c "cd / && '$RECORDER' record 6") >"$out" 2>"$err" || fail 'a relative directory'
recorded 6
nothing_left 'a relative directory'

# --- what has ended and is read goes at once, though it is kept: memory is bounded
"$TIMEKEEPER" stat -f csv -o "$rows" -- "$RECORDER" fork do record 3 done join fork do record 4 \
	raise 9 done join touch "$scratch/both" until "$scratch/read" >"$out" 2>"$err" &
pids=($!)
for ((t = 0; t < 3000; t++)); do
	[ -e "$scratch/both" ] && [ -z "$(find "$TIMEKEEPER_DIR" -path '*/.run.*/recorder.*')" ] &&
		break
	sleep 0.01
done
[ "$t" -lt 3000 ] || fail 'what has ended and is read is there all the same'
touch "$scratch/read"
wait "${pids[0]}" || fail 'beside what was removed'
pids=()
recorded 7

# --- nothing was recorded
expect 5 stat -- sh -c 'exit 5'
said 'sh recorded nothing: is it linked with libtimekeeper?'
expect 0 stat -- "$RECORDER" open
said 'recorder recorded nothing: it opened libtimekeeper'
expect 0 stat --app other -- "$RECORDER" record 1
said 'recorder recorded nothing that --app other lets through'

# --- programs that gain privileges ignore the directory, which is said; on /dev/shm none gains
if [ "$(id -u)" = 0 ]; then
	place=$(mktemp -d)
	cp "$(type -P true)" "$place/gains" && chown 12345 "$place/gains" &&
		chmod 4755 "$place/gains"
	chmod 755 "$place"
	privileged=yes
	case $(findmnt -no OPTIONS -T "$place") in *nosuid*) privileged= ;; esac
	timeout 60 "$TIMEKEEPER" stat -- "$place/gains" >"$out" 2>"$err"
	[ -z "$privileged" ] || said 'gains is setuid: such programs ignore TIMEKEEPER_DIR'
	PATH=$place:$PATH timeout 60 "$TIMEKEEPER" stat -- gains >"$out" 2>"$err"
	[ -z "$privileged" ] || said 'gains is setuid: such programs ignore TIMEKEEPER_DIR'
	expect 0 stat -- setpriv --no-new-privs "$place/gains"
	grep -q 'is setuid' "$err" && fail 'setpriv is not setuid'
	rm -rf "$place"
fi

# --- all that it starts: exec, shells, children, workers that come and go, the killed
counted 5 0 record 2 fork do record 3 done join
expect 0 stat -f csv -o "$rows" -- sh -c "'$RECORDER' record 20; exec '$RECORDER' record 30"
recorded 50
workers=()
for i in 1 2 3 4 5 6 7 8; do
	workers+=(fork do record 10 fork do record 5 raise 9 done join done)
done
counted 121 0 record 1 "${workers[@]}" join
expect 0 stat -f csv -o "$rows" -- sh -c \
	"for i in \$(seq 40); do '$RECORDER' record 100 & done; wait"
recorded 4000
counted 10 0 record 10 _exit 0

# --- a child that outlives it goes on, and is named
expect 0 stat -f csv -o "$rows" -- "$RECORDER" fork do record 3 touch "$scratch/recorded" \
	until "$scratch/go" record 4 touch "$scratch/gone" done until "$scratch/recorded" record 1
recorded 4
said 'still running when .*recorder ended: recorder\[[0-9]*\]; what they recorded until then'
touch "$scratch/go"
until [ -e "$scratch/gone" ]; do sleep 0.01; done
nothing_left 'after the orphan'

# --- many runs of a program that records 100 times and exits
for ((i = 0; i < ${RUNS:-25} && !failed; i++)); do counted 100 0 record 100; done

exit $failed
