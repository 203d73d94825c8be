#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper doctor` as its users meet it, on this machine whatever it is, and on one made of
# files. Environment: TIMEKEEPER (program). Nothing here depends on how fast anything is.
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"

run() {
	timeout -k 5 60 "$TIMEKEEPER" doctor "$@" >"$out" 2>"$err"
	code=$?
}

# expect CODE ARGUMENTS...
expect() {
	run "${@:2}"
	[ "$code" = "$1" ] || fail "doctor ${*:2}: exit $code, not $1"
}

# The JSON is complete, and the exit code is the worst verdict of the checks.
json_holds() {
	jq -e '.schema == 1 and (.cpu | type == "number") and (.cpu_why | type == "string") and
		(.checks | length > 20) and
		(.checks | map(.id) | unique | length) == (.checks | length) and
		(.checks | all(has("id") and has("value") and has("source") and has("reason") and
			has("fix") and (.verdict | IN("ok", "unknown", "warn", "fail")))) and
		(.verdict as $v | ["fail", "warn", "unknown", "ok"] as $all |
			$all - ($all - [.checks[].verdict]) | .[0] == $v)' "$out" >/dev/null ||
		fail "JSON of doctor $*"
	case $(jq -r .verdict "$out") in
	ok) want=0 ;;
	fail) want=1 ;;
	warn) want=5 ;;
	unknown) want=6 ;;
	esac
	[ "$code" = "$want" ] || fail "doctor $*: exit $code, not $want"
}

script_holds() {
	[ "$(head -1 "$out")" = '#!/bin/sh' ] && sh -n "$out" ||
		fail "the script is no shell script"
	command -v shellcheck >/dev/null && ! shellcheck -e SC2043 "$out" >"$err" &&
		fail "shellcheck: $(cat "$err")"
}

# --- this machine
run --json
json_holds --json
jq -e '.noise == null and (.checks | any(.id | startswith("noise.")) | not)' "$out" >/dev/null ||
	fail 'not asked for'
run
printed '^cpu [0-9]*, '
printed '^not measured: with --seconds'
run --fix-script
script_holds
cpu=$(taskset -cp $$ | grep -o '[0-9]*$')
run --cpu "$cpu" --seconds 1 --json
said "spinning on cpu $cpu for 1 s"
json_holds --seconds 1
jq -e '.noise | .seconds == 1 and .threshold_ns >= 999 and .count >= 0 and
	.lost_s >= 0 and .lost_s <= 1.5 and
	.p50_ns <= .p99_ns and .p99_ns <= .p999_ns and .p999_ns <= .max_ns' "$out" >/dev/null ||
	fail 'noise'
jq -e '[.checks[] | select(.id | startswith("noise."))] | length == 2' "$out" >/dev/null ||
	fail 'its verdicts'
run --cpu "$cpu" --seconds 1
printed '^gaps of [0-9.]* us and longer\|^ok  *noise.gaps  *0 gaps'
LC_ALL=C run --cpu "$cpu" --seconds 1
grep -q '█' "$out" && fail 'blocks where the locale has none'

# --- one made of files
root=$scratch/root
put() { mkdir -p "$root/$(dirname "$1")" && printf '%s\n' "$2" >"$root/$1"; }
expect 1 --root "$root"
said "cannot read which cpus are online: $root/sys/devices/system/cpu/online: No such file"
put sys/devices/system/cpu/online 0-3
expect 6 --root "$root" --json # nothing else is known
json_holds --root
jq -e '(.checks | all(.id | startswith("tsc.avx") | not)) and .cpu == 3' "$out" >/dev/null ||
	fail "this machine's CPUID is not another's"
put sys/devices/system/cpu/isolated 1-2
put sys/devices/system/cpu/nohz_full '(null)'
expect 5 --root "$root"
printed '^cpu 1, the first that is isolated$'
printed '^ok  *isolation.domain '
printed '^  *fix: kernel parameter nohz_full=1-2$'
expect 1 --root "$root" --cpu 0 --json
json_holds --root --cpu 0
put proc/interrupts $'CPU0 CPU1 CPU2 CPU3\n 7: 1 1 1 1 \e]0;$(reboot)`\x9b'
put proc/irq/7/smp_affinity_list 0-3
put sys/devices/system/cpu/cpu1/cpufreq/scaling_governor $'\e[31m\n; reboot'
for how in '' --json --fix-script; do
	expect 1 --root "$root" $how
	grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$out" &&
		fail "control characters: $how"
done
script_holds
printed '^if ! { for i in 7; do echo 0,3 > "/proc/irq/$i/smp_affinity_list"; done; }; then$'
printed '^parameters="nohz_full=1-2"$'
grep -v '^#' "$out" | grep -q reboot && fail 'what was read is a command'

# --- bad input
for bad in '--cpu 4' '--seconds 3601' '--seconds 1' '--json --fix-script' 'extra' '--root'; do
	expect 2 --root "$root" $bad
	said '^usage: timekeeper doctor \[options\]'
done
timeout -k 5 60 "$TIMEKEEPER" doctor --root "$root" >/dev/full 2>"$err"
[ $? = 1 ] || fail 'written to a full disk'
said 'cannot write'

exit "$failed"
