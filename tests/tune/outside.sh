#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper tune` as its users meet it, on real loads. Environment: TIMEKEEPER, LOAD (programs).
# Loss is certain where a test asks for it: far more than half a lane arrives during the stall.
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"

# expect CODE ARGUMENTS...: run it, check what it exits with; $out and $err hold what it said.
expect() {
	local code=$1 got
	shift
	timeout -k 5 100 "$TIMEKEEPER" tune "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "timekeeper tune $*: exit $got, not $code"
}

fits() { awk 'length($0) > 80 { exit 1 }' "$out" || fail 'more than 80 columns'; }

# json EXPRESSION: fail unless it is true of the printed object, j.
json() {
	command -v python3 >/dev/null || return 0
	python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' \
		"$out" "$1" || fail "not so: $1"
}

# --- the command line: a usage line and 2
for bad in '--slots 0' '--slots 1000' '--slots 1099511627776' '--rate 0 --stall 1ms' '--rate 1M' \
	'--burst 5' '--stall 5ms' '--rate 1M --stall 5ms --stalls x' \
	'--rate 1M --slots 1024 --verify' \
	'--rate 1M --burst 500 --burst-rate 900K --stall 5ms' '--rate 1M --stalls /nonexistent' \
	'--seconds 3601' '--rate 1M --stall 2000s'; do
	expect 2 $bad
	said '^usage: timekeeper tune '
	[ "$(wc -l <"$err")" = 1 ] || fail "$bad: not one line"
done
expect 1 --rate 60M --stall 1ms
said 'no size survives this load'
expect 1 --rate 20M --stall 10s
printed 'none: no size'
expect 3
said "no segment in $TIMEKEEPER_DIR"
expect 1 --rate 1M --stall 5ms --plot /nonexistent/p.svg
said 'cannot be written'
printed '<- enough$' # the answer all the same

# --- a described load: known answers, and a picture
expect 0 --rate 1M --stall 20ms --plot "$TIMEKEEPER_DIR/p.svg"
printed '^ *16384 .* 22048 *22048 '
printed '^ *32768 .* 24096 *24096 *0 .*<- enough$'
fits
grep -q '^</svg>$' "$TIMEKEEPER_DIR/p.svg" || fail 'the picture has no end'
if command -v rsvg-convert >/dev/null; then
	rsvg-convert "$TIMEKEEPER_DIR/p.svg" >/dev/null || fail 'no SVG'
fi
rm -f "$TIMEKEEPER_DIR/p.svg"
cp "$out" "$out.first"
expect 0 --rate 1M --stall 20ms
cmp -s "$out" "$out.first" || fail 'the same question, another answer'
rm -f "$out.first"
expect 0 --rate 1M --slots 65536
printed '65536 slots survive gaps of up to 65.5 ms'
expect 0 --rate 1 --slots 65536
printed 'gaps of up to 1 h+ between polls'
expect 0 --rate 49999999 --slots 256 --poll spin --seconds 1
printed '256 slots lose records however short the gaps'
# A model that takes half a minute ends when it is told to.
timeout 1 "$TIMEKEEPER" tune --rate 49999999 --slots 256 --poll spin --seconds 3600 >"$out" 2>"$err"
[ $? = 124 ] || fail 'a model was not interrupted'
[ -s "$out" ] && fail 'a model went on after it was interrupted'

# --- the load program counts what it does
"$LOAD" --rate 100K --seconds 0.2 >"$out" || fail 'the load'
printed '^recorded [1-9][0-9]* in 0\.[23]'
# It ends in time though its next burst is due in eleven days, and reports the time it took.
timeout 20 "$LOAD" --rate 1 --burst 1M --seconds 0.1 >"$out" || fail 'the load did not end'
printed '^recorded 1000000 in '
grep -q ' in 0\.0' "$out" && fail 'the load took less than it was told to'
for bad in '--rate x' '--burst 0' '--nonsense' 'extra'; do
	"$LOAD" $bad >"$out" 2>"$err"
	[ $? = 2 ] || fail "timekeeper-load $bad: not 2"
done
"$LOAD" --slots 1000 >"$out" 2>"$err" && fail 'a lane of 1000 slots'
said 'there is no lane to record into: '

# --- measure a running program, then try its stalls on another load
start "$LOAD" --rate 200K --burst 1000 --slots 65536
expect 0 --seconds 1 --slots 4096
printed '^timekeeper-load  *65536 '
printed '^asked '
fits
expect 0 --seconds 1 --json
json 'j["schema"] == 1 and j["mode"] == "live" and len(j["lanes"]) == 1 and len(j["sizes"]) == 17'
json 'j["lanes"][0]["slots"] == 65536 and j["records"] >= 50000'
# Even on a busy machine a burst of 1000 records takes far less than 10 ms.
json 'j["peaks"][9]["window_ns"] == 10**7 and j["peaks"][9]["records"] >= 1000'
json 'all(a["records"] <= b["records"] for a, b in zip(j["peaks"], j["peaks"][1:]))'
json 'all(a["survives_ns"] <= b["survives_ns"] for a, b in zip(j["sizes"], j["sizes"][1:]))'
json 'all(a["would_lose"] >= b["would_lose"] for a, b in zip(j["sizes"], j["sizes"][1:]))'
json 'sum(g["polls"] for g in j["gaps"]) > 0 and j["gaps"][-1]["gap_ns"] == j["worst_gap_ns"]'
json 'j["must_survive_ns"] >= 2 * j["worst_gap_ns"]'
cp "$out" "$out.live"
expect 0 --rate 100K --stalls "$out.live" --json
json 'j["mode"] == "model" and j["recommended_slots"] >= 256'
json "j[\"gaps\"][:-1] == json.load(open('$out.live'))[\"gaps\"]"
rm -f "$out.live"
end_all
expect 3 --seconds 1
said 'only segments of dead processes'
rm -rf "$TIMEKEEPER_DIR"/load.*
mkfifo "$scratch/in"
exec 4<>"$scratch/in"
rm -f "$scratch/in"
start "$LOAD" --wait <&4
expect 3 --seconds 1
said 'no records came'
end_all
rm -rf "$TIMEKEEPER_DIR"/load.*

# --- a segment that is truncated while it is measured: one line, and the result up to then
start "$LOAD" --rate 100K
timeout -k 5 100 "$TIMEKEEPER" tune --seconds 60 >"$out" 2>"$err" 3<&- &
tune=$!
for _ in $(seq 200); do
	grep -q '^timekeeper: measuring' "$err" && break
	sleep 0.05
done
kill -STOP "${pids[0]}"
truncate -s 0 "$TIMEKEEPER_DIR"/load.*/lane.0 "$TIMEKEEPER_DIR"/load.*/slots.0
wait "$tune"
[ $? -le 3 ] || fail 'one that is spoilt: did not end by itself'
said '^timekeeper: load\.[^ ]*: it was truncated while it was being read'
end_all
rm -rf "$TIMEKEEPER_DIR"/load.*

# --- verified with processes. 28,000 records come in 100 ms: half of the answer, 16,384, must lose
# even if the load is held up for a third of the time. A busy machine may not show that the answer
# holds, but must never refute it.
directories() { ls -d /dev/shm/timekeeper-tune-* 2>/dev/null | sort; }
before=$(directories)
timeout -k 5 100 "$TIMEKEEPER" tune --rate 280K --burst 1400 --stall 100ms --verify --json >"$out" \
	2>"$err"
json 'j["recommended_slots"] == 32768'
json 'not j["verified"]["refuted"]'
json 'j["verified"]["holds"] or j["verified"]["whole"]["runs"] == 8'
json 'j["verified"]["half_loses"] and j["verified"]["half"]["lost"] > 1000'

# --- interrupted while it verifies: no process and no directory is left
"$TIMEKEEPER" tune --rate 200K --stall 20s --verify >"$out" 2>"$err" 3<&- &
tune=$!
for _ in $(seq 200); do
	children=$(cat "/proc/$tune/task/$tune/children" 2>/dev/null)
	[ "$(wc -w <<<"$children")" = 2 ] && break
	sleep 0.05
done
[ "$(wc -w <<<"$children")" = 2 ] || fail 'no load and no collector'
kill -TERM "$tune"
wait "$tune"
[ $? = 1 ] || fail 'interrupted: not 1'
said 'interrupted'
for child in $children; do kill -0 "$child" 2>/dev/null && fail "process $child is left"; done
# Other runs on this machine may have theirs meanwhile: every new one goes.
came=$(comm -13 <(echo "$before") <(directories))
for _ in $(seq 600); do
	left=$(comm -12 <(echo "$came") <(directories))
	[ -z "$left" ] && break
	sleep 0.1
done
[ -z "$left" ] || fail "a directory is left: $left"
exit $failed
