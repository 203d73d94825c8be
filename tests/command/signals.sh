#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Signals and terminals under `timekeeper stat -- COMMAND`; timekeeper that is killed; and what it
# does for programs that run already. Environment: TIMEKEEPER, RECORDER (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/shared.sh"

# A shell has what it starts in the background ignore SIGINT and SIGQUIT.
default=(env --default-signal=INT,QUIT)

# comes FILE: it appears, in half a minute.
comes() {
	for ((t = 0; t < 3000; t++)); do [ -s "$1" ] || [ -e "$1" ] && return; sleep 0.01; done
	fail "$1 did not come"
}

# begun WORD...: in the background, until the recorder has recorded once. Its pid is $!.
begun() {
	rm -f "$scratch"/{ready,got,go}
	"${default[@]}" "$TIMEKEEPER" stat -f csv -o "$rows" -- "$RECORDER" \
		record 1 touch "$scratch/ready" "$@" >"$out" 2>"$err" &
	pids=($!)
	comes "$scratch/ready"
}

# ends CODE WHAT
ends() {
	wait "${pids[0]}"
	[ $? = "$1" ] || fail "$2: not exit $1"
	pids=()
	nothing_left "$2"
}

# --- what is sent to timekeeper is sent on
for sig in 1 2 3 10 12 15; do
	begun await $sig record 2 exit 4
	kill -$sig "${pids[0]}"
	ends 4 "signal $sig, caught"
	recorded 3
	begun until "$scratch/go"
	kill -$sig "${pids[0]}"
	ends $((128 + sig)) "signal $sig"
	recorded 1
done

# --- at any time: nothing is left, and no process
for ((i = 0; i < 20; i++)); do
	"${default[@]}" "$TIMEKEEPER" stat -o "$rows" -- "$RECORDER" until "$scratch/never" \
		>"$out" 2>"$err" &
	sleep 0.0$((RANDOM % 90 + 10))
	kill -$((i % 2 ? 15 : 2)) $!
	wait $!
	[ $? -gt 128 ] || fail 'a signal at the beginning'
	nothing_left 'a signal at the beginning'
done

# --- a command that signals its own process group gets one signal
rm -f "$scratch"/{got,go}
setsid -w "$TIMEKEEPER" stat -f csv -o "$rows" -- "$RECORDER" record 1 group 10 await 10 \
	touch "$scratch/got" until "$scratch/go" pending exit 6 >"$out" 2>"$err" &
pids=($!)
comes "$scratch/got"
sleep 0.2 # for what must not come
touch "$scratch/go"
ends 6 'a signal to the group'
grep -q pending "$out" && fail 'it was sent on to who had sent it'

# --- a terminal. Its ^C goes to both: the command gets one, and timekeeper waits for it.
# typed COMMAND: in a terminal, with what is written to descriptor 4 typed. Let the command exec:
# a shell that waits for it gets a ^C as well, and dash exits with 130 then, whatever its child did.
typed() {
	rm -f "$scratch/keys" "$scratch"/{ready,got,go,stopped}
	mkfifo "$scratch/keys"
	"${default[@]}" SHELL=/bin/sh script -qfec "$1" /dev/null \
		<"$scratch/keys" >"$out" 2>"$err" &
	pids=($!)
	exec 4>"$scratch/keys"
}
watch="$TIMEKEEPER stat -f csv -o $rows -- $RECORDER record 1 touch $scratch/ready"
typed "exec $watch await 2 touch $scratch/got record 2 until $scratch/go pending exit 4"
comes "$scratch/ready"
printf '\003' >&4
comes "$scratch/got"
sleep 0.2
touch "$scratch/go"
ends 4 '^C, caught'
recorded 3
grep -q pending "$out" && fail '^C was sent on, too'
typed "exec $watch until $scratch/never"
comes "$scratch/ready"
printf '\003' >&4
ends 130 '^C'
recorded 1
printf '' >&4

# ^Z stops both, and fg continues both.
typed "bash -c 'set -m; $watch until $scratch/go record 5 exit 3
	echo \"stopped \$?\"; touch $scratch/stopped; fg >/dev/null; echo \"code \$?\"'"
comes "$scratch/ready"
printf '\032' >&4
comes "$scratch/stopped"
touch "$scratch/go"
ends 0 '^Z'
printed '^stopped 148'
printed '^code 3'
recorded 6
exec 4>&-

# --- top: the command's output is in a file, and totals come at the end
top="stty rows 24 cols 80; exec $TIMEKEEPER top --"
export TERM=xterm TMPDIR=$scratch
typed "$top sh -c 'echo words; echo more >&2; wc -c; exec $RECORDER record 5 \
	touch $scratch/ready until $scratch/go record 7 exit 3'"
comes "$scratch/ready"
printf 'q' >&4
for ((t = 0; t < 3000; t++)); do grep -q 'sh still runs' "$out" && break; sleep 0.01; done
touch "$scratch/go"
ends 3 'top, q'
printed 'sh still runs, and its totals come when it ends'
printed '^in all, '
printed '^span .* processing  *12 '
file=$(sed -n 's/.*the output of sh is in \([^ \r]*\).*/\1/p' "$out")
[ "$(cat "$file")" = $'words\nmore\n0' ] || fail "the output of a command under top: $file"
typed "$top $RECORDER record 5 touch $scratch/ready exit 4"
comes "$scratch/ready"
for ((t = 0; t < 3000; t++)); do grep -q span "$out" && break; sleep 0.01; done
[ -e "$scratch/keys" ] && printf 'q' >&4
ends 4 'top, of who has ended'
printed '^span .* processing  *5 '
[ -z "$(find "$scratch" -name 'timekeeper-output.*' -newer "$file")" ] ||
	fail 'an empty file is left'
typed "$top $RECORDER record 5 touch $scratch/ready until $scratch/never"
comes "$scratch/ready"
for ((t = 0; t < 3000; t++)); do grep -q span "$out" && break; sleep 0.01; done
printf '\003' >&4
ends 130 'top, ^C'
printed '^span .* processing  *5 '
typed "$top $scratch/nosuch"
ends 127 'top of what is not there'
printed 'cannot run .*/nosuch: not found'
typed "export TERM=nosuch; $top $RECORDER touch $scratch/began"
ends 1 'top on no terminal'
[ ! -e "$scratch/began" ] || fail 'it began all the same'

# --- timekeeper is killed: the command goes on, and what is left can be cleaned
begun until "$scratch/go" record 2 touch "$scratch/got"
kill -9 "${pids[0]}"
wait "${pids[0]}" 2>/dev/null
pids=()
timeout 60 "$TIMEKEEPER" ls >"$out" 2>"$err"
[ $? = 3 ] || fail 'ls sees a private directory'
timeout 60 "$TIMEKEEPER" clean --force >"$out" 2>"$err" || fail "clean beside who lives: $?"
said '.run.*: left alone: a program that was started with it lives'
[ -n "$(find "$TIMEKEEPER_DIR" -name 'recorder.*' -print -quit)" ] || fail 'the living was removed'
touch "$scratch/go"
comes "$scratch/got"
for ((t = 0; t < 3000; t++)); do
	timeout 60 "$TIMEKEEPER" clean >"$out" 2>"$err"
	grep -q "^would remove .*/recorder" "$out" && break
	sleep 0.01
done
printed '^would remove .*/recorder'
printed '^would remove .*/.run.[0-9.a-zA-Z]*, unless'
timeout 60 "$TIMEKEEPER" clean --force >"$out" 2>"$err" || fail "clean: $?"
printed '^removed .*/.run.[0-9.a-zA-Z]*$'
nothing_left 'clean --force'
begun until "$scratch/go"
timeout 60 "$TIMEKEEPER" clean --force >"$out" 2>"$err" || fail "clean beside a command: $?"
printed '^nothing to remove'
touch "$scratch/go"
ends 0 'a command that clean left alone'
recorded 1

# --- nobody reads what it prints
"$TIMEKEEPER" stat -- "$RECORDER" record 100 exit 3 2> >(exec true)
[ $? = 3 ] || fail 'standard error is not read'
expect 1 stat -o /dev/full -- "$RECORDER" record 100
said 'cannot write'

# --- a program that runs already
rm -f "$rows"
rm -f "$scratch/ready"
"$RECORDER" record 5 touch "$scratch/ready" until "$scratch/go2" record 7 raise 9 2>/dev/null &
recorder=$!
comes "$scratch/ready"
"$TIMEKEEPER" stat --until-exit --oldest --pid $recorder --interval 10ms -f csv -o "$rows" \
	>"$out" 2>"$err" &
pids=($!)
comes "$rows"
for ((t = 0; t < 3000; t++)); do grep -q '^2,timer,' "$rows" && break; sleep 0.01; done
touch "$scratch/go2"
ends 0 'until exit'
recorded 12
timeout 60 "$TIMEKEEPER" stat --until-exit --oldest -f csv -o "$rows" 2>"$err" ||
	fail "until exit of who is dead: $?"
recorded 12
timeout 60 "$TIMEKEEPER" stat --until-exit 2>"$err"
[ $? = 3 ] || fail 'until exit of who is dead, without --oldest'
rm -f "$rows"
timeout 60 "$TIMEKEEPER" clean --force >"$out" 2>"$err"
rm -f "$scratch/go2" "$scratch/ready"
"$RECORDER" record 5 touch "$scratch/ready" until "$scratch/go2" &
recorder=$!
comes "$scratch/ready"
"${default[@]}" "$TIMEKEEPER" stat --until-exit --oldest --interval 10ms >"$rows" 2>"$err" -f csv &
pids=($!)
comes "$rows"
for ((t = 0; t < 3000; t++)); do grep -q '^2,timer,' "$rows" && break; sleep 0.01; done
kill -INT "${pids[0]}"
ends 0 'until ^C'
recorded 5
touch "$scratch/go2"
wait $recorder
exit $failed
