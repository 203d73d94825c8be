#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What rows of `stat` can be about: apps, windows, totals, threads; which statistics, which order.
# Environment: TIMEKEEPER, KNOWN, WATCHED (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"
here=$(cd "$(dirname "$0")" && pwd)
schema=$here/../../collector/commands/rows/rows.schema.json

# expect CODE ARGUMENTS...: run stat, check what it exits with, and its rows by the schema.
expect() {
	local code=$1 got
	shift
	timeout -k 5 120 "$TIMEKEEPER" stat "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "stat $*: exit $got, not $code"
	case $* in
	*jsonl*) jq -rn --slurpfile schema "$schema" -f "$here/schema.jq" <"$out" 2>&1 | grep . &&
		fail "stat $*: rows that are not as the schema says" ;;
	esac
}

# holds WHAT FILTER: of all rows, in a list.
holds() { jq -es "$2" "$out" >/dev/null || fail "$1"; }

# --- what does not go together
expect 2 --stats p50,p101
said 'takes a list'
expect 2 --sort p77
said '--sort takes name, app'
expect 2 --window 100ms
said 'shorter than an interval, which is 1 s'
expect 2 --window 10s --interval 10ms
said '1000 intervals of 10 ms, and 600 can be kept'
expect 2 --window 10s --total
said '--window or --total, not both'
expect 2 --overhead --by app
said 'not both'

# --- two processes by the system's clock, one by the counter: one row a timer, of the union in ns
start "$KNOWN" monotonic
first=${pids[-1]}
start "$KNOWN" monotonic
start "$KNOWN"
expect 0 --once --oldest --format jsonl --stats p10,p50,p99.95,max --sort max
rows_jsonl "$out" || fail 'rows that do not add up'
holds 'a row for each process' '[.[] | select(.timer == "spans")] | length == 3'
holds 'not sorted by max' '[.[] | select(.type == "timer") | [.segment, .timer]] as $order |
	[.[] | select(.type == "timer")] | group_by([.segment, .timer]) |
	map({ key: [.[0].segment, .[0].timer] | tojson,
		value: (map(.max_ns // .max // -1) | max) }) |
	from_entries as $max | [$order[] | $max[tojson]] | . == (sort | reverse)'
tick=$(jq -s '[.[] | select(.timer == "spans") | .max_ns] | max / 10007' "$out")
expect 0 --once --oldest --format jsonl --by app --stats p10,p50,p99.95,max
rows_jsonl "$out" || fail 'rows of apps that do not add up'
holds 'one row of three processes' '[.[] | select(.timer == "spans")] |
	length == 1 and .[0].count == 3 * 10007 and .[0].processes == 3 and .[0].pid == 0'
holds 'one row for the app' '[.[] | select(.type == "process")] |
	length == 1 and .[0].processes == 3 and .[0].records == 3 * 30030'
holds 'labels fold, and no process is counted twice' '[.[] | select(.timer == "served")] |
	length == 1 and .[0].processes == 3 and .[0].count == 6 and .[0].unit == "requests"'
holds 'values are numbers' '[.[] | select(.timer == "sent")] | length == 1 and (.[0] |
	.kind == "value" and .unit == "bytes" and .count == 3 * 10007 and .set_aside == 6 and
	.max == 10007 and (.p50 - 5004 | fabs) < 50 and (has("max_ns") | not))'
want=$(awk -v tick="$tick" 'BEGIN { for (i = 1; i <= 10007; i++) print i "\n" i "\n" i * tick }' |
	sort -g | awk '
		function at(q) { r = int(q * NR); return v[r < q * NR ? r + 1 : r] }
		{ v[NR] = $1 }
		END { print at(.1), at(.5), at(.9995), v[NR] }')
jq -r 'select(.timer == "spans") | "\(.p10_ns) \(.p50_ns) \(.p9995_ns) \(.max_ns)"' "$out" |
	awk -v want="$want" '{ split(want, w); for (i = 1; i <= 4; i++) {
		off = ($i - w[i]) / w[i]; if (off * off > .005 * .005) exit 1 } }' ||
	fail "percentiles of the union: not $want"

# --- at 80 columns, too, rows of one name can be told apart, and no line is longer (awk counts
# bytes: one name is not ASCII)
COLUMNS=80 expect 0 --once --oldest
printed "^spans \[$first\]"
awk '!/^na/ && length > 80 { exit 1 }' "$out" || fail 'a line beyond 80 columns'
[ -z "$(grep -E '^[a-z]' "$out" | sort | uniq -d)" ] || fail 'two rows that are the same'
COLUMNS=80 expect 0 --once --oldest --total
awk '!/^na/ && length > 80 { exit 1 }' "$out" || fail 'a line beyond 80 columns, with totals'

# --- without a record there is no row, unless it is asked for
expect 0 --once --oldest --format csv
grep -q '"silent"' "$out" && fail 'a row of a timer that never recorded'
expect 0 --once --oldest --format csv --idle
[ "$(grep -c '"silent"' "$out")" = 3 ] || fail '--idle: no rows of timers that never recorded'
end_all

# --- the counts since the program began, beside what was seen
start "$WATCHED" before 3 30000 die
expect 0 --once --total --format jsonl
holds 'seen: nothing; since the program began: everything' '[.[] | select(.type == "timer")] |
	length == 3 and all(.records == 0 and .since_start == 10000)'
end_all
start "$WATCHED" beside 2 10000 linger
expect 0 --count 5 --interval 100ms --total --format jsonl
holds 'totals that fall, or of less than was seen' '[.[] | select(.type == "timer")] |
	all(.since_start >= .records + 5000 or .records == 0) and
	(group_by([.timer, .kind])[] | [.[].records] | . == sort)'

# --- a window: as long as was asked, to half an interval; its rows add up as an interval's do
expect 0 --count 25 --interval 100ms --window 1s --format jsonl
rows_jsonl "$out" || fail 'rows of a window that do not add up'
holds 'a window that is not as long as was asked' '[.[] | select(.type == "process")] |
	.[0].interval_ns < .[5].interval_ns and (.[-1].records > .[0].records)'
expect 0 --count 3 --window 1s --sort p99 --by app
printed ', the last'

# --- the totals of a command: of its app, with percentiles that no interval has by itself
timeout -k 5 120 "$TIMEKEEPER" stat --by app --stats min,p50,p99.95,max --total --format jsonl \
	--output "$out" -- "$WATCHED" command 2 20000 close >/dev/null 2>"$err" || fail 'a command'
rows_jsonl "$out" || fail 'totals of a command that do not add up'
holds 'totals of a command' '[.[] | select(.type == "timer")] | length == 4 and all(
	.count == 10000 and .since_start == 10000 and .interval == 0 and .processes == 1 and
	.min_ns <= .p50_ns and .p50_ns <= .p9995_ns and .p9995_ns <= .max_ns)'

# --- what recording costs: records of each thread times the cost of a span
expect 0 --count 3 --overhead --format jsonl
said 'a span costs [0-9.]* ns with ordered stamps'
said 'measured when this command began'
holds 'a thread, and all' 'map(.type) | unique == ["overhead", "thread"]'
holds 'a percentage that is not records x cost / time' 'all(.records == 0 or
	((.core_percent - .records * .span_ns / .interval_ns * 100) | fabs) <
		1e-9 * (1 + .core_percent))'
holds 'all is not the sum of the threads' 'group_by(.interval) | all(
	([.[] | select(.type == "thread")] | [length, (map(.records) | add // 0)]) ==
	([.[] | select(.type == "overhead")][0] | [.threads, .records]))'
expect 0 --once --overhead
printed '^in all'
end_all
exit $failed
