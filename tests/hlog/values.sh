#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Values on their way into a recording and out of it: numbers in their unit, and no times.
# Environment: TIMEKEEPER, KNOWN (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
log=$scratch/values.hlog

# holds WHAT FILTER: of the report in $out.
holds() { jq -e "$2" "$out" >/dev/null || fail "$1"; }

start "$KNOWN" monotonic
timeout -k 5 60 "$TIMEKEEPER" record -o "$log" --oldest --duration 1s >"$out" 2>"$err" ||
	fail 'record'
grep -q '^#\[Timekeeper value: unit=bytes\]$' "$log" || fail 'the unit is in no comment'
grep -q '^Tag=known/sent/value,' "$log" || fail 'the measure is not value'
grep -qE '^Tag=known/(sent|numbers|served[^/]*)/(processing|latency),' "$log" && fail 'as a time'

# All samples of 1..10007, of which percentiles are known to 0.44 %.
"$TIMEKEEPER" report --json --stats sum,min,p50,p99,max "$log" >"$out" 2>"$err" || fail 'report'
holds 'sent' '.rows | map(select(.timer == "sent")) | length == 1 and (.[0] |
	.kind == "value" and .unit == "bytes" and .count == 10007 and .min == 1 and
	(has("p50_ns") | not) and (.p50 / 5004 - 1 | fabs) < 0.0045 and
	(.p99 / 9907 - 1 | fabs) < 0.0045 and (.max / 10007 - 1 | fabs) < 0.0045)'
holds 'numbers' '.rows | map(select(.timer == "numbers")) |
	length == 1 and (.[0] | .unit == "" and .count == 1 and .sum == 7 and .max == 7)'
holds 'labels' '[.rows[] | select(.unit == "requests") | [.timer, .max]] ==
	[["served{code=200}", 1], ["served{code=500}", 2]]'
holds 'spans' '.rows | map(select(.timer == "spans")) |
	length == 1 and (.[0] | .unit == "ns" and (.p50_ns / 5004 - 1 | fabs) < 0.0045)'

# Each format.
"$TIMEKEEPER" report "$log" >"$out" 2>"$err"
printed '^known *sent *bytes  *0  *10007 .* 10 \?k$'
grep -E ' (sent|numbers|served)' "$out" | grep -E '[0-9][num]?s( |$)' && fail 'shown as a time'
"$TIMEKEEPER" report --csv "$log" >"$out" 2>"$err"
printed '^1,"known","sent",value,10007,.*,bytes$'
"$TIMEKEEPER" report --hgrm --timer sent "$log" >"$out" 2>"$err"
printed '^#\[known sent value in bytes, values in bytes, 0 records lost\]$'
awk '$3 == 10007 && $1 > 9900 && $1 < 10100 { found = 1 } END { exit !found }' "$out" ||
	fail 'hgrm is in no bytes'
for timer in sent spans '*'; do
	"$TIMEKEEPER" report --svg curve --timer "$timer" "$log" >"$out" 2>"$err" ||
		fail "svg $timer"
	grep -qE '>[0-9.]+ [um]s<' "$out" && [ "$timer" = sent ] && fail 'an axis of time'
	grep -qE '>[0-9.]+ us<' "$out" || [ "$timer" = sent ] || fail "$timer: no axis of time"
done

# Nothing has changed, in no ns. The names of both sides are those of values.
"$TIMEKEEPER" diff --base "$log" --new "$log" -f json --timer sent >"$out" 2>"$err"
holds 'diff' '.rows | length > 0 and all(.kind == "value" and .unit == "bytes" and
	(.base | has("ns") | not) and (.base.value | type) == "number")'
end_all
exit $failed
