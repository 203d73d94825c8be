#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Segments as older libraries wrote them are read: an upgraded collector meets running programs.
# Environment: TIMEKEEPER (program).
#
# older/version-V.tar.gz is a segment that the library of format V wrote, closed and kept. A release
# whose library writes something new adds one. Made by a program of the library of commit 5fe37ab,
# with the system's clock: timer `spans`, 100 spans of 1 to 100 ns; `waits`, 100 spans of 5 ns,
# each 1,000 ns after its origin; a mark of `moment`; a lap of `laps`.
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"
here=$(cd "$(dirname "$0")" && pwd)

# figures TIMER KIND: what the row of that measure says.
figures() {
	jq -c --arg timer "$1" --arg kind "$2" 'select(.timer == $timer and .kind == $kind) |
		[.records, .count, .set_aside, .without, .lost, .min_ns, .p50_ns, .max_ns]' "$out"
}

# is WHAT GOT EXPECTED
is() { [ "$2" = "$3" ] || fail "$1: $2, and not $3"; }

tar xzf "$here/older/version-3.tar.gz" -C "$TIMEKEEPER_DIR" --no-same-owner || fail 'no segment'
"$TIMEKEEPER" ls >"$out" 2>"$err" || fail 'ls'
printed 'older'
"$TIMEKEEPER" stat --once --oldest --format jsonl >"$out" 2>"$err" || fail 'stat'
rows_jsonl "$out" || fail 'rows'
is spans "$(figures spans processing)" '[100,100,0,0,0,1,50,100]'
is waits "$(figures waits processing)" '[100,100,0,0,0,5,5,5]'
is 'waits, latency' "$(figures waits latency)" '[100,100,0,0,0,1000,1000,1000]'
is moment "$(figures moment processing)" '[1,0,0,1,0,null,null,null]'
is laps "$(figures laps processing | cut -d, -f-5)" '[1,1,0,0,0'
is unknown "$(jq -s 'map(select(.type == "process") | .unknown) | add' "$out")" 0
exit $failed
