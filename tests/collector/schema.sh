#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Rows are as rows.schema.json of collector/commands/rows describes them, and so are csv and
# `help stat`.
# Environment: TIMEKEEPER, KNOWN (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
here=$(cd "$(dirname "$0")" && pwd)
schema=$here/../../collector/commands/rows/rows.schema.json

# check: what is wrong with the rows on standard input.
check() { jq -rn --slurpfile schema "$schema" -f "$here/schema.jq" 2>&1; }

start "$KNOWN" monotonic
"$TIMEKEEPER" stat --once --oldest --format jsonl >"$out" 2>"$err" || fail 'no rows'
for type in timer process; do
	grep -q "\"type\":\"$type\"" "$out" || fail "no row of type $type"
done
check <"$out" | grep . && fail 'rows that are not as the schema says'

# The checker itself: one fault a row, each found.
fault() {
	grep "\"type\":\"$1\"" "$out" | jq -c "$2" | check >"$err"
	said "$3"
}
fault timer 'del(.records)' 'there is no records'
fault timer '.new = 1' 'new is not described'
fault timer '.schema = 3' 'schema: 3 is not 2'
fault timer '.kind = "work"' 'kind: "work" is none of'
fault timer '.count = -1' 'count: -1 < 0'
fault timer '.lost = 0.5' 'lost: 0.5 is no integer'
fault timer '.p50_ns = "1"' 'p50_ns: "1" is no'
fault process '.type = "timer"' 'row 1'
fault process '.alive = 1' 'alive: 1 is no boolean'
fault process 'del(.lag)' 'there is no lag'

# csv has the columns of both types; the help names each, but for a measure's values.
usual='sum_ns min_ns avg_ns p50_ns p90_ns p99_ns p999_ns p9999_ns max_ns'
columns=$(
	jq -r '[."$defs" | .timer, .process | .properties | keys[]] | unique[]' "$schema"
	tr ' ' '\n' <<<"$usual"
)
"$TIMEKEEPER" stat --once --oldest --format csv 2>"$err" | head -1 | tr , '\n' | sort >"$out"
[ "$(cat "$out")" = "$(sort <<<"$columns")" ] || fail 'columns of csv'
"$TIMEKEEPER" help stat >"$out"
plain='^(sum|min|avg|max|p[0-9]*)_ns$|^(app|segment|pid|timer)$'
for column in $(grep -vE "$plain" <<<"$columns"); do
	grep -qw "$column" "$out" || fail "help stat does not name $column"
done
"$TIMEKEEPER" help --man >"$out"
printed '^\.B unsettled$'
end_all
exit $failed
